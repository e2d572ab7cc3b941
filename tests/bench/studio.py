"""From a decision to the scene that OBS shows: `python -m tests.bench.studio`. Needs root, half a minute per library.

A real OBS under Xvfb, and a controller at work whose ingest is late by turns, so that it decides for the simple
scene and back. Measured are the seconds from the look that a decision was made from to OBS's read-back, as the
controller's own journal has them, and to the moment at which OBS tells a second client that the scene changed.
Exits with 1 when the target is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any

import simpleobsws

from controller.config import Config
from controller.running import SystemClock
from controller.wiring import compose
from deploy.demo.namespaces import Namespace
from tests.bench.targets import Result, report
from tests.contract.real_obs import PASSWORD, PORT, SCENES, RealObs
from tests.contract.real_studios import ADAPTERS, adapters, ready, until
from tests.faults.studio_stage import Road

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from controller.journal import Journal

SHOWN_S = 0.3
PERIOD_S = 0.25
SCENES_EVENTS = 1 << 2
LATE_S, FINE_S = 5.0, 0.2
# Half a second between two changes, and never in step with the ticks.
PAUSES_S = (0.83, 1.07, 0.91, 1.19)


@dataclass(frozen=True, slots=True)
class Change:
    """One decided change of scene, seconds after its decision; None where it was not seen."""

    read_back_s: float | None
    told_s: float | None


@contextmanager
def real_obs() -> Iterator[RealObs]:
    """OBS in a network namespace that this thread has entered."""
    home = Namespace("home", os.open("/proc/thread-self/ns/net", os.O_RDONLY))
    with home, Namespace.create("obs") as namespace, tempfile.TemporaryDirectory(prefix="vvlive-") as directory:
        namespace.run(["ip", "link", "set", "lo", "up"])
        namespace.enter()
        try:
            with RealObs(namespace, Path(directory)) as obs:
                obs.start()
                yield obs
        finally:
            home.enter()


class Witness:
    """A second client of OBS, which is told of each change of the program scene."""

    def __init__(self) -> None:
        self.told: list[tuple[float, str]] = []
        parameters = simpleobsws.IdentificationParameters(eventSubscriptions=SCENES_EVENTS)
        self._client: Any = simpleobsws.WebSocketClient(f"ws://127.0.0.1:{PORT}", PASSWORD, parameters)
        self._client.register_event_callback(self._heard, "CurrentProgramSceneChanged")

    async def watch(self) -> None:
        """Begin."""
        await self._client.connect()
        await self._client.wait_until_identified()

    async def end(self) -> None:
        """Cut the connection."""
        self._client.ws.transport.abort()
        with suppress(asyncio.CancelledError, Exception):
            await self._client.recv_task

    async def _heard(self, data: dict[str, Any]) -> None:
        self.told.append((time.time(), str(data["sceneName"])))

    def when(self, scene_name: str, *, after_s: float, before_s: float) -> float | None:
        """When OBS first told of `scene_name` within that time."""
        return next((at_s for at_s, name in self.told if name == scene_name and after_s <= at_s < before_s), None)


async def changes(library: str, count: int) -> list[Change]:
    """So many decided changes of scene through that library."""
    road, witness = Road(), Witness()
    document = {"rig": "r1", "obs": {"ingest_source": "Ingest"}, "prometheus": {"period_s": PERIOD_S}}
    async with adapters(library) as make:
        studio = make()
        await until(studio, ready)
        controller = compose(
            config=Config.model_validate(document), clock=SystemClock(), source=road, encoder=None, studio=studio
        )
        driving = asyncio.create_task(controller.drive())
        await witness.watch()
        try:
            await asyncio.sleep(3.0)
            for number in range(count):
                road.lag_s = FINE_S if number % 2 else LATE_S
                await asyncio.sleep(PAUSES_S[number % len(PAUSES_S)])
        finally:
            driving.cancel()
            await asyncio.gather(driving, return_exceptions=True)
            await witness.end()
    return list(_changes(controller.journal, witness, count))


def _changes(journal: Journal, witness: Witness, count: int) -> Iterator[Change]:
    """What became of the last `count` decisions for a scene."""
    decided = [entry for entry in reversed(journal.entries()) if entry.scene is not None and entry.orders][-count:]
    names = {"main": SCENES[0], "simple": SCENES[1], "audio_only": SCENES[2]}
    for place, entry in enumerate(decided):
        next_s = decided[place + 1].at_s if place + 1 < len(decided) else float("inf")
        order = entry.order("obs")
        shown_s = None if order is None else order.shown_s
        told_s = witness.when(names.get(str(entry.scene), ""), after_s=entry.at_s, before_s=next_s)
        yield Change(
            read_back_s=None if shown_s is None else shown_s - entry.at_s,
            told_s=None if told_s is None else told_s - entry.at_s,
        )


def results(library: str, found: Sequence[Change], count: int) -> Iterator[Result]:
    """The two lines of a library."""
    for name, values in (
        ("read back", [one.read_back_s for one in found]),
        ("told by OBS", [one.told_s for one in found]),
    ):
        seen = [value for value in values if value is not None]
        worst_s = max(seen, default=float("inf"))
        p95_s = quantiles(seen, n=20, method="inclusive")[-1] if len(seen) > 1 else worst_s
        middle_s = median(seen) if seen else float("inf")
        text = f"p50 {middle_s:.3f}, p95 {p95_s:.3f}, worst {worst_s:.3f} s of {len(seen)}/{count}"
        holds = p95_s <= SHOWN_S and len(seen) >= count - 1
        yield Result(f"{library}: decision to scene {name}", text, f"p95 {SHOWN_S:g} s", holds)


def measure(*, libraries: Sequence[str], count: int) -> list[Result]:
    """All lines of the table."""
    with real_obs():
        return [line for one in libraries for line in results(one, asyncio.run(changes(one, count)), count)]


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.studio", description=__doc__)
    parser.add_argument("--changes", type=int, default=30, help="changes of scene per library; default 30")
    parser.add_argument("--library", choices=ADAPTERS, action="append", help="only this one; may be repeated")
    options = parser.parse_args(argv)
    return 0 if report(measure(libraries=options.library or ADAPTERS, count=max(2, options.changes))) else 1


if __name__ == "__main__":
    sys.exit(main())
