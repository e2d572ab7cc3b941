"""One device's task on virtual time: it converges, one call in flight, whatever the device does."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from controller.actuation.devices import Calibration, EncoderDevice, StudioDevice
from controller.actuation.driving import Reconciler
from controller.actuation.reconciling import Pace
from controller.decision.model import EncoderTarget, EncoderTraits, Freshness, Quality, Reason
from controller.journal import Entry, Journal
from controller.ports import Impact, Impacts, Outcome
from tests.fakes.devices import PLAYING, FakeEncoder, FakeStudio
from tests.fakes.virtual_time import START_WALL_S, VirtualClock, virtually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LOW = replace(PLAYING, bitrate_bps=600_000)
LOWER = replace(PLAYING, bitrate_bps=300_000)
LIVE = Calibration(
    impacts=Impacts(bitrate=Impact.NONE, geometry=Impact.NONE), max_impact=Impact.GLITCH, traits=EncoderTraits()
)


class Rig:
    """One encoder, its reconciler, and the journal that they write to."""

    def __init__(self, encoder: FakeEncoder, *, spacing_s: float = 0.0) -> None:
        self.encoder = encoder
        self.clock = VirtualClock()
        self.journal = Journal()
        self.reconciler: Reconciler[EncoderTarget] = Reconciler(
            name="encoder",
            device=EncoderDevice(encoder, LIVE),
            pace=Pace(spacing_s=spacing_s),
            clock=self.clock,
            journal=self.journal,
        )

    def decide(self, target: EncoderTarget) -> int:
        """Record a decision for `target` and want it."""
        number = self.journal.decided(entry(target, at_s=self.clock.wall_s()))
        self.reconciler.want(target, number=number)
        return number


def entry(target: EncoderTarget, *, at_s: float) -> Entry:
    """A decision for `target`."""
    return Entry(
        number=0,
        at_s=at_s,
        quality=Quality.LOW,
        changed_from=None,
        target=target,
        scene=None,
        reason=Reason("test", "The test wants it."),
        scene_reason=None,
        freshness=Freshness.FRESH,
        age_s=0.1,
    )


@asynccontextmanager
async def running(encoder: FakeEncoder, *, spacing_s: float = 0.0) -> AsyncIterator[Rig]:
    """A rig whose reconciler runs."""
    rig = Rig(encoder, spacing_s=spacing_s)
    task = asyncio.create_task(rig.reconciler.run())
    await asyncio.sleep(0.01)
    try:
        yield rig
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@virtually
async def test_a_decision_reaches_the_device_at_once() -> None:
    """Between two polls an order goes out without waiting; its times are in the journal."""
    async with running(FakeEncoder(takes_s=0.2)) as rig:
        await asyncio.sleep(0.5)
        number = rig.decide(LOW)
        await asyncio.sleep(0.3)

        decided = rig.journal.entry(number)
        assert rig.encoder.plays == LOW
        assert rig.reconciler.confirmed is True
        assert decided is not None
        order = decided.order("encoder")
        assert order is not None
        assert order.commanded_s == pytest.approx(decided.at_s)
        assert order.applied_s == pytest.approx(decided.at_s + 0.2)
        assert (order.outcome, order.shown_s) == ("applied", None)


@virtually
async def test_wanting_never_waits() -> None:
    """To want something returns at once, even while the device hangs."""
    async with running(FakeEncoder()) as rig:
        rig.encoder.hangs = True
        rig.decide(LOW)
        await asyncio.sleep(1.0)
        before_s = rig.clock.monotonic_s()
        rig.decide(LOWER)

        assert rig.clock.monotonic_s() == before_s


@virtually
async def test_the_newest_wish_replaces_those_between() -> None:
    """While one order is under way only the last of the later ones is kept."""
    async with running(FakeEncoder()) as rig:
        await asyncio.sleep(0.5)
        rig.encoder.takes_s = 1.0
        for bitrate_bps in (2_000_000, 1_500_000, 1_000_000, 600_000):
            rig.decide(replace(PLAYING, bitrate_bps=bitrate_bps))
            await asyncio.sleep(0.1)
        await asyncio.sleep(5.0)

        assert [order.bitrate_bps for order in rig.encoder.orders] == [2_000_000, 600_000]
        assert rig.encoder.most_in_flight == 1


@virtually
async def test_rises_are_spaced_and_falls_are_not() -> None:
    """A rise per second becomes one per spacing, the newest each time; a fall between them goes out at once."""
    async with running(FakeEncoder(), spacing_s=3.0) as rig:
        for bitrate_kbps in (2600, 2700, 2800, 2900, 3000, 3100, 900):
            rig.decide(replace(PLAYING, bitrate_bps=bitrate_kbps * 1_000))
            await asyncio.sleep(1.0)

        assert [order.bitrate_bps for order in rig.encoder.orders] == [2_600_000, 2_900_000, 900_000]


@virtually
async def test_a_device_that_comes_back_is_brought_to_what_is_wanted() -> None:
    """Orders of an absence are not lost: what is wanted at the return is ordered."""
    async with running(FakeEncoder(silent=True)) as rig:
        rig.decide(LOW)
        await asyncio.sleep(60.0)
        orders_while_away = len(rig.encoder.orders)
        rig.encoder.silent = False
        await asyncio.sleep(31.0)

        assert orders_while_away == 0
        assert rig.encoder.plays == LOW
        assert [event.text for event in rig.journal.events()] == [
            "it answers again",
            "it does not answer: no answer from the test encoder",
        ]


@virtually
async def test_a_device_that_restarts_with_old_settings_is_told_again() -> None:
    """A restart that lost our setting is seen by the run time, and mended within a poll."""
    async with running(FakeEncoder()) as rig:
        rig.decide(LOW)
        await asyncio.sleep(1.0)
        rig.encoder.plays, rig.encoder.uptime_s = PLAYING, 2.0
        await asyncio.sleep(1.5)

        assert rig.encoder.plays == LOW
        assert rig.encoder.orders == [LOW, LOW]


@virtually
async def test_a_hand_at_the_device_is_respected_for_its_time() -> None:
    """What a person sets stands for five minutes, then what is wanted returns."""
    async with running(FakeEncoder()) as rig:
        rig.decide(LOW)
        await asyncio.sleep(2.0)
        rig.encoder.plays = PLAYING
        await asyncio.sleep(290.0)
        during = rig.encoder.plays
        await asyncio.sleep(20.0)

        assert (during, rig.encoder.plays) == (PLAYING, LOW)


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.STORED, Outcome.UNKNOWN])
@virtually
async def test_what_is_not_confirmed_is_counted_and_told_once(outcome: Outcome) -> None:
    """Failed orders count as failures; the same failure fills the journal once."""
    async with running(FakeEncoder(outcome=outcome)) as rig:
        number = rig.decide(LOW)
        await asyncio.sleep(100.0)

        told = [event.text for event in rig.journal.events() if "not confirmed" in event.text]
        decided = rig.journal.entry(number)
        assert decided is not None
        order = decided.order("encoder")
        assert order is not None
        assert rig.reconciler.tally.requests == rig.reconciler.tally.failures == len(rig.encoder.orders)
        assert rig.reconciler.confirmed is False
        assert told == [f"the order was not confirmed ({outcome}): the test says {outcome}"]
        assert (order.outcome, order.applied_s) == (outcome.value, None)


@virtually
async def test_a_stored_order_is_not_repeated() -> None:
    """A device that keeps a change for its next start is asked once."""
    async with running(FakeEncoder(outcome=Outcome.STORED)) as rig:
        rig.decide(LOW)
        await asyncio.sleep(300.0)

        assert rig.encoder.orders == [LOW]


@virtually
async def test_a_driver_that_hangs_is_given_up_and_tried_again() -> None:
    """A call without end ends at the shell's own deadline, and the device is driven again afterwards."""
    async with running(FakeEncoder()) as rig:
        rig.encoder.hangs = True
        rig.decide(LOW)
        await asyncio.sleep(25.0)
        hung = rig.reconciler.memory.refusal
        rig.encoder.hangs = False
        await asyncio.sleep(60.0)

        assert hung == "no answer within 20 s"
        assert rig.encoder.plays == LOW


