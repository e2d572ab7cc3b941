"""Bytes per uplink and month: exact over restarts, resets, overlaps and doubled samples."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.decision.model import Sample, Series
from controller.timeline.ledger import METRICS, Ledger, count, month_of

T0 = 1_793_500_000.0  # 1 November 2026, 02:26:40 UTC


def series(*samples: tuple[float, float], uplink: str = "a", site: str = "edge", metric: str = METRICS[0]) -> Series:
    """A counter's window, at seconds after the first of November."""
    labels = (("site", site), ("uplink", uplink))
    return Series(metric=metric, labels=labels, samples=tuple(Sample(T0 + t_s, value) for t_s, value in samples))


@pytest.mark.parametrize(
    ("at_s", "billing_day", "month"),
    [
        (T0, 1, "2026-11-01"),
        (T0 - 86_400, 1, "2026-10-01"),
        (T0, 2, "2026-10-02"),
        (1_767_225_599.0, 1, "2025-12-01"),
        (1_767_225_600.0, 1, "2026-01-01"),
        (1_767_225_600.0, 15, "2025-12-15"),
    ],
)
def test_a_month_begins_on_its_billing_day(at_s: float, billing_day: int, month: str) -> None:
    """Before the day it is still the month before, over the turn of the year too."""
    assert month_of(at_s, billing_day=billing_day) == month


def test_the_first_sight_of_a_counter_counts_nothing() -> None:
    """What it counted before is unknown, and nothing is invented."""
    ledger, carried = count(Ledger(), [series((0, 5_000.0))], billing_days={})

    assert (ledger.months, carried) == ({}, {})


def test_sent_and_received_count_for_the_uplink() -> None:
    """Both counters of an uplink add up; another uplink has its own sum."""
    windows = [
        series((0, 0.0), (1, 100.0)),
        series((0, 50.0), (1, 60.0), metric=METRICS[1]),
        series((0, 0.0), (1, 7.0), uplink="b"),
    ]
    ledger, carried = count(Ledger(), windows, billing_days={"b": 2})

    assert carried == {"a": 110.0, "b": 7.0}
    assert ledger.months == {("a", "2026-11-01"): 110.0, ("b", "2026-10-02"): 7.0}


def test_a_counter_that_begins_anew_counts_from_zero() -> None:
    """A restart of the exporter costs nothing but what passed between its last scrape and its end."""
    ledger, _ = count(Ledger(), [series((0, 100.0), (1, 150.0), (2, 30.0), (3, 40.0))], billing_days={})

    assert ledger.of("a", "2026-11-01") == 50.0 + 30.0 + 10.0


def test_the_other_ends_counters_are_not_counted_again() -> None:
    """The VPS sees the same bytes arrive."""
    assert count(Ledger(), [series((0, 0.0), (1, 100.0), site="vps")], billing_days={})[1] == {}


@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=40), st.lists(st.integers(1, 12), max_size=40))
def test_overlapping_windows_count_each_byte_once(gains: list[int], steps: list[int]) -> None:
    """However the samples come, a dozen at a time and most of them repeatedly, the sum is what was gained."""
    values = [float(sum(gains[: n + 1])) for n in range(len(gains))]
    points = list(enumerate(values))
    ledger, _ = count(Ledger(), [series(points[0])], billing_days={})
    seen = 1
    for step in [*steps, *[12] * 4]:
        seen = min(len(points), seen + step)
        ledger, _ = count(ledger, [series(*points[max(0, seen - 12) : seen])], billing_days={})

    assert ledger.of("a", "2026-11-01") == values[-1] - values[0]
