"""The ring of decisions and events."""

from __future__ import annotations

from controller.decision.model import Freshness, Quality, Reason
from controller.journal import Entry, Journal, Order


def entry(at_s: float) -> Entry:
    """A decision at `at_s`."""
    return Entry(
        number=0,
        at_s=at_s,
        quality=Quality.LOW,
        changed_from=None,
        target=None,
        scene=None,
        reason=Reason("rule", "Text."),
        scene_reason=None,
        freshness=Freshness.FRESH,
        age_s=None,
    )


def test_numbers_rise_over_decisions_and_events() -> None:
    """Decisions and events share one numbering, so that their order is told by it."""
    journal = Journal()
    first = journal.decided(entry(1.0))
    journal.noticed(at_s=2.0, subject="obs", text="gone")
    third = journal.decided(entry(3.0))

    assert (first, journal.events()[0].number, third) == (1, 2, 3)


def test_the_newest_comes_first_and_the_ring_is_bounded() -> None:
    """Only the last entries are kept, and are read newest first."""
    journal = Journal(size=3)
    for at_s in range(5):
        journal.decided(entry(float(at_s)))
        journal.noticed(at_s=float(at_s), subject="x", text="y")

    assert [one.at_s for one in journal.entries()] == [4.0, 3.0, 2.0]
    assert [one.at_s for one in journal.entries(2)] == [4.0, 3.0]
    assert [one.at_s for one in journal.events()] == [4.0, 3.0, 2.0]


def test_an_order_is_filled_in_as_it_becomes_known() -> None:
    """Commanded, applied and shown are noted at the decision that they go back to."""
    journal = Journal()
    number = journal.decided(entry(1.0))
    journal.commanded(number, "encoder", at_s=1.1)
    journal.answered(number, "encoder", at_s=1.4, outcome="applied", detail="ok")
    journal.shown(number, "encoder", at_s=3.0)
    journal.shown(number, "encoder", at_s=9.0)

    assert journal.entries()[0].orders == (Order("encoder", 1.1, 1.4, 3.0, "applied", "ok"),)


def test_a_repeated_order_keeps_when_it_was_first_commanded() -> None:
    """After a failure the order goes out again; how long the decision took to be carried out counts from the first."""
    journal = Journal()
    number = journal.decided(entry(1.0))
    journal.commanded(number, "encoder", at_s=1.1)
    journal.answered(number, "encoder", at_s=1.2, outcome="unknown", detail="timeout")
    journal.commanded(number, "encoder", at_s=4.0)
    journal.answered(number, "encoder", at_s=4.2, outcome="applied", detail="ok")

    assert journal.entries()[0].orders == (Order("encoder", 1.1, 4.2, None, "applied", "ok"),)


def test_two_devices_have_an_order_each() -> None:
    """Orders to encoder and OBS of one decision stand side by side."""
    journal = Journal()
    number = journal.decided(entry(1.0))
    journal.commanded(number, "encoder", at_s=1.1)
    journal.commanded(number, "obs", at_s=1.2)
    journal.answered(number, "encoder", at_s=1.3, outcome="refused", detail="no")

    found = journal.entries()[0]
    assert found.order("obs") == Order("obs", commanded_s=1.2)
    assert found.order("encoder") == Order("encoder", 1.1, None, None, "refused", "no")


def test_what_has_left_the_ring_is_not_missed() -> None:
    """An answer to a decision that is no longer kept, or to none, changes nothing."""
    journal = Journal(size=1)
    old = journal.decided(entry(1.0))
    journal.decided(entry(2.0))
    journal.commanded(old, "obs", at_s=2.0)
    journal.answered(old, "obs", at_s=2.0, outcome="applied", detail="")
    journal.shown(0, "obs", at_s=2.0)

    assert journal.entries()[0].orders == ()
