"""What an ingest says of its streams, whichever server it is."""

from __future__ import annotations

from dataclasses import dataclass, field


class StatError(ValueError):
    """The answer is not the server's statistics; the message never quotes it, because it has stream keys."""


@dataclass(frozen=True, slots=True)
class Publisher:
    """The client that publishes a stream; `session` tells one connection from the next."""

    session: str
    media_time_s: float | None = None
    dropped: int | None = None


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream. `name` is usually its key, so it is in no repr. None is what the server did not say.

    `reported_bps` is the server's own idea of the bitrate, bit/s, of those that count no bytes. Where `tells_tracks`
    is False a codec that is None means nothing; else it means that there is no such track.
    """

    application: str
    name: str = field(repr=False)
    publisher: Publisher | None
    received_bytes: int | None = None
    reported_bps: float | None = None
    width_px: int | None = None
    height_px: int | None = None
    frame_rate_hz: float | None = None
    video_codec: str | None = None
    audio_codec: str | None = None
    tells_tracks: bool = True
