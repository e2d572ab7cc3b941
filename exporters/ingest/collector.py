"""From observations to points of the catalogue. Pure; what is unknown gives no point."""

from __future__ import annotations

from collections.abc import Iterator

from exporters.collecting import Point
from exporters.ingest.observing import Observation, StreamState
from exporters.units import octets


def describe(seen: Observation) -> Iterator[Point]:
    """The configured streams, and the number of others."""
    for state in seen.streams:
        for name, value in _values(state):
            if value is not None:
                yield Point(f"ingest_stream_{name}", float(value), (state.alias,))
        codecs = _codecs(state)
        if codecs is not None:
            yield Point("ingest_stream_info", 1, (state.alias, *codecs))
    yield Point("ingest_unknown_streams", seen.unknown)


def _values(state: StreamState) -> Iterator[tuple[str, float | None]]:
    stream = state.stream
    publisher = None if stream is None else stream.publisher
    yield "receive_bytes_total", state.received.total
    yield "publishing", publisher is not None
    yield "dropped_total", state.dropped.total
    if stream is None or publisher is None:
        return
    yield "reported_bytes_per_second", None if stream.reported_bps is None else octets(stream.reported_bps)
    yield "media_time_seconds", publisher.media_time_s
    yield "lag_seconds", None if state.lag is None else state.lag.lag_s
    yield "width_pixels", stream.width_px
    yield "height_pixels", stream.height_px
    yield "frame_rate_hertz", stream.frame_rate_hz
    yield "audio", stream.audio_codec is not None if stream.tells_tracks else None


def _codecs(state: StreamState) -> tuple[str, str] | None:
    """Video and audio codec, "" for a track that is not there; None without a publisher, or where nothing is said."""
    if state.stream is None or state.stream.publisher is None or not state.stream.tells_tracks:
        return None
    return state.stream.video_codec or "", state.stream.audio_codec or ""
