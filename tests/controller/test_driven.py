"""What the loop hears of its devices, and how a change of bitrate is proved or contradicted."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from controller.actuation.devices import Calibration, EncoderDevice, StudioDevice
from controller.actuation.driving import Reconciler
from controller.actuation.reconciling import Pace
from controller.decision.model import (
    EncoderReading,
    EncoderTraits,
    Freshness,
    IngestReading,
    Observation,
    Scene,
    SceneReading,
)
from controller.driven import DrivenEncoder, DrivenStudio
from controller.journal import Journal
from controller.ports import Impact, Impacts, MediaState
from tests.controller.test_journal import entry
from tests.fakes.devices import PLAYING, FakeEncoder, FakeStudio
from tests.fakes.virtual_time import VirtualClock, virtually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LOW = replace(PLAYING, bitrate_bps=600_000)
NAMES = {Scene.MAIN: "Main Camera", Scene.SIMPLE: "Emergency - Simple"}


class Bench:
    """An encoder that is driven, and what arrives of it."""

    def __init__(self) -> None:
        self.encoder, self.clock, self.journal = FakeEncoder(), VirtualClock(), Journal()
        calibration = Calibration(Impacts(bitrate=Impact.NONE), Impact.GLITCH, EncoderTraits())
        device = EncoderDevice(self.encoder, calibration)
        reconciler = Reconciler(name="encoder", device=device, pace=Pace(), clock=self.clock, journal=self.journal)
        self.reconciler = reconciler
        self.driven = DrivenEncoder(clock=self.clock, journal=self.journal, device=device, reconciler=reconciler)

    async def seconds(self, count: int, *, received_bps: float | None, delivered_bps: float | None = None) -> None:
        """Let ticks pass in which this arrives."""
        for _ in range(count):
            await asyncio.sleep(0.5)
            self.driven.watch_arrival(
                Observation(
                    at_s=self.clock.wall_s(),
                    freshness=Freshness.FRESH,
                    delivered_bps=delivered_bps,
                    ingest=IngestReading(received_bps=received_bps),
                )
            )
            await asyncio.sleep(0.5)

    def decide(self, bitrate_bps: int) -> int:
        """Want a bitrate by a recorded decision."""
        number = self.journal.decided(entry(self.clock.wall_s()))
        self.driven.want(replace(PLAYING, bitrate_bps=bitrate_bps), number=number)
        return number

    def shown_s(self, number: int) -> float | None:
        """When the decision's change was seen to arrive."""
        decided = self.journal.entry(number)
        assert decided is not None
        order = decided.order("encoder")
        assert order is not None
        return order.shown_s


@asynccontextmanager
async def bench() -> AsyncIterator[Bench]:
    """A bench whose reconciler runs."""
    one = Bench()
    task = asyncio.create_task(one.reconciler.run())
    await asyncio.sleep(0.1)
    try:
        yield one
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@virtually
async def test_a_change_that_arrives_is_shown() -> None:
    """The moment at which the received rate crosses the middle is noted at the decision."""
    async with bench() as one:
        await one.seconds(2, received_bps=2.5e6)
        number = one.decide(600_000)
        decided_s = one.clock.wall_s()
        await one.seconds(3, received_bps=2.4e6)
        before = one.shown_s(number)
        await one.seconds(2, received_bps=0.7e6)
        shown_s = one.shown_s(number)

        assert before is None
        assert shown_s is not None
        assert shown_s - decided_s == pytest.approx(3.5)


@virtually
async def test_without_an_ingest_the_links_are_the_evidence() -> None:
    """Beside the encoder, where no ingest is seen, what the links delivered proves the change."""
    async with bench() as one:
        await one.seconds(2, received_bps=None, delivered_bps=2.5e6)
        number = one.decide(600_000)
        await one.seconds(2, received_bps=None, delivered_bps=2.4e6)
        await one.seconds(2, received_bps=None, delivered_bps=0.7e6)

        assert one.shown_s(number) is not None


@virtually
async def test_what_cannot_be_proved_stays_unknown() -> None:
    """When less arrived before the change than after it, nothing was shown."""
    async with bench() as one:
        await one.seconds(2, received_bps=0.4e6)
        number = one.decide(600_000)
        await one.seconds(30, received_bps=0.4e6)

        assert one.shown_s(number) is None
        assert one.journal.events() == ()


@virtually
async def test_a_device_that_says_and_does_not_is_believed_once() -> None:
    """A fall that never arrives is told; when the deeper one does not either, no more are asked for."""
    async with bench() as one:
        await one.seconds(2, received_bps=2.5e6)
        one.decide(1_200_000)
        await one.seconds(18, received_bps=2.5e6)
        after_one = one.driven.traits.bitrate_cost_s
        one.decide(600_000)
        await one.seconds(18, received_bps=2.5e6)
        after_two = one.driven.traits.bitrate_cost_s
        orders = len(one.encoder.orders)
        one.decide(300_000)
        await one.seconds(18, received_bps=2.5e6)

        status = one.driven.status()
        assert status is not None
        assert status.problem == "a change of its bitrate does not play before it restarts"
        assert (after_one, after_two) == (0.0, None)
        assert len(one.encoder.orders) == orders
        assert [event.text for event in one.journal.events()] == [
            "it says 1200 kbit/s, but what arrives did not fall; its bitrate counts as not live until it restarts",
            "it says 1200 kbit/s, but what arrives did not fall",
        ]


