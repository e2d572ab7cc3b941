"""Parts of the running demo that go away and come back: the loops go on, say so, and recover by themselves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from deploy.demo import ports
from deploy.demo.assembly import assemble
from deploy.demo.namespaces import Namespace
from deploy.demo.options import parse
from deploy.demo.readiness import connector
from deploy.demo.runner import Runner
from deploy.demo.world import World

pytestmark = [pytest.mark.root, pytest.mark.mptcp, pytest.mark.rig, pytest.mark.asyncio(loop_scope="module")]

WAIT_S = 45.0  # OBS and Prometheus take some seconds to start on a busy machine

Answer = dict[str, Any]


@dataclass(frozen=True)
class Rig:
    """The running demo and the controllers' status pages."""

    world: World
    runner: Runner
    directory: Path

    async def status(self, host: Namespace) -> Answer:
        """`/api/status` of the controller on `host`."""
        async with (
            aiohttp.ClientSession(connector=connector(host), timeout=aiohttp.ClientTimeout(2)) as session,
            session.get(f"http://127.0.0.1:{ports.CONTROLLER}/api/status") as answer,
        ):
            found: Answer = await answer.json()
            return found

    async def until(self, host: Namespace, holds: Callable[[Answer], bool], what: str) -> Answer:
        """The first status for which `holds`; fails with the last one after a while."""
        deadline, status = time.monotonic() + WAIT_S, Answer()
        while time.monotonic() < deadline:
            status = await self.status(host)
            if holds(status):
                return status
            await asyncio.sleep(0.2)
        pytest.fail(f"never: {what}; last status: {status}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    """The whole demo, both controllers armed and fed."""
    directory = tmp_path_factory.mktemp("restarts")
    with World() as world:
        assembly = assemble(world, parse([]), directory)
        async with Runner(assembly.parts, directory=directory, secrets=assembly.secrets) as runner:
            found = Rig(world, runner, directory)
            await found.until(world.pi, fresh, "the edge controller has fresh data")
            await found.until(world.vps, shows_main, "OBS shows the main scene")
            yield found


def fresh(status: Answer) -> bool:
    """The last decision was made from fresh data."""
    return (status["observed"] or {}).get("freshness") == "fresh"


def blind(status: Answer) -> bool:
    """The controller says that it knows nothing."""
    return (status["observed"] or {}).get("freshness") == "blind"


def shows_main(status: Answer) -> bool:
    """OBS answers and shows the main scene."""
    return bool(status["studio"]["reachable"]) and status["studio"]["shows"] == "main"


async def test_prometheus_goes_and_comes_back(rig: Rig) -> None:
    """Without Prometheus the controller says blind and why, never rises, and is fresh again after its return."""
    host = rig.world.pi
    await rig.runner.stop("prometheus-edge")
    status = await rig.until(host, blind, "blind without Prometheus")
    assert status["source"]["answering"] is False
    assert status["source"]["problem"]
    before = status["target"]["bitrate_bps"]
    await asyncio.sleep(2)
    assert (await rig.status(host))["target"]["bitrate_bps"] <= before
    await rig.runner.start("prometheus-edge")
    await rig.until(host, fresh, "fresh after Prometheus is back")


async def test_obs_goes_and_comes_back(rig: Rig) -> None:
    """Without OBS the scene shown is unknown, not the last one; after its return it is driven again."""
    host = rig.world.vps
    await rig.runner.stop("obs")
    status = await rig.until(host, lambda one: one["studio"]["reachable"] is False, "OBS unreachable")
    assert status["studio"]["shows"] is None
    assert status["studio"]["problem"]
    assert status["state"] is not None
    await rig.runner.start("obs")
    await rig.until(host, shows_main, "the main scene after OBS is back")


async def test_encoder_goes_and_comes_back(rig: Rig) -> None:
    """Without the encoder nothing is confirmed and the VPS leaves the main scene; after its return all is as before."""
    pi, vps = rig.world.pi, rig.world.vps
    await rig.runner.stop("encoder")
    status = await rig.until(pi, lambda one: one["encoder"]["reachable"] is False, "encoder unreachable")
    assert status["encoder"]["confirmed"] is not True
    await rig.until(vps, lambda one: one["studio"]["shows"] not in {None, "main"}, "another scene without a picture")
    await rig.runner.start("encoder")
    await rig.until(pi, lambda one: one["encoder"]["confirmed"] is True, "the encoder as wanted")
    await rig.until(vps, shows_main, "the main scene with the picture back")


async def test_logs_say_an_outage_once(rig: Rig) -> None:
    """An absent Prometheus is one line in the controller's log when it goes, not one per tick."""
    log = await asyncio.to_thread((rig.directory / "controller-edge.log").read_text)
    lines = log.splitlines()
    assert 1 <= sum("WARNING" in line and "prometheus" in line.lower() for line in lines) <= 4
    assert rig.runner.pid("controller-edge") is not None
