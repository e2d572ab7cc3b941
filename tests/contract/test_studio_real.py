"""The OBS adapters on a real OBS."""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from controller.adapters.obs.sequences import Watched
from controller.adapters.obs.studio import Deadlines
from controller.adapters.obs_http import HttpStudio
from controller.adapters.obs_obsws import ObswsLink, ObswsStudio
from controller.adapters.obs_simple import SimpleStudio
from controller.ports import Outcome, StudioStatus
from deploy.demo.namespaces import Namespace
from tests.contract.bridge import KEY, Bridge
from tests.contract.real_obs import COLLECTIONS, PASSWORD, PORT, SCENES, RealObs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from controller.adapters.obs.studio import ReconnectingStudio

    Make = Callable[[], ReconnectingStudio]

pytestmark = pytest.mark.root

MAIN, SIMPLE, AUDIO = SCENES
DEADLINES = Deadlines(connect_s=3.0, call_s=2.0, action_s=4.0)
READY_DEADLINE_S = 20.0
WEBSOCKETS: dict[str, type[ObswsStudio | SimpleStudio]] = {"obsws-python": ObswsStudio, "simpleobsws": SimpleStudio}


@pytest.fixture(scope="module")
def namespace() -> Iterator[Namespace]:
    """This thread, and with it every socket that a test opens, moves into a namespace with OBS."""
    home = Namespace("home", os.open("/proc/thread-self/ns/net", os.O_RDONLY))
    with home, Namespace.create("obs") as namespace:
        namespace.run(["ip", "link", "set", "lo", "up"])
        namespace.enter()
        yield namespace
        home.enter()


@pytest.fixture(scope="module")
def machine(namespace: Namespace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealObs]:
    """A display, and OBS set up on it."""
    with RealObs(namespace, tmp_path_factory.mktemp("obs")) as machine:
        yield machine


@pytest.fixture
def obs(machine: RealObs) -> RealObs:
    """OBS, running."""
    machine.ensure_running()
    return machine


@pytest.fixture(params=["obsws-python", "simpleobsws", "obs-websocket-http"])
async def studio(request: pytest.FixtureRequest) -> AsyncIterator[Make]:
    """How to make one adapter after the other."""
    if request.param == "obs-websocket-http":
        async with Bridge(obs_port=PORT, obs_password=PASSWORD) as bridge:
            yield lambda: HttpStudio(
                base_url=f"http://127.0.0.1:{bridge.port}",
                key=SecretStr(KEY),
                watched=Watched(picture="Ingest"),
                deadlines=DEADLINES,
            )
    else:
        yield lambda: WEBSOCKETS[request.param](
            host="127.0.0.1",
            port=PORT,
            password=SecretStr(PASSWORD),
            watched=Watched(picture="Ingest"),
            deadlines=DEADLINES,
        )


async def until(adapter: ReconnectingStudio, holds: Callable[[StudioStatus], bool]) -> StudioStatus:
    """Read until a status is as wanted; fail with the last one otherwise."""
    deadline_s = time.monotonic() + READY_DEADLINE_S
    while not holds(status := await adapter.read()):
        assert time.monotonic() < deadline_s, status
        await asyncio.sleep(0.1)
    return status


def ready(status: StudioStatus) -> bool:
    """Whether OBS answered in full."""
    return status.scene_name is not None


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
@pytest.mark.parametrize("adapters", WEBSOCKETS.values())
async def test_wrong_password(adapters: type[ObswsStudio | SimpleStudio]) -> None:
    """A wrong password is told as such."""
    adapter = adapters(host="127.0.0.1", port=PORT, password=SecretStr("wrong"), deadlines=DEADLINES)
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


@pytest.mark.parametrize("adapters", WEBSOCKETS.values())
async def test_another_scene_collection(adapters: type[ObswsStudio | SimpleStudio], obs: RealObs) -> None:
    """While the operator changes the scene collection reads say so or go on, and end with the new scenes."""
    del obs
    password = SecretStr(PASSWORD)
    adapter = adapters(host="127.0.0.1", port=PORT, password=password, deadlines=DEADLINES)
    operator = await ObswsLink.open(host="127.0.0.1", port=PORT, password=password, timeout_s=15)
    before = await until(adapter, ready)
    seen = []
    for name in ("Other", "Test"):
        changing = asyncio.create_task(operator.call("SetCurrentSceneCollection", {"sceneCollectionName": name}))
        seen += [await adapter.read() for _ in range(20)]
        assert (await changing).ok
        expected = tuple(COLLECTIONS[name])
        seen.append(await until(adapter, lambda status, expected=expected: status.scene_names == expected))  # type: ignore[misc]  # mypy cannot infer a lambda with a default
    await operator.close()
    await adapter.close()

    assert before.scene_names == tuple(SCENES)
    assert all(status.reachable for status in seen)
    assert [status for status in seen if status.scene_name is None and status.problem is None] == []
