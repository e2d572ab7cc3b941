"""Keeping beside the loop: never waiting for the disk, never losing what it refuses, telling who listens."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from controller.decision.model import Freshness, IngestReading, Observation, Quality, Sample, Series, UplinkReading
from controller.journal import Entry, Event, Journal, Order
from controller.ports import Window
from controller.timeline.keeper import TOGETHER_S, Keeper
from controller.timeline.ledger import METRICS
from controller.timeline.records import Happening, Kind
from controller.timeline.store import Store
from controller.timeline.telling import happening_of
from tests.controller.statuses import KNOWN
from tests.fakes.clock import StandingClock

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from controller.journal import Told

EVENT = Happening(1.0, Kind.ALERT, "alert", "it fires")
TRIM = Happening(2.0, Kind.DECISION, "encoder", "less")


class FailingStore(Store):
    """A store on a disk that refuses while `full`."""

    full = False

    def add(self, happenings: Iterable[Happening]) -> None:
        """Keep, or refuse as SQLite does."""
        if self.full:
            raise sqlite3.OperationalError("database or disk is full")
        super().add(happenings)


def look(at_s: float, *, dead: bool | None = False) -> Observation:
    """A look at a live stream over one uplink."""
    return Observation(
        at_s=at_s,
        freshness=Freshness.FRESH,
        uplinks=(UplinkReading(name="modem-a", dead=dead),),
        ingest=IngestReading(publishing=True, lag_s=0.1),
    )


def window(*values: float, at_s: float = 100.0) -> Window:
    """What Prometheus says of the uplink's counter."""
    samples = tuple(Sample(at_s + n, value) for n, value in enumerate(values))
    return Window(series=(Series(METRICS[0], (("site", "edge"), ("uplink", "modem-a")), samples),))


def texts(keeper: Keeper) -> list[str]:
    """What is kept, oldest first."""
    return [f"{one.happening.subject}: {one.happening.text}" for one in keeper.store.events()]


async def until_kept(keeper: Keeper, number: int) -> None:
    """Wait until so many events are kept."""
    for _ in range(500):
        if keeper.store.newest() >= number:
            return
        await keeper.kept(within_s=0.01)
    pytest.fail("nothing was kept")


async def test_an_event_is_written_at_once_and_a_decision_with_the_next() -> None:
    """Frequent things wait for company, ten seconds at most; what matters does not."""
    keeper = Keeper(store=Store(None), clock=StandingClock(wall_s=3.0))
    running = asyncio.create_task(keeper.run())
    keeper.note(TRIM)
    await asyncio.sleep(0.1)
    waiting = keeper.store.newest()
    keeper.note(EVENT)
    await until_kept(keeper, 2)
    kept = texts(keeper)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert waiting == 0
    assert kept == ["encoder: less", "alert: it fires"]
    assert TOGETHER_S <= 10.0


async def test_at_its_end_it_writes_what_waits(tmp_path: Path) -> None:
    """A controller that is stopped keeps its last decisions."""
    keeper = Keeper(store=Store(tmp_path), clock=StandingClock(wall_s=3.0))
    running = asyncio.create_task(keeper.run())
    await asyncio.sleep(0)
    keeper.note(TRIM)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert [one.happening for one in Store(tmp_path).events()] == [TRIM]


async def test_what_a_full_disk_refuses_is_written_later_in_order() -> None:
    """Nothing is lost while the queue holds it."""
    store = FailingStore(None)
    keeper = Keeper(store=store, clock=StandingClock())
    store.full = True
    keeper.note(EVENT)
    await keeper.flush()
    keeper.note(TRIM)
    await keeper.flush()
    store.full = False
    await keeper.flush()

    assert texts(keeper) == ["alert: it fires", "encoder: less"]


async def test_uplinks_sessions_and_bytes_are_kept() -> None:
    """A look at the world becomes events, a session and a sum, all of which the next process knows."""
    store, clock = Store(None), StandingClock(wall_s=1_793_500_000.0)
    keeper = Keeper(store=store, clock=clock)
    keeper.looked(look(100.0), Quality.HIGH, window(0.0, 500.0))
    keeper.looked(look(101.0, dead=True), Quality.LOW, window(0.0, 500.0, 700.0))
    keeper.looked(look(102.0, dead=None), Quality.LOW, window(0.0, 500.0, 700.0))
    keeper.looked(look(103.0), Quality.LOW, window(0.0, 500.0, 700.0))
    await keeper.flush()
    reborn = Keeper(store=store, clock=clock)
    reborn.looked(look(104.0), Quality.LOW, window(0.0, 500.0, 700.0, 800.0))
    await reborn.flush()

    assert texts(keeper) == [
        "stream: it began",
        "modem-a: it acknowledges nothing any more",
        "modem-a: it acknowledges again",
    ]
    assert sum(reborn.ledger.months.values()) == 800.0
    (session,) = store.sessions()
    assert (session.number, session.live_s, session.states) == (1, 4.0, {"LOW": 4.0})


