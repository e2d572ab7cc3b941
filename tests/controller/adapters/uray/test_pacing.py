"""When the unit is left alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.uray.pacing import Pacing


def test_two_misses_cost_nothing() -> None:
    """Before the third miss the unit is asked as usual."""
    assert Pacing().missed("gone", 0).missed("gone", 1).may_ask(1)


@given(st.integers(3, 10_000))
def test_pauses_stay_within_bounds(misses: int) -> None:
    """However long a unit is away, the pause is between 2 s and 30 s."""
    pacing = Pacing(misses=misses - 1).missed("gone", 100.0)

    assert pacing.ask_from_s is not None
    assert 102.0 <= pacing.ask_from_s <= 130.0


def test_an_answer_ends_every_pause() -> None:
    """One usable answer and the misses count from nought."""
    pacing = Pacing(misses=9, auth_failures=3, ask_from_s=500.0, problem="gone").answered()

    assert pacing == Pacing()


def test_second_refusal_pauses_a_minute() -> None:
    """The first refused login is tried again at once, the second a minute later."""
    once = Pacing().refused("no", 0)
    twice = once.refused("no", 1)

    assert (once.may_ask(0), twice.may_ask(60.9), twice.may_ask(61)) == (True, False, True)


def test_a_restarting_unit_is_asked_without_pause() -> None:
    """Misses during a restart are expected and do not slow the search for its return."""
    pacing = Pacing().ordered_restart(3600, 0)
    for second in range(50):
        pacing = pacing.missed("gone", second)

    assert pacing.may_ask(50)


def test_restart_is_over_when_the_uptime_fell() -> None:
    """A smaller uptime is the proof; the same uptime growing on is none; a push that is down is not over."""
    pacing = Pacing().ordered_restart(3600, 0)

    assert pacing.seen_up(3660, 60, push_is_down=False).restarting(60)
    assert pacing.seen_up(20, 60, push_is_down=True).restarting(60)
    assert pacing.seen_up(None, 60, push_is_down=False).restarting(60)
    assert not pacing.seen_up(20, 60, push_is_down=False).restarting(60)


def test_restart_of_a_unit_that_had_just_come_up() -> None:
    """A unit up for 5 s before, and for 30 s a minute later, has restarted."""
    pacing = Pacing().ordered_restart(5, 0)

    assert not pacing.seen_up(30, 60, push_is_down=False).restarting(60)
