"""The ports through which the controller sees and acts: a clock, a metric source, an encoder, a studio.

Adapters implement these protocols; the loop knows nothing else of a device. Unreachable and
refused are values, not exceptions: only a programming error raises. No value here ever carries a
password, a token or a publish address with its stream key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Protocol

from controller.decision.model import EncoderTarget, Series

if TYPE_CHECKING:
    from collections.abc import Mapping


class Clock(Protocol):
    """The two clocks of the shell. Sleeping and deadlines are asyncio's own, on the monotonic one."""

    def wall_s(self) -> float:
        """Seconds since the epoch: the clock that stamps samples and decisions."""
        ...

    def monotonic_s(self) -> float:
        """The event loop's clock: never jumps, says nothing about the time of day."""
        ...


@dataclass(frozen=True, slots=True)
class Window:
    """One answer of the metric source: raw series; possibly none, which is not zero."""

    series: tuple[Series, ...]

    @property
    def newest_s(self) -> float | None:
        """Timestamp of the newest sample of all, seconds since the epoch; None when there is none."""
        return max((series.samples[-1].t_s for series in self.series if series.samples), default=None)


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The metric source gave nothing usable; `why` is the operator's line."""

    why: str


class MetricSource(Protocol):
    """Where raw windows of samples come from. Every failure is a `NoAnswer`; never an exception."""

    async def fetch(self) -> Window | NoAnswer:
        """Fetch the newest window, within the source's own deadline."""
        ...

    async def close(self) -> None:
        """Give connections back."""
        ...


class MetricReader(Protocol):
    """Answers other questions than the tick's, for people."""

    async def look_up(self, query: str) -> Window | NoAnswer:
        """The answer to a range selector, within a deadline of its own."""
        ...

    async def close(self) -> None:
        """Give connections back."""
        ...


class Impact(IntEnum):
    """What viewers lose when a field changes, from least to most."""

    NONE = 0
    GLITCH = 1
    RECONNECT = 2
    REBOOT = 3
    UNKNOWN = 4  # not calibrated: counts as REBOOT


class Outcome(StrEnum):
    """How far an order got. The device's own "ok" is never more than `STORED`."""

    APPLIED = "applied"  # the read-back shows it
    STORED = "stored"  # the device keeps it until a restart
    REFUSED = "refused"  # nothing was written
    UNKNOWN = "unknown"  # no answer, or an answer that proves nothing: read before writing again


@dataclass(frozen=True, slots=True)
class Impacts:
    """What each kind of change costs on one unit, from its calibration; unset is not calibrated."""

    bitrate: Impact = Impact.UNKNOWN
    geometry: Impact = Impact.UNKNOWN  # size and frame rate
    audio_only: Impact = Impact.UNKNOWN


@dataclass(frozen=True, slots=True)
class EncoderCapabilities:
    """What a driver knows of its unit; `evidence` says how it knows, per field."""

    bitrate_impact: Impact
    geometry_impact: Impact
    audio_only_impact: Impact
    min_bitrate_bps: int
    max_bitrate_bps: int
    step_bps: int
    sizes_px: tuple[tuple[int, int], ...]
    own_abr: bool
    restartable: bool
    identity: str
    evidence: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class EncoderStatus:
    """One read of the encoder. `reachable` False carries the operator's line in `problem`.

    `configured` is what this read showed; `last_configured` what the newest good read showed, and
    proves nothing of now. `restarting` means inside the grace after a restart: give no orders.
    `foreign_change` means that somebody else changed what we had written and confirmed. `push_on` is the unit's
    own switch of its push, whether connected or not; None where it does not tell.
    """

    reachable: bool
    problem: str | None = None
    configured: EncoderTarget | None = None
    publishing: bool | None = None
    has_input: bool | None = None
    uptime_s: float | None = None
    cpu_ratio: float | None = None
    last_configured: EncoderTarget | None = None
    restarting: bool = False
    foreign_change: bool = False
    push_on: bool | None = None