async def test_what_the_rig_tells_itself_is_not_told_again() -> None:
    """Where the rig reports, deaths of its uplinks come from its own log."""
    keeper = Keeper(store=Store(None), clock=StandingClock())
    keeper.notes_uplinks = False
    keeper.looked(look(100.0, dead=True), Quality.HIGH, Window(series=()))
    await keeper.flush()

    assert texts(keeper) == ["stream: it began"]


async def test_the_end_of_a_stream_is_an_event_and_a_finished_session() -> None:
    """What did not come back in two minutes is over."""
    keeper = Keeper(store=Store(None), clock=StandingClock())
    keeper.looked(look(100.0), Quality.HIGH, Window(series=()))
    await keeper.flush()
    gone = replace(look(300.0), ingest=IngestReading(publishing=False))
    keeper.looked(gone, Quality.HIGH, Window(series=()))
    await keeper.flush()

    assert texts(keeper) == ["stream: it began", "stream: it ended"]
    assert [one.ended_s for one in keeper.store.sessions()] == [100.0]
    assert keeper.session is None


async def test_who_waits_is_woken_by_what_is_kept() -> None:
    """A listener does not poll."""
    keeper = Keeper(store=Store(None), clock=StandingClock())
    waiting = asyncio.create_task(keeper.kept(within_s=30.0))
    await asyncio.sleep(0)
    keeper.note(EVENT)
    await keeper.flush()
    async with asyncio.timeout(5.0):
        await waiting


def decision() -> Entry:
    """A decision of an encoder's controller."""
    decided = KNOWN.decided
    assert decided is not None
    return Entry(
        number=7,
        at_s=10.0,
        quality=Quality.LOW,
        changed_from=Quality.HIGH,
        target=decided.target,
        scene=decided.scene,
        reason=decided.reason,
        scene_reason=decided.scene_reason,
        freshness=Freshness.FRESH,
        age_s=0.4,
        values=(("loss_ratio", 0.06),),
    )


def test_what_the_journal_tells_has_its_kind() -> None:
    """Moves, other decisions, scenes, orders, overrides, alerts and faults are told apart."""
    entry = decision()
    order = Order("encoder", commanded_s=10.1, applied_s=10.3, outcome="applied", detail="the read-back shows it")
    told: list[Told] = [
        entry,
        replace(entry, changed_from=None),
        replace(entry, target=None),
        (entry, order),
        (entry, replace(order, shown_s=11.0)),
        Event(1, 1.0, "override", "x"),
        Event(1, 1.0, "alert", "x"),
        Event(1, 1.0, "obs", "x"),
        Event(1, 1.0, "prometheus", "x"),
    ]
    found = [happening_of(one) for one in told]

    assert [(one.kind.value, one.subject) for one in found] == [
        ("transition", "encoder"),
        ("decision", "encoder"),
        ("decision", "obs"),
        ("order", "encoder"),
        ("order", "encoder"),
        ("override", "override"),
        ("alert", "alert"),
        ("device", "obs"),
        ("controller", "prometheus"),
    ]
    assert found[2].text == "The picture is 2.5 s late."
    assert (found[3].at_s, found[4].at_s) == (10.3, 11.0)
    assert found[0].data["from"] == "HIGH"


def test_the_journal_tells_each_thing_as_it_is_kept() -> None:
    """A decision, its order's end and its showing, and an event: four things told."""
    told: list[object] = []
    journal = Journal(tell=told.append)
    number = journal.decided(decision())
    journal.commanded(number, "encoder", at_s=1.0)
    journal.answered(number, "encoder", at_s=2.0, outcome="applied", detail="d")
    journal.shown(number, "encoder", at_s=3.0)
    journal.shown(number, "encoder", at_s=4.0)
    journal.noticed(at_s=5.0, subject="obs", text="t")

    assert [type(one).__name__ for one in told] == ["Entry", "tuple", "tuple", "Event"]
