"""Where picture and sound may come from."""

from __future__ import annotations

import pytest

from deploy.encoder.source import source_of

SECRET = "srt://192.0.2.1:8890?passphrase=5ecret5ecret"


@pytest.mark.parametrize(
    ("text", "begins", "setting"),
    [
        ("test", "videotestsrc is-live=true pattern=smpte", None),
        ("test:snow", "videotestsrc is-live=true pattern=snow", None),
        ("v4l2:/dev/video0", "v4l2src name=in", ("device", "/dev/video0")),
        ("rtmp://192.0.2.1/live/cam", "uridecodebin name=in", ("uri", "rtmp://192.0.2.1/live/cam")),
        ("rtsp://192.0.2.1/0", "uridecodebin name=in", ("uri", "rtsp://192.0.2.1/0")),
        (SECRET, "uridecodebin name=in", ("uri", SECRET)),
    ],
)
def test_sources(text: str, begins: str, setting: tuple[str, str] | None) -> None:
    """Each kind has its element; addresses are set as a property, never written into the pipeline's text."""
    source = source_of(text, "silence")

    assert source.video.startswith(begins)
    assert source.setting == setting
    assert "5ecret" not in f"{source.video} {source.audio} {source!r}"


@pytest.mark.parametrize(
    ("audio", "begins"),
    [
        ("silence", "audiotestsrc is-live=true samplesperbuffer=1024 wave=silence"),
        ("tone", "audiotestsrc is-live=true samplesperbuffer=1024 wave=sine"),
        ("alsa:hw:1", "alsasrc device=hw:1"),
        ("source", "in. ! queue"),
    ],
)
def test_sounds(audio: str, begins: str) -> None:
    """Each kind of sound has its element; that of the source is its own."""
    assert source_of("rtmp://192.0.2.1/live/cam", audio).audio.startswith(begins)


@pytest.mark.parametrize(
    "text", ["", "test:none", "v4l2:video0", "ftp://192.0.2.1/5ecret", "srt:", "! fakesink 5ecret", "v4l2"]
)
def test_what_is_no_source_is_refused(text: str) -> None:
    """The message says what would be one, and does not repeat what was written."""
    with pytest.raises(ValueError, match="the source is none of test") as refused:
        source_of(text, "silence")
    assert "5ecret" not in str(refused.value)


@pytest.mark.parametrize(("text", "audio"), [("test", "source"), ("test", "alsa:hw ! x"), ("test", "noise")])
def test_what_is_no_sound_is_refused(text: str, audio: str) -> None:
    """A test picture has no sound of its own, and a device's name holds nothing that means more."""
    with pytest.raises(ValueError, match="the sound is none of"):
        source_of(text, audio)
