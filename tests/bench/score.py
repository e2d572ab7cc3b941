"""What a run is worth: QoE_lin, the columns of a row, and the score S between two anchors.

QoE per 4 s chunk is `q - 4.5 * frozen_s - |dr|`: q the mean Mbit/s on time, dr the change of the
encoder's mean rate to the next chunk. These are the weights of Pensieve's QoE_lin moved to this
ladder: one second of freeze costs four seconds of top quality.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tests.bench.history import LOST, NOT_PRODUCED, History
from tests.bench.simulation import BUDGET_S

WARM_UP_S = 60.0
CHUNK_S = 4.0
GOP_S = 2.0
TOP_MBPS = 4.5
FREEZE_COST = 4.5  # per frozen second of a chunk
PROPAGATION_S = 0.03
AUDIO_ONLY_KBPS = 300.0
SWITCH_RATIO = 1.2
EVENT_S = 0.2

DEFICIT_S = 3.0
CALM_S = 5.0
DEFICIT_CAP_S = 60.0

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Reaction:
    """How long a policy took to lower its rate in the deficits of one run, s; `never` did not."""

    times_s: tuple[float, ...]
    never: int


@dataclass(frozen=True, slots=True)
class Measures:
    """The columns of one run over one pair; per-hour values are of scored time.

    `p95_s` and `p99_s`, of the latencies of the pictures that came, are None where none did.
    """

    scored_s: float
    qoe: float
    delivered_mbps: float
    usable_mbps: float
    frozen_s_per_h: float
    freezes_per_h: float
    p95_s: float | None
    p99_s: float | None
    switches_per_h: float
    restarts_per_h: float
    outage_s_per_h: float
    reaction: Reaction


def measure(history: History) -> Measures:
    """The columns of one run, the first minute not counted."""
    run = Scored(history)
    hours = run.seconds / 3600.0
    latencies = run.latency[run.latency >= 0] / run.steps_per_s + PROPAGATION_S
    p95, p99 = np.percentile(latencies, [95, 99]).tolist() if len(latencies) else (None, None)
    _, lengths = runs(run.frozen)
    return Measures(
        scored_s=run.seconds,
        qoe=qoe(run),
        delivered_mbps=float(run.on_time_mbps.mean()),
        usable_mbps=float(np.minimum(run.capacity_mbps, TOP_MBPS).mean()),
        frozen_s_per_h=float(run.frozen.mean()) * 3600.0,
        freezes_per_h=float((lengths >= EVENT_S * run.steps_per_s - 0.5).sum()) / hours,
        p95_s=p95,
        p99_s=p99,
        switches_per_h=switches(run) / hours,
        restarts_per_h=len(runs(run.latency == NOT_PRODUCED)[0]) / hours,
        outage_s_per_h=float((run.latency == NOT_PRODUCED).mean()) * 3600.0,
        reaction=reaction(history),
    )


class Scored:
    """The scored part of a history, as arrays: one entry per step."""

    def __init__(self, history: History) -> None:
        self.steps_per_s = history.steps_per_s
        self.first = round(WARM_UP_S * history.steps_per_s)
        self.latency = np.array(history.latency[self.first :], dtype=np.int64)
        self.rate_mbps = np.array(history.rate[self.first :]) / 1_000.0
        self.capacity_mbps = np.array(history.capacity_kbps[self.first :]) / 1_000.0
        self.frozen = frozen_steps(history)[self.first :]
        self.on_time_mbps = np.where(self.frozen, 0.0, self.rate_mbps)
        self.seconds = len(self.latency) / self.steps_per_s

    def chunk_means(self, row: Floats) -> Floats:
        """Means over whole chunks of 4 s; an incomplete last chunk is cut."""
        size = round(CHUNK_S * self.steps_per_s)
        whole = len(row) // size
        means: Floats = row[: whole * size].reshape(whole, size).mean(axis=1)
        return means


def frozen_steps(history: History) -> Flags:
    """Which steps' picture was late, lost or never made; under SRT that spoils the rest of its GOP."""
    latency = np.array(history.latency, dtype=np.int64)
    _forgive_the_end(latency, history)
    frozen: Flags = (latency < 0) | (latency > round(BUDGET_S * history.steps_per_s))
    if history.transport.value == "srt":
        frozen = _to_end_of_gop(frozen, round(GOP_S * history.steps_per_s))
    return frozen


