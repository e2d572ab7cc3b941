"""One clock per wish."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.decision.clocks import Clocks
from tests.controller.decision.examples import law

WISHES = ("down", "up", "late")
LOOK_S = 0.25
conditions = st.fixed_dictionaries({wish: st.sampled_from([True, False, None]) for wish in WISHES})
looks = st.lists(st.sampled_from([True, False, None]), min_size=1, max_size=40)
limits = st.sampled_from([0.0, 0.4, 0.9, 1.5])


def after(log: list[bool | None], bears_s: float | None = None, *, look_s: float = LOOK_S) -> Clocks:
    """The clock of one wish after the looks of `log`, the first at 0 s."""
    clocks = Clocks()
    for place, holds in enumerate(log):
        clocks = clocks.run(
            {"down": holds}, at_s=place * look_s, bears_s=None if bears_s is None else {"down": bears_s}
        )
    return clocks


def held_s(log: list[bool | None], bears_s: float | None = None, *, look_s: float = LOOK_S) -> float | None:
    """For how long the wish has held at the last look of `log`."""
    return after(log, bears_s, look_s=look_s).held_s("down", at_s=(len(log) - 1) * look_s)


def test_a_condition_without_a_break_is_counted_from_its_first_look() -> None:
    """Held at 1, 2 and 5 s, it has held for 4 s."""
    clocks = Clocks().run({"up": True}, at_s=1.0).run({"up": True}, at_s=2.0).run({"up": True}, at_s=5.0)

    assert clocks.held_s("up", at_s=5.0) == 4.0


def test_unknown_breaks_a_condition_as_no_does() -> None:
    """A gap proves nothing: the wish begins anew after it."""
    clocks = Clocks().run({"up": True}, at_s=1.0).run({"up": None}, at_s=2.0).run({"up": True}, at_s=3.0)

    assert clocks.held_s("up", at_s=3.0) == 0.0


def test_a_wish_matures_at_its_time_and_not_before() -> None:
    """Five seconds are asked: after 4.9 it waits, at 5 it is ripe."""
    clocks = Clocks().run({"down": True}, at_s=10.0)

    assert not clocks.matured("down", 5.0, at_s=14.9)
    assert clocks.matured("down", 5.0, at_s=15.0)


def test_a_wish_that_nobody_had_never_matures() -> None:
    """Without a clock there is no time held, not even for a wait of nothing."""
    assert Clocks().held_s("up", at_s=5.0) is None
    assert not Clocks().matured("up", 0.0, at_s=5.0)


@pytest.mark.parametrize(
    ("missed", "look_s", "held"),
    [
        ([None] * 3, 0.25, 1.25),
        ([None] * 4, 0.25, 0.0),
        ([None], 1.0, 0.0),
        ([False], 0.25, 0.0),
        ([None, False, None], 0.25, 0.0),
    ],
)
def test_a_gap_under_a_second_leaves_the_clock_running(missed: list[bool | None], look_s: float, held: float) -> None:
    """Three looks in a row, four a second, may know nothing; a fourth, one of a slow loop and any no clear it."""
    assert held_s([True, True, *missed, True], 0.9, look_s=look_s) == held


def test_gaps_are_not_added_up() -> None:
    """Each is as long as it is: a bound that flickers all the time clears nothing."""
    assert held_s([*[True, None, None, None] * 10, True], 0.9) == 10.0


@law
@given(looks, limits)
def test_nothing_ripens_at_a_look_at_which_it_does_not_hold(log: list[bool | None], bears_s: float) -> None:
    """However long a gap is borne: neither a no nor silence ends a wait."""
    assert after(log, bears_s).matured("down", 0.0, at_s=(len(log) - 1) * LOOK_S) is (log[-1] is True)


@law
@given(looks)
def test_what_bears_no_gap_holds_since_its_last_break(log: list[bool | None]) -> None:
    """Without a word of gaps the clock is as old as the looks at the end that held."""
    held = next((place for place, holds in enumerate(reversed(log)) if not holds), len(log))

    assert held_s(log) == held_s(log, 0.0) == (None if held == 0 else (held - 1) * LOOK_S)


@law
@given(looks, limits)
def test_to_bear_a_gap_only_ever_lengthens_a_wait_that_holds(log: list[bool | None], bears_s: float) -> None:
    """At least what has held without a break, at most the time since the last no."""
    strict, found = held_s(log), held_s(log, bears_s)
    since_no = next((place for place, holds in enumerate(reversed(log)) if holds is False), len(log))

    assert (found is None) is (strict is None)
    if found is not None and strict is not None:
        assert strict <= found <= (since_no - 1) * LOOK_S


@law
@given(looks, looks, limits, st.integers(1, 8))
def test_a_longer_gap_clears_whatever_was_before(
    log: list[bool | None], later: list[bool | None], bears_s: float, beyond: int
) -> None:
    """After a no, or after nothing was known for the limit, nothing of the past is left."""
    gap: list[bool | None] = [None] * (int(bears_s / LOOK_S) + beyond)

    for broken in (gap, [False]):
        assert held_s([*log, *broken, True, *later], bears_s) == held_s([True, *later], bears_s)


@law
@given(st.lists(conditions, min_size=1, max_size=20), st.sampled_from(WISHES), limits)
def test_a_clock_depends_on_its_own_condition_alone(
    log: list[dict[str, bool | None]], wish: str, bears_s: float
) -> None:
    """Whatever the other wishes do, the clock of one is the same as if it were alone."""
    together, alone = Clocks(), Clocks()
    for place, seen in enumerate(log):
        at_s = place * LOOK_S
        together = together.run(seen, at_s=at_s, bears_s={"down": bears_s, "up": bears_s})
        alone = alone.run({wish: seen[wish]}, at_s=at_s, bears_s={} if wish == "late" else {wish: bears_s})

    assert together.held_s(wish, at_s=99.0) == alone.held_s(wish, at_s=99.0)
