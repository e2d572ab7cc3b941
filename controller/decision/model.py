"""The values that the decision core takes and returns.

Everything here is frozen. Units stand in the names: `_bps` is bit/s, `_s` seconds, `_px` pixels,
`_hz` frames per second, `_ratio` 0 to 1. `None` means unknown, never zero and never healthy.
Times are seconds since the epoch on the clock that stamps the samples; the core never reads one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Quality(StrEnum):
    """The quality states of the user's specification."""

    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"
    VERY_LOW = "VERY_LOW"
    RECOVERY = "RECOVERY"
    ERROR = "ERROR"


class Scene(StrEnum):
    """What OBS shows; the configuration maps each to the operator's scene name."""

    MAIN = "main"
    SIMPLE = "simple"
    AUDIO_ONLY = "audio_only"
    OFFLINE = "offline"


class Transport(StrEnum):
    """What bonds the uplinks; the value is the prefix of its exporter's metrics."""

    MPTCP = "mptcp"
    SRTLA = "srtla"


class Freshness(StrEnum):
    """How far the newest sample may be trusted."""

    FRESH = "fresh"
    LATE = "late"
    BLIND = "blind"


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample of a Prometheus series: its own timestamp and value."""

    t_s: float
    value: float


@dataclass(frozen=True, slots=True)
class Series:
    """A raw window of one series, oldest sample first.

    `metric` is the catalogue's name; `labels` are sorted (name, value) pairs without `__name__`.
    """

    metric: str
    labels: tuple[tuple[str, str], ...]
    samples: tuple[Sample, ...]

    def label(self, name: str) -> str | None:
        """The value of label `name`, or None."""
        return next((value for key, value in self.labels if key == name), None)


@dataclass(frozen=True, slots=True)
class Interval:
    """Capacity as an interval, bit/s: at least `lower_bps`, at most `upper_bps`; None is unknown."""

    lower_bps: float | None = None
    upper_bps: float | None = None


@dataclass(frozen=True, slots=True)
class UplinkReading:
    """What is known of one uplink at the moment of the decision."""

    name: str
    capacity: Interval = Interval()
    delivered_bps: float | None = None
    rtt_s: float | None = None
    min_rtt_s: float | None = None
    dead: bool | None = None
    loss_ratio: float | None = None


@dataclass(frozen=True, slots=True)
class IngestReading:
    """What arrives at the VPS, seen by the ingest; `lag_s` is how late its newest picture is.

    `whole_s`: for how long, at least, the transport has not given up any of the stream; None where it gives up
    nothing, or where nobody tells. `mended_s`: for how long it has been played from a keyframe on without a break, 0
    while none has come after the last; None where nobody sees keyframes.
    """

    age_s: float | None = None
    publishing: bool | None = None
    received_bps: float | None = None
    lag_s: float | None = None
    whole_s: float | None = None
    mended_s: float | None = None


@dataclass(frozen=True, slots=True)
class EncoderTarget:
    """What the encoder shall do; `audio_only` drops the video track where the driver can.

    For an encoder with a fast loop of its own `bitrate_bps` is the cap of that loop and
    `floor_bps` the lowest rate it may fall to; None orders no floor.
    """

    bitrate_bps: int
    width_px: int
    height_px: int
    frame_rate_hz: int
    audio_only: bool = False
    floor_bps: int | None = None


@dataclass(frozen=True, slots=True)
class EncoderReading:
    """The encoder as read back; `confirmed` is None while nothing has been verified.

    `driven` is False where this controller has no encoder configured: it then only mirrors the
    edge's state and decides the scene.
    """

    reachable: bool | None = None
    confirmed: EncoderTarget | None = None
    changing: bool = False
    driven: bool = True


@dataclass(frozen=True, slots=True)
class EncoderTraits:
    """Calibrated capabilities of the encoder, given to `decide`.

    Costs are seconds without picture per change. None means not calibrated: the ladder never uses
    that kind of change. `latency_s` is the time from an order to the first changed frame;
    `own_abr` says that the encoder trims its bitrate itself, faster than we can.
    """

    bitrate_cost_s: float | None = 0.0
    geometry_cost_s: float | None = None
    audio_only_cost_s: float | None = None
    latency_s: float = 0.5
    own_abr: bool = False
    min_bitrate_bps: int = 300_000
    max_bitrate_bps: int = 32_000_000
    step_bps: int = 1_000


@dataclass(frozen=True, slots=True)
class SceneReading:
    """OBS as read back; None where OBS did not answer.

    `picture_still_s` is for how long the ingest's picture has stood still in it; None without a clock to tell by.
    """

    reachable: bool | None = None
    scene: Scene | None = None
    streaming: bool | None = None
    picture_still_s: float | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """A manual order that wins until `until_s`. Fields left None order nothing."""

    until_s: float
    reason: str
    state: Quality | None = None
    bitrate_cap_bps: int | None = None
    scene: Scene | None = None
    hold: bool = False
    emergency: bool = False
    audio_only: bool = False


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything that one decision is made from. Built by `observe`, from windows of samples.

    `ahead_bytes` is the part of the backlog that uplinks have delivered and that waits at the
    receiver for an earlier byte. `held_up_bps` is what was acknowledged in order of late while a long queue
    stood, at whichever uplink; None without one. `lasting_loss_ratio` and `lasting_rtt_s` are what is left of
    `loss_ratio` and `min_rtt_s` without what is over in a moment. `carrier` is the transport that all of it
    is about; None before anything is known of one.
    """

    at_s: float
    freshness: Freshness
    age_s: float | None = None
    capacity: Interval = Interval()
    delivered_bps: float | None = None
    drain_time_s: float | None = None
    drain_time_max_s: float | None = None
    backlog_bytes: float | None = None
    ahead_bytes: float | None = None
    held_up_bps: float | None = None
    loss_ratio: float | None = None
    min_rtt_s: float | None = None
    lasting_loss_ratio: float | None = None
    lasting_rtt_s: float | None = None
    uplinks: tuple[UplinkReading, ...] = ()
    ingest: IngestReading = IngestReading()
    encoder: EncoderReading = EncoderReading()
    encoder_traits: EncoderTraits = EncoderTraits()
    scene: SceneReading = SceneReading()
    override: Override | None = None
    edge_state: Quality | None = None
    carrier: Transport | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: the rule that fired, one sentence, and the values it compared."""

    rule: str
    text: str
    evidence: tuple[tuple[str, float | str | None], ...] = ()
