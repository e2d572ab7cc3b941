"""nginx-rtmp's page, as captured, as composed, and as broken."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.ingest.servers.nginx_rtmp import parse
from exporters.ingest.streams import Publisher, StatError, Stream

FIXTURES = Path(__file__).parents[1] / "fixtures"
KEY = "stream-key"


def page(stream: str, application: str = "publish") -> bytes:
    """A page with one stream element's content."""
    body = f"<application><name>{application}</name><live><stream>{stream}</stream></live></application>"
    return f"<rtmp><server>{body}</server></rtmp>".encode()


def test_captured_stream() -> None:
    """A captured page of a published stream with a player: the publisher's clock counts, not the player's."""
    assert parse((FIXTURES / "publishing.xml").read_bytes()) == (
        Stream(
            application="publish",
            name="stream-key",
            received_bytes=772_479,
            publisher=Publisher(session="1", media_time_s=5.376, dropped=0),
            width_px=640,
            height_px=360,
            frame_rate_hz=30,
            video_codec="H264",
            audio_codec="AAC",
        ),
    )


def test_captured_idle_server() -> None:
    """A page without streams has none."""
    assert parse((FIXTURES / "idle.xml").read_bytes()) == ()


def test_stream_without_publisher() -> None:
    """A stream that only has a waiting player is there, without a publisher."""
    stream = parse(page("<name>cam</name><bytes_in>5</bytes_in><client><id>1</id><active/></client>"))[0]

    assert (stream.received_bytes, stream.publisher, stream.video_codec) == (5, None, None)


def test_audio_only_stream() -> None:
    """Without video there is no size: absent, not 0."""
    meta = "<meta><video><width>0</width></video><audio><codec>AAC</codec></audio></meta>"
    stream = parse(page(f"<name>cam</name>{meta}"))[0]

    assert (stream.width_px, stream.video_codec, stream.audio_codec) == (None, None, "AAC")


@pytest.mark.parametrize("text", ["", "x", "-5", "1e9", "5.5", "9" * 19, "٣"])
def test_odd_numbers_are_unknown(text: str) -> None:
    """What is not a plain number of at most 18 digits is unknown."""
    assert parse(page(f"<name>cam</name><bytes_in>{text}</bytes_in>"))[0].received_bytes is None


@pytest.mark.parametrize("text", ["", "x" * 17, "a\nb", "é"])
def test_odd_codecs_are_unknown(text: str) -> None:
    """What cannot be a codec's name does not become a label."""
    stream = parse(page(f"<name>cam</name><meta><video><codec>{text}</codec></video></meta>"))[0]

    assert stream.video_codec is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "the answer is not plain XML"),
        (b"<html><body>404</body></html>", "the answer is XML, but not of nginx-rtmp"),
        (b"<rtmp><server>", "the answer is not plain XML"),
        (b'<!DOCTYPE r [<!ENTITY a "b">]><rtmp>&a;</rtmp>', "the answer is not plain XML (EntitiesForbidden)"),
        (page(f"<name>{KEY}</name>")[:-9], "the answer is not plain XML"),
        (b'<?xml version="1.0" encoding="no-such"?><rtmp/>', "the answer is not plain XML"),
    ],
)
def test_other_answers_are_refused_without_quoting_them(text: bytes, said: str) -> None:
    """Anything but such a page is refused; the message never quotes it, since it may hold keys."""
    with pytest.raises(StatError) as refused:
        parse(text)

    assert said in str(refused.value)
    assert KEY not in str(refused.value)


@given(st.binary(max_size=200), st.integers(0, 2000))
def test_broken_pages_are_refused_or_read(noise: bytes, at: int) -> None:
    """A page with bytes inserted anywhere is read or refused, and nothing else happens."""
    whole = (FIXTURES / "publishing.xml").read_bytes()
    try:
        streams = parse(whole[:at] + noise + whole[at:])
    except StatError:
        return
    assert all(isinstance(stream, Stream) for stream in streams)


def test_repr_hides_the_name() -> None:
    """A logged stream does not show its key."""
    assert KEY not in repr(parse(page(f"<name>{KEY}</name>")))
