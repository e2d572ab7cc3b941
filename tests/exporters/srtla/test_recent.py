"""Small memories: laws that hold against remembering everything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.srtla.recent import Once, RecentMax, RecentMin, RoundTrip

VALUES = st.lists(st.tuples(st.floats(0, 5), st.floats(-10, 10)), min_size=1, max_size=50)


def timed(values: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Steps of time as moments."""
    at_s, found = 0.0, []
    for step_s, value in values:
        at_s += step_s
        found.append((at_s, value))
    return found


@given(VALUES)
def test_largest_of_the_span(values: list[tuple[float, float]]) -> None:
    """It is what a search through all values of the span finds."""
    recent, seen = RecentMax(3), timed(values)
    for at_s, value in seen:
        recent.add(at_s, value)
    now_s = seen[-1][0]

    assert recent.max(now_s) == max(value for at_s, value in seen if at_s >= now_s - 3)


@given(VALUES)
def test_least_of_about_the_span(values: list[tuple[float, float]]) -> None:
    """No value of the last five parts of six is missed, and none older than the span is kept."""
    recent, seen = RecentMin(6, parts=6), timed(values)
    for at_s, value in seen:
        recent.add(at_s, value)
    now_s = seen[-1][0]
    found = recent.min(now_s)

    assert found is not None
    assert found <= min(value for at_s, value in seen if at_s > now_s - 5)
    assert found >= min(value for at_s, value in seen if at_s > now_s - 6)


def test_least_is_forgotten() -> None:
    """After the span nothing is left."""
    recent = RecentMin(6)
    recent.add(1, 5)

    assert recent.min(6) == 5
    assert recent.min(7) is None


def test_first_sight_and_copies() -> None:
    """A copy is known while few things came between, and the memory is bounded."""
    once = Once(2)

    assert [once.first(thing) for thing in "aabbacca"] == [True, False, True, False, False, True, False, True]


@pytest.mark.parametrize("impossible", [0.0, -1.0, 61.0, float("nan"), float("inf")])
def test_impossible_round_trips_are_none(impossible: float) -> None:
    """A clock that ran back, or a report of nonsense, changes nothing."""
    trip = RoundTrip()
    trip.add(1, impossible)

    assert (trip.smoothed_s, trip.least_s(1)) == (None, None)


def test_round_trip_is_smoothed_as_in_rfc_6298() -> None:
    """The first measurement counts whole, later ones by an eighth; the deviation by a quarter."""
    trip = RoundTrip()
    trip.add(1, 0.1)
    trip.add(2, 0.18)

    assert trip.smoothed_s == pytest.approx(0.11)
    assert trip.deviation_s == pytest.approx(0.05 + (0.08 - 0.05) / 4)
    assert trip.least_s(2) == 0.1
