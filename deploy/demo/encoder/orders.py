"""What the device tells its pipeline and hears back: one JSON object per line, over stdin and stdout.

The publish address travels this way and no other: not in an argument list, not in a log line.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from deploy.encoder.video import VideoSettings


@dataclass(frozen=True, slots=True)
class Order:
    """The whole wanted state of the pipeline; every order replaces the one before.

    `publish_url` None means: do not encode, do not publish.
    """

    video: VideoSettings
    audio_only: bool = False
    publish_url: str | None = field(default=None, repr=False)

    def to_line(self) -> str:
        """The order as one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_line(cls, line: str) -> Order:
        """Read one line.

        Raises:
            ValueError: the line is no order; the message never repeats it, since it may hold a key.
        """
        try:
            fields = json.loads(line)
            return cls(
                video=VideoSettings(**fields["video"]),
                audio_only=bool(fields["audio_only"]),
                publish_url=fields["publish_url"],
            )
        except (KeyError, TypeError, json.JSONDecodeError) as error:
            raise ValueError(f"not an order: {type(error).__name__}") from None


@dataclass(frozen=True, slots=True)
class PipelineStatus:
    """What the pipeline reports twice a second. Counters start at 0 with the process."""

    connected: bool
    encoded_frames: int
    dropped_frames: int  # raw pictures not encoded: send buffer full, encoder too slow, or no connection
    encoded_bytes: int  # video alone
    sent_bytes: int  # handed to the kernel, RTMP framing included, all connections together
    queued_s: float  # media in the send buffer
    connections: int

    def to_line(self) -> str:
        """The report as one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_line(cls, line: str) -> PipelineStatus:
        """Read one line.

        Raises:
            ValueError: the line is no report.
        """
        try:
            fields: dict[str, Any] = json.loads(line)
            return cls(**fields)
        except (TypeError, json.JSONDecodeError) as error:
            raise ValueError(f"not a pipeline report: {line[:80]!r}") from error
