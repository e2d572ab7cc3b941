"""One clock per wish."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from controller.decision.clocks import Clocks
from tests.controller.decision.examples import law

WISHES = ("down", "up", "late")
conditions = st.fixed_dictionaries({wish: st.sampled_from([True, False, None]) for wish in WISHES})


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


@law
@given(st.lists(conditions, min_size=1, max_size=20), st.sampled_from(WISHES))
def test_a_clock_depends_on_its_own_condition_alone(log: list[dict[str, bool | None]], wish: str) -> None:
    """Whatever the other wishes do, the clock of one is the same as if it were alone."""
    together, alone = Clocks(), Clocks()
    for second, seen in enumerate(log):
        together = together.run(seen, at_s=float(second))
        alone = alone.run({wish: seen[wish]}, at_s=float(second))

    assert together.held_s(wish, at_s=99.0) == alone.held_s(wish, at_s=99.0)
