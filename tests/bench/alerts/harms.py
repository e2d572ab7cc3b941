"""What is done to the running demo where killing or freezing a program is not enough.

Each lasts for an `async with`, and is taken back after it. One that takes a while to do gives the moment from which
its alerts are due, epoch seconds.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from deploy.demo import media, ports, rendering
from deploy.demo.link import Change
from deploy.demo.studio import scenes
from tests.bench.alerts.admission import APPLICATION, LIFE
from tests.bench.alerts.stage import Stage

GUESSES, AT_ONCE, MANY = 24, 4, 11
AHEAD_S = 2.0
EXPORTER_ASIDE = f"127.0.0.1:{ports.MPTCP_EXPORTER + 10_000}"
FLAPS, DEAD_S, ALIVE_S = 4, 2.0, 6.0
STATE_BYTES = 4_000_000
CUT, SENT_BYTES = "reject with tcp reset", "net.ipv4.tcp_wmem"
SETTLED_S, SLOWER_EACH_S = 5.0, 1.5


@asynccontextmanager
async def dark(stage: Stage, *uplinks: str) -> AsyncIterator[None]:
    """These uplinks swallow everything."""
    stage.shade(*uplinks, dark=True)
    try:
        yield
    finally:
        stage.shade(*uplinks, dark=False)


@asynccontextmanager
async def unbonded(stage: Stage) -> AsyncIterator[None]:
    """MPTCP switched off at the rig."""
    stage.world.pi.sysctl("net.mptcp.enabled", 0)
    try:
        yield
    finally:
        stage.world.pi.sysctl("net.mptcp.enabled", 1)


@asynccontextmanager
async def fallen_back(stage: Stage) -> AsyncIterator[float]:
    """The server's proxy without MPTCP, as after an update that lost it: whoever connects falls back to plain TCP."""
    _, _, *plain = stage.argv("haproxy-vps")  # without `mptcpize run`
    async with stage.running("haproxy-vps", *plain, ready=True):
        yield time.time()


def stripped(stage: Stage) -> AbstractAsyncContextManager[None]:
    """A middlebox begins to take MPTCP's options out of what the server answers: nothing is acknowledged."""
    return stage.filtered(stage.world.vps, f"tcp sport {ports.BOND_RTMP} reset tcp option mptcp;")


@asynccontextmanager
async def flapping(stage: Stage) -> AsyncIterator[float]:
    """One uplink dies again and again; due from its fourth death on."""
    uplink = stage.world.uplinks[1].name
    await asyncio.sleep(SETTLED_S)  # of a counter that was never seen at 0 the first rise is not seen either
    for _ in range(FLAPS - 1):
        async with dark(stage, uplink):
            await asyncio.sleep(DEAD_S)
        await asyncio.sleep(ALIVE_S)
    began_s = time.time()
    async with dark(stage, uplink):
        yield began_s


@asynccontextmanager
async def slow(stage: Stage) -> AsyncIterator[float]:
    """One uplink becomes slower and slower, as in a cell that fills up; due when its round trip takes half a second."""
    uplink = stage.world.uplinks[0]
    try:
        for delay_s in (0.1, 0.18, 0.25):
            began_s = time.time()
            stage.world.control.set(uplink.name, Change(delay_s=delay_s))
            await asyncio.sleep(SLOWER_EACH_S)
        yield began_s
    finally:
        stage.world.control.set(uplink.name, Change(delay_s=uplink.delay_s))


@asynccontextmanager
async def platform(stage: Stage, verdict: str) -> AsyncIterator[None]:
    """What OBS sends to the platform meets this verdict of nftables."""
    try:
        async with stage.filtered(stage.world.vps, f"tcp dport {ports.PLATFORM_RTMP} {verdict};"):
            yield
    finally:
        await _hang_up(stage)  # else it takes OBS, which comes back, for a second publisher


async def _hang_up(stage: Stage) -> None:
    """End what OBS publishes at the platform; it connects again after a second."""
    key = (stage.directory / "picture-platform.url").read_text(encoding="utf-8").strip().rpartition("/")[2]
    which = f"srv=1&app={media.PLATFORM_APPLICATION}&name={key}"  # the ingest is server 0 of the same nginx
    await stage.order(f"http://127.0.0.1:{ports.INGEST_STAT}/control/drop/publisher?{which}")


@asynccontextmanager
async def slow_platform(stage: Stage, verdict: str) -> AsyncIterator[float]:
    """The same on a way with as little in it as one to a real platform; due once OBS has connected over that."""
    usual = stage.world.vps.sysctl(SENT_BYTES)
    stage.world.vps.sysctl(SENT_BYTES, "4096 16384 65536")  # loopback's megabytes would take OBS's stream for 20 s
    try:
        await _hang_up(stage)
        await asyncio.sleep(SETTLED_S)
        await stage.until("vvlive_obs_reconnecting == 0 and vvlive_obs_output_still_seconds < 1")
        began_s = time.time()
        async with platform(stage, verdict):
            yield began_s
    finally:
        stage.world.vps.sysctl(SENT_BYTES, usual)


def unread(stage: Stage) -> AbstractAsyncContextManager[None]:
    """The ingest's page of statistics cannot be had."""
    return stage.filtered(stage.world.vps, f"tcp dport {ports.INGEST_STAT} {CUT};")


def apart(stage: Stage) -> AbstractAsyncContextManager[None]:
    """The two controllers cannot reach each other, while everything else goes on."""
    return stage.filtered(stage.world.pi, f"tcp dport {ports.RIG_LINK} {CUT};")


