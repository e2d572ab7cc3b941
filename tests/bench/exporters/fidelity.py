"""How near the exporter's estimates are to the emulator's truth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from statistics import median

from deploy.demo.control import Direction
from deploy.demo.link import Change
from deploy.demo.world import World
from tests.bench.exporters.traffic import HEADER_BYTES, Moment, Stream, sampled
from tests.bench.targets import Result

MBPS = 1_000_000
SLOW_BPS = 1_000_000
ALARM_S = 0.3
SETTLED_S = 2.0  # the first seconds of a connection belong to slow start
WINDOW_S = 3.0


@dataclass(frozen=True, slots=True)
class Case:
    """Constant links and a stream over them, all in Mbit/s."""

    first: float
    second: float
    stream: float


OVERLOADS = (Case(8, 8, 24), Case(4, 2, 9), Case(2, 1, 4.5), Case(1, 0.5, 2.5))
LOADS = (Case(8, 8, 4.5), Case(8, 2, 4.5), Case(5, 1.5, 2.5), Case(3, 3, 4.5), Case(2, 1, 1.2), Case(0.8, 0.5, 0.6))
STEPS = ((Case(8, 8, 4.5), Case(1, 1, 4.5)), (Case(4, 4, 2.5), Case(1, 1, 2.5)), (Case(6, 3, 4.5), Case(2, 1, 4.5)))


def measure() -> Iterator[Result]:
    """How true the estimates are, over links that are too small or just enough, each in a world of its own."""
    overloaded = [_run(case, 14) for case in OVERLOADS]
    loaded = [_run(case, 14) for case in LOADS]
    stepped = [_step(before, after) for before, after in STEPS]
    yield _bytes([*overloaded, *loaded])
    yield _upper(overloaded)
    yield _upper_after_step(stepped)
    everything = [*overloaded, *loaded, *stepped]
    yield _lower(everything, slow=False)
    yield _lower(everything, slow=True)
    yield _drain([*overloaded, *stepped])


def measure_alarms(minutes: float) -> Iterator[Result]:
    """What an uncongested stream, keyframes 6 times the mean, sets off."""
    yield _alarms(_run(Case(8, 8, 4.5), minutes * 60))


def _shape(world: World, case: Case) -> None:
    for uplink, rate in zip(world.uplinks, (case.first, case.second), strict=True):
        world.control.set(uplink.name, Change(rate_bps=rate * MBPS, queue_bytes=150_000), Direction.BOTH)


def _run(case: Case, length_s: float) -> list[Moment]:
    with World() as world:
        _shape(world, case)
        return sampled(world, Stream(case.stream * MBPS), length_s)


def _step(before: Case, after: Case) -> list[Moment]:
    with World() as world:
        _shape(world, before)
        return sampled(world, Stream(before.stream * MBPS), 14, [(8.0, partial(_shape, world, after))])


def _settled(moments: list[Moment]) -> list[Moment]:
    return [moment for moment in moments if moment.at_s >= SETTLED_S]


def _bytes(runs: Iterable[list[Moment]]) -> Result:
    """Bytes that the exporter counted against what entered the emulator, packets converted to payload."""
    errors = []
    for moments in runs:
        first, last = _settled(moments)[0], moments[-1]
        for name in last.truth.up:
            sent = [m.seen.uplink_totals[name]["bytes_sent"] for m in (first, last)]
            links = [m.truth.up[name] for m in (first, last)]
            packets = links[1].in_packets - links[0].in_packets
            payload = links[1].in_bytes - links[0].in_bytes - packets * HEADER_BYTES
            errors.append(abs((sent[1] - sent[0]) / payload - 1))
    return Result(
        "bytes per uplink, error", f"{_share(median(errors))} / {_share(max(errors))}", "max 1 %", max(errors) <= 0.01
    )


def _upper(runs: Iterable[list[Moment]]) -> Result:
    """The uplinks' upper bounds in every sample of streams that offer twice what the links carry."""
    ratios, unknown = [], 0
    for moments in runs:
        for moment in _settled(moments):
            for estimate in moment.seen.estimate.uplinks:
                if estimate.capacity_upper is None:
                    unknown += 1
                else:
                    ratios.append(estimate.capacity_upper / moment.capacity(estimate.name))
    near = sum(abs(ratio - 1) <= 0.1 for ratio in ratios) / max(len(ratios), 1)
    value = f"{_share(near)} near, {min(ratios):.2f} to {max(ratios):.2f}; unknown {unknown} of {unknown + len(ratios)}"
    return Result("upper bound under overload", value, "within 10 %", near >= 0.99 and unknown <= 0.05 * len(ratios))


