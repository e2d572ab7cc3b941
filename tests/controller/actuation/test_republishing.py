"""What is done about a push that is down."""

from __future__ import annotations

import pytest

from controller.actuation.republishing import Outage, Repair, push_seen

NOTHING, TOGGLE, TELL = Repair.NOTHING, Repair.TOGGLE, Repair.TELL


def told(*reads: tuple[float, bool | None, bool | None], after_s: float = 60.0) -> list[Repair]:
    """What follows from reads of (moment, publishing, switched on)."""
    outage, repairs = Outage(), []
    for now_s, publishing, switched_on in reads:
        outage, repair = push_seen(outage, publishing=publishing, switched_on=switched_on, now_s=now_s, after_s=after_s)
        repairs.append(repair)
    return repairs


def test_once_an_outage_and_then_a_person() -> None:
    """After a minute the switch, after two the word, and then nothing more."""
    reads = [(float(at_s), False, True) for at_s in (0, 59, 60, 61, 119, 120, 500)]

    assert told(*reads) == [NOTHING, NOTHING, TOGGLE, NOTHING, NOTHING, TELL, NOTHING]


def test_a_new_outage_begins_anew() -> None:
    """What came back and went again has its own minute."""
    reads = [(0.0, False, True), (60.0, False, True), (61.0, True, True), (62.0, False, True), (122.0, False, True)]

    assert told(*reads) == [NOTHING, TOGGLE, NOTHING, NOTHING, TOGGLE]


@pytest.mark.parametrize(
    ("publishing", "switched_on"), [(False, False), (False, None), (None, True), (None, None), (True, True)]
)
def test_only_a_push_that_is_on_and_down(publishing: bool | None, switched_on: bool | None) -> None:  # noqa: FBT001 - a row of the table
    """One that somebody switched off stays off, and what is not known is left alone."""
    assert told((0.0, publishing, switched_on), (600.0, publishing, switched_on)) == [NOTHING, NOTHING]


def test_it_can_be_forbidden() -> None:
    """With zero seconds nothing is ever done."""
    assert told((0.0, False, True), (600.0, False, True), after_s=0.0) == [NOTHING, NOTHING]
