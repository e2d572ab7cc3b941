"""Every encoder driver with a simulated device: what must hold for one must hold for all.

A stand is told what its device shall do with orders: `applies` them, `lies` (says that all is well and applies
nothing), or `stores` them until it restarts.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from controller.adapters.belacoder import BelacoderEncoder
from controller.adapters.exec_hook import exec_encoder
from controller.adapters.json_verbs import Deadlines, Range
from controller.adapters.local_socket import gst_encoder, obs_encoder
from controller.adapters.moblin import MoblinEncoder
from controller.adapters.uray import UrayEncoder
from controller.adapters.uray.device import Deadlines as UrayDeadlines
from controller.decision.model import EncoderTarget
from controller.ports import Encoder, Impact, Impacts
from tests.fakes import belacoder_process, encoder_program
from tests.fakes.new_orange import PASSWORD, USER, FakeUnit
from tests.fakes.phone import PASSWORD as PHONE_PASSWORD
from tests.fakes.phone import FakePhone
from tests.fakes.socket_encoder import SocketEncoder

LIVE = Impacts(bitrate=Impact.NONE, geometry=Impact.GLITCH)
NOW = EncoderTarget(2_500_000, 1280, 720, 30)
LOWER = EncoderTarget(1_000_000, 1280, 720, 30)
QUICK = Deadlines(read_s=5.0, order_s=5.0)


@dataclass(frozen=True)
class Stand:
    """A driver, and what its device has on air now, bit/s."""

    encoder: Encoder
    on_air_bps: Callable[[], int]


Stands = Callable[[str, Path], AbstractAsyncContextManager[Stand]]


@asynccontextmanager
async def uray(manner: str, folder: Path) -> AsyncIterator[Stand]:
    """A unit over HTTP."""
    del folder
    async with FakeUnit(applies={"applies": "live", "lies": "nothing", "stores": "stored"}[manner]) as unit:
        encoder = UrayEncoder(
            base_url=unit.url,
            username=USER,
            password=SecretStr(PASSWORD),
            impacts=LIVE if manner != "stores" else Impacts(bitrate=Impact.REBOOT),
            deadlines=UrayDeadlines(read_s=5.0, write_s=5.0, settle_s=0.01),
        )
        yield Stand(encoder, lambda: int(unit.air["venc_bitrate"]) * 1000)
        await encoder.close()


@asynccontextmanager
async def belacoder(manner: str, folder: Path) -> AsyncIterator[Stand]:
    """A process that reads its file at a signal."""
    file, report = folder / "bitrate", folder / "report"
    file.write_text("300000\n2500000\n")
    character = {"applies": "usual", "lies": "deaf", "stores": "deaf"}[manner]
    named = ["bash", "-c", 'exec -a "$0" "$@"', "belacoder", sys.executable, belacoder_process.__file__]
    process = await asyncio.create_subprocess_exec(
        *named, character, str(report), "pipe", "192.0.2.1", "5000", "-b", str(file), stdin=subprocess.DEVNULL
    )
    try:
        for _ in range(500):
            if report.exists() and report.read_text():
                break
            await asyncio.sleep(0.02)
        yield Stand(
            BelacoderEncoder(bitrate_file=file, geometry=(1280, 720, 30)),
            lambda: int(report.read_text().splitlines()[-1].strip("()").split(",")[1]),
        )
    finally:
        process.kill()
        await process.wait()


@asynccontextmanager
async def program(manner: str, folder: Path) -> AsyncIterator[Stand]:
    """The user's own program."""
    file = folder / "state.json"
    file.write_text(json.dumps({"target": encoder_program.START, "publishing": True, "asked": []}))
    character = {"applies": "honest", "lies": "lies", "stores": "stores"}[manner]
    argv = [sys.executable, "-I", "-S", encoder_program.__file__, str(file), character]

    def on_air_bps() -> int:
        return NOW.bitrate_bps if manner == "stores" else int(json.loads(file.read_text())["target"]["bitrate_bps"])

    yield Stand(exec_encoder(argv, impacts=LIVE, deadlines=QUICK), on_air_bps)


def _socket(make: Callable[..., Encoder]) -> Stands:
    @asynccontextmanager
    async def stand(manner: str, folder: Path) -> AsyncIterator[Stand]:
        character = {"applies": "honest", "lies": "lies", "stores": "stores"}[manner]
        async with SocketEncoder(folder / "s", character=character) as device:
            encoder = make(folder / "s", impacts=LIVE, bitrates=Range(), deadlines=QUICK)
            yield Stand(encoder, lambda: int(device.plays["bitrate_bps"]))

    return stand


@asynccontextmanager
async def moblin(manner: str, folder: Path) -> AsyncIterator[Stand]:
    """A phone that dials in; it has no way to store."""
    del folder
    encoder = MoblinEncoder(
        host="127.0.0.1",
        port=0,
        password=SecretStr(PHONE_PASSWORD),
        geometry=(1280, 720, 30),
        impacts=LIVE,
        patience_s=0.5,
    )
    await encoder.read()
    async with FakePhone(encoder.assistant.port, character="honest" if manner == "applies" else "lies") as phone:
        for _ in range(500):
            if (await encoder.read()).configured is not None:
                break
            await asyncio.sleep(0.01)
        yield Stand(encoder, lambda: phone.presets[phone.preset])
    await encoder.close()


STANDS: dict[str, Stands] = {
    "uray": uray,
    "belacoder": belacoder,
    "exec": program,
    "gst": _socket(gst_encoder),
    "obs": _socket(obs_encoder),
    "moblin": moblin,
}
