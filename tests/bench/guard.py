"""The bond with and without the guard: `python -m tests.bench.guard [--case dark|slow|fair]`. Needs root.

`dark`, a quarter of an hour: one of two uplinks of 4 Mbit/s turns into a black hole under a stream of
2.5 Mbit/s, and heals 6 s later. Medians (and the worst) of the runs are held against their targets
where the guard runs; the runs without it stand beside them for comparison. Exits with 1 when a target
is missed. With `--dark` both uplinks go at once, too: nothing can keep that stream alive, so no target
but not to hang. `slow`
and `fair`, half an hour and ten minutes: `tests.bench.guard_slow`.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from deploy.demo.link import Change
from deploy.demo.world import ATT, VERIZON, Uplink, World
from tests.bench import guard_slow
from tests.bench.guard_stream import Arrival, Stream, recovery_s, stall_s
from tests.bench.guard_world import PORT, guarded, set_up
from tests.bench.targets import Result, report

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

RATE_BPS = 2_500_000
LINKS = tuple(Uplink(each.name, each.address, delay_s=each.delay_s, rate_bps=4_000_000) for each in (VERIZON, ATT))
WARM_S = 3.0
CARRIES_BYTES = 30_000  # twenty full segments: probes, a train of them, and handshakes do not add up to it
HEALED_S = 5.0
JIFFY_S = 0.01
TITLES = {VERIZON.name: "initial uplink dark", ATT.name: "joined uplink dark"}
STALL_S = 0.6
RECOVERED_S = 1.2  # until the first of the seconds with 90 % of the goodput, all of it younger than 250 ms
CARRY_S = 3.0


@dataclass(frozen=True, slots=True)
class Run:
    """What one run showed, in seconds; None where it did not happen."""

    stall_s: float
    recovery_s: float | None
    latest_s: float
    carries_s: float | None
    hung: bool


def blackout(names: Sequence[str], *, guard: bool, outage_s: float) -> Run:
    """One run: the named uplinks go dark together, and heal together."""
    with World(LINKS) as world:
        set_up(world)
        if not guard:
            return _blackout(world, names, outage_s)
        with guarded(world):
            return _blackout(world, names, outage_s)


def _blackout(world: World, names: Sequence[str], outage_s: float) -> Run:
    with Stream(world, port=PORT, rate_bps=RATE_BPS) as stream:
        time.sleep(WARM_S)
        dark_s = _switch(world, names, hole=True)
        time.sleep(outage_s)
        healed_s = _switch(world, names, hole=False)
        carries_s = _carries(world, healed_s)
        time.sleep(max(0.0, healed_s + HEALED_S - time.monotonic()))
        end_s = time.monotonic()
    return _judge(stream.receiver.arrivals, dark_s, healed_s, end_s, carries_s)


def _judge(arrivals: Sequence[Arrival], dark_s: float, healed_s: float, end_s: float, carries_s: float | None) -> Run:
    during = [each.latency_s for each in arrivals if dark_s <= each.at_s <= healed_s]
    after = [each.at_s for each in arrivals if each.at_s > healed_s]
    return Run(
        stall_s=stall_s(arrivals, dark_s, healed_s),
        recovery_s=recovery_s(arrivals, dark_s, healed_s, rate_bps=RATE_BPS),
        latest_s=max(during, default=0.0),
        carries_s=carries_s,
        hung=not after or end_s - after[-1] > 1.0,
    )


def _switch(world: World, names: Sequence[str], *, hole: bool) -> float:
    for name in names:
        world.control.set(name, Change(hole=hole))
    return time.monotonic()


def _carries(world: World, healed_s: float) -> float | None:
    """How long after healing until each uplink, the healed and the other, has carried ten segments."""
    start = world.control.read().up
    while time.monotonic() < healed_s + HEALED_S:
        now = world.control.read().up
        if all(now[name].out_bytes - start[name].out_bytes >= CARRIES_BYTES for name in now):
            return time.monotonic() - healed_s
        time.sleep(0.02)
    return None


def cost(length_s: float) -> Iterator[Result]:
    """The guard's share of one core, and its resident memory, beside a healthy stream."""
    with World(LINKS) as world, guarded(world) as guard, Stream(world, port=PORT, rate_bps=RATE_BPS):
        set_up(world)
        time.sleep(WARM_S)
        before = _cpu_s(guard.pid)
        time.sleep(length_s)
        share = (_cpu_s(guard.pid) - before) / length_s
        status = Path(f"/proc/{guard.pid}/status").read_text()
    mebibytes = int(status.partition("VmRSS:")[2].split()[0]) / 1024
    yield Result("guard beside a healthy stream", f"{100 * share:.1f} % of one core", "-", holds=True)
    yield Result("guard, resident memory", f"{mebibytes:.0f} MiB", "-", holds=True)


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * JIFFY_S


