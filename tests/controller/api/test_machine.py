"""What devices still owe, and having it tried now."""

from __future__ import annotations

import asyncio

from controller.actuation.devices import StudioDevice
from controller.actuation.driving import Reconciler
from controller.actuation.reconciling import Pace
from controller.journal import Journal
from controller.ports import Outcome
from tests.controller.faces import CONTROL, Behind, asking
from tests.fakes.devices import FakeStudio
from tests.fakes.virtual_time import VirtualClock, virtually


@virtually
async def test_a_refused_change_is_pending_until_it_is_tried_again() -> None:
    """The wait after failures is told, and ends by an order; the device's refusal stands beside it."""
    studio, clock = FakeStudio(outcome=Outcome.REFUSED), VirtualClock()
    pace = Pace(backoff_first_s=100.0, backoff_most_s=200.0)
    reconciler = Reconciler(name="obs", device=StudioDevice(studio), pace=pace, clock=clock, journal=Journal())
    running = asyncio.create_task(reconciler.run())
    reconciler.want("Audio Only", number=1)
    await asyncio.sleep(5.0)
    behind = Behind(reconcilers=(reconciler,))
    behind.clock.passed_s = clock.monotonic_s() - behind.clock.monotonic_s()
    async with asking(behind, token=CONTROL) as client:
        (pending,) = (await client.get("/api/state-machine/retry-status")).json()["devices"]
        studio.outcome = Outcome.APPLIED
        await client.post("/api/state-machine/reset-retry")
        await asyncio.sleep(0.1)
        (settled,) = (await client.get("/api/state-machine/retry-status")).json()["devices"]
    running.cancel()

    assert (pending["confirmed"], pending["failed_in_a_row"], pending["refusal"]) == (
        False,
        1,
        "the test says refused",
    )
    assert 50.0 < pending["next_try_s"] <= 100.0
    assert (settled["confirmed"], settled["next_try_s"], studio.scene) == (True, None, "Audio Only")
