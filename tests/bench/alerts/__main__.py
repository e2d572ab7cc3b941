"""`python -m tests.bench.alerts --quiet 600 | --faults`: the alerts of the real demo; needs root.

`--quiet` lets the demo stand on good links for so many seconds and names every alert that was pending or fired,
its start included, and for how long encoder and OBS left an answer out; exit code 1 when one fired. `--faults` does
one harm after another to it and measures how long each alert took; exit code 1 when one fired later than its own
allowance, its `for` and 5 s together. Both in parts of their own where the machine is shared: `--only "OBS killed"`,
which may be repeated.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.demo.options import parse
from deploy.demo.runner import run
from tests.bench.alerts.faults import FAULTS, Fault
from tests.bench.alerts.sightings import Sighting, first, waits
from tests.bench.alerts.stage import Stage

TOLERANCE_S = 5.0
SETTLED_WITHIN_S = 60.0
SETTLED_S = 3.0
LOOK_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class Row:
    """One alert of one fault, seconds after the fault; None: never. `allowed_s` is what comes before its `for`."""

    fault: str
    alert: str
    allowed_s: float
    for_s: float
    pending_s: float | None
    firing_s: float | None

    @property
    def holds(self) -> bool:
        """Whether it fired in time."""
        return self.firing_s is not None and self.firing_s <= self.allowed_s + self.for_s + TOLERANCE_S

    def line(self) -> str:
        """As a line of the table."""
        verdict = "ok" if self.holds else "MISSED"
        times = [f"{self.allowed_s:.0f}", f"{self.for_s:.0f}", _said(self.pending_s), _said(self.firing_s)]
        return f"| {self.fault} | {self.alert} | {' | '.join(times)} | {verdict} |"


def _said(took_s: float | None) -> str:
    return "never" if took_s is None else f"{took_s:.1f}"


def quiet_line(one: Sighting, *, ready_s: float) -> str:
    """One alert that should not have been, with its evaluations, about one a second."""
    begin_s = min((*one.pending_s, *one.firing_s)) - ready_s
    return f"| {one.name} | {one.on} | {begin_s:+.0f} | {len(one.pending_s)} | {len(one.firing_s)} |"


async def _quiet(stage: Stage, length_s: float) -> bool:
    ready_s = time.time()
    sys.stdout.write(f"ready after {ready_s - stage.began_s:.1f} s; Prometheus is at {stage.url}\n")
    sys.stdout.flush()
    await asyncio.sleep(length_s)
    seen = await stage.alerts(since_s=stage.began_s)
    load = " ".join(f"{load:.1f}" for load in os.getloadavg())  # a machine that is too slow for OBS says so rightly
    sys.stdout.write(f"load of the last 1, 5, 15 min: {load} on {os.cpu_count()} cores\n")
    sys.stdout.write("| alert | of | begins, s from ready | pending, s | firing, s |\n|---|---|---|---|---|\n")
    sys.stdout.write("".join(f"{quiet_line(one, ready_s=ready_s)}\n" for one in seen))
    ages = f"max by (target) (max_over_time(vvlive_device_answer_age_seconds[{length_s:.0f}s]))"
    for series in await stage.asked(ages):
        sys.stdout.write(f"{series['metric']['target']}: at most {float(series['value'][1]):.1f} s without an answer\n")
    return not any(one.firing_s for one in seen)


async def _settled(stage: Stage, fault: Fault) -> None:
    """Wait until no alert of the fault has been seen for a while; say which stay."""
    deadline_s = time.monotonic() + SETTLED_WITHIN_S
    while True:
        seen = await stage.alerts(since_s=time.time() - SETTLED_S)
        standing = [one for one in seen if one.name in fault.alerts]
        if not standing:
            return
        if time.monotonic() > deadline_s:
            sys.stdout.write(f"still: {', '.join(f'{one.name} {one.on}' for one in standing)}\n")
            return
        await asyncio.sleep(LOOK_EVERY_S)


async def _harm(stage: Stage, fault: Fault, for_s: dict[str, float]) -> list[Row]:
    await _settled(stage, fault)
    began_s = time.time()
    standing = {(one.name, one.on) for one in await stage.alerts(since_s=began_s - SETTLED_S)}
    last_s = max(allowed_s + for_s[name] for name, allowed_s in fault.alerts.items()) + TOLERANCE_S + 1.0
    async with fault.inject(stage) as due_s:
        began_s = due_s or began_s
        while True:
            found = await stage.alerts(since_s=began_s)
            seen = [one for one in found if (one.name, one.on) not in standing]
            fired = {name for name in fault.alerts if first(seen, name, "firing", after_s=began_s) is not None}
            if fired == set(fault.alerts) or time.time() > began_s + last_s:
                break
            await asyncio.sleep(LOOK_EVERY_S)
    beside = [f"{one.name} {one.on}" for one in seen if one.name not in fault.alerts and one.firing_s]
    sys.stdout.write("".join(f"  fired beside it: {one}\n" for one in beside))
    return [
        Row(
            fault.name,
            name,
            allowed_s,
            for_s[name],
            first(seen, name, "pending", after_s=began_s),
            first(seen, name, "firing", after_s=began_s),
        )
        for name, allowed_s in fault.alerts.items()
    ]


async def _faults(stage: Stage, chosen: Sequence[Fault]) -> bool:
    head = "| fault | alert | allowed before, s | for, s | pending after, s | firing after, s | |"
    sys.stdout.write(f"{head}\n|---|---|---|---|---|---|---|\n")
    for_s, holds = waits(), True
    for fault in chosen:
        try:
            rows = await _harm(stage, fault, for_s)
        except TimeoutError:  # the next ones may be done all the same
            rows = [Row(f"{fault.name}: NOT DONE", name, 0.0, for_s[name], None, None) for name in fault.alerts]
        sys.stdout.write("".join(f"{row.line()}\n" for row in rows))
        sys.stdout.flush()
        holds &= all(row.holds for row in rows)
    return holds


async def _run(options: argparse.Namespace) -> int:
    demo = ["--transport", options.transport]
    with tempfile.TemporaryDirectory(prefix="vvlive-alerts-") as name:
        async with Stage(parse(demo), options.logs or Path(name)) as stage:
            if options.quiet is not None:
                return 0 if await _quiet(stage, options.quiet) else 1
            chosen = [fault for fault in FAULTS if not options.only or fault.name in options.only]
            return 0 if await _faults(stage, chosen) else 1


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print; 1 when an alert fired that should not, or not in time."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.alerts", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--quiet", type=float, metavar="S", help="stand on good links for so long")
    what.add_argument("--faults", action="store_true", help="do one harm after another")
    names = [fault.name for fault in FAULTS]
    parser.add_argument("--only", action="append", choices=names, help="only this fault; may be repeated")
    parser.add_argument("--transport", choices=("mptcp", "srtla"), default="mptcp", help="default: %(default)s")
    parser.add_argument("--logs", type=Path, metavar="DIR", help="keep the programs' logs there")
    options = parser.parse_args(argv)
    if options.logs is not None:
        options.logs.mkdir(parents=True, exist_ok=True)
    return run(lambda: _run(options))


if __name__ == "__main__":
    sys.exit(main())
