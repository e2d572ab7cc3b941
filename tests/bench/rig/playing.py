"""Play a segment through the demo's world: encoder, bond, ingest and the edge controller, for real.

OBS, its display, the platform and the VPS controller stay away: they neither see nor change what is
compared, and would make the processor the bottleneck. The guard stays away, too, unless it is asked
for, since the model has none. The picture is judged as it comes out of the ingest.

All parts run before ordinary work: the encoder takes a quarter of a core, and on a busy machine without
that right it once made 2.4 of its 4.5 Mbit/s, which is another experiment than the one compared.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp

from controller.decision.memory import State
from controller.memory_file import MemoryFile
from deploy.demo import options, ports
from deploy.demo.assembly import Assembly, assemble
from deploy.demo.control import Direction
from deploy.demo.part import Part
from deploy.demo.picture.log import newest_age_s
from deploy.demo.readiness import connector
from deploy.demo.runner import Runner
from deploy.demo.world import World
from tests.bench.rig.keeping import Played
from tests.bench.rig.modelling import policy
from tests.bench.rig.outcome import Transition
from tests.bench.rig.segments import LEAD_S, SEGMENT_S, TAIL_S, Segment
from tests.bench.traces import write_trace

PARTS = frozenset(
    {
        "nginx", "haproxy-vps", "picture-ingest", "haproxy-rig", "encoder", "mptcp-exporter-edge", "prometheus-vps",
        "prometheus-edge", "controller-edge",
    }
)  # fmt: skip
GUARD = frozenset({"guard-responder", "guard"})
PICTURE_WITHIN_S = 30.0
SETTLE_S = 3.0
JOURNAL = 1_000  # decisions that the controller keeps
NICENESS = -15  # below what kernel threads and the emulator's real-time priority have


@contextmanager
def before_other_work() -> Iterator[None]:
    """What is started within goes before ordinary work, as far as this process may order that."""
    usual = os.getpriority(os.PRIO_PROCESS, 0)
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    try:
        yield
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, usual)


async def play(segment: Segment, policy_name: str, directory: Path, *, guard: bool = False) -> Played:
    """Play one segment under one policy, which begins at its top; files of the run go to `directory`, which exists.

    Raises:
        PartError, NamespaceError, ControlError: as the demo's parts do.
        TimeoutError: no picture came.
    """
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(World())
        assembly = assemble(world, options.parse(["--policy", policy_name]), directory)
        _begin_at_the_top(policy_name, directory)
        names = PARTS | GUARD if guard else PARTS
        runner = await stack.enter_async_context(
            Runner(tuple(_needed(assembly, names)), directory=directory, secrets=assembly.secrets)
        )
        began_s = time.time()
        await _until_picture(assembly)
        await asyncio.sleep(SETTLE_S)
        lead_s = _start_traces(segment, world, directory)
        cpu_before = _cpu_s(runner)
        await asyncio.sleep(max(0.0, lead_s + LEAD_S + SEGMENT_S + TAIL_S - time.time()))
        cpu = {name: used - cpu_before[name] for name, used in _cpu_s(runner).items()}
        journal = await _journal(world, directory)
    start_s = lead_s + LEAD_S
    return Played(
        segment=segment.number,
        digest=segment.pair.digest(),
        policy=policy_name,
        before_s=round(lead_s - began_s, 1),
        arrived_s=_arrivals(assembly.pictures.ingest, start_s),
        transitions=_transitions(journal, start_s),
        cpu_share={name: round(used / (LEAD_S + SEGMENT_S + TAIL_S), 4) for name, used in cpu.items()},
        load=round(os.getloadavg()[0], 1),
    )


def _begin_at_the_top(policy_name: str, directory: Path) -> None:
    state_dir = directory / "edge-state"
    state_dir.mkdir(exist_ok=True)
    MemoryFile(state_dir).write(replace(State.initial(policy(policy_name)), at_s=time.time()))


def _needed(assembly: Assembly, names: frozenset[str]) -> Iterator[Part]:
    for part in assembly.parts:
        if part.name in names:
            argv = (*part.argv, "--each") if part.name == "picture-ingest" else part.argv
            yield replace(part, argv=argv, after=tuple(name for name in part.after if name in names))


async def _until_picture(assembly: Assembly) -> None:
    async with asyncio.timeout(PICTURE_WITHIN_S):
        while newest_age_s(assembly.pictures.ingest, time.time()) is None:  # noqa: ASYNC110 - a file tells no event
            await asyncio.sleep(0.1)


def _start_traces(segment: Segment, world: World, directory: Path) -> float:
    """Begin the lead on both uplinks; when, epoch."""
    played = segment.played()
    paths = [directory / f"{uplink.name}.csv" for uplink in world.uplinks]
    for path, rates in zip(paths, (played.first, played.second), strict=True):
        write_trace(path, rates)
    start_s = time.time()
    for uplink, path in zip(world.uplinks, paths, strict=True):
        world.control.play(uplink.name, path, direction=Direction.UP, repeats=False)
    return start_s


def _cpu_s(runner: Runner) -> dict[str, float]:
    return {usage.name: usage.cpu_s for usage in runner.usage()}


async def _journal(world: World, directory: Path) -> list[dict[str, Any]]:
    """The edge controller's decisions; with what its Prometheus saw they stay in the run's directory, too."""
    async with aiohttp.ClientSession(connector=connector(world.pi)) as session:
        url = f"http://127.0.0.1:{ports.CONTROLLER}/api/decisions?limit={JOURNAL}"
        async with session.get(url, raise_for_status=True) as answer:
            journal = await answer.read()
        window = f"{round(LEAD_S + SEGMENT_S + TAIL_S + SETTLE_S)}s"
        url = f"http://127.0.0.1:{ports.PROMETHEUS}/api/v1/query"
        async with session.get(url, params={"query": f'{{job="mptcp"}}[{window}]'}, raise_for_status=True) as answer:
            (directory / "series.json").write_bytes(await answer.read())
    (directory / "decisions.json").write_bytes(journal)
    decisions: list[dict[str, Any]] = json.loads(journal)["decisions"]
    return decisions


def _transitions(journal: list[dict[str, Any]], start_s: float) -> tuple[Transition, ...]:
    return tuple(
        Transition(round(entry["at_s"] - start_s, 2), entry["changed_from"], entry["state"])
        for entry in reversed(journal)
        if entry["changed_from"] is not None
    )


def _arrivals(path: Path, start_s: float) -> dict[float, float]:
    """When each picture came, by when it was taken, both since `start_s`."""
    arrived: dict[float, float] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        seen = json.loads(line)
        if seen["captured_t"] is not None:
            arrived.setdefault(round(seen["captured_t"] - start_s, 3), round(seen["t"] - start_s, 3))
    return arrived
