"""A controller at work with an encoder that can be made to fail, both on real sockets and in real time."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from controller.adapters.belacoder import BelacoderEncoder
from controller.adapters.exec_hook import exec_encoder
from controller.adapters.json_verbs import Deadlines, Range
from controller.adapters.local_socket import gst_encoder
from controller.adapters.moblin import MoblinEncoder
from controller.adapters.uray import UrayEncoder
from controller.adapters.uray.device import Deadlines as UrayDeadlines
from controller.config import Config
from controller.decision.model import Override, Quality
from controller.metrics import samples
from controller.overriding.standing import By
from controller.ports import Impact, Impacts, StudioStatus
from controller.running import SystemClock
from controller.wiring import compose
from tests.fakes import belacoder_process, encoder_program
from tests.fakes.devices import FakeStudio
from tests.fakes.new_orange import PASSWORD, USER, FakeUnit
from tests.fakes.phone import PASSWORD as PHONE_PASSWORD
from tests.fakes.phone import FakePhone
from tests.fakes.socket_encoder import SocketEncoder
from tests.faults.studio_stage import LEAST_TICKS, PERIOD_S, Road, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from controller.ports import Encoder
    from tests.faults.encoder_rows import Row

LIVE = Impacts(bitrate=Impact.NONE, geometry=Impact.GLITCH)
# Long enough for a machine that runs all rows at once, short enough to see a hang.
DEADLINES = Deadlines(read_s=1.2, order_s=1.5)
WELL_DEADLINE_S = SEEN_DEADLINE_S = OVER_DEADLINE_S = 25.0

Made = tuple["Encoder", Any]


@asynccontextmanager
async def _uray(character: str, folder: Path) -> AsyncIterator[Made]:
    del folder
    async with FakeUnit(applies=character or "live") as unit:
        encoder = UrayEncoder(
            base_url=unit.url,
            username=USER,
            password=SecretStr(PASSWORD),
            impacts=LIVE,
            deadlines=UrayDeadlines(read_s=DEADLINES.read_s, write_s=DEADLINES.order_s, settle_s=0.05),
        )
        yield encoder, unit


@asynccontextmanager
async def _gst(character: str, folder: Path) -> AsyncIterator[Made]:
    async with SocketEncoder(folder / "s", character=character or "honest") as device:
        yield gst_encoder(folder / "s", impacts=LIVE, bitrates=Range(), deadlines=DEADLINES), device


@asynccontextmanager
async def _program(character: str, folder: Path) -> AsyncIterator[Made]:
    file = folder / "state.json"
    file.write_text(json.dumps({"target": encoder_program.START, "publishing": True, "asked": []}))
    # A link, so that a deed may put another program in its place.
    start = folder / "encoder"
    start.write_text(
        f"#!/bin/sh\nexec {sys.executable} -I -S {encoder_program.__file__} {file} {character or 'honest'}\n"
    )
    start.chmod(0o755)
    yield exec_encoder([str(start)], impacts=LIVE, deadlines=Deadlines(8.0, 8.0)), start


@asynccontextmanager
async def _moblin(character: str, folder: Path) -> AsyncIterator[Made]:
    del folder
    encoder = MoblinEncoder(
        host="127.0.0.1",
        port=0,
        password=SecretStr(PHONE_PASSWORD),
        geometry=(1280, 720, 30),
        impacts=LIVE,
        patience_s=1.0,
    )
    await encoder.read()
    async with FakePhone(encoder.assistant.port, character=character or "honest") as phone:
        yield encoder, phone


@asynccontextmanager
async def _belacoder(character: str, folder: Path) -> AsyncIterator[Made]:
    file, report = folder / "bitrate", folder / "report"
    file.write_text("300000\n2500000\n")
    named = ["bash", "-c", 'exec -a "$0" "$@"', "belacoder", sys.executable, belacoder_process.__file__]
    process = await asyncio.create_subprocess_exec(
        *named, character or "usual", str(report), "pipe", "192.0.2.1", "5000", "-b", str(file),
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        await until(lambda: report.exists() and report.read_text(), WELL_DEADLINE_S)
        yield BelacoderEncoder(bitrate_file=file, geometry=(1280, 720, 30)), process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


DEVICES: dict[str, Callable[[str, Path], AbstractAsyncContextManager[Made]]] = {
    "uray": _uray,
    "gst": _gst,
    "exec": _program,
    "moblin": _moblin,
    "belacoder": _belacoder,
}


class CountingStudio(FakeStudio):
    """An OBS that counts how often it was read."""

    reads = 0

    async def read(self) -> StudioStatus:
        """What it shows, counted."""
        self.reads += 1
        return await super().read()


class Stage:
    """What a deed has to work with, and what is seen afterwards. `device` is the simulated one."""

    def __init__(self, encoder: Encoder, device: Any) -> None:  # noqa: ANN401 - each driver's own
        self.device, self.studio = device, CountingStudio()
        document: dict[str, Any] = {
            "rig": "r1",
            "encoder": {
                "driver": "gst",
                "impacts": {"bitrate": "none", "geometry": "glitch"},
                "republish_after_s": 2.0,
            },
            "obs": {},
            "policy": {"name": "locked"},
            "prometheus": {"period_s": PERIOD_S},
        }
        self.controller = compose(
            config=Config.model_validate(document),
            clock=SystemClock(),
            source=Road(),
            encoder=encoder,
            studio=self.studio,
        )
        self._task = asyncio.create_task(self.controller.drive())

    async def want(self, quality: Quality) -> None:
        """Order a state by hand, so that there is something to do."""
        await self.controller.desk.give(Override(until_s=time.time() + 300, reason="row", state=quality), by=By.HAND)

    def published(self) -> dict[str, float]:
        """The metrics about the encoder, by name."""
        found = samples(self.controller.status())
        return {name: value for name, labels, value in found if labels in {("encoder",), ()}}

    def reads(self) -> str:
        """All that the operator is told: the status' line and the journal, with what became of orders."""
        status, journal = self.controller.status(), self.controller.journal
        lines = [event.text for event in journal.events()]
        if status.encoder is not None and status.encoder.problem is not None:
            lines.append(status.encoder.problem)
        return "\n".join(lines)

    def is_well(self) -> bool:
        """Whether the encoder is known to be as wanted, and nothing ails it."""
        encoder = self.controller.status().encoder
        return encoder is not None and encoder.confirmed is True and encoder.problem is None

    async def end(self) -> None:
        """End everything."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class Played:
    """What was seen of one row: the metrics as they were, what was read, ticks meanwhile, and whether it passed."""

    metrics: dict[str, float | None]
    as_said: bool
    reads: str
    ticks: int
    failed_ticks: int
    studio_read: bool
    well_again: bool | None

    def good(self, row: Row) -> bool:
        """Whether all columns are as they should be."""
        went_on = self.ticks >= LEAST_TICKS and self.failed_ticks == 0 and self.studio_read
        return self.as_said and went_on and self.well_again is (None if row.undo is None else True)


async def play(row: Row) -> Played:
    """Do to a working encoder what the row says, look at what is made of it, and undo it."""
    with tempfile.TemporaryDirectory() as folder:
        async with DEVICES[row.driver](row.character, Path(folder)) as (encoder, device):
            stage = Stage(encoder, device)
            try:
                return await _played(row, stage)
            finally:
                await stage.end()


async def _played(row: Row, stage: Stage) -> Played:
    await stage.want(Quality.MEDIUM)
    assert await until(stage.is_well, WELL_DEADLINE_S), f"{row.did}: {stage.reads()}"
    counts, studio_before = stage.controller.status().counts, stage.studio.reads
    await row.deed(stage)
    as_said = await until(lambda: not _differing(row, stage) and row.reads in stage.reads(), SEEN_DEADLINE_S)
    published = stage.published()
    await until(lambda: stage.studio.reads > studio_before + 1, OVER_DEADLINE_S)
    after, said = stage.controller.status().counts, stage.reads()
    over: bool | None = None
    if row.undo is not None:
        await row.undo(stage)
        over = await until(stage.is_well, OVER_DEADLINE_S)
    return Played(
        metrics={name: published.get(name) for name in row.metrics},
        as_said=as_said,
        reads=next(
            (line for line in said.splitlines() if row.reads and row.reads in line), said if not as_said else ""
        ),
        ticks=after.decisions - counts.decisions,
        failed_ticks=after.ticks_failed,
        studio_read=stage.studio.reads > studio_before + 1,
        well_again=over,
    )


def _differing(row: Row, stage: Stage) -> list[str]:
    published = stage.published()
    return [name for name, value in row.metrics.items() if published.get(name) != value]


async def play_all(rows: Sequence[Row]) -> list[Played | BaseException]:
    """All rows at once, each with an encoder and a controller of its own: they mostly wait."""
    return list(await asyncio.gather(*(play(row) for row in rows), return_exceptions=True))
