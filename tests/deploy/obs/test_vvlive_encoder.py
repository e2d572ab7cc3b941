"""The script in a real OBS that streams to a real nginx: an order changes what arrives, and OBS goes on."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from controller.adapters.json_verbs import Range
from controller.adapters.local_socket import obs_encoder
from controller.decision.model import EncoderTarget
from controller.ports import Impact, Impacts, Outcome
from deploy.demo.studio import configuration, scenes, starting
from tests.deploy.demo.streaming import KEY, Ingest, free_port, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from controller.adapters.json_verbs import VerbsEncoder

SCRIPT = Path(__file__).resolve().parents[3] / "deploy" / "obs" / "vvlive_encoder.py"
START = EncoderTarget(1_500_000, scenes.WIDTH_PX, scenes.HEIGHT_PX, 10)
START_SIZE = (START.width_px, START.height_px, START.frame_rate_hz)
LOWER = EncoderTarget(400_000, scenes.WIDTH_PX, scenes.HEIGHT_PX, 10)
AUDIO_BPS = 96_000


def configure(home: Path, platform: Ingest) -> None:
    """OBS's files as in the demo, with the script loaded."""
    studio = configuration.Studio(
        ingest_url=platform.play_url,
        platform_url=f"rtmp://127.0.0.1:{platform.ports.ingest}/live",
        platform_key=KEY,
        websocket_port=free_port(),
        websocket_password="not asked here",
    )
    configuration.write(studio, home)
    path = home / "obs-studio" / "basic" / "scenes" / f"{configuration.NAME}.json"
    collection = json.loads(path.read_text())
    collection["modules"] = {"scripts-tool": [{"path": str(SCRIPT), "settings": {}}]}
    path.write_text(json.dumps(collection))


@contextmanager
def running(argv: tuple[str, ...], log: Path, environment: dict[str, str], number: signal.Signals) -> Iterator[None]:
    """A program for the length of the block, ended with `number`."""
    with log.open("wb") as out, subprocess.Popen(argv, env=environment, stdout=out, stderr=out) as process:
        try:
            yield
        finally:
            process.send_signal(number)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.fixture
def home(tmp_path: Path, ingest: Ingest) -> Iterator[Path]:
    """The directory of an OBS that streams, its script listening."""
    display, home = starting.free_display(), tmp_path / "obs"
    configure(home, ingest)
    environment = {"PATH": os.environ["PATH"], **starting.obs_environment(home, display)}
    with ExitStack() as stack:
        stack.enter_context(
            running(starting.xvfb_argv(display), tmp_path / "xvfb.log", dict(os.environ), signal.SIGTERM)
        )
        until(lambda: starting.socket_of(display).exists(), what="the display")
        stack.enter_context(running(starting.obs_argv(), tmp_path / "obs.log", environment, signal.SIGINT))
        until((home / "vvlive-obs-encoder").exists, what="the script listens", within_s=30)
        until(ingest.received_bytes, what="OBS streams", within_s=30)
        yield home


async def received_bps(platform: Ingest, *, over_s: float) -> float:
    """What arrives at nginx."""
    before, began_s = platform.received_bytes() or 0, time.monotonic()
    await asyncio.sleep(over_s)
    return ((platform.received_bytes() or 0) - before) * 8 / (time.monotonic() - began_s)


async def until_streaming(encoder: VerbsEncoder) -> None:
    """Wait until the script tells that the stream runs."""
    for _ in range(100):
        if (await encoder.read()).publishing:
            return
        await asyncio.sleep(0.1)
    pytest.fail(f"never streaming: {await encoder.read()}")


async def test_an_order_changes_what_arrives(home: Path, ingest: Ingest) -> None:
    """A quarter of the bitrate arrives as such; a size is refused; ten changes later OBS streams on."""
    encoder = obs_encoder(home / "vvlive-obs-encoder", impacts=Impacts(bitrate=Impact.NONE), bitrates=Range())
    await until_streaming(encoder)
    found, status = await encoder.probe(), await encoder.read()
    full_bps = await received_bps(ingest, over_s=1.5)
    lower = await encoder.apply(LOWER, Impact.NONE)
    await asyncio.sleep(1)
    low_bps = await received_bps(ingest, over_s=2)
    geometry = await encoder.apply(EncoderTarget(400_000, 320, 180, 10), Impact.NONE)
    for bitrate_bps in range(500_000, 1_500_000, 100_000):
        assert (await encoder.apply(EncoderTarget(bitrate_bps, *START_SIZE), Impact.NONE)).outcome is Outcome.APPLIED
    after = await encoder.read()

    assert found is not None
    assert found.identity.startswith("OBS 29")
    assert status.configured == START
    assert (lower.outcome, lower.read_back) == (Outcome.APPLIED, LOWER)
    assert low_bps < 0.5 * full_bps
    assert geometry.outcome is Outcome.REFUSED
    assert (after.reachable, after.publishing) == (True, True)
