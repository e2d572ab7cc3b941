"""Two real controllers over a real bond: what kill -9 and a black-out leave of an order and of the history."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace

import pytest
import pytest_asyncio

from deploy.demo.assembly import assemble
from deploy.demo.link import Change
from deploy.demo.options import parse
from deploy.demo.runner import Runner
from deploy.demo.world import World
from tests.bench.asking import Answer, Asked, reason_of

pytestmark = [pytest.mark.root, pytest.mark.mptcp, pytest.mark.rig, pytest.mark.asyncio(loop_scope="module")]

# No encoder, no OBS, no Prometheus: orders and history need none of them.
PARTS = ("haproxy-vps", "haproxy-rig", "controller-vps", "controller-edge")


@dataclass(frozen=True)
class Pair:
    """Both controllers, and what may happen to them."""

    world: World
    runner: Runner
    rig: Asked
    vps: Asked

    async def kill(self, name: str, asked: Asked) -> None:
        """Kill -9, and wait until the runner's next process answers."""
        pid = self.runner.pid(name)
        assert pid is not None
        started_s = (await asked.get("/api/status"))["at_s"]
        os.kill(pid, signal.SIGKILL)
        await asked.until("/api/status", lambda one: one["at_s"] - one["uptime_s"] > started_s)

    def shade(self, *, dark: bool) -> None:
        """Switch both uplinks off or on."""
        for uplink in self.world.uplinks:
            self.world.control.set(uplink.name, Change(hole=dark))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    """The two controllers of the demo and the proxies between them, connected."""
    directory = tmp_path_factory.mktemp("linked")
    async with AsyncExitStack() as stack:
        world = stack.enter_context(World())
        assembly = assemble(world, parse([]), directory)
        parts = [
            replace(part, after=tuple(name for name in part.after if name in PARTS))
            for part in assembly.parts
            if part.name in PARTS
        ]
        runner = await stack.enter_async_context(Runner(parts, directory=directory, secrets=assembly.secrets))
        token = assembly.control_token.read_text().strip()
        rig = await stack.enter_async_context(Asked(world.pi, token))
        vps = await stack.enter_async_context(Asked(world.vps, token))
        await vps.until("/api/status", lambda one: one["edge"]["connected"])
        yield Pair(world, runner, rig, vps)


async def stands(asked: Asked, reason: str | None) -> None:
    """Wait until the override with that reason is in force, or none."""
    await asked.until("/api/override", lambda one: reason_of(one) == reason)


async def test_the_way_is_mptcp(pair: Pair) -> None:
    """The rig's controller reaches the other over the bond, not over one uplink."""
    found = pair.world.pi.run(["ss", "-HMn", "state", "established", "dport = :8447"])

    assert len(found.splitlines()) >= 1


async def test_an_order_survives_kill_9_of_both_controllers(pair: Pair) -> None:
    """Given on the VPS, it stands on both after they were killed, and its end still reaches the rig."""
    await pair.vps.order(reason="tunnel", state="LOW")
    await stands(pair.rig, "tunnel")
    given = await pair.vps.get("/api/override")
    await asyncio.gather(pair.kill("controller-vps", pair.vps), pair.kill("controller-edge", pair.rig))
    kept = [(await asked.get("/api/override"))["override"] for asked in (pair.vps, pair.rig)]
    await pair.vps.end()
    await stands(pair.rig, None)

    assert [one["reason"] for one in kept] == ["tunnel", "tunnel"]
    assert kept[0]["until_s"] == given["override"]["until_s"]
    assert abs(kept[1]["until_s"] - kept[0]["until_s"]) < 5.0


async def test_an_order_given_in_a_black_out_arrives_after_it(pair: Pair) -> None:
    """The rig goes on with what it has until the bond is back, and then takes over what stands."""
    pair.shade(dark=True)
    try:
        await pair.vps.order(reason="given in the dark", hold=True)
        await pair.rig.order(reason="by hand at the rig", bitrate_cap_bps=800_000)
        meanwhile = reason_of(await pair.rig.get("/api/override"))
    finally:
        pair.shade(dark=False)
    await stands(pair.rig, "given in the dark")
    await pair.vps.end()
    await stands(pair.rig, None)

    assert meanwhile == "by hand at the rig"


async def test_after_all_that_the_history_is_whole(pair: Pair) -> None:
    """Every event of the rig's is on the VPS once, but those of streams, which it tells itself."""

    def told(answer: Answer) -> Counter[tuple[float, str]]:
        return Counter((one["at_s"], one["text"]) for one in answer["events"])

    own = await pair.rig.get("/api/events?after=0&limit=1000")
    expected = Counter({key: n for key, n in told(own).items() if n})
    assert expected
    found = await pair.vps.until(
        "/api/events?after=0&limit=1000",
        lambda one: not expected - told({"events": [event for event in one["events"] if event["origin"]]}),
    )

    foreign = told({"events": [one for one in found["events"] if one["origin"]]})
    assert max(foreign.values()) == max(expected.values())
    assert {key: foreign[key] for key in expected} == dict(expected)
