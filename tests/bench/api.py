"""Whether the API's load delays the loop: `python -m tests.bench.api`. One minute, nothing else needed.

A controller runs as a process of its own against a Prometheus of ours, which notes when each tick asks. First it is
left alone, then asked so many times a second by another process. A tick's delay is how much later it asks than the
schedule that the punctual ones keep. Exits with 1 when a tick was delayed too much, or not everything was answered.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import sys
import tempfile
import time
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING

import aiohttp
import yaml

from controller.decision.model import Transport
from controller.decision.observing import WINDOW_S, metrics
from tests.bench.targets import Result, report
from tests.fakes.prometheus_server import PrometheusServer, matrix

if TYPE_CHECKING:
    from collections.abc import Sequence

DELAY_S = 0.050
PERIOD_S = 0.25
SCRAPES_PER_S = 4
UPLINKS = ("verizon", "att")
# What a page, a Stream Deck, Grafana and Prometheus ask.
MIX = (
    "/api/status",
    "/api/decisions?limit=15",
    "/api/metrics",
    "/api/status",
    "/api/events?limit=15",
    "/metrics",
    "/api/metrics/aggregated",
    "/api/override",
    "/api/ingest/stats",
    "/api/sessions",
)
START_S = 30.0
_JITTER_S = 0.005


class Ticking(PrometheusServer):
    """A Prometheus that has a window as large as a rig's, always fresh, and notes when it is asked for it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_s: list[float] = []

    async def _answer(self, writer: asyncio.StreamWriter) -> None:
        if "uplink_rtt_seconds" in self.queries[-1]["query"]:
            self.asked_s.append(time.monotonic())
        self.body = _window(time.time())
        await super()._answer(writer)


def _window(now_s: float) -> bytes:
    count = int(WINDOW_S * SCRAPES_PER_S)
    times = [round(now_s - place / SCRAPES_PER_S, 3) for place in range(count, 0, -1)]
    rows = []
    for name in metrics((Transport.MPTCP,)):
        for uplink in UPLINKS if "uplink" in name else ("",):
            labels = {"__name__": name, "rig": "bench", "site": "edge", "job": "mptcp"}
            labels |= {"uplink": uplink} if uplink else {}
            rows.append((labels, [(t_s, f"{1000.0 + place}") for place, t_s in enumerate(times)]))
    return matrix(*rows)


@dataclass(frozen=True, slots=True)
class Load:
    """What the asking process found: requests answered and not, and their times in seconds."""

    answered: int
    failed: int
    took_s: list[float]
    lasted_s: float


async def ask(url: str, *, rate_hz: float, seconds: float) -> Load:
    """Ask so often, whether or not answers come."""
    found: list[float] = []
    failed = 0
    connector = aiohttp.TCPConnector(limit=50)
    async with aiohttp.ClientSession(base_url=url, connector=connector, timeout=aiohttp.ClientTimeout(5.0)) as session:

        async def once(path: str) -> None:
            nonlocal failed
            asked_s = time.monotonic()
            try:
                async with session.get(path) as answer:
                    await answer.read()
                    failed += not answer.ok
            except (aiohttp.ClientError, TimeoutError):
                failed += 1
            found.append(time.monotonic() - asked_s)

        start_s = time.monotonic()
        async with asyncio.TaskGroup() as tasks:
            for number in range(round(rate_hz * seconds)):
                await asyncio.sleep(max(0.0, start_s + number / rate_hz - time.monotonic()))
                tasks.create_task(once(MIX[number % len(MIX)]))
        return Load(len(found) - failed, failed, found, time.monotonic() - start_s)


