"""Keeping quiet during a change of the scene collection."""

from __future__ import annotations

import pytest

from controller.adapters.obs.changeover import BEGINS, ENDS, EXITS, LONGEST_S, REMOVAL_S, REMOVED, Changeover
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
        ([EXITS], True),
        ([REMOVED], True),
        ([REMOVED, EXITS], True),
        ([BEGINS, REMOVED, ENDS], False),
        ([["no name"]], False),
    ],
)
def test_events(events: list[object], under_way: bool) -> None:  # noqa: FBT001 (a row of the table)
    """A change, or OBS's end, is under way from its first sign to its last, whatever else is heard."""
    changeover = Changeover(FakeClock())
    for event in events:
        changeover.heard(event)

    assert changeover.under_way() is under_way


def test_a_scene_that_its_operator_deletes_costs_a_moment() -> None:
    """A scene may go without OBS ending: then it is asked again soon; during a change that shortens nothing."""
    clock = FakeClock()
    alone, within = Changeover(clock), Changeover(clock)
    alone.heard(REMOVED)
    within.heard(BEGINS)
    within.heard(REMOVED)
    clock.advance(REMOVAL_S)

    assert (alone.under_way(), within.under_way()) == (False, True)


def test_an_end_that_is_never_announced() -> None:
    """Silence is bounded: an end that goes missing costs ten seconds."""
    clock = FakeClock()
    changeover = Changeover(clock)
    changeover.heard(BEGINS)
    clock.advance(LONGEST_S - 0.1)
    assert changeover.under_way()
    clock.advance(0.1)
    assert not changeover.under_way()
