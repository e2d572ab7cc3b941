"""`python -m tests.bench.rtmp_auth`: how fast publishers are let in, while the metrics are scraped.

nginx opens a connection for each question, and so does this: RATE questions a second are put, each at its own
moment, half of them guesses from everywhere. What counts is from that moment to the answer, waiting included.
Exit code 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import perf_counter

import aiohttp

from tests.bench.targets import Result, report

KEYS, KEY = 50, "k3y-that-nobody-may-see"
TARGET_P99_S = 0.020


def _ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as two:
        for probe in (one, two):
            probe.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1]), int(two.getsockname()[1])


@asynccontextmanager
async def _service(root: Path) -> AsyncIterator[tuple[str, str]]:
    auth, metrics = _ports()
    keys = root / "keys.json"
    keys.write_text(json.dumps({"publish": [KEY, *(f"other-{number}" for number in range(KEYS - 1))]}))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "exporters.rtmp_auth", "--keys", str(keys)),
        *("--answer", f"127.0.0.1:{auth}", "--listen", f"127.0.0.1:{metrics}"),
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{auth}", f"http://127.0.0.1:{metrics}/metrics"
    finally:
        process.terminate()
        await process.wait()


async def _ready(client: aiohttp.ClientSession, url: str) -> None:
    for _ in range(200):
        try:
            async with client.get(f"{url}/health") as answer:
                if answer.status == 200:
                    return
        except aiohttp.ClientError:
            pass
        await asyncio.sleep(0.05)
    raise RuntimeError("the service was not ready within 10 s")


async def _ask(client: aiohttp.ClientSession, url: str, number: int, due_s: float) -> tuple[float, bool]:
    """Seconds from when the question was due to its answer, and whether the answer was right."""
    await asyncio.sleep(max(0.0, due_s - perf_counter()))
    right = number % 2 == 0
    address = "192.0.2.1" if right else f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    form = {"app": "publish", "call": "publish", "addr": address, "clientid": str(number)}
    async with client.post(f"{url}/auth/", data={**form, "name": KEY if right else f"guess-{number}"}) as answer:
        return perf_counter() - due_s, answer.status == (200 if right else 401)


async def _scraped(client: aiohttp.ClientSession, url: str) -> None:
    while True:
        async with client.get(url) as answer:
            await answer.read()
        await asyncio.sleep(1.0)


async def measure(rate: int, seconds: int, root: Path) -> list[Result]:
    """The table's lines."""
    connector = aiohttp.TCPConnector(force_close=True, limit=0)
    async with _service(root) as (url, metrics), aiohttp.ClientSession(connector=connector) as client:
        await _ready(client, url)
        scraping = asyncio.create_task(_scraped(client, metrics))
        begin_s = perf_counter() + 0.1
        asked = [_ask(client, url, number, begin_s + number / rate) for number in range(rate * seconds)]
        answers = await asyncio.gather(*asked)
        took_s = perf_counter() - begin_s
        scraping.cancel()
    waited_s = sorted(waited for waited, _ in answers)
    p50_s, p99_s = waited_s[len(waited_s) // 2], waited_s[len(waited_s) * 99 // 100]
    reached = len(answers) / took_s
    wrong = sum(not right for _, right in answers)
    return [
        Result("answers a second", f"{reached:.0f}", f">= {0.98 * rate:.0f}", holds=reached >= 0.98 * rate),
        Result("to the answer, p50", f"{p50_s * 1e3:.1f} ms", "-", holds=True),
        Result("to the answer, p99", f"{p99_s * 1e3:.1f} ms", "< 20 ms", holds=p99_s < TARGET_P99_S),
        Result("wrong answers", str(wrong), "0", holds=wrong == 0),
    ]


def main() -> int:
    """Measure, print the table, and say whether the targets hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.rtmp_auth", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rate", type=int, default=500, help="questions a second (default 500)")
    parser.add_argument("--seconds", type=int, default=20, help="for so long (default 20)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        return 0 if report(asyncio.run(measure(options.rate, options.seconds, Path(root)))) else 1


if __name__ == "__main__":
    sys.exit(main())
