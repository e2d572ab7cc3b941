"""The policies that ship: `LOCKED`, the user's table to the letter, and `ADAPTIVE`."""

from __future__ import annotations

from dataclasses import replace

from controller.decision.model import Quality
from controller.decision.policy import Climb, Floor, Policy, Preset, Rung

_RUNGS = (
    Rung(
        quality=Quality.ERROR,
        preset=Preset(width_px=640, height_px=360, frame_rate_hz=24, bitrate_bps=300_000),
        floor=None,
        climb=Climb(capacity_above_bps=600_000),
    ),
    Rung(
        quality=Quality.VERY_LOW,
        preset=Preset(width_px=640, height_px=360, frame_rate_hz=24, bitrate_bps=600_000),
        floor=Floor(capacity_below_bps=500_000, capacity_for_s=20.0),
        climb=Climb(capacity_above_bps=2_500_000, loss_below_ratio=0.01, rtt_below_s=0.100),
    ),
    Rung(
        quality=Quality.LOW,
        preset=Preset(width_px=854, height_px=480, frame_rate_hz=24, bitrate_bps=1_200_000),
        floor=Floor(capacity_below_bps=1_500_000, capacity_for_s=10.0, loss_above_ratio=0.05, loss_for_s=5.0),
        climb=Climb(capacity_above_bps=4_500_000, loss_below_ratio=0.005, rtt_below_s=0.080),
    ),
    Rung(
        quality=Quality.MEDIUM,
        preset=Preset(width_px=1280, height_px=720, frame_rate_hz=30, bitrate_bps=2_500_000),
        floor=Floor(capacity_below_bps=3_000_000, capacity_for_s=10.0, loss_above_ratio=0.03, loss_for_s=5.0),
        climb=Climb(capacity_above_bps=7_000_000, loss_below_ratio=0.005, rtt_below_s=0.100),
    ),
    Rung(
        quality=Quality.HIGH,
        preset=Preset(width_px=1920, height_px=1080, frame_rate_hz=30, bitrate_bps=4_500_000),
        floor=Floor(capacity_below_bps=5_000_000, capacity_for_s=10.0, loss_above_ratio=0.02, loss_for_s=5.0),
        climb=None,
    ),
)

LOCKED = Policy(
    name="locked",
    rungs=_RUNGS,
    start=Quality.MEDIUM,
    safe=Quality.LOW,
    stable_s=60.0,
    recovery_s=60.0,
)

ADAPTIVE = replace(LOCKED, name="adaptive", adapts=True)

_ALL = {policy.name: policy for policy in (LOCKED, ADAPTIVE)}


def by_name(name: str) -> Policy:
    """The shipped policy called `name`; raises ValueError that names the choices."""
    try:
        return _ALL[name]
    except KeyError:
        choices = ", ".join(sorted(_ALL))
        raise ValueError(f"policy {name!r} is not known: choose one of {choices}") from None
