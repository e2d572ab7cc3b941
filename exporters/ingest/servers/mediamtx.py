"""mediamtx: `/v3/paths/list`, for where its own Prometheus metrics are off.

A path `live/cam` is the application `live` and the name `cam`; one without a slash is of application `path`.
"""

from __future__ import annotations

from typing import Any

from exporters.ingest.servers.documents import document, entries, inside, text, whole, word
from exporters.ingest.streams import Publisher, StatError, Stream

BARE = "path"
_VIDEO = ("H264", "H265", "AV1", "VP8", "VP9", "MPEG")


def parse(page: bytes) -> tuple[Stream, ...]:
    """The paths. Raises StatError."""
    plain = document(page)
    if not isinstance(plain, dict) or "items" not in plain:
        raise StatError("the answer has no paths; --stat takes mediamtx's API, http://127.0.0.1:9997/v3/paths/list")
    return tuple(_stream(path) for path in entries(plain["items"]) if text(path.get("name")) is not None)


def _stream(path: dict[str, Any]) -> Stream:
    application, _, name = str(path["name"]).rpartition("/")
    # `ready` is the older word for `available`.
    publishing = path.get("ready") is True or path.get("available") is True
    session = text(inside(path, "source", "id")) or text(path.get("readyTime")) or ""
    received = whole(path.get("inboundBytes"))
    tracks = path.get("tracks")
    codecs = [found for one in (tracks if isinstance(tracks, list) else []) if (found := word(one))]
    video = next((codec for codec in codecs if codec.startswith(_VIDEO)), None)
    return Stream(
        application=application or BARE,
        name=name,
        publisher=Publisher(session) if publishing else None,
        received_bytes=whole(path.get("bytesReceived")) if received is None else received,
        video_codec=video,
        audio_codec=next((codec for codec in codecs if codec != video), None),
    )
