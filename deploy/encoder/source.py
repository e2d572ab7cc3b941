"""Where picture and sound come from, as the head of a GStreamer pipeline. Pure.

Addresses are not written into the pipeline's text: they may hold a secret, and characters that mean something there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

SCHEMES = ("rtmp", "rtmps", "srt", "rtsp", "http", "https", "file")
TEST_PATTERNS = ("smpte", "snow", "ball", "zone-plate")
_TONE = "audiotestsrc is-live=true samplesperbuffer=1024 wave="


@dataclass(frozen=True, slots=True)
class Source:
    """The heads of both chains, and the property that the element `in` gets: its name and value."""

    video: str
    audio: str
    setting: tuple[str, str] | None = field(default=None, repr=False)


def source_of(text: str, audio: str) -> Source:
    """The source that `text` names: test, test:PATTERN, v4l2:DEVICE, or an address; `audio` where its sound is from.

    Raises:
        ValueError: it names none; the message does not repeat it.
    """
    scheme, _, rest = text.partition(":")
    if scheme == "test" and (rest or "smpte") in TEST_PATTERNS:
        return Source(f"videotestsrc is-live=true pattern={rest or 'smpte'}", _audio(audio, own=None))
    if scheme == "v4l2" and rest.startswith("/dev/"):
        return Source("v4l2src name=in ! decodebin", _audio(audio, own=None), ("device", rest))
    if scheme in SCHEMES and (urlsplit(text).netloc or scheme == "file"):
        return Source("uridecodebin name=in in. ! queue", _audio(audio, own="in. ! queue"), ("uri", text))
    raise ValueError(
        f"the source is none of test, test:PATTERN ({', '.join(TEST_PATTERNS)}), v4l2:/dev/videoN, "
        f"or an address with {', '.join(SCHEMES)}"
    )


def _audio(text: str, *, own: str | None) -> str:
    kind, _, device = text.partition(":")
    if kind == "source" and own is not None:
        return own
    if kind in {"silence", "tone"}:
        return _TONE + ("silence" if kind == "silence" else "sine volume=0.1 freq=440")
    if kind == "alsa" and device.replace(":", "").replace(",", "").replace("_", "").isalnum():
        return f"alsasrc device={device}"
    raise ValueError("the sound is none of silence, tone, alsa:DEVICE, or source where the source is an address")
