"""nginx-rtmp's `/stat` page as values. Pure.

Its own rates (`bw_in` and the like) are ignored: they are means over 10 s blocks that read 0 for
the first 11 s of a stream and keep the old value while the encoder stalls.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from exporters.ingest.streams import Publisher, StatError, Stream
from exporters.units import seconds_from_ms


def parse(page: bytes) -> tuple[Stream, ...]:
    """The streams of a `/stat` page. Raises StatError for anything that is not such a page."""
    try:
        root = fromstring(page)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise StatError(f"the answer is not plain XML ({type(error).__name__}); is `rtmp_stat all;` set?") from None
    if root.tag != "rtmp":
        raise StatError("the answer is XML, but not of nginx-rtmp; does the URL name the rtmp_stat location?")
    return tuple(
        _stream(application.findtext("name", ""), stream)
        for application in root.iterfind("server/application")
        for stream in application.iterfind("live/stream")
    )


def _stream(application: str, stream: Element) -> Stream:
    video, audio = stream.find("meta/video"), stream.find("meta/audio")
    return Stream(
        application=application,
        name=stream.findtext("name", ""),
        received_bytes=_whole(stream, "bytes_in"),
        publisher=next((_publisher(client) for client in stream.iterfind("client[publishing]")), None),
        width_px=_whole(video, "width") or None,
        height_px=_whole(video, "height") or None,
        frame_rate_hz=_whole(video, "frame_rate") or None,
        video_codec=_word(video),
        audio_codec=_word(audio),
    )


def _publisher(client: Element) -> Publisher:
    milliseconds = _whole(client, "timestamp")
    return Publisher(
        session=client.findtext("id", ""),
        media_time_s=None if milliseconds is None else seconds_from_ms(milliseconds),
        dropped=_whole(client, "dropped"),
    )


def _whole(parent: Element | None, name: str) -> int | None:
    """A number of at most 18 digits; None when it is absent or anything else."""
    text = "" if parent is None else parent.findtext(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def _word(parent: Element | None) -> str | None:
    """A codec's name; None when it is absent, or too odd to be a label."""
    text = "" if parent is None else parent.findtext("codec", "").strip()
    return text if 0 < len(text) <= 16 and text.isascii() and text.isprintable() else None
