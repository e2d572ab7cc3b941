"""A controller at work with an OBS that can be made to fail, both on real sockets and in real time."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from controller.actuation.studio_watch import findings
from controller.adapters.obs.sequences import Watched
from controller.adapters.obs.studio import Deadlines
from controller.adapters.obs_obsws import ObswsStudio
from controller.config import Config
from controller.metrics import samples
from controller.ports import NoAnswer, Window
from controller.running import SystemClock
from controller.wiring import compose
from tests.fakes.devices import FakeEncoder, FakeSource, series
from tests.fakes.obs_websocket import PASSWORD, FakeObs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from controller.running import Controller
    from tests.faults.studio_rows import Row

DEADLINES = Deadlines(connect_s=1.0, call_s=0.8, action_s=1.5)
WELL_DEADLINE_S = SEEN_DEADLINE_S = OVER_DEADLINE_S = 25.0
PERIOD_S = 0.25
# A lagging machine may miss most ticks; a loop that ended or waits for OBS makes none.
LEAST_TICKS = 2


class Road(FakeSource):
    """A Prometheus that has samples of now: a fine link, and an ingest that is `lag_s` late."""

    lag_s = 0.2

    async def fetch(self) -> Window | NoAnswer:
        """The window of this moment."""
        until_s, ingest = time.time() - 0.1, {"site": "vps", "job": "ingest", "stream": "cam"}
        found = {"ingest_stream_lag_seconds": self.lag_s, "ingest_stream_publishing": 1.0}
        return Window(
            series=tuple(series(name, *[value] * 12, until_s=until_s, labels=ingest) for name, value in found.items())
        )


class Stage:
    """What a deed has to work with, and what is seen afterwards."""

    def __init__(self, obs: FakeObs) -> None:
        self.obs, self.source, self.encoder = obs, Road(), FakeEncoder()
        impacts = {"bitrate": "none", "geometry": "none"}
        document: dict[str, Any] = {
            "rig": "r1",
            "encoder": {"url": "http://192.0.2.1", "password_env": "X", "impacts": impacts},
            "obs": {"ingest_source": "Ingest"},
            "prometheus": {"period_s": PERIOD_S},
        }
        studio = ObswsStudio(
            host="127.0.0.1",
            port=obs.port,
            password=SecretStr(PASSWORD),
            watched=Watched(picture="Ingest"),
            jitter=lambda: 1.0,
            deadlines=DEADLINES,
        )
        self.controller: Controller = compose(
            config=Config.model_validate(document),
            clock=SystemClock(),
            source=self.source,
            encoder=self.encoder,
            studio=studio,
        )
        self._standing: tuple[str, ...] = ()
        self._tasks = [asyncio.create_task(self.controller.drive()), asyncio.create_task(self._live())]

    def stand(self, *names: str) -> None:
        """These of OBS's counters stand from now on, the others run."""
        self._standing = names

    def keep_announcing(self, event: str, data: dict[str, Any]) -> None:
        """Have OBS send this event ten times a second."""

        async def announce() -> None:
            while True:
                await self.obs.announce(event, data)
                await asyncio.sleep(0.1)

        self._tasks.append(asyncio.create_task(announce()))

    async def _live(self) -> None:
        """What moves in a live OBS."""
        while True:
            await asyncio.sleep(0.2)
            for held, name, by in (
                (self.obs.stream, "outputBytes", 20_000),
                (self.obs.stream, "outputTotalFrames", 6),
                (self.obs.inputs.get("Ingest", {}), "mediaCursor", 200),
            ):
                if name not in self._standing and isinstance(held.get(name), int):
                    held[name] += by

    def published(self) -> dict[str, float]:
        """The metrics about OBS, by name; of those with states the present one."""
        status = self.controller.status()
        about = (("obs",), (), *((scene,) for scene in ("main", "simple", "audio_only", "offline")))
        return {name: value for name, labels, value in samples(status) if labels in about and value >= 0}

    def reads(self) -> str:
        """All that the operator is told: the status' line, the findings, the journal."""
        status = self.controller.status()
        lines = [event.text for event in self.controller.journal.events()]
        if status.studio is not None and status.studio.problem is not None:
            lines.append(status.studio.problem)
        if status.studio_watch is not None:
            lines += findings(status.studio_watch)
        return "\n".join(lines)

    def is_well(self) -> bool:
        """Whether OBS is known to be as wanted, and nothing ails it."""
        status = self.controller.status()
        confirmed = status.studio is not None and status.studio.confirmed is True
        return confirmed and status.studio_watch is not None and findings(status.studio_watch) == ()

    async def end(self) -> None:
        """End everything."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def staged() -> AsyncIterator[Stage]:
    """A controller that has brought its OBS to what it wants."""
    async with FakeObs() as obs:
        stage = Stage(obs)
        try:
            yield stage
        finally:
            await stage.end()


@dataclass(frozen=True, slots=True)
class Played:
    """What was seen of one row: the metrics as they were, what was read, ticks meanwhile, and whether it passed."""

    metrics: dict[str, float | None]
    as_said: bool
    reads: str
    ticks: int
    failed_ticks: int
    encoder_read: bool
    well_again: bool | None


async def until(holds: object, deadline_s: float) -> bool:
    """Whether that came to hold in time."""
    end_s = time.monotonic() + deadline_s
    while time.monotonic() < end_s:
        if callable(holds) and holds():
            return True
        await asyncio.sleep(0.05)
    return False


async def play(row: Row) -> Played:
    """Do to a working OBS what the row says, look at what is made of it, and undo it."""
    async with staged() as stage:
        assert await until(stage.is_well, WELL_DEADLINE_S), stage.reads()
        counts, reads_before = stage.controller.status().counts, stage.encoder.reads
        await _done(row, stage, undo=False)
        as_said = await until(lambda: not _differing(row, stage) and row.reads in stage.reads(), SEEN_DEADLINE_S)
        published = stage.published()
        await until(lambda: stage.encoder.reads > reads_before + 1, OVER_DEADLINE_S)
        after = stage.controller.status().counts
        said = stage.reads()
        over: bool | None = None
        if row.undo is not None:
            await _done(row, stage, undo=True)
            over = await until(stage.is_well, OVER_DEADLINE_S)
        return Played(
            metrics={name: published.get(name) for name in row.metrics},
            as_said=as_said,
            reads=next((line for line in said.splitlines() if row.reads and row.reads in line), ""),
            ticks=after.decisions - counts.decisions,
            failed_ticks=after.ticks_failed,
            encoder_read=stage.encoder.reads > reads_before + 1,
            well_again=over,
        )


def _differing(row: Row, stage: Stage) -> list[str]:
    published = stage.published()
    return [name for name, value in row.metrics.items() if not _is(value, published.get(name))]


def _is(said: float | None, found: float | None) -> bool:
    if said is None or found is None:
        return said is None and found is None
    return said in (float("inf"), found)


async def _done(row: Row, stage: Stage, *, undo: bool) -> None:
    deed = row.undo if undo else row.deed
    doing = deed(stage) if deed is not None else None
    if doing is not None:
        await doing


async def play_all(rows: Iterator[Row] | tuple[Row, ...]) -> list[Played | BaseException]:
    """All rows at once, each with an OBS and a controller of its own: they mostly wait."""
    with suppress(asyncio.CancelledError):
        return list(await asyncio.gather(*(play(row) for row in rows), return_exceptions=True))
    return []
