"""The policies that ship, against the user's table."""

from __future__ import annotations

import pytest

from controller.decision.model import Quality
from controller.decision.policies import ADAPTIVE, LOCKED, by_name

# Rung; preset: width, height, frames/s, kbit/s; left below Mbit/s for s; left above loss % for s.
TABLE = [
    (Quality.HIGH, (1920, 1080, 30, 4500), (5.0, 10), (2, 5)),
    (Quality.MEDIUM, (1280, 720, 30, 2500), (3.0, 10), (3, 5)),
    (Quality.LOW, (854, 480, 24, 1200), (1.5, 10), (5, 5)),
    (Quality.VERY_LOW, (640, 360, 24, 600), (0.5, 20), None),
]
# Rung; climbs above Mbit/s, below loss %, below RTT ms.
CLIMBS = [(Quality.VERY_LOW, 2.5, 1, 100), (Quality.LOW, 4.5, 0.5, 80), (Quality.MEDIUM, 7.0, 0.5, 100)]


@pytest.mark.parametrize(("quality", "preset", "capacity", "loss"), TABLE)
def test_presets_and_floors_are_the_users(
    quality: Quality, preset: tuple[int, ...], capacity: tuple[float, int], loss: tuple[float, int] | None
) -> None:
    """To the letter."""
    rung = LOCKED.rung(quality)
    plays, floor = rung.preset, rung.floor

    assert (plays.width_px, plays.height_px, plays.frame_rate_hz, plays.bitrate_bps / 1_000) == preset
    assert floor is not None
    assert (floor.capacity_below_bps / 1e6, floor.capacity_for_s) == capacity
    if loss is None:
        assert floor.loss_above_ratio is None
    else:
        assert (floor.loss_above_ratio, floor.loss_for_s) == (loss[0] / 100, loss[1])


@pytest.mark.parametrize(("quality", "capacity", "loss", "rtt"), CLIMBS)
def test_climbs_are_the_users(quality: Quality, capacity: float, loss: float, rtt: float) -> None:
    """Each demands capacity, little loss and a short round trip."""
    climb = LOCKED.rung(quality).climb

    assert climb is not None
    assert climb.capacity_above_bps == capacity * 1e6
    assert climb.loss_below_ratio == pytest.approx(loss / 100)
    assert climb.rtt_below_s == pytest.approx(rtt / 1_000)


def test_error_climbs_above_600_kbit_whatever_else_is_seen() -> None:
    """It plays 300 kbit/s and is no dead end."""
    rung = LOCKED.rung(Quality.ERROR)

    assert rung.preset.bitrate_bps == 300_000
    assert rung.climb is not None
    assert (rung.climb.capacity_above_bps, rung.climb.loss_below_ratio, rung.climb.rtt_below_s) == (600_000, None, None)


def test_both_policies_share_the_users_ladder() -> None:
    """They differ in how they move on it."""
    assert ADAPTIVE.rungs is LOCKED.rungs
    assert (LOCKED.adapts, ADAPTIVE.adapts) == (False, True)
    assert (LOCKED.stable_s, LOCKED.recovery_s) == (60.0, 60.0)


def test_a_policy_is_found_by_its_name_and_an_unknown_one_refused_with_the_choices() -> None:
    """The error says what may be written instead."""
    assert [by_name(name) for name in ("locked", "adaptive")] == [LOCKED, ADAPTIVE]
    with pytest.raises(ValueError, match="policy 'best' is not known: choose one of adaptive, locked"):
        by_name("best")
