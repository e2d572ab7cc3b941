"""What an uplink delivered of what it was given."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mptcp.guard.flow import KEPT_S, Flow


def _flow(*looks: tuple[float, int, int], rate: float = 0.0) -> Flow:
    """Looks of one subflow: when, bytes delivered since its beginning, bytes waiting."""
    flow = Flow()
    for at_s, delivered, waiting in looks:
        flow = flow.and_seen(at_s, delivered={1: delivered}, waiting=waiting, rate=rate)
    return flow


@pytest.mark.parametrize(
    ("looks", "expected"),
    [
        ([(0.0, 0, 50_000), (0.4, 2_000, 48_000)], 5_000.0),
        ([(0.0, 0, 50_000), (0.4, 0, 50_000)], 0.0),
        ([(0.0, 7_000, 50_000), (0.1, 7_500, 60_000), (0.5, 9_000, 58_500)], 3_750.0),  # of the newest look that is old
        ([(0.0, 0, 50_000), (0.3, 2_000, 48_000)], None),  # too short
        ([(0.0, 0, 50_000), (0.4, 50_000, 90_000)], None),  # all that waited is through: what waits now is new
        ([(0.0, 0, 0), (0.4, 0, 64_000)], None),  # was idle, and has just been given something
        ([], None),
    ],
)
def test_rate_is_known_while_something_waits(looks: list[tuple[float, int, int]], expected: float | None) -> None:
    """An uplink without work delivers what it is given, which says nothing of what it could."""
    rate = _flow(*looks).held_rate(0.4)

    assert rate == (None if expected is None else pytest.approx(expected))


def test_new_subflow_begins_a_new_record() -> None:
    """It counts from nothing, and what waited on the old one waits no more."""
    flow = _flow((0.0, 90_000, 50_000), (0.4, 91_000, 49_000))
    flow = flow.and_seen(0.5, delivered={2: 0}, waiting=0, rate=0.0)

    assert flow.held_rate(0.4) is None
    assert (flow.waiting, flow.best_rate) == (0, 0.0)


def test_best_rate_is_of_the_last_seconds() -> None:
    """A key frame of a while ago says no longer what the uplink can do."""
    flow = _flow((0.0, 0, 0), rate=600_000.0).and_seen(1.0, delivered={1: 9}, waiting=0, rate=100_000.0)
    assert flow.best_rate == 600_000.0

    assert flow.and_seen(1.0 + KEPT_S, delivered={1: 9}, waiting=0, rate=0.0).best_rate == 100_000.0


@given(st.lists(st.tuples(st.floats(0.001, 1.0), st.integers(0, 10**6), st.integers(0, 10**6)), max_size=30))
def test_held_rate_is_never_more_than_was_given(steps: list[tuple[float, int, int]]) -> None:
    """Neither negative, nor faster than what waited at the beginning of the span was delivered in all of it."""
    at_s, delivered, looks = 0.0, 0, list[tuple[float, int, int]]()
    for pause_s, more, waiting in steps:
        at_s, delivered = at_s + pause_s, delivered + more
        looks.append((at_s, delivered, waiting))
    rate = _flow(*looks).held_rate(0.4)

    assert rate is None or 0 <= rate * 0.4 <= max(waiting for _, _, waiting in looks)
