"""Uplinks that become slow and do not die, and uplinks that are merely unequal, with and without the guard.

`slow`: one of two uplinks of 5 Mbit/s falls to a crawl under a stream of 3.5 Mbit/s, which the other
could carry alone. `fair`: uplinks of 8 and 2 Mbit/s with round trips of 50 and 150 ms, and one whose
rate is drawn anew every 0.3 s, at which there is nothing to mend. The stream has key frames; only
these open the windows, and a wide window is what is bound to an uplink when it falls.
"""

from __future__ import annotations

import re
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from statistics import median
from typing import TYPE_CHECKING

from deploy.demo.link import Change
from deploy.demo.world import ATT, VERIZON, Uplink, World
from tests.bench.guard_stream import CAMERA, Stream, stall_s
from tests.bench.guard_world import PORT, guarded, set_up
from tests.bench.targets import Result

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from tests.bench.guard_stream import Arrival

LATE_S = 1.0  # a picture that is older on arrival is one that the viewer's player no longer waits for
GAP_S = 0.2  # without a picture for longer than this is seen as a freeze
WARM_S = 4.0
STALL_S = 1.0
ON_TIME = 0.95
_SCRAPE = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:12755/metrics').read().decode())"
_DEEDS = ("suppressions", "revivals", "demotions", "detours", "promotions")


@dataclass(frozen=True, slots=True)
class Case:
    """One way to treat the uplinks: how they are at first, how fast the stream is, and what is done to them."""

    title: str
    links: tuple[Uplink, Uplink]
    rate_bps: float
    length_s: float
    act: Callable[[World, float], None] | None = None
    after_s: float = 0.0
    held: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """What a run showed: `carried` is what each uplink brought over, as a share of the stream."""

    stall_s: float
    frozen_s: float
    on_time: float
    late_s: float
    carried: dict[str, float]
    deeds: dict[str, int] = field(default_factory=dict)


def _links(
    first_bps: float, second_bps: float, *, round_trips_s: tuple[float, float], queue_s: float
) -> tuple[Uplink, Uplink]:
    return tuple(  # type: ignore[return-value] # two in, two out
        Uplink(each.name, each.address, delay_s=trip_s / 2, rate_bps=rate, queue_bytes=int(rate / 8 * queue_s))
        for each, rate, trip_s in zip((VERIZON, ATT), (first_bps, second_bps), round_trips_s, strict=True)
    )


def slow_cases(queue_s: float, names: Collection[str]) -> Iterator[Case]:
    """A fall to 30, 100 and 300 kbit/s for 15 s, of the initial subflow's uplink and of the joined one's."""
    for name, which in ((VERIZON.name, "initial"), (ATT.name, "joined")):
        for kbps in () if name not in names else (30, 100, 300):

            def fall(world: World, at_s: float, name: str = name, kbps: int = kbps) -> None:
                world.control.set(name, Change(rate_bps=kbps * 1000.0))
                time.sleep(max(0.0, at_s + 15.0 - time.monotonic()))
                world.control.set(name, Change(rate_bps=5_000_000))

            links = _links(5_000_000, 5_000_000, round_trips_s=(0.04, 0.05), queue_s=queue_s)
            title = f"{which} uplink to {kbps} kbit/s, modem {queue_s:g} s"
            yield Case(title, links, 3_500_000, 15.0, fall, after_s=10.0, held=True)


def fair_cases() -> Iterator[Case]:
    """Uplinks that differ, and uplinks that vary: what a guard must bear."""
    links = _links(8_000_000, 2_000_000, round_trips_s=(0.05, 0.15), queue_s=0.5)
    yield Case("8 + 2 Mbit/s, 50 + 150 ms", links, 4_500_000, 40.0)
    yield Case("8 + 2 Mbit/s, 50 + 150 ms, 8.5 Mbit/s of stream", links, 8_500_000, 40.0)
    links = _links(4_000_000, 3_500_000, round_trips_s=(0.04, 0.05), queue_s=0.5)
    yield Case("4 + 0.5 to 3.5 Mbit/s", links, 3_500_000, 40.0, _vary)


def _vary(world: World, at_s: float) -> None:
    draw = Random(1)  # noqa: S311 - the same drive each time, not a secret
    for step in range(round(40.0 / 0.3)):
        world.control.set(ATT.name, Change(rate_bps=draw.choice((0.5, 1.0, 2.0, 3.0, 3.5)) * 1e6))
        time.sleep(max(0.0, at_s + 0.3 * (step + 1) - time.monotonic()))


