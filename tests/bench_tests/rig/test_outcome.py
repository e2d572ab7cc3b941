"""From pictures to figures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.rig.outcome import Transition, lateness, outcome

PICTURES = [number / 25 for number in range(50)]  # two seconds at 25 Hz


def test_a_tenth_is_as_late_as_its_last_picture() -> None:
    """Pictures of one tenth that come 0.2, 0.3 and 0.5 s late make it 0.5 s late."""
    arrived = {0.00: 0.20, 0.04: 0.34, 0.08: 0.58}
    assert lateness(arrived, start_s=0.0, length_s=0.1) == [pytest.approx(0.5)]


def test_a_tenth_without_a_picture_never_came() -> None:
    """What the encoder did not take, or the network did not bring, is None, and not on time."""
    arrived = {one: one + 0.1 for one in PICTURES if not 0.5 <= one < 1.0}
    found = lateness(arrived, start_s=0.0, length_s=2.0)
    assert [late_s is None for late_s in found] == [5 <= place < 10 for place in range(20)]
    assert outcome(found, (), 2.0).on_time == pytest.approx(0.75)


@given(late_s=st.floats(0.0, 2.02) | st.floats(2.04, 9.0))
def test_on_time_is_within_the_viewers_budget(late_s: float) -> None:
    """With every picture equally late all are on time or none is, and the percentile is that lateness."""
    found = outcome(lateness({one: one + late_s for one in PICTURES}, start_s=0.0, length_s=2.0), (), 2.0)
    assert found.on_time == (late_s < 2.03)
    assert found.p95_s == pytest.approx(late_s)


def test_what_is_outside_of_the_segment_is_left_out() -> None:
    """Pictures and transitions of lead and tail count for nothing."""
    arrived = {-0.04: 9.0, 0.04: 0.14, 0.14: 9.0}
    moves = (Transition(-1.0, "HIGH", "LOW"), Transition(0.05, "LOW", "RECOVERY"), Transition(0.2, "RECOVERY", "LOW"))
    found = outcome(lateness(arrived, start_s=0.0, length_s=0.1), moves, 0.1)
    assert found.p95_s == pytest.approx(0.1)
    assert found.transitions == (Transition(0.05, "LOW", "RECOVERY"),)


def test_nothing_that_came_is_never_on_time() -> None:
    """Without any picture the share is 0 and the percentile infinite."""
    found = outcome([None, None], (), 0.2)
    assert (found.on_time, found.p95_s) == (0.0, float("inf"))