@virtually
async def test_a_queue_that_drains_slowly_is_no_lie() -> None:
    """A fall that arrives late ends the doubt."""
    async with bench() as one:
        await one.seconds(2, received_bps=2.5e6)
        number = one.decide(600_000)
        await one.seconds(18, received_bps=2.5e6)
        await one.seconds(20, received_bps=0.65e6)

        assert one.shown_s(number) is not None
        assert one.driven.traits.bitrate_cost_s == 0.0
        assert len(one.journal.events()) == 1


@virtually
async def test_an_arrival_between_ends_the_mistrust() -> None:
    """Two contradictions count only if no change arrived between them."""
    async with bench() as one:
        await one.seconds(2, received_bps=2.5e6)
        for arriving_bps in (2.5e6, 0.6e6, 2.5e6):
            one.decide(2_500_000)
            await one.seconds(16, received_bps=2.5e6)
            one.decide(600_000)
            await one.seconds(16, received_bps=arriving_bps)
            await one.seconds(1, received_bps=2.5e6)

        assert one.driven.traits.bitrate_cost_s == 0.0


@virtually
async def test_the_reading_follows_the_device() -> None:
    """Unknown before the first read, known after it, changing while an order is under way."""
    async with bench() as one:
        known = one.driven.reading()
        one.encoder.takes_s = 0.5
        one.decide(600_000)
        await asyncio.sleep(0.1)
        under_way = one.driven.reading()
        await asyncio.sleep(3.0)

        assert known == EncoderReading(reachable=True, confirmed=PLAYING)
        assert (under_way.changing, under_way.confirmed) == (True, PLAYING)
        assert one.driven.reading() == EncoderReading(reachable=True, confirmed=LOW)


@virtually
async def test_a_device_that_hangs_is_known_to_be_silent_before_any_deadline() -> None:
    """The age of its last answer grows while a read is under way, and begins anew with the next answer."""
    async with bench() as one:
        answered = one.driven.status()
        one.encoder.hangs = True
        await asyncio.sleep(5.0)
        hanging = one.driven.status()

    assert answered is not None
    assert hanging is not None
    assert answered.answer_age_s == pytest.approx(0.1)
    assert hanging.reachable is True
    assert hanging.answer_age_s == pytest.approx(5.1)


@virtually
async def test_parts_that_are_not_configured_do_nothing() -> None:
    """Without encoder and OBS wishes go nowhere and readings are unknown."""
    clock = VirtualClock()
    encoder, studio = DrivenEncoder(clock=clock, journal=Journal()), DrivenStudio(clock=clock, names={})
    encoder.want(LOW, number=1)
    studio.want(Scene.MAIN, number=1)
    encoder.watch_arrival(Observation(at_s=1.0, freshness=Freshness.BLIND))

    assert (encoder.reading(), encoder.status()) == (EncoderReading(driven=False), None)
    assert (studio.reading(), studio.status(), studio.shown_name) == (SceneReading(), None, None)


@virtually
async def test_a_scene_that_is_none_of_ours_is_unknown_but_named() -> None:
    """The operator's own scene is shown by its name and stands for no scene of ours."""
    fake, clock, journal = FakeStudio(scene="Intro"), VirtualClock(), Journal()
    device = StudioDevice(fake)
    reconciler = Reconciler(name="obs", device=device, pace=Pace(), clock=clock, journal=journal)
    driven = DrivenStudio(clock=clock, names=NAMES, device=device, reconciler=reconciler)
    unread = driven.reading()
    task = asyncio.create_task(reconciler.run())
    await asyncio.sleep(0.5)
    other = (driven.reading(), driven.shown_name)
    driven.want(Scene.SIMPLE, number=1)
    await asyncio.sleep(0.5)
    ours = driven.reading()
    task.cancel()

    assert unread == SceneReading()
    assert other == (SceneReading(reachable=True, scene=None, streaming=True), "Intro")
    assert ours == SceneReading(reachable=True, scene=Scene.SIMPLE, streaming=True)


@virtually
async def test_an_order_that_takes_long_is_proved_by_what_arrived_before_it() -> None:
    """A device that confirms only after its change has arrived is proved all the same."""
    async with bench() as one:
        await one.seconds(2, received_bps=2.5e6)
        one.encoder.takes_s = 3.0
        number = one.decide(600_000)
        await one.seconds(5, received_bps=0.6e6)

        assert one.shown_s(number) is not None


@virtually
async def test_a_picture_that_stands_still_in_obs_is_told_and_unknown_without_obs() -> None:
    """For how long its media clock has stood is part of the reading, until OBS does not answer any more."""
    clock, journal = VirtualClock(), Journal()
    fake = FakeStudio(media_state=MediaState.PLAYING, media_cursor_s=5.0)
    device = StudioDevice(fake, now_s=clock.monotonic_s)
    reconciler = Reconciler(name="obs", device=device, pace=Pace(), clock=clock, journal=journal)
    driven = DrivenStudio(clock=clock, names=NAMES, device=device, reconciler=reconciler)
    task = asyncio.create_task(reconciler.run())
    await asyncio.sleep(10.0)
    standing = driven.reading().picture_still_s
    fake.media_cursor_s = 6.0
    await asyncio.sleep(1.5)
    moving = driven.reading().picture_still_s
    fake.silent = True
    await asyncio.sleep(5.0)
    silent = driven.reading()
    task.cancel()

    assert standing is not None
    assert moving is not None
    assert standing > 8.0
    assert moving < 3.0
    assert (silent.reachable, silent.picture_still_s) == (False, None)
