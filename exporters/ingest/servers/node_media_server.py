"""Node-Media-Server: `/api/streams` of version 2, `/api/v1/streams` of version 4. Both count bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from exporters.ingest.servers.documents import document, entries, inside, positive, text, whole, word
from exporters.ingest.streams import Publisher, StatError, Stream


def parse(page: bytes) -> tuple[Stream, ...]:
    """The streams of either version. Raises StatError."""
    plain = document(page)
    if not isinstance(plain, dict):
        raise StatError("the answer is not of Node-Media-Server; --stat takes its /api/streams or /api/v1/streams")
    return tuple(_listed(inside(plain, "data", "streams")) if "data" in plain else _by_application(plain))


def _by_application(plain: dict[str, Any]) -> Iterator[Stream]:
    for application, streams in plain.items():
        for name, stream in streams.items() if isinstance(streams, dict) else ():
            found = inside(stream, "publisher")
            video, audio = inside(found, "video"), inside(found, "audio")
            yield Stream(
                application=application,
                name=name,
                publisher=_publisher(found, "clientId"),
                received_bytes=whole(inside(found, "bytes")),
                width_px=_pixels(inside(video, "width")),
                height_px=_pixels(inside(video, "height")),
                frame_rate_hz=positive(inside(video, "fps")),
                video_codec=word(inside(video, "codec")),
                audio_codec=word(inside(audio, "codec")),
            )


def _listed(streams: object) -> Iterator[Stream]:
    for stream in entries(streams):
        found = stream.get("publisher")
        application, name = text(stream.get("app")), text(stream.get("name"))
        if application is not None and name is not None:
            yield Stream(
                application=application,
                name=name,
                publisher=_publisher(found, "id"),
                received_bytes=whole(inside(found, "inBytes")),
                width_px=_pixels(inside(found, "videoWidth")),
                height_px=_pixels(inside(found, "videoHeight")),
                frame_rate_hz=positive(inside(found, "videoFramerate")),
                video_codec=_known(inside(found, "videoCodec")),
                audio_codec=_known(inside(found, "audioCodec")),
            )


def _publisher(found: object, field: str) -> Publisher | None:
    return Publisher(text(inside(found, field)) or "") if isinstance(found, dict) else None


def _pixels(value: object) -> int | None:
    return whole(value) or None


def _known(value: object) -> str | None:
    """A codec; version 4 tells it by FLV's number, 0 while there is none."""
    return word(text(value)) if value else None