@dataclass(frozen=True, slots=True)
class ApplyResult:
    """The result of one order: its outcome, why, what was read back, how long it took."""

    outcome: Outcome
    detail: str
    read_back: EncoderTarget | None = None
    clamped: bool = False
    took_s: float = 0.0


class Encoder(Protocol):
    """An encoder driver: five verbs, one call in flight at a time (the loop sees to that)."""

    async def probe(self) -> EncoderCapabilities | None:
        """Find out what the unit can do, without writing; None when it does not answer."""
        ...

    async def read(self) -> EncoderStatus:
        """Read configuration and telemetry."""
        ...

    async def apply(self, target: EncoderTarget, max_impact: Impact) -> ApplyResult:
        """Bring the unit to `target`, refusing, unwritten, whatever costs more than `max_impact`."""
        ...

    async def publish(self, *, on: bool) -> ApplyResult:
        """Switch publishing on or off."""
        ...

    async def restart(self) -> ApplyResult:
        """Restart the unit; called by policy with a budget, never by the ladder."""
        ...

    async def close(self) -> None:
        """Give connections back."""
        ...


class MediaState(StrEnum):
    """What OBS says of a media source; a live source plays also while nothing comes."""

    NONE = "none"
    PLAYING = "playing"
    OPENING = "opening"
    BUFFERING = "buffering"
    PAUSED = "paused"
    STOPPED = "stopped"
    ENDED = "ended"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class StudioStatus:
    """One read of OBS. Unknown fields are None; `problem` is the operator's line.

    `operator_scene` is the scene on program when somebody else put it there after our last order, or since
    OBS was found; `settling` says that a scene of nobody's order is too new to tell a choice from a passage.
    `output_*` is the stream's sender, whose skipped frames the network dropped; `encoder_*` and `render_*` skip
    for want of computing power. All restart at 0 with OBS or its stream. `sound_raw_peak` is the loudest that
    the muted input of a live stream was since the read before, 1 at full scale, as if it were not muted.
    """

    reachable: bool
    problem: str | None = None
    scene_name: str | None = None
    streaming: bool | None = None
    reconnecting: bool | None = None
    output_bytes: int | None = None
    output_skipped_frames: int | None = None
    output_total_frames: int | None = None
    congestion_ratio: float | None = None
    encoder_skipped_frames: int | None = None
    encoder_total_frames: int | None = None
    render_skipped_frames: int | None = None
    render_total_frames: int | None = None
    active_fps: float | None = None
    ingest_muted: bool | None = None
    media_state: MediaState | None = None
    media_cursor_s: float | None = None
    sound_raw_peak: float | None = None
    scene_names: tuple[str, ...] = ()
    operator_scene: str | None = None
    settling: bool = False


@dataclass(frozen=True, slots=True)
class SceneResult:
    """The result of one scene order; `shown_name` is the program scene read back."""

    outcome: Outcome
    detail: str
    shown_name: str | None = None
    took_s: float = 0.0


@dataclass(frozen=True, slots=True)
class StudioAnswer:
    """OBS's answer to one request: whether it did it, its status code and comment, its data.

    `reachable` False carries the operator's line in `problem`; whether the request arrived is unknown then.
    """

    reachable: bool
    problem: str | None = None
    ok: bool = False
    code: int = 0
    comment: str = ""
    data: Mapping[str, object] = field(default_factory=dict)


class Studio(Protocol):
    """OBS, behind whichever library. No call is without a deadline."""

    async def ask(self, request_type: str, data: Mapping[str, object] | None = None) -> StudioAnswer:
        """Send one request of obs-websocket 5. Its data may hold secrets of OBS: never pass all of it on."""
        ...

    async def read(self) -> StudioStatus:
        """Read scene, stream and statistics."""
        ...

    async def show(self, scene_name: str) -> SceneResult:
        """Put the scene on program and read it back; idempotent."""
        ...

    async def close(self) -> None:
        """Give the connection back."""
        ...