@asynccontextmanager
async def muted(stage: Stage) -> AsyncIterator[None]:
    """The sound of the stream muted in OBS."""
    on, off = ({"inputName": scenes.INGEST, "inputMuted": muted} for muted in (True, False))
    async with stage.told("SetInputMute", on, off):
        yield


@asynccontextmanager
async def paused(stage: Stage) -> AsyncIterator[None]:
    """The ingest's picture stands still in OBS, while data arrives."""
    pause, play = (
        {"inputName": scenes.INGEST, "mediaAction": f"OBS_WEBSOCKET_MEDIA_INPUT_ACTION_{action}"}
        for action in ("PAUSE", "PLAY")
    )
    async with stage.told("TriggerMediaInputAction", pause, play):
        yield


@asynccontextmanager
async def renamed(stage: Stage) -> AsyncIterator[float]:
    """The scene for a late picture has another name in OBS, and the picture comes late."""
    away = {"sceneName": scenes.SIMPLE, "newSceneName": "Somewhere else"}
    back = {"sceneName": "Somewhere else", "newSceneName": scenes.SIMPLE}
    async with stage.told("SetSceneName", away, back):
        await asyncio.sleep(SETTLED_S)
        began_s = time.time()
        async with dark(stage, *(uplink.name for uplink in stage.world.uplinks)):
            yield began_s


@asynccontextmanager
async def guessed(stage: Stage) -> AsyncIterator[float]:
    """Somebody tries key after key at the ingest; due from the guess on that makes it more than ten in a minute."""
    gate, refused = asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(0)
    async with asyncio.TaskGroup() as group:
        attempts = [group.create_task(_guess(stage, number, gate, refused)) for number in range(GUESSES)]
        try:
            for _ in range(MANY):
                await refused.acquire()
            yield time.time()
        finally:
            for attempt in attempts:
                attempt.cancel()


async def _guess(stage: Stage, number: int, gate: asyncio.Semaphore, refused: asyncio.Semaphore) -> None:
    url = f"rtmp://127.0.0.1:{ports.INGEST_RTMP}/{APPLICATION}/guess-{number}"
    video = ("-f", "lavfi", "-i", "color=size=64x64:rate=5", "-t", "1", "-c:v", "flv", "-f", "flv", url)
    async with gate:
        process = await asyncio.create_subprocess_exec(
            *stage.world.vps.command(("ffmpeg", "-loglevel", "quiet", "-nostdin", *video))
        )
        await process.wait()
    refused.release()


@asynccontextmanager
async def expiring(stage: Stage) -> AsyncIterator[None]:
    """The one key of the service ends tomorrow."""
    stage.admission.grant(timedelta(days=1))
    try:
        yield
    finally:
        stage.admission.grant(LIFE)


@asynccontextmanager
async def spoilt(stage: Stage) -> AsyncIterator[None]:
    """The file of keys is none any more."""
    stage.admission.spoil()
    try:
        yield
    finally:
        stage.admission.grant(LIFE)


@asynccontextmanager
async def capped(stage: Stage) -> AsyncIterator[float]:
    """Contracts of which one uplink has used 90 % and the other 120 %; due once the rig's controller has read them."""
    found = await stage.asked(f'max by (uplink) (vvlive_uplink_month_bytes{{rig="{rendering.RIG}",site="edge"}})')
    used = {one["metric"]["uplink"]: float(one["value"][1]) for one in found}
    near, reached = (uplink.name for uplink in stage.world.uplinks)
    plans = {near: {"cap_bytes": round(used[near] / 0.9)}, reached: {"cap_bytes": round(used[reached] / 1.2)}}
    async with stage.running("controller-edge", *_configured(stage, data_plans=plans), ready=True):
        yield time.time()


@asynccontextmanager
async def ahead(stage: Stage) -> AsyncIterator[float]:
    """The rig's samples stamped 2 s in the future; its clock is the machine's, so what it would do is done."""
    real = (*stage.argv("mptcp-exporter-edge"), "--listen", EXPORTER_ASIDE)
    relay = (sys.executable, "-m", "tests.bench.alerts.ahead", "--listen", f"127.0.0.1:{ports.MPTCP_EXPORTER}")
    how = ("--real", f"http://{EXPORTER_ASIDE}", "--by", str(AHEAD_S), "--")
    async with stage.running("mptcp-exporter-edge", *relay, *how, *real, ready=True):
        yield time.time()


@asynccontextmanager
async def full(stage: Stage) -> AsyncIterator[float]:
    """The disk with the state of the rig's controller is full: a small one of its own, in its own mount namespace."""
    state = stage.directory / "edge-state-small"
    state.mkdir(exist_ok=True)
    mount = f'mount -t tmpfs -o size={STATE_BYTES} none "{state}" && exec "$@"'
    argv = ("unshare", "--mount", "sh", "-c", mount, "sh", *_configured(stage, state_dir=str(state)))
    async with stage.running("controller-edge", *argv, ready=True) as pid:
        await asyncio.sleep(15.0)  # its first minutes of history are written
        began_s = time.time()
        await asyncio.to_thread(_fill, Path(f"/proc/{pid}/root{state}/filler"))
        yield began_s


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            os.fsync(file.fileno())


def _configured(stage: Stage, **changes: Any) -> tuple[str, ...]:  # noqa: ANN401 - whatever a configuration holds
    """How the rig's controller is started with another configuration."""
    usual, other = stage.directory / "edge.yml", stage.directory / "edge-instead.yml"
    config = yaml.safe_load(usual.read_text(encoding="utf-8")) | changes
    other.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return tuple(str(other) if argument == str(usual) else argument for argument in stage.argv("controller-edge"))