@virtually
async def test_a_defect_of_a_driver_is_an_absence() -> None:
    """A driver that raises is told like a device that does not answer, and does not end the task."""
    async with running(FakeEncoder()) as rig:
        rig.encoder.broken = True
        rig.decide(LOW)
        await asyncio.sleep(30.0)
        problem = rig.reconciler.memory.problem
        rig.encoder.broken = False
        await asyncio.sleep(60.0)

        assert problem == "its driver failed: RuntimeError"
        assert rig.encoder.plays == LOW


@virtually
async def test_a_confirmed_order_is_handed_over_once() -> None:
    """Who watches for the arrival gets decision, value and the value before, one time."""
    async with running(FakeEncoder()) as rig:
        number = rig.decide(LOW)
        await asyncio.sleep(0.1)

        applied = rig.reconciler.take_applied()
        assert applied is not None
        assert (applied.number, applied.value, applied.before) == (number, LOW, PLAYING)
        assert rig.reconciler.take_applied() is None


@virtually
async def test_a_scene_that_is_read_back_is_shown() -> None:
    """For OBS the program scene is what viewers get: read back means shown."""
    studio, clock, journal = FakeStudio(), VirtualClock(), Journal()
    reconciler: Reconciler[str] = Reconciler(
        name="obs", device=StudioDevice(studio), pace=Pace(), clock=clock, journal=journal, read_back_is_shown=True
    )
    task = asyncio.create_task(reconciler.run())
    number = journal.decided(entry(PLAYING, at_s=START_WALL_S))
    reconciler.want("Emergency - Simple", number=number)
    await asyncio.sleep(0.5)
    task.cancel()

    decided = journal.entry(number)
    assert decided is not None
    order = decided.order("obs")
    assert order is not None
    assert order.shown_s == order.applied_s == pytest.approx(clock.wall_s(), abs=0.6)
    assert studio.orders == ["Emergency - Simple"]