def _upper_after_step(runs: Iterable[list[Moment]]) -> Result:
    """The time from a fall of the capacity until the stream's upper bound is within 10 % of the new one."""
    delays = []
    for moments in runs:
        fall_s = next(later.at_s for earlier, later in pairwise(moments) if _total(later) < _total(earlier))
        near = (m.at_s - fall_s for m in moments if m.at_s >= fall_s and _near(m))
        delays.append(next(near, float("inf")))
    return Result("upper bound after a fall", f"{max(delays):.1f} s at most", "1 s", max(delays) <= 1.0)


def _near(moment: Moment) -> bool:
    upper = moment.seen.estimate.capacity_upper
    return upper is not None and abs(upper / _total(moment) - 1) <= 0.1


def _total(moment: Moment) -> float:
    return sum(moment.capacity(name) for name in moment.truth.up)


def _lower(runs: Iterable[list[Moment]], *, slow: bool) -> Result:
    """Seconds in which the lower bound exceeded the best truth of its own window of 3 s."""
    limit, seconds, bad, worst = (1.35 if slow else 1.1), 0, 0, 0.0
    for moments in runs:
        for name in moments[0].truth.up:
            ratios: dict[int, float] = {}
            for moment in _settled(moments):
                best = max(m.capacity(name) for m in moments if 0 <= moment.at_s - m.at_s <= WINDOW_S + 0.2)
                seen = next(e.capacity_lower for e in moment.seen.estimate.uplinks if e.name == name)
                if seen is not None and (best * 8 < SLOW_BPS * 0.94) == slow:
                    ratios[int(moment.at_s)] = max(ratios.get(int(moment.at_s), 0.0), seen / best)
            seconds += len(ratios)
            bad += sum(ratio > limit for ratio in ratios.values())
            worst = max([worst, *ratios.values()])
    name = f"lower bound above {limit:g} x truth, links {'below' if slow else 'from'} 1 Mbit/s"
    return Result(name, f"{bad} of {seconds} s, worst {worst:.2f}", "1 % of seconds", bad <= 0.01 * seconds)


def _drain(runs: Iterable[list[Moment]]) -> Result:
    """Drain time against backlog / true capacity, with a queue on every uplink and no recent change."""
    errors = []
    for moments in runs:
        for earlier, moment in zip(moments, moments[3:], strict=False):
            steady = _total(earlier) == _total(moment)
            queued = all(link.queued_bytes > 3_000 for m in (earlier, moment) for link in m.truth.up.values())
            told, backlog = moment.seen.estimate.drain_time_s, moment.seen.backlog_bytes
            if steady and queued and told is not None and backlog is not None and backlog / _total(moment) < 1.0:
                errors.append(abs(told - backlog / _total(moment)))
    errors.sort()
    near = sum(error <= 0.1 for error in errors) / max(len(errors), 1)
    value = (
        f"{_share(near)} near, median {1000 * median(errors):.0f} ms, worst {1000 * errors[-1]:.0f} ms, n={len(errors)}"
    )
    return Result("drain time below 1 s, error", value, "100 ms", near >= 0.95)


def _alarms(moments: list[Moment]) -> Result:
    """Samples of an uncongested stream that pass the alarm, or that claim less capacity than there is."""
    settled = _settled(moments)
    tells = [moment.seen.estimate for moment in settled]
    alarms = sum((estimate.drain_time_max_s or 0) > ALARM_S for estimate in tells)
    claims = [(moment.seen.estimate.capacity_upper, _total(moment)) for moment in settled]
    false = sum(upper is not None and upper < 0.9 * truth for upper, truth in claims)
    worst = max(estimate.drain_time_max_s or 0 for estimate in tells)
    value = f"{alarms} alarms, {false} false upper bounds in {len(settled)} samples, drain time at most {worst:.2f} s"
    return Result(f"uncongested video, {settled[-1].at_s / 60:.0f} min", value, "none", alarms == false == 0)


def _share(ratio: float) -> str:
    return f"{100 * ratio:.2f} %"
