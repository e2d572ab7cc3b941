"""Bounds of capacity and the drain time, from samples every 100 ms."""

from __future__ import annotations

import pytest

from exporters.srtla.capacity import Bounds, Capacity, DrainTime


def fed(capacity: Capacity, rate: float, *, start_s: float, seconds: float, queue_s: float | None) -> Bounds:
    """The bounds after a stream of `rate` bytes per second."""
    bounds = Bounds()
    for tick in range(round(seconds * 10)):
        at_s = start_s + tick / 10
        bounds = capacity.feed(at_s, rate * at_s, queue_s=queue_s, stalled=False)
    return bounds


def test_stream_without_queue_is_a_lower_bound() -> None:
    """What flows freely says nothing of what more would."""
    bounds = fed(Capacity(), 1000, start_s=0, seconds=1, queue_s=0.02)

    assert bounds.lower == pytest.approx(1000)
    assert bounds.upper is None


def test_standing_queue_shows_the_capacity() -> None:
    """With a queue in front of it all the time, the uplink delivers all it can."""
    bounds = fed(Capacity(), 1000, start_s=0, seconds=1, queue_s=0.3)

    assert bounds.upper == pytest.approx(1000)


def test_queue_of_a_moment_shows_nothing() -> None:
    """One sample of the last half second without a queue is enough to leave the capacity open."""
    capacity = Capacity()
    fed(capacity, 1000, start_s=0, seconds=1, queue_s=0.3)
    capacity.feed(1.0, 1000, queue_s=0.0, stalled=False)
    bounds = capacity.feed(1.1, 1100, queue_s=0.3, stalled=False)

    assert bounds.upper is None


def test_stalled_uplink_carries_nothing() -> None:
    """In flight and unacknowledged: the upper bound falls to 0 within half a second."""
    capacity = Capacity()
    fed(capacity, 1000, start_s=0, seconds=1, queue_s=0.0)
    bounds = Bounds()
    for tick in range(10, 18):
        bounds = capacity.feed(tick / 10, 900, queue_s=None, stalled=True)

    assert bounds.upper == 0


def test_lower_bound_is_forgotten_after_three_seconds() -> None:
    """What was delivered long ago proves nothing of now."""
    capacity = Capacity()
    fed(capacity, 1000, start_s=0, seconds=1, queue_s=None)
    kept = [capacity.feed(1 + tick / 10, 900 + 10 * tick, queue_s=None, stalled=False).lower for tick in range(45)]

    assert kept[10] == pytest.approx(1000)
    assert kept[-1] == pytest.approx(100)


def test_a_moment_twice_is_no_sample() -> None:
    """Time that does not move gives no bounds, and no division by zero."""
    capacity = Capacity()
    capacity.feed(1, 10, queue_s=None, stalled=False)

    assert capacity.feed(1, 20, queue_s=None, stalled=False) == Bounds()


def test_drain_time_is_backlog_over_pace() -> None:
    """And never less than the oldest packet has waited already."""
    drain = DrainTime()

    assert drain.feed(0, backlog_bytes=500, oldest_age_s=0.1, pace=1000)[0] == 0.5
    assert drain.feed(0.1, backlog_bytes=500, oldest_age_s=0.9, pace=1000)[0] == 0.9
    assert drain.feed(0.2, backlog_bytes=500, oldest_age_s=2.0, pace=0)[0] == 2.0
    assert drain.feed(0.3, backlog_bytes=0, oldest_age_s=0, pace=1000)[0] == 0


def test_largest_drain_time_needs_two_samples() -> None:
    """A keyframe caught alone is no queue; the largest of the last second is kept, and no longer."""
    drain = DrainTime()
    largest = [
        drain.feed(tick / 10, backlog_bytes=backlog, oldest_age_s=0, pace=1000)[1]
        for tick, backlog in enumerate([0, 900, 0, 300, 400, *[0] * 20])
    ]

    assert largest[2] == 0
    assert largest[4] == 0.3
    assert largest[13] == 0.3
    assert largest[-1] == 0


def test_without_a_stream_there_is_no_drain_time() -> None:
    """Unknown is absent, not zero."""
    assert DrainTime().feed(0, backlog_bytes=None, oldest_age_s=0, pace=None) == (None, None)
