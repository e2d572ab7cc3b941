"""Nimble Streamer: `/manage/srt_receiver_stats`, which counts bytes, and `/manage/rtmp_status`, which does not.

An SRT receiver is of application `srt`, its name is its id.
"""

from __future__ import annotations

from collections.abc import Iterator

from exporters.ingest.servers.documents import document, entries, inside, number, positive, text, whole, word
from exporters.ingest.streams import Publisher, StatError, Stream

SRT = "srt"


def parse_srt(page: bytes) -> tuple[Stream, ...]:
    """The SRT receivers. Raises StatError."""
    plain = document(page)
    if not isinstance(plain, dict) or "SrtReceivers" not in plain:
        raise StatError("the answer has no SRT receivers; --stat takes Nimble's management address")
    return tuple(_receivers(plain["SrtReceivers"]))


def parse_rtmp(page: bytes) -> tuple[Stream, ...]:
    """The RTMP streams. Raises StatError."""
    plain = document(page)
    if not isinstance(plain, list):
        raise StatError("the answer is no list of applications; --stat takes Nimble's management address")
    return tuple(_streams(plain))


def _receivers(listed: object) -> Iterator[Stream]:
    for receiver in entries(listed):
        name = text(receiver.get("id"))
        if name is not None:
            connected = receiver.get("state") == "connected"
            yield Stream(
                application=SRT,
                name=name,
                publisher=Publisher("") if connected else None,
                received_bytes=whole(inside(receiver, "stats", "recv", "bytesReceived")),
                tells_tracks=False,
            )


def _streams(listed: object) -> Iterator[Stream]:
    for application in entries(listed):
        for stream in entries(application.get("streams")):
            name, of = text(stream.get("strm")), text(application.get("app"))
            if name is not None and of is not None:
                width, _, height = str(stream.get("resolution", "")).partition("x")
                yield Stream(
                    application=of,
                    name=name,
                    publisher=Publisher(text(stream.get("publish_time")) or ""),
                    reported_bps=number(stream.get("bandwidth")),
                    width_px=whole(positive(width)),
                    height_px=whole(positive(height)),
                    video_codec=word(stream.get("vcodec")),
                    audio_codec=word(stream.get("acodec")),
                )
