"""How often a device may be troubled."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from controller.actuation.sparing import RESTART_EVERY_S, Allowance, changes, restarts


def test_without_a_limit_nothing_is_counted() -> None:
    """An encoder that does not wear may be changed at any time."""
    free = changes(None)

    assert free.used(1.0) is free
    assert free.allows(1.0)


def test_rises_wait_while_falls_may_still_use_the_rest() -> None:
    """Of ten changes in an hour rises may use six; the eleventh change waits for the hour to pass."""
    spent = changes(10)
    for at_s in range(6):
        assert spent.allows(at_s, share=0.6)
        spent = spent.used(float(at_s))

    assert not spent.allows(6.0, share=0.6)
    assert spent.allows(6.0)
    for at_s in range(6, 10):
        spent = spent.used(float(at_s))
    assert not spent.allows(10.0)
    assert spent.allows(3600.5)


def test_one_restart_in_half_an_hour() -> None:
    """After one, the next has to wait."""
    used = restarts().used(100.0)

    assert not used.allows(100.0 + RESTART_EVERY_S - 1)
    assert used.allows(100.0 + RESTART_EVERY_S)


@given(st.integers(1, 20), st.lists(st.floats(0, 10_000), max_size=80))
def test_never_more_than_allowed_in_any_window(most: int, moments: list[float]) -> None:
    """Whoever asks before each use has used it at most so often in any hour."""
    spent, used = Allowance(most, 3600.0), list[float]()
    for now_s in sorted(moments):
        if spent.allows(now_s):
            spent = spent.used(now_s)
            used.append(now_s)

    assert all(sum(at_s - 3600.0 < other_s <= at_s for other_s in used) <= most for at_s in used)
