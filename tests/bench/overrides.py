"""From an override given on the VPS to the rig that obeys it: `python -m tests.bench.overrides`. Needs root, 2 min.

The whole demo runs. First over a healthy bond: seconds from the order to its being in force at the rig's
controller, to the decision made by it, and to the encoder's read-back. Then both uplinks go black, an order is
given meanwhile, and counted are the seconds from the light to its being in force. Exits with 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.demo.assembly import assemble
from deploy.demo.link import Change
from deploy.demo.options import parse
from deploy.demo.runner import Runner
from deploy.demo.world import World
from tests.bench.asking import Asked, reason_of
from tests.bench.targets import Result, report, timed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

IN_FORCE_S = 1.0
READ_BACK_S = 0.5
# An order that waited out a black-out has the kernel's retransmission, one second at most, and the link's own retry.
AFTER_DARK_S = 6.0
SETTLE_S = 15.0
# Longer than the encoder's spacing, so that each fall finds it at rest.
BETWEEN_S = 2.5
LOW_BPS = 900_000


@dataclass(frozen=True, slots=True)
class Pair:
    """Both controllers of the running demo, and the world between them."""

    world: World
    rig: Asked
    vps: Asked


@dataclass(frozen=True, slots=True)
class Obeyed:
    """Seconds from the order to each step; None where it was not seen."""

    in_force_s: float
    decided_s: float | None
    read_back_s: float | None


@asynccontextmanager
async def demo() -> AsyncIterator[Pair]:
    """The whole demo, its rig in HIGH or on the way there."""
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vvlive-")))
        world = stack.enter_context(World())
        assembly = assemble(world, parse([]), directory)
        await stack.enter_async_context(Runner(assembly.parts, directory=directory, secrets=assembly.secrets))
        token = assembly.control_token.read_text(encoding="utf-8").strip()
        pair = Pair(
            world=world,
            rig=await stack.enter_async_context(Asked(world.pi, token)),
            vps=await stack.enter_async_context(Asked(world.vps, token)),
        )
        await pair.vps.until("/api/status", lambda one: one["edge"]["connected"])
        await pair.rig.until("/api/status", lambda one: one["source"]["armed"] and one["encoder"]["confirmed"])
        await asyncio.sleep(SETTLE_S)
        yield pair


async def obeyed(pair: Pair, number: int) -> Obeyed:
    """Give one order on the VPS, see what the rig makes of it, and end it."""
    reason, cap_bps = f"measured {number}", LOW_BPS + 1_000 * number
    given_s = time.time()
    await pair.vps.order(reason=reason, bitrate_cap_bps=cap_bps)
    await pair.rig.until("/api/override", lambda one: reason_of(one) == reason)
    in_force_s = time.time() - given_s

    def decision(answer: dict[str, list[dict[str, object]]]) -> dict[str, object] | None:
        found = (one for one in answer["decisions"] if float(str(one["at_s"])) >= given_s)
        return next((one for one in reversed(list(found)) if _bps(one) <= cap_bps), None)

    decided_s = read_back_s = None
    try:
        answer = await pair.rig.until(
            "/api/decisions?limit=20", lambda one: _applied_s(decision(one)) is not None, within_s=10.0
        )
    except TimeoutError:
        answer = await pair.rig.get("/api/decisions?limit=20")
    found = decision(answer)
    if found is not None:
        decided_s = float(str(found["at_s"])) - given_s
        applied_s = _applied_s(found)
        read_back_s = None if applied_s is None else applied_s - given_s
    await pair.vps.end()
    await pair.rig.until("/api/override", lambda one: reason_of(one) is None)
    return Obeyed(in_force_s, decided_s, read_back_s)


def _bps(decision: dict[str, object]) -> float:
    target = decision["target"]
    return float(target["bitrate_bps"]) if isinstance(target, dict) else float("inf")


def _applied_s(decision: dict[str, object] | None) -> float | None:
    orders = decision["orders"] if decision else None
    found = [one["applied_s"] for one in orders if one["applied_s"] is not None] if isinstance(orders, list) else []
    return float(found[0]) if found else None


async def after_dark(pair: Pair, dark_s: float) -> float:
    """Seconds from the end of a black-out of both uplinks to an order, given meanwhile, being in force."""
    reason = f"given in the dark of {dark_s:g} s"
    for uplink in pair.world.uplinks:
        pair.world.control.set(uplink.name, Change(hole=True))
    try:
        await asyncio.sleep(dark_s / 2)
        await pair.vps.order(reason=reason, hold=True)
        await asyncio.sleep(dark_s / 2)
    finally:
        for uplink in pair.world.uplinks:
            pair.world.control.set(uplink.name, Change(hole=False))
    light_s = time.time()
    await pair.rig.until("/api/override", lambda one: reason_of(one) == reason, within_s=60.0)
    took_s = time.time() - light_s
    await pair.vps.end()
    await pair.rig.until("/api/override", lambda one: reason_of(one) is None)
    return took_s


async def measure(*, runs: int, dark_s: Sequence[float]) -> list[Result]:
    """All lines of the table."""
    async with demo() as pair:
        found = []
        for number in range(runs):
            found.append(await obeyed(pair, number))
            await asyncio.sleep(BETWEEN_S)
        results = list(_healthy(found))
        for length_s in dark_s:
            took_s = await after_dark(pair, length_s)
            name = f"order given in a black-out of {length_s:g} s, in force after it"
            results.append(Result(name, f"{took_s:.2f} s", f"{AFTER_DARK_S:g} s", took_s <= AFTER_DARK_S))
            await asyncio.sleep(BETWEEN_S)
    return results


def _healthy(found: Sequence[Obeyed]) -> Iterator[Result]:
    rows = (
        ("in force at the rig", [one.in_force_s for one in found], IN_FORCE_S),
        ("decided by the rig", [one.decided_s for one in found], IN_FORCE_S),
        ("encoder's read-back, from the order on the VPS", [one.read_back_s for one in found], IN_FORCE_S),
        (
            "encoder's read-back, from the decision",
            [
                None if one.read_back_s is None or one.decided_s is None else one.read_back_s - one.decided_s
                for one in found
            ],
            READ_BACK_S,
        ),
    )
    for name, values_s, target_s in rows:
        yield timed(name, values_s, target_s)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.overrides", description=__doc__)
    parser.add_argument("--runs", type=int, default=20, help="orders over a healthy bond; default 20")
    parser.add_argument(
        "--dark", type=float, nargs="*", default=[5.0, 15.0], metavar="S", help="black-outs, s; default 5 15"
    )
    options = parser.parse_args(argv)
    return 0 if report(asyncio.run(measure(runs=max(1, options.runs), dark_s=options.dark))) else 1


if __name__ == "__main__":
    sys.exit(main())
