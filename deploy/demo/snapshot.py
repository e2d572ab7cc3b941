"""What the demo knows at one moment: the input of the terminal view and of the report's recorder.

Values only; `None` is unknown. Rates are bit/s, ages seconds, times seconds since the drive started.
"""

from __future__ import annotations

from dataclasses import dataclass

from deploy.demo.report import DecisionRow


@dataclass(frozen=True, slots=True)
class UplinkView:
    """One uplink: what it can carry (the emulator's truth) and what the exporter measures of it."""

    name: str
    capacity_bps: int | None
    sent_bps: float | None
    rtt_s: float | None
    dead: bool | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything at one moment of the drive."""

    t: float
    event: str
    uplinks: tuple[UplinkView, ...]
    state: str | None = None
    target_bps: int | None = None
    confirmed_bps: int | None = None
    received_bps: int | None = None
    drain_time_s: float | None = None
    scene: str | None = None
    picture_age_ingest_s: float | None = None
    picture_age_platform_s: float | None = None
    decisions: tuple[DecisionRow, ...] = ()
    problems: tuple[str, ...] = ()
