"""What the controller knows at this moment, as one value: read by its page, its API and its metrics."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.actuation.studio_watch import StudioWatch
    from controller.decision.health import Health
    from controller.decision.model import (
        EncoderTarget,
        Freshness,
        IngestReading,
        Interval,
        Override,
        Quality,
        Reason,
        Scene,
        Transport,
        UplinkReading,
    )
    from controller.decision.trust import Trust
    from controller.linking.vps import Rig
    from controller.overriding.standing import Standing


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """One driven device. `confirmed` says whether it is known to be as wanted; None is unknown or not wanted.

    `introduction` is what the device said of itself and what is known of it. `answer_age_s` counts from the end of
    the last call that it answered, while a later one is under way too.
    """

    reachable: bool | None
    problem: str | None
    confirmed: bool | None
    in_flight: bool
    requests: int
    failures: int
    last_took_s: float | None
    by_hand_for_s: float | None = None
    introduction: str | None = None
    answer_age_s: float | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """The last decision and what it was made from."""

    at_s: float
    quality: Quality
    since_s: float
    target: EncoderTarget | None
    scene: Scene | None
    reason: Reason
    scene_reason: Reason | None
    freshness: Freshness
    age_s: float | None
    edge_state: Quality | None
    capacity: Interval
    delivered_bps: float | None
    drain_time_s: float | None
    loss_ratio: float | None
    min_rtt_s: float | None
    uplinks: tuple[UplinkReading, ...]
    ingest: IngestReading
    override: Override | None
    health: Health | None = None
    trusts: Mapping[str, Trust] = field(default_factory=dict)
    carrier: Transport | None = None
    out_of_band: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Counts:
    """What only rises while the controller lives."""

    decisions: int = 0
    ticks_late: int = 0
    ticks_failed: int = 0
    transitions: Mapping[tuple[str, str, str], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """What an uplink carried in its present billing month, bytes; `cap_bytes` None where no cap is configured."""

    uplink: str
    carried_bytes: float
    cap_bytes: int | None


@dataclass(frozen=True, slots=True)
class History:
    """How the timeline is kept: why its last write failed, how many events wait for the disk, how many were lost."""

    problem: str | None = None
    waiting: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Status:
    """The controller at this moment. Parts that are not configured are absent, what is unknown is None."""

    rig: str
    policy: str
    at_s: float
    uptime_s: float
    period_s: float
    source_problem: str | None
    self_test: str
    armed: bool
    last_tick_age_s: float | None
    tick_duration_s: float | None
    counts: Counts
    decided: Decided | None = None
    drives_encoder: bool = False
    drives_studio: bool = False
    encoder: DeviceStatus | None = None
    encoder_confirmed: EncoderTarget | None = None
    studio: DeviceStatus | None = None
    scene_shown: Scene | None = None
    scene_shown_name: str | None = None
    streaming: bool | None = None
    studio_watch: StudioWatch | None = None
    override: Standing | None = None
    rig_end: Rig | None = None
    vps_connected: bool | None = None
    vps_problem: str | None = None
    watchdog_seen_s: float | None = None
    plans: tuple[Plan, ...] = ()
    history: History = History()
