"""A controller at work whose API, link and disk can be made to fail, on real sockets and a real file."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from pydantic import SecretStr

from controller.adapters.link_http import LinkHttp
from controller.api.serving import bind
from controller.config import Config
from controller.metrics import samples
from controller.running import SystemClock
from controller.timeline.store import NAME
from controller.wiring import compose
from tests.controller.faces import ALERT, CONTROL, LINK
from tests.fakes.devices import FakeEncoder, FakeSource
from tests.faults.rogue import Rogue

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.faults.face_rows import Row

PERIOD_S = 0.25
# The timeline gives a lock 5 s before it says so; a busy machine takes its time besides.
SEEN_S = OVER_S = WELL_S = 25.0
LEAST_TICKS = 2
LINK_DEADLINE_S = 2.0
AT_ONCE = 6
# The slowest task, reporting to the other controller, has its turn every 2 s.
SURVIVED_S = 3.0


class Stage:
    """What a deed has to work with, and what is seen afterwards."""

    def __init__(self, directory: Path, rogue: Rogue) -> None:
        self.directory, self.rogue = directory, rogue
        self.encoder = FakeEncoder()
        document: dict[str, Any] = {
            "rig": "r1",
            "state_dir": str(directory / "state"),
            "encoder": {"url": "http://192.0.2.1", "password_env": "X", "impacts": {"bitrate": "none"}},
            "prometheus": {"period_s": PERIOD_S},
            "alerts": {"respond": {"IngestGone": "emergency"}},
        }
        self.controller = compose(
            config=Config.model_validate(document),
            clock=SystemClock(),
            source=FakeSource(),
            encoder=self.encoder,
            studio=None,
            other=LinkHttp(url=rogue.url, token=SecretStr(LINK), deadline_s=LINK_DEADLINE_S),
            tokens={"control": SecretStr(CONTROL), "alert": SecretStr(ALERT)},
        )
        bound = bind("127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        self.client = self.fresh_client()
        self.connections: list[asyncio.StreamWriter] = []
        self.other_program: sqlite3.Connection | None = None
        self._answers: list[str] = []
        self._running = asyncio.create_task(self.controller.run(bound))

    def fresh_client(self) -> httpx.AsyncClient:
        """A client with no connection yet."""
        return httpx.AsyncClient(base_url=self.url, timeout=10.0, trust_env=False)

    def bound_pages(self, most: int) -> None:
        """Have SQLite itself say that the disk is full above so many pages."""
        connection = self.controller.face().keeper.store._connection  # noqa: SLF001 - a full disk without one
        connection.execute(f"PRAGMA max_page_count = {most}").fetchall()

    @property
    def timeline(self) -> Path:
        """The file of the timeline."""
        return self.directory / "state" / NAME

    async def ask(self, method: str, path: str, token: str = CONTROL, **rest: Any) -> int:  # noqa: ANN401 - httpx' own
        """Ask the API, and keep what it answers in words; its status, 0 where it does not answer."""
        try:
            answer = await self.client.request(
                method, path, headers={"Authorization": f"Bearer {token}", **rest.pop("headers", {})}, **rest
            )
        except httpx.HTTPError as error:
            self._answers.append(f"no answer: {type(error).__name__}")
            return 0
        self._answers.append(f"{answer.status_code} {answer.text[:300]}")
        return answer.status_code

    async def connect(self, text: bytes) -> None:
        """Open a connection, say `text`, and nothing more."""
        port = int(self.url.rpartition(":")[2])
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(text)
        self.connections.append(writer)

    def note(self) -> None:
        """Have something happen that the timeline keeps."""
        self.controller.journal.noticed(at_s=time.time(), subject="controller", text="something happened")

    def published(self) -> dict[str, float]:
        """The metrics without labels, by name."""
        return {name: value for name, labels, value in samples(self.controller.status()) if not labels}

    def reads(self) -> str:
        """All that the operator is told: the API's answers, the journal, the status' lines about history and link."""
        lines = [*self._answers, *(event.text for event in self.controller.journal.events())]
        status = self.controller.status()
        return "\n".join([*lines, *filter(None, (status.history.problem, status.vps_problem))])

    def lives(self) -> bool:
        """Whether nothing has ended the controller."""
        return not self._running.done()

    async def is_well(self) -> bool:
        """Whether the API answers, the other controller is heard of, and history is kept."""
        found = self.published()
        healthy = found["vvlive_timeline_writable"] == 1 and found.get("vvlive_link_connected") == 1
        return healthy and await self.ask("GET", "/api/override") == 200

    async def end(self) -> None:
        """End everything."""
        for writer in self.connections:
            writer.transport.abort()
        await self.client.aclose()
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)
        if self.other_program is not None:
            self.other_program.close()


@asynccontextmanager
async def staged() -> AsyncIterator[Stage]:
    """A controller that is heard of and keeps its history."""
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        rogue = await stack.enter_async_context(Rogue())
        stage = Stage(directory, rogue)
        stack.push_async_callback(stage.end)
        yield stage


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


async def until(stage: Stage, row: Row, within_s: float) -> bool:
    """Whether metrics and words came to be as the row says."""
    end_s = time.monotonic() + within_s
    while time.monotonic() < end_s:
        published = stage.published()
        if row.reads in stage.reads() and all(published.get(name) == value for name, value in row.metrics.items()):
            return True
        await asyncio.sleep(0.1)
    return False


async def well(stage: Stage, within_s: float) -> bool:
    """Whether all came to be well."""
    end_s = time.monotonic() + within_s
    while time.monotonic() < end_s:
        if await stage.is_well():
            return True
        await asyncio.sleep(0.2)
    return False


async def going_on(stage: Stage, *, decisions: int, reads: int) -> None:
    """Wait until the loop has made so many decisions and so many reads of the encoder, or for long."""
    end_s = time.monotonic() + OVER_S
    while time.monotonic() < end_s:
        if stage.controller.status().counts.decisions >= decisions and stage.encoder.reads >= reads:
            return
        await asyncio.sleep(0.05)


async def play(row: Row) -> Played:
    """Do to a working controller what the row says, look at what is made of it, and undo it."""
    async with staged() as stage:
        assert await well(stage, WELL_S), stage.reads()
        counts, reads_before = stage.controller.status().counts, stage.encoder.reads
        await row.deed(stage)
        as_said = await until(stage, row, SEEN_S)
        published, said = stage.published(), stage.reads()
        await going_on(stage, decisions=counts.decisions + LEAST_TICKS, reads=reads_before + 2)
        # What ends one task of the controller ends them all, some ticks later.
        await asyncio.sleep(SURVIVED_S)
        after = stage.controller.status().counts
        over: bool | None = None
        if row.undo is not None:
            await row.undo(stage)
            over = await well(stage, OVER_S)
        return Played(
            metrics={name: published.get(name) for name in row.metrics},
            as_said=as_said,
            reads=next((line for line in said.splitlines() if row.reads and row.reads in line), ""),
            ticks=after.decisions - counts.decisions,
            failed_ticks=after.ticks_failed,
            encoder_read=stage.lives() and stage.encoder.reads > reads_before + 1,
            well_again=over,
        )


async def play_all(rows: tuple[Row, ...]) -> list[Played | BaseException]:
    """All rows, some at once: they wait more than they work."""
    room = asyncio.Semaphore(AT_ONCE)

    async def in_turn(row: Row) -> Played:
        async with room:
            return await play(row)

    return await asyncio.gather(*map(in_turn, rows), return_exceptions=True)
