"""The OBS adapters on a real OBS: one suite for all of them."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from controller.ports import Outcome, StudioStatus
from tests.contract.operator import Operator
from tests.contract.real_obs import COLLECTIONS, SCENES, RealObs
from tests.contract.real_studios import ADAPTERS, BRIDGE, DEADLINES, adapters, ready, until

if TYPE_CHECKING:
    from tests.contract.real_studios import Make

pytestmark = pytest.mark.root

MAIN, SIMPLE, AUDIO = SCENES


@pytest.fixture
def obs(machine: RealObs) -> RealObs:
    """OBS, running."""
    machine.ensure_running()
    return machine


@pytest.mark.usefixtures("obs")
async def test_reads_and_shows(studio: Make) -> None:
    """Every scene is shown and read back, and every field that a read needs is known."""
    adapter = studio()
    status = await until(adapter, ready)
    shown = [await adapter.show(scene) for scene in (SIMPLE, AUDIO, MAIN, MAIN)]
    await adapter.close()

    assert status.scene_names == tuple(SCENES)
    assert (status.problem, status.streaming, status.ingest_muted) == (None, False, False)
    assert status.active_fps is not None
    assert [(result.outcome, result.shown_name) for result in shown] == [
        (Outcome.APPLIED, scene) for scene in (SIMPLE, AUDIO, MAIN, MAIN)
    ]


@pytest.mark.usefixtures("obs")
async def test_refuses_an_unknown_scene(studio: Make) -> None:
    """A scene that OBS does not have is refused by its name."""
    adapter = studio()
    await until(adapter, ready)
    result = await adapter.show("Nope")
    await adapter.close()

    assert (result.outcome, "`Nope`" in result.detail) == (Outcome.REFUSED, True)


@pytest.mark.usefixtures("obs")
@pytest.mark.parametrize("name", ADAPTERS)
async def test_wrong_password(name: str) -> None:
    """A wrong password, or the bridge's wrong key, is told as such."""
    async with adapters(name, wrong_password=True) as studio:
        adapter = studio()
        status = await adapter.read()
        await adapter.close()

    assert (status.reachable, "refuses our password" in (status.problem or "")) == (False, True)


@pytest.mark.usefixtures("obs")
async def test_two_controllers_see_each_other(studio: Make) -> None:
    """What another controller puts on program is noticed as not ours."""
    one, other = studio(), studio()
    await until(one, ready)
    await one.show(SIMPLE)
    await other.show(AUDIO)
    status = await until(one, lambda status: status.operator_scene is not None)
    await one.close()
    await other.close()

    assert (status.scene_name, status.operator_scene) == (AUDIO, AUDIO)


async def test_killed_in_mid_call_and_started_again(studio: Make, obs: RealObs) -> None:
    """An OBS that dies during a change leaves the outcome open; started again it is found and driven."""
    adapter = studio()
    await until(adapter, ready)
    obs.freeze()
    ordering = asyncio.create_task(adapter.show(SIMPLE))
    await asyncio.sleep(0.2)
    obs.kill()
    result = await ordering
    gone = await adapter.read()
    obs.start()
    back = await until(adapter, ready)
    again = await adapter.show(SIMPLE)
    await adapter.close()

    assert (result.outcome, gone.reachable) == (Outcome.UNKNOWN, False)
    assert (back.operator_scene, again.outcome) == (None, Outcome.APPLIED)


async def test_frozen_and_thawed(studio: Make, obs: RealObs) -> None:
    """An OBS that hangs costs one deadline; when it goes on, no late answer is taken for another's."""
    adapter = studio()
    await until(adapter, ready)
    obs.freeze()
    started_s = time.monotonic()
    hung = await adapter.read()
    took_s = time.monotonic() - started_s
    obs.thaw()
    status = await until(adapter, ready)
    await adapter.close()

    assert (hung.reachable, took_s < DEADLINES.action_s + 1) == (False, True)
    assert (status.scene_names, status.streaming) == (tuple(SCENES), False)


async def test_stopped_in_good_order(studio: Make, obs: RealObs) -> None:
    """An OBS that its operator closes is reported as gone and found again."""
    adapter = studio()
    await until(adapter, ready)
    await asyncio.to_thread(obs.stop)
    gone = await adapter.read()
    obs.start()
    back = await until(adapter, ready)
    await adapter.close()

    assert (gone.reachable, back.operator_scene) == (False, None)


@pytest.mark.parametrize("name", ADAPTERS)
async def test_another_scene_collection(name: str, obs: RealObs) -> None:
    """While the operator changes the scene collection reads say so or go on, and end with the new scenes.

    A read on its way when the change begins may crash OBS, so we read once it has been announced; through a bridge,
    where nobody hears of it, when it is over.
    """
    obs.ensure_running()
    async with Operator() as operator, adapters(name) as studio:
        adapter = studio()
        before = await until(adapter, ready)
        seen: list[StudioStatus] = []
        for collection in ("Other", "Test"):
            changing = await operator.change_to(collection)
            if name == BRIDGE:
                await changing
            seen += [await adapter.read() for _ in range(20)]
            assert await changing
            expected = tuple(COLLECTIONS[collection])
            seen.append(await until(adapter, lambda status, expected=expected: status.scene_names == expected))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        await adapter.close()

    assert before.scene_names == tuple(SCENES)
    assert all(status.reachable for status in seen)
    assert [status for status in seen if status.scene_name is None and status.problem is None] == []