def run(case: Case, *, guard: bool) -> Run:
    """Play a case once."""
    with World(case.links) as world, ExitStack() as stack:
        set_up(world)
        if guard:
            stack.enter_context(guarded(world))
        with Stream(world, port=PORT, rate_bps=case.rate_bps, pattern=CAMERA) as stream:
            time.sleep(WARM_S)
            before, start_s = world.control.read().up, time.monotonic()
            if case.act is not None:
                case.act(world, start_s)
            time.sleep(max(0.0, start_s + case.length_s - time.monotonic()))
            after, end_s = world.control.read().up, time.monotonic()
            time.sleep(case.after_s)
        deeds = _deeds(world) if guard else {}
    bits = {name: 8 * (after[name].out_bytes - before[name].out_bytes) for name in after}
    carried = {name: count / (case.rate_bps * (end_s - start_s)) for name, count in bits.items()}
    return judge(stream.receiver.arrivals, case, (start_s, end_s), carried, deeds)


def _deeds(world: World) -> dict[str, int]:
    page = world.pi.run([sys.executable, "-c", _SCRAPE])
    counts = {deed: re.findall(rf"^mptcp_guard_{deed}_total{{.*}} (\S+)$", page, re.MULTILINE) for deed in _DEEDS}
    return {deed: round(sum(map(float, found))) for deed, found in counts.items()}


def judge(
    arrivals: Sequence[Arrival],
    case: Case,
    span_s: tuple[float, float],
    carried: dict[str, float],
    deeds: dict[str, int],
) -> Run:
    """What the arrivals of a run show: those of the pictures taken within `span_s`, and the gaps until its end."""
    start_s, end_s = span_s
    until_s = end_s + case.after_s
    times = [start_s, *(each.at_s for each in arrivals if start_s <= each.at_s <= until_s), until_s]
    taken = [each for each in arrivals if start_s <= each.at_s - each.latency_s <= end_s]
    latencies = sorted(each.latency_s for each in taken)
    on_time = sum(each.size_bytes for each in taken if each.latency_s <= LATE_S)
    return Run(
        stall_s=stall_s(arrivals, start_s, until_s),
        frozen_s=sum(later - earlier for earlier, later in pairwise(times) if later - earlier > GAP_S),
        on_time=min(1.0, 8 * on_time / (case.rate_bps * (end_s - start_s))),  # an extra key frame makes it more
        late_s=latencies[int(0.95 * len(latencies))] if latencies else float("inf"),
        carried=carried,
        deeds=deeds,
    )


def measure(cases: Iterable[Case], *, runs: int, plain_runs: int) -> Iterator[Result]:
    """Each case with the guard and without it, in turn; medians and the worst."""
    for case in cases:
        found: dict[bool, list[Run]] = {True: [], False: []}
        for number in range(max(runs, plain_runs)):
            for guard, count in ((True, runs), (False, plain_runs)):
                if number < count:
                    found[guard].append(run(case, guard=guard))
                    sys.stderr.write(f"{case.title}, {'guard' if guard else 'no guard'}: {found[guard][-1]}\n")
        for guard, those in found.items():
            if those:
                yield from lines(case, those, guard=guard)


def lines(case: Case, runs: Sequence[Run], *, guard: bool) -> Iterator[Result]:
    """The lines of the table for the runs of one case; only the guard has targets."""
    named, held = f"{case.title}, {'guard' if guard else 'no guard'}: ", guard and case.held
    stalls = [each.stall_s for each in runs]
    yield Result(
        f"{named}stall",
        f"{median(stalls):.2f} s (worst {max(stalls):.2f})",
        f"{STALL_S:g} s" if held else "-",
        holds=not held or median(stalls) <= STALL_S,
    )
    frozen = [each.frozen_s for each in runs]
    yield Result(f"{named}frozen", f"{median(frozen):.1f} s (worst {max(frozen):.1f})", "-", holds=True)
    shares = [each.on_time for each in runs]
    yield Result(
        f"{named}within 1 s",
        f"{100 * median(shares):.1f} % (worst {100 * min(shares):.1f})",
        f"{100 * ON_TIME:g} %" if held else "-",
        holds=not held or median(shares) >= ON_TIME,
    )
    yield Result(f"{named}p95 of latency", f"{median(each.late_s for each in runs):.2f} s", "-", holds=True)
    carried = {name: median(each.carried[name] for each in runs) for name in runs[0].carried}
    yield Result(
        f"{named}carried", ", ".join(f"{name} {share:.2f}" for name, share in carried.items()), "-", holds=True
    )
    if guard:
        deeds = {deed: sum(each.deeds[deed] for each in runs) for deed in runs[0].deeds}
        told = ", ".join(f"{count} {deed}" for deed, count in deeds.items() if count)
        yield Result(f"{named}deeds in {len(runs)} runs", told or "none", "-", holds=True)