def _forgive_the_end(latency: npt.NDArray[np.int64], history: History) -> None:
    """What still waits when the trace ends, and could still come in time, counts as on time."""
    young = max(history.newest[-1] + 1, len(latency) - round(BUDGET_S * history.steps_per_s))
    tail = latency[young:]
    tail[tail == LOST] = 1


def _to_end_of_gop(bad: Flags, gop: int) -> Flags:
    padded = np.zeros(-(-len(bad) // gop) * gop, dtype=bool)
    padded[: len(bad)] = bad
    spoilt: Flags = np.logical_or.accumulate(padded.reshape(-1, gop), axis=1).ravel()[: len(bad)]
    return spoilt


def qoe(run: Scored) -> float:
    """QoE_lin of the scored part: mean q less 18 per frozen share less 4 per Mbit/s of change and second."""
    rates = run.chunk_means(run.rate_mbps)
    frozen = run.chunk_means(run.frozen.astype(np.float64))
    quality = run.chunk_means(run.on_time_mbps)
    variation = float(np.abs(np.diff(rates)).sum()) / len(rates)
    return float(quality.mean()) - FREEZE_COST * CHUNK_S * float(frozen.mean()) - variation


def switches(run: Scored) -> int:
    """Changes of the encoder's 4 s mean by more than 20 % of the smaller."""
    rates = run.chunk_means(run.rate_mbps)
    low, high = np.minimum(rates[1:], rates[:-1]), np.maximum(rates[1:], rates[:-1])
    return int((high > SWITCH_RATIO * low).sum())


def runs(flags: Flags) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Start and length of each stretch of true flags, in steps."""
    edges = np.diff(np.concatenate(([0], flags.astype(np.int8), [0])))
    starts = np.flatnonzero(edges == 1)
    return starts, np.flatnonzero(edges == -1) - starts


def reaction(history: History) -> Reaction:
    """The time from each deficit's start to the first lower command.

    A deficit: the mean capacity of the coming second is below the encoder's rate, for at least 3 s,
    after at least 5 s without, the encoder above audio only. Capped by the deficit's end or 60 s.
    """
    per_s = history.steps_per_s
    rate = np.array(history.rate)
    coming = _coming_second(np.array(history.capacity_kbps), per_s)
    below = coming < rate
    since_below = _steps_since(below)
    starts = below & (since_below > CALM_S * per_s) & (rate > AUDIO_ONLY_KBPS)
    starts[: round(WARM_UP_S * per_s)] = False
    orders = [(order.at, order.setting.rate_kbps) for order in history.orders]
    times: list[float] = []
    never = 0
    for start in np.flatnonzero(starts).tolist():
        length = _deficit_steps(coming, start, float(rate[start]), round(DEFICIT_CAP_S * per_s))
        if length < DEFICIT_S * per_s:
            continue
        lower = next((at for at, wish in _from(orders, start) if wish < rate[at]), None)
        took = length if lower is None else lower + 1 - start
        never += took >= length
        times.append(min(took, length) / per_s)
    return Reaction(tuple(times), never)


def _from(orders: list[tuple[int, float]], step: int) -> list[tuple[int, float]]:
    low, high = 0, len(orders)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if orders[middle][0] < step else (low, middle)
    return orders[low : low + 4_000]


def _coming_second(capacity: Floats, per_s: int) -> Floats:
    sums = np.concatenate(([0.0], np.cumsum(capacity)))
    starts = np.arange(len(capacity))
    ends = np.minimum(starts + per_s, len(capacity))
    means: Floats = (sums[ends] - sums[starts]) / (ends - starts)
    return means


def _steps_since(flags: Flags) -> npt.NDArray[np.int64]:
    """At each step, the steps since the last true flag before it; large before the first."""
    index = np.arange(len(flags))
    last = np.maximum.accumulate(np.where(flags, index, -(10**9)))
    before = np.concatenate(([-(10**9)], last[:-1]))
    since: npt.NDArray[np.int64] = index - before
    return since


def _deficit_steps(coming: Floats, start: int, rate: float, cap: int) -> int:
    ahead = coming[start : start + cap] >= rate
    return int(np.argmax(ahead)) if ahead.any() else len(ahead)
