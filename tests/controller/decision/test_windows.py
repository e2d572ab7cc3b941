"""Readings from raw windows: what counts as a sample, and what a counter gained."""

from __future__ import annotations

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.decision.model import Sample
from controller.decision.windows import clean, gain, steady_s
from tests.controller.decision.examples import law


def window(*pairs: tuple[float, float]) -> tuple[Sample, ...]:
    """Samples from (time, value) pairs."""
    return tuple(Sample(t_s, value) for t_s, value in pairs)


@pytest.mark.parametrize("bad", [nan, inf, -inf, 1.1e15, -1.1e15, 1.7e308, -1.7e308])
def test_what_is_no_number_is_no_sample(bad: float) -> None:
    """NaN, the infinities and what no counter or gauge ever reaches are dropped, their neighbours kept."""
    assert clean(window((1, 5), (2, bad), (3, 7)), not_after_s=9) == window((1, 5), (3, 7))


def test_samples_from_the_future_are_dropped() -> None:
    """A wrong clock's sample is no reading, whatever it says."""
    assert clean(window((1, 5), (99, 7)), not_after_s=2) == window((1, 5))


def test_the_last_told_of_one_instant_counts() -> None:
    """A retried write may double a sample."""
    assert clean(window((1, 5), (1, 6), (2, 7)), not_after_s=9) == window((1, 6), (2, 7))


@law
@given(st.lists(st.tuples(st.floats(0, 100), st.floats() | st.floats(0, 1e9)), max_size=20))
def test_a_clean_window_is_in_order_and_finite(pairs: list[tuple[float, float]]) -> None:
    """Whatever came, times rise strictly and every value is a number of a possible size."""
    kept = clean(window(*pairs), not_after_s=50)

    assert [one.t_s for one in kept] == sorted({one.t_s for one in kept})
    assert all(one.t_s <= 50 and abs(one.value) <= 1e15 for one in kept)


def test_a_gain_is_the_difference_over_the_span() -> None:
    """No extrapolation: from the first sample of the span to the last."""
    found = gain(window((0, 100), (1, 110), (2, 130)), span_s=1.0)

    assert found is not None
    assert (found.amount, found.span_s, found.per_s) == (20, 1, 20)


def test_a_reset_counts_from_zero() -> None:
    """A counter that fell began anew; what it shows now is what it gained since."""
    found = gain(window((0, 100), (1, 4), (2, 9)), span_s=2.0)

    assert found is not None
    assert found.amount == 9


def test_one_sample_gains_nothing() -> None:
    """Without two samples there is no rate, not a rate of zero."""
    assert gain(window((0, 100)), span_s=1.0) is None


@law
@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=30), st.floats(0.5, 40))
def test_a_gain_is_never_negative(values: list[float], span_s: float) -> None:
    """Over resets and all."""
    found = gain(window(*enumerate(values)), span_s=span_s)

    assert found is not None
    assert found.amount >= 0
    assert found.span_s >= 1


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        (((0, 5), (1, 5), (2, 7), (3, 7)), 2.0),
        (((0, 5), (1, 5)), 4.0),
        (((0, 5), (1, 0), (2, 0)), 4.0),
        (((0, 5),), None),
    ],
)
def test_a_counter_is_steady_since_it_last_rose(pairs: tuple[tuple[float, float], ...], expected: float | None) -> None:
    """Over the window where it did not; a restart of the exporter is no rise, and one sample tells nothing."""
    assert steady_s(window(*pairs), at_s=4.0) == expected
