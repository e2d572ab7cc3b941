"""From a decision to a device that did it: `python -m tests.bench.actuation`. Needs root, 4 min for the encoder.

The whole demo runs, with its encoder live-capable. A cap is ordered at the rig's own controller, again and again,
and each fall is timed from the decision: to the encoder's read-back, as the controller's journal has it, and to the
moment at which no more than the middle between old and new bitrate arrives at the ingest in half a second, as nginx
counts it. `--part studio` measures OBS instead. Exits with 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp

from deploy.demo import ports
from deploy.demo.readiness import connector
from tests.bench import studio
from tests.bench.overrides import demo
from tests.bench.targets import Result, report, timed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from deploy.demo.namespaces import Namespace
    from tests.bench.asking import Answer
    from tests.bench.overrides import Pair

READ_BACK_S, ARRIVED_S = 0.5, 3.0
HIGH_BPS, LOW_BPS = 2_200_000, 900_000
CLIMBED_WITHIN_S = 45.0
LOOK_EVERY_S = 0.05
# The encoder's rate control has no shorter memory, and a keyframe every 2 s is no trend.
RATE_OVER_S = 0.5


@dataclass(frozen=True, slots=True)
class Fall:
    """Seconds from the decision; None where it was not seen."""

    read_back_s: float | None
    arrived_s: float | None


class Arriving:
    """What arrives at the ingest, by nginx's own count of bytes, looked at all the time."""

    def __init__(self, host: Namespace) -> None:
        self._session = aiohttp.ClientSession(connector=connector(host), timeout=aiohttp.ClientTimeout(2.0))
        self._seen: deque[tuple[float, int]] = deque(maxlen=round(30 / LOOK_EVERY_S))
        self._task = asyncio.create_task(self._look())

    async def _look(self) -> None:
        url = f"http://127.0.0.1:{ports.INGEST_STAT}/stat"
        while True:
            try:
                async with self._session.get(url) as answer:
                    text = await answer.text()
            except (aiohttp.ClientError, TimeoutError):
                text = ""
            found = re.search(r"<name>live</name>.*?<stream>.*?<bytes_in>(\d+)<", text, re.DOTALL)
            if found is not None:
                self._seen.append((time.time(), int(found[1])))
            await asyncio.sleep(LOOK_EVERY_S)

    def first_below(self, bps: float, *, since_s: float) -> float | None:
        """When it was first known that the last half second brought less than `bps`; None while it did not."""
        seen = list(self._seen)
        for place, (at_s, count) in enumerate(seen):
            if at_s <= since_s:
                continue
            before = next((one for one in reversed(seen[:place]) if one[0] <= at_s - RATE_OVER_S), None)
            if before is not None and (count - before[1]) * 8 / (at_s - before[0]) < bps:
                return at_s
        return None

    async def close(self) -> None:
        """Stop looking."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._session.close()


async def fall(pair: Pair, arriving: Arriving, number: int) -> Fall:
    """Let the encoder climb, order a cap, and time what follows from the decision on."""
    await pair.rig.until("/api/status", _high, within_s=CLIMBED_WITHIN_S)
    await asyncio.sleep(1.5)  # what arrives must have climbed as well
    before_bps = float((await pair.rig.get("/api/status"))["encoder"]["plays"]["bitrate_bps"])
    cap_bps, given_s = LOW_BPS + 1_000 * number, time.time()
    await pair.rig.order(reason=f"measured {number}", bitrate_cap_bps=cap_bps)

    def decided(answer: Answer) -> Answer | None:
        rows = [one for one in answer["decisions"] if one["at_s"] >= given_s - 1.0 and one["target"]]
        return next((one for one in reversed(rows) if one["target"]["bitrate_bps"] <= cap_bps), None)

    answer = await pair.rig.until("/api/decisions?limit=20", lambda one: _applied_s(decided(one)), within_s=15.0)
    found = decided(answer)
    assert found is not None
    decided_s, applied_s = float(found["at_s"]), _applied_s(found)
    arrived_s = None
    deadline_s = time.monotonic() + 10.0
    while arrived_s is None and time.monotonic() < deadline_s:
        await asyncio.sleep(LOOK_EVERY_S)
        arrived_s = arriving.first_below((before_bps + cap_bps) / 2, since_s=decided_s)
    await pair.rig.end()
    return Fall(
        None if applied_s is None else applied_s - decided_s, None if arrived_s is None else arrived_s - decided_s
    )


def _high(answer: Answer) -> bool:
    plays = (answer["encoder"] or {}).get("plays")
    return plays is not None and plays["bitrate_bps"] >= HIGH_BPS


def _applied_s(decision: Answer | None) -> float | None:
    orders = decision["orders"] if decision else []
    return next((float(one["applied_s"]) for one in orders if one["applied_s"] is not None), None)


async def encoder(*, falls: int) -> list[Result]:
    """The encoder's lines of the table."""
    async with demo() as pair:
        arriving = Arriving(pair.world.vps)
        try:
            found = [await fall(pair, arriving, number) for number in range(falls)]
        finally:
            await arriving.close()
    return list(_results(found))


def _results(found: Sequence[Fall]) -> Iterator[Result]:
    rows = (
        ("encoder's read-back, from the decision", [one.read_back_s for one in found], READ_BACK_S),
        ("arrival at the ingest, from the decision", [one.arrived_s for one in found], ARRIVED_S),
    )
    for name, values_s, target_s in rows:
        yield timed(name, values_s, target_s)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.actuation", description=__doc__)
    parser.add_argument("--part", choices=["encoder", "studio"], default="encoder", help="default: encoder")
    parser.add_argument("--falls", type=int, default=20, help="of the encoder's bitrate; default 20")
    options = parser.parse_args(argv)
    if options.part == "studio":
        return studio.main([])
    return 0 if report(asyncio.run(encoder(falls=max(2, options.falls)))) else 1


if __name__ == "__main__":
    sys.exit(main())
