"""From one transport to the other over real ones: `python -m tests.bench.switching`. Needs root, 2 min.

The demo runs with `--transport hybrid`, without OBS. A firewall on the VPS swallows the stream over MPTCP while both
uplinks stay well: the rig's controller must send the encoder over to SRTLA. Then it swallows SRTLA instead, and it
must come back. Counted are the seconds until the switch is decided, and until a new picture arrives at the ingest in
time. Exits with 1 when a target is missed.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.demo import ports
from deploy.demo.assembly import Assembly, assemble
from deploy.demo.options import parse
from deploy.demo.picture.log import newest
from deploy.demo.runner import Runner
from deploy.demo.world import World
from tests.bench.asking import Answer, Asked
from tests.bench.targets import Result, report

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from deploy.demo.namespaces import Namespace

WITHOUT = frozenset({"xvfb", "obs", "picture-platform", "controller-vps"})
# The rule wants 6 s without a byte where the other's uplinks answer; the windows that it is judged by add up to 4 s.
TO_SRTLA_S = 10.0
# Of an MPTCP that stands by nothing is known: 20 s without a byte, and 30 s since the last switch, whichever is later.
TO_MPTCP_S = 34.0
# The encoder takes its new address within a second; SRT connects, and a keyframe comes every 2 s.
PICTURE_S = 12.0
ON_TIME_S = 2.0
SETTLE_S = 10.0
LOOK_EVERY_S = 0.1
_TABLE = "vvlive_switching"


@dataclass(frozen=True, slots=True)
class Rig:
    """The running demo: its world, what was assembled, and the controller beside the encoder."""

    world: World
    assembly: Assembly
    asked: Asked

    def captured_s(self) -> float | None:
        """When the newest picture at the ingest was taken, where it is in time now."""
        seen = newest(self.assembly.pictures.ingest)
        if seen is None or seen.captured_t is None or time.time() - seen.captured_t > ON_TIME_S:
            return None
        return seen.captured_t


@asynccontextmanager
async def demo() -> AsyncIterator[Rig]:
    """The demo on both transports, its picture at the ingest."""
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vvlive-")))
        world = stack.enter_context(World())
        assembly = assemble(world, parse(["--transport", "hybrid"]), directory)
        parts = tuple(
            replace(part, after=tuple(name for name in part.after if name not in WITHOUT))
            for part in assembly.parts
            if part.name not in WITHOUT
        )
        await stack.enter_async_context(Runner(parts, directory=directory, secrets=assembly.secrets))
        token = assembly.control_token.read_text(encoding="utf-8").strip()
        rig = Rig(world, assembly, await stack.enter_async_context(Asked(world.pi, token)))
        await rig.asked.until("/api/status", lambda one: one["source"]["armed"] and one["encoder"]["confirmed"])
        await asyncio.sleep(SETTLE_S)
        yield rig


@contextmanager
def swallowed(host: Namespace, protocol: str, port: int) -> Iterator[None]:
    """Everything that comes to this port of the host is dropped without a word, for the length of a `with`."""
    rules = f"""table inet {_TABLE} {{
        chain input {{ type filter hook input priority 0; {protocol} dport {port} drop; }}
    }}"""
    host.run(["nft", "-f", "-"], stdin=rules)
    try:
        yield
    finally:
        host.run(["nft", "delete", "table", "inet", _TABLE])


def switched_s(answer: Answer, *, since_s: float) -> float | None:
    """When a switch was told of after that moment."""
    told = [one["at_s"] for one in answer["events"] if one["subject"] == "transport" and one["at_s"] >= since_s]
    return min(told, default=None)


async def switch(rig: Rig, protocol: str, port: int, *, within_s: float) -> tuple[float | None, float | None]:
    """Seconds from the carrier's end to the decision, and to the first picture taken after that; None for never."""
    with swallowed(rig.world.vps, protocol, port):
        began_s = time.time()
        path = "/api/decisions?limit=50"
        try:
            told = await rig.asked.until(
                path, lambda one: switched_s(one, since_s=began_s) is not None, within_s=2 * within_s
            )
        except TimeoutError:
            return None, None
        at_s = switched_s(told, since_s=began_s)
        assert at_s is not None
        deadline_s = time.time() + 3 * PICTURE_S
        while time.time() < deadline_s:
            captured_s = rig.captured_s()
            if captured_s is not None and captured_s > at_s:
                return at_s - began_s, time.time() - began_s
            await asyncio.sleep(LOOK_EVERY_S)
        return at_s - began_s, None


async def measure() -> list[Result]:
    """All lines of the table."""
    results: list[Result] = []
    async with demo() as rig:
        for name, protocol, port, within_s in (
            ("MPTCP is swallowed", "tcp", ports.BOND_RTMP, TO_SRTLA_S),
            ("then SRTLA", "udp", ports.BOND_SRTLA, TO_MPTCP_S),
        ):
            decided_s, back_s = await switch(rig, protocol, port, within_s=within_s)
            results += [
                _result(f"{name}: switch decided", decided_s, within_s),
                _result(f"{name}: picture back, in time", back_s, within_s + PICTURE_S),
            ]
            await asyncio.sleep(SETTLE_S)
    return results


def _result(name: str, took_s: float | None, within_s: float) -> Result:
    value = "never" if took_s is None else f"{took_s:.1f} s"
    return Result(name, value, f"{within_s:g} s", took_s is not None and took_s <= within_s)


def main() -> int:
    """Measure and print; 1 when a target is missed."""
    return 0 if report(asyncio.run(measure())) else 1


if __name__ == "__main__":
    sys.exit(main())
