"""How late a tick was, from when it asked."""

from __future__ import annotations

import pytest

from tests.bench.api import PERIOD_S, delays_s, punctual_s


def ticks(*late_s: float) -> list[float]:
    """Ticks on a schedule that began at 100 s, each so late."""
    return [100.0 + PERIOD_S * number + by_s for number, by_s in enumerate(late_s)]


def test_each_delay_is_against_the_schedule_of_the_punctual_ones() -> None:
    """One late tick says nothing of the next."""
    asked_s = ticks(0.001, 0.0, 0.06, 0.002)

    assert delays_s(asked_s, punctual_s(asked_s)) == pytest.approx([0.001, 0.0, 0.06, 0.002])


def test_a_tick_that_was_left_out_is_a_delay() -> None:
    """A loop that stood still for longer than a period does not look punctual."""
    asked_s = ticks(0.0, 0.0, 0.0, 0.0, 0.0)
    del asked_s[2]

    assert max(delays_s(asked_s, punctual_s(asked_s))) == pytest.approx(PERIOD_S)


def test_the_schedule_is_known_from_a_calmer_time() -> None:
    """Where every tick is late by the same, they are late and not the schedule."""
    calm_s, busy_s = ticks(0.0, 0.001, 0.0), ticks(0.05, 0.05, 0.05)

    assert delays_s(busy_s, punctual_s(calm_s)) == pytest.approx([0.05, 0.05, 0.05])
