"""Keeping quiet during a change of the scene collection."""

from __future__ import annotations

import pytest

from controller.adapters.obs.changeover import BEGINS, ENDS, LONGEST_S, Changeover
from tests.fakes.clock import FakeClock


@pytest.mark.parametrize(
    ("events", "under_way"),
    [
        ([], False),
        ([BEGINS], True),
        ([BEGINS, ENDS], False),
        ([BEGINS, ENDS, BEGINS], True),
        ([ENDS], False),
        ([BEGINS, "ProfileListChanged", None], True),
    ],
)
def test_events(events: list[object], under_way: bool) -> None:  # noqa: FBT001 (a row of the table)
    """A change is under way from its announcement to its end, whatever else is heard."""
    changeover = Changeover(FakeClock())
    for event in events:
        changeover.heard(event)

    assert changeover.under_way() is under_way


def test_an_end_that_is_never_announced() -> None:
    """Silence is bounded: an end that goes missing costs ten seconds."""
    clock = FakeClock()
    changeover = Changeover(clock)
    changeover.heard(BEGINS)
    clock.advance(LONGEST_S - 0.1)
    assert changeover.under_way()
    clock.advance(0.1)
    assert not changeover.under_way()