def judged(runs: Sequence[Run], title: str, *, guard: bool, dark: bool = False) -> Iterator[Result]:
    """The lines of the table for the runs of one case; without the guard, or with no uplink left, few have a target."""
    held = guard and not dark
    named = f"{title}, {'guard' if guard else 'no guard'}: "
    yield _timed(f"{named}stall", [run.stall_s for run in runs], STALL_S if held else None)
    yield _timed(f"{named}well again", [run.recovery_s for run in runs], RECOVERED_S if held else None)
    yield _timed(f"{named}oldest chunk", [run.latest_s for run in runs], None)
    yield _timed(f"{named}both carry after healing", [run.carries_s for run in runs], CARRY_S if held else None)
    hung = sum(run.hung for run in runs)
    yield Result(f"{named}hung", f"{hung} of {len(runs)}", "none" if guard else "-", holds=not (guard and hung))


def _timed(name: str, values: Sequence[float | None], target_s: float | None) -> Result:
    """Median and worst of the runs; a run in which it never happened counts as infinitely long."""
    known = sorted(float("inf") if value is None else value for value in values)
    never = sum(value is None for value in values)
    measured = f"{median(known):.2f} s (worst {known[-1]:.2f})" + (f", {never} never" if never else "")
    holds = target_s is None or median(known) <= target_s
    return Result(name, measured, "-" if target_s is None else f"{target_s:g} s", holds)


def _runs(title: str, names: Sequence[str], count: int, *, guard: bool, outage_s: float) -> list[Run]:
    """The runs of one case, each told on standard error as it ends: the table waits for the last."""
    runs = list[Run]()
    for number in range(1, count + 1):
        runs.append(blackout(names, guard=guard, outage_s=outage_s))
        case = f"{title}, {'guard' if guard else 'no guard'}, run {number} of {count}"
        sys.stderr.write(f"{case}: {_told(runs[-1])}\n")
        sys.stderr.flush()
    return runs


def _told(run: Run) -> str:
    times = {"stall": run.stall_s, "well again": run.recovery_s, "both carry": run.carries_s}
    told = ", ".join(f"{name} {'never' if value is None else f'{value:.2f} s'}" for name, value in times.items())
    return f"{told}{', hung' if run.hung else ''}"


def _measure(options: argparse.Namespace, *, runs: int, plain_runs: int) -> Iterator[Result]:
    if options.cost:
        yield from cost(20.0)
    cases: list[tuple[str, tuple[str, ...]]]
    cases = [(title, (name,)) for name, title in TITLES.items() if options.uplink in {None, name}]
    if options.dark:
        cases.append(("both dark", tuple(TITLES)))
    for title, names in cases:
        for guard, count in ((True, runs), (False, plain_runs)):
            played = _runs(title, names, count, guard=guard, outage_s=options.outage)
            if played:
                yield from judged(played, title, guard=guard, dark=len(names) > 1)


def main() -> None:
    """Run the cases and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.guard", description=__doc__)
    parser.add_argument("--case", choices=["dark", "slow", "fair"], default="dark", help="default: %(default)s")
    parser.add_argument("--runs", type=int, help="with the guard, of each case; default 20, 3 of slow and fair")
    parser.add_argument("--plain-runs", type=int, help="without the guard; default 5, 3 of slow and fair")
    parser.add_argument("--modem", type=float, default=1.0, metavar="SECONDS", help="slow: its buffer; default 1")
    parser.add_argument("--uplink", choices=list(TITLES), help="only the runs in which this one dies or slows")
    parser.add_argument("--outage", type=float, default=6.0, metavar="SECONDS", help="default 6")
    parser.add_argument("--dark", action="store_true", help="both uplinks at once, too")
    parser.add_argument("--no-cost", dest="cost", action="store_false", help="leave out what the guard itself takes")
    parser.add_argument("-v", action="store_true", help="show the guard's log")
    options = parser.parse_args()
    few = options.case != "dark"
    runs = options.runs if options.runs is not None else 3 if few else 20
    plain_runs = options.plain_runs if options.plain_runs is not None else 3 if few else 5
    if few:
        cases = (
            guard_slow.slow_cases(options.modem, [options.uplink] if options.uplink else list(TITLES))
            if options.case == "slow"
            else guard_slow.fair_cases()
        )
        results = guard_slow.measure(cases, runs=runs, plain_runs=plain_runs)
    else:
        results = _measure(options, runs=runs, plain_runs=plain_runs)
    sys.exit(0 if report(results) else 1)


if __name__ == "__main__":
    main()