def punctual_s(asked_s: Sequence[float]) -> float:
    """The moment, on the clock of `asked_s`, to which the schedule of undisturbed ticks is whole periods away."""
    first_s = asked_s[len(asked_s) // 2]
    return first_s + min(at_s - first_s - PERIOD_S * round((at_s - first_s) / PERIOD_S) for at_s in asked_s)


def delays_s(asked_s: Sequence[float], schedule_s: float) -> list[float]:
    """How much later than the schedule each tick came; one that was left out counts for the one after it."""
    found = []
    for before_s, at_s in zip([asked_s[0] - PERIOD_S, *asked_s], asked_s, strict=False):
        # A tick may come a little before what seemed to be the most punctual one.
        late_s = (at_s - schedule_s + _JITTER_S) % PERIOD_S - _JITTER_S
        left_out = max(0, round((at_s - late_s - before_s) / PERIOD_S) - 1)
        found.append(max(0.0, late_s) + left_out * PERIOD_S)
    return found


async def _controller(stack: AsyncExitStack, directory: Path, prometheus: str, port: int) -> None:
    config = {
        "rig": "bench",
        "state_dir": str(directory / "state"),
        "prometheus": {"url": prometheus, "period_s": PERIOD_S},
        "encoder": {"url": f"http://127.0.0.1:{_free_port()}", "password_env": "VVLIVE_BENCH_PASSWORD"},
        "api": {"listen": f"127.0.0.1:{port}"},
    }
    path = directory / "controller.yml"
    await asyncio.to_thread(path.write_text, yaml.safe_dump(config), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "controller", "run", "--config", str(path),
        env={**os.environ, "VVLIVE_BENCH_PASSWORD": "none is needed"},
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    stack.push_async_callback(_ended, process)
    async with asyncio.timeout(START_S), aiohttp.ClientSession() as session:
        while process.returncode is None:
            with suppress(aiohttp.ClientError):
                async with session.get(f"http://127.0.0.1:{port}/-/healthy") as answer:
                    if answer.ok:
                        return
            await asyncio.sleep(0.1)
    raise RuntimeError("the controller ended at once")


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    await process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def measure(*, rate_hz: float, seconds: float) -> list[Result]:
    """All lines of the table."""
    port = _free_port()
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vvlive-")))
        prometheus = await stack.enter_async_context(Ticking())
        await _controller(stack, directory, prometheus.url, port)
        await asyncio.sleep(3.0)
        prometheus.asked_s.clear()
        await asyncio.sleep(seconds)
        schedule_s = punctual_s(prometheus.asked_s)
        alone = delays_s(prometheus.asked_s, schedule_s)
        prometheus.asked_s.clear()
        load = await _asked(f"http://127.0.0.1:{port}", rate_hz=rate_hz, seconds=seconds)
        loaded = delays_s(prometheus.asked_s, schedule_s)
    rate = load.answered / load.lasted_s
    worst_s = max(loaded, default=float("inf"))
    ticks = seconds / PERIOD_S
    return [
        Result("ticks late, left alone", _spread(alone), "-", holds=True),
        Result(f"ticks late, asked {rate_hz:g} times a second", _spread(loaded), "worst 50 ms", worst_s <= DELAY_S),
        Result("ticks made meanwhile", f"{len(loaded)}", f"{0.98 * ticks:.0f}", len(loaded) >= 0.98 * ticks),
        Result("requests answered", f"{rate:.1f} /s", f"{0.99 * rate_hz:g} /s", rate >= 0.99 * rate_hz),
        Result("requests not answered", f"{load.failed}", "0", load.failed == 0),
        Result("an answer took", _spread(load.took_s), "-", holds=True),
    ]


async def _asked(url: str, *, rate_hz: float, seconds: float) -> Load:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.api", "--ask", url, "--rate", str(rate_hz), "--seconds", str(seconds),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    told, _ = await process.communicate()
    return Load(**json.loads(told))


def _spread(values_s: Sequence[float]) -> str:
    if len(values_s) < 2:
        return "unknown"
    p99_s = quantiles(values_s, n=100, method="inclusive")[-1]
    return f"p50 {1e3 * median(values_s):.1f}, p99 {1e3 * p99_s:.1f}, worst {1e3 * max(values_s):.1f} ms"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.api", description=__doc__)
    parser.add_argument("--rate", type=float, default=100.0, help="requests a second; default 100")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each part; default 20")
    parser.add_argument("--ask", metavar="URL", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.ask is not None:
        load = asyncio.run(ask(options.ask, rate_hz=options.rate, seconds=options.seconds))
        sys.stdout.write(json.dumps({name: getattr(load, name) for name in Load.__slots__}))
        return 0
    return 0 if report(asyncio.run(measure(rate_hz=options.rate, seconds=options.seconds))) else 1


if __name__ == "__main__":
    sys.exit(main())
