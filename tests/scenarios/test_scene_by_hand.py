"""A scene that the operator puts on program in OBS itself, told over time, through adapter and reconciler."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from controller.actuation.devices import StudioDevice
from controller.actuation.driving import Reconciler
from controller.actuation.reconciling import Pace
from controller.adapters.obs.studio import ReconnectingStudio
from controller.decision.model import Scene
from controller.driven import DrivenStudio
from controller.journal import Journal
from tests.fakes.obs_in_memory import ObsInMemory
from tests.fakes.virtual_time import VirtualClock, virtually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NAMES = {
    Scene.MAIN: "Main Camera",
    Scene.SIMPLE: "Emergency - Simple",
    Scene.AUDIO_ONLY: "Audio Only",
    Scene.OFFLINE: "Stream Offline",
}
RESPECT_S = 120.0


class Desk:
    """OBS, the controller's side of it, and what was told to the operator."""

    def __init__(self) -> None:
        self.obs = ObsInMemory()
        self.journal = Journal()
        clock = VirtualClock()
        self.studio = ReconnectingStudio(
            connect=self.obs.connect, where="test", clock=clock.monotonic_s, jitter=lambda: 0.0
        )
        device = StudioDevice(self.studio)
        self.reconciler: Reconciler[str] = Reconciler(
            name="obs", device=device, pace=Pace(respect_manual_s=RESPECT_S), clock=clock, journal=self.journal
        )
        self.driven = DrivenStudio(clock=clock, names=NAMES, device=device, reconciler=self.reconciler)

    def want(self, scene: Scene) -> None:
        """Decide for `scene`."""
        self.driven.want(scene, number=0)

    def told(self) -> list[str]:
        """Every event that the operator can read."""
        return [event.text for event in self.journal.events()]

    @property
    def respected_for_s(self) -> float | None:
        """What the status says of the operator's scene."""
        status = self.driven.status()
        return None if status is None else status.by_hand_for_s


@asynccontextmanager
async def at_work(wanted: Scene | None = Scene.MAIN) -> AsyncIterator[Desk]:
    """A desk whose OBS has been as wanted for three seconds."""
    desk = Desk()
    task = asyncio.create_task(desk.reconciler.run())
    if wanted is not None:
        desk.want(wanted)
    await asyncio.sleep(3)
    try:
        yield desk
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@virtually
async def test_it_stays_for_its_time_and_is_then_replaced() -> None:
    """The operator's scene stands for the configured time against every decision; then ours is shown."""
    async with at_work() as desk:
        desk.obs.scene = "Intro"
        await asyncio.sleep(5)
        desk.want(Scene.SIMPLE)
        await asyncio.sleep(RESPECT_S - 10)
        held = (desk.obs.scene, list(desk.obs.orders))
        left_s = desk.respected_for_s
        await asyncio.sleep(10)

    assert held == ("Intro", [])
    assert left_s is not None
    assert 0 < left_s < 10
    assert (desk.obs.scene, desk.respected_for_s) == ("Emergency - Simple", None)
    assert any("changed by hand; that is respected for 120 s" in text for text in desk.told())


@virtually
async def test_it_is_respected_after_an_order_of_ours_too() -> None:
    """What follows on our own change is told from it."""
    async with at_work() as desk:
        desk.want(Scene.SIMPLE)
        await asyncio.sleep(2)
        desk.obs.scene = "Intro"
        await asyncio.sleep(10)

    assert (desk.obs.scene, desk.obs.orders) == ("Intro", ["Emergency - Simple"])
    assert desk.respected_for_s is not None


@virtually
async def test_who_goes_back_to_our_scene_hands_over_again() -> None:
    """With the wanted scene back on program, automation goes on at once."""
    async with at_work() as desk:
        desk.obs.scene = "Intro"
        await asyncio.sleep(5)
        desk.obs.scene = "Main Camera"
        await asyncio.sleep(3)
        desk.want(Scene.SIMPLE)
        await asyncio.sleep(1)

    assert desk.obs.scene == "Emergency - Simple"


@virtually
async def test_an_order_by_override_ends_it() -> None:
    """Who then gives an order to the controller means that one."""
    async with at_work() as desk:
        desk.obs.scene = "Intro"
        await asyncio.sleep(5)
        desk.want(Scene.SIMPLE)
        desk.reconciler.retry_now()
        await asyncio.sleep(0.5)

    assert desk.obs.scene == "Emergency - Simple"


@virtually
async def test_a_scene_that_only_passes_is_no_choice() -> None:
    """What OBS shows for a moment while it exits is not respected when it is back."""
    async with at_work() as desk:
        desk.obs.scene = "Audio Only"  # the scenes before it were removed
        await asyncio.sleep(0.4)
        desk.obs.away = True
        await asyncio.sleep(10)
        desk.obs.scene, desk.obs.away = "Intro", False
        await asyncio.sleep(15)

    assert (desk.obs.scene, desk.respected_for_s) == ("Main Camera", None)
    assert not any("by hand" in text for text in desk.told())


@virtually
async def test_a_restarted_obs_that_lost_it_is_driven_again() -> None:
    """The respect is for the scene, not for the clock: where a restart took the scene, automation takes over."""
    async with at_work() as desk:
        desk.obs.scene = "Intro"
        await asyncio.sleep(5)
        desk.obs.away = True
        await asyncio.sleep(10)
        desk.obs.scene, desk.obs.away = "Stream Offline", False
        await asyncio.sleep(15)

    assert desk.obs.scene == "Main Camera"


@virtually
async def test_a_scene_set_through_our_own_api_is_respected() -> None:
    """A scene that a person put on program through the controller counts as one by hand."""
    async with at_work() as desk:
        await desk.studio.show("Intro")
        await asyncio.sleep(10)

    assert (desk.obs.scene, desk.obs.orders) == ("Intro", ["Intro"])
    assert desk.respected_for_s is not None


@virtually
async def test_two_controllers_do_not_fight() -> None:
    """One that finds its scene replaced by another's controller gives way for the time of respect."""
    async with at_work() as one:
        other = Desk()
        other.studio = ReconnectingStudio(connect=one.obs.connect, where="other", jitter=lambda: 0.0)
        await other.studio.show("Audio Only")
        await asyncio.sleep(30)

    assert one.obs.orders == ["Audio Only"]
