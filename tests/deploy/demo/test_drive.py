"""The scripted drive as data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.drive import GOOD_BPS, WEAK_BPS, Moment, scripted

UPLINKS = ("verizon", "att")


@pytest.mark.parametrize(
    ("at_s", "verizon", "att"),
    [
        (0, GOOD_BPS, GOOD_BPS),
        (30, 0, GOOD_BPS),
        (45, GOOD_BPS, GOOD_BPS),
        (60, WEAK_BPS, WEAK_BPS),
        (100, GOOD_BPS, GOOD_BPS),
        (215, 0, 0),
        (299, GOOD_BPS, GOOD_BPS),
    ],
)
def test_story(at_s: float, verizon: int, att: int) -> None:
    """One uplink dies, both weaken, both recover, both go black, both are back."""
    drive = scripted(UPLINKS)
    assert (drive.capacity_bps("verizon", at_s), drive.capacity_bps("att", at_s)) == (verizon, att)


@given(st.floats(1, 3000), st.floats(0, 1))
def test_scaling_keeps_the_story(length_s: float, share: float) -> None:
    """A scaled drive carries at each share of its length what the original does."""
    drive = scripted(UPLINKS)
    scaled = drive.scaled(length_s)
    moments = [moment.at_s / drive.length_s for moment in drive.moments]
    if min(abs(share - moment) for moment in moments) > 1e-6:
        assert scaled.capacity_bps("verizon", share * length_s) == drive.capacity_bps("verizon", share * 300)


@given(st.lists(st.floats(0, 300), min_size=1, max_size=20))
def test_each_moment_is_due_once(ticks: list[float]) -> None:
    """Whatever the rhythm of asking, every moment up to the last question is due exactly once."""
    drive, before = scripted(UPLINKS), -1.0
    seen: list[Moment] = []
    for tick in sorted(ticks):
        seen += drive.due(before, tick)
        before = tick
    assert seen == [moment for moment in drive.moments if moment.at_s <= max(ticks)]
