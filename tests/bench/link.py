"""What a pair of uplinks carries for the stream, step by step, under each transport's model.

Plain TCP and SRT: one bonded pipe. TCP with head-of-line blocking: when a loaded path dies, in-order
delivery stops until its stranded data has been sent again on the other. The efficiencies and the
length of the pause were fitted to the kernel's MPTCP in two network namespaces.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from tests.bench.traces import BINS_PER_S, Pair, Rates

STREAM_SHARE = 0.95  # the rest carries headers and retransmissions
ONE_PATH = 0.97
TWO_PATHS = 0.90
TWO_PATHS_MEASURED = 0.95  # with the pauses modelled apart, what is left of the loss is smaller

PAUSE_BINS = 15  # 1.5 s: retransmission timeout, then the way over the other path
REST_BINS = 5  # after a pause, half a second in which no other death is looked for
BEFORE_BINS = 10  # a path's level is its mean over the last second
AFTER_BINS = 3  # it is dead when the next 0.3 s carry next to nothing
DEAD_SHARE = 0.15
LOADED_KBPS = 200.0
LOADED_SHARE = 0.10


class Transport(StrEnum):
    """The models of the way to the VPS."""

    TCP = "tcp"
    TCP_HOL = "tcp-hol"
    MPTCP = "mptcp"
    SRT = "srt"


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """A bonded link in bins of 100 ms.

    `capacity_kbps` is what leaves the queue per second of the bin (a burst after a pause included);
    `pauses` are the bins at which a path died, with the index of that path.
    """

    capacity_kbps: Rates
    first: Rates
    second: Rates
    pauses: tuple[tuple[int, int], ...] = ()

    def at_rate(self, steps_per_s: int) -> Rates:
        """`capacity_kbps` for steps of another length, each bin held."""
        return held(self.capacity_kbps, steps_per_s)


def held(rates: Rates, steps_per_s: int) -> Rates:
    """Rates per bin for steps of another length, each bin held."""
    return np.repeat(rates, steps_per_s // BINS_PER_S)


def bonded(first: Rates, second: Rates, *, two_paths: float) -> Rates:
    """The stream's share of two uplinks: the better one alone or both together, whatever is more."""
    return STREAM_SHARE * np.maximum(ONE_PATH * np.maximum(first, second), two_paths * (first + second))


def link(pair: Pair, transport: Transport) -> Link:
    """The link that `pair` gives under `transport`."""
    if transport is Transport.MPTCP:
        return Link(STREAM_SHARE * ONE_PATH * (pair.first + pair.second), pair.first, pair.second)
    if transport is not Transport.TCP_HOL:
        return Link(bonded(pair.first, pair.second, two_paths=TWO_PATHS), pair.first, pair.second)
    capacity = bonded(pair.first, pair.second, two_paths=TWO_PATHS_MEASURED)
    pauses = path_deaths(pair.first, pair.second)
    for at, dead in pauses:
        survivor = pair.second if dead == 0 else pair.first
        end = at + PAUSE_BINS
        capacity[at:end] = 0.0
        if end < len(capacity):
            capacity[end] += STREAM_SHARE * ONE_PATH * float(survivor[at:end].sum())
    return Link(capacity, pair.first, pair.second, pauses)


def path_deaths(first: Rates, second: Rates) -> tuple[tuple[int, int], ...]:
    """The bins at which a loaded path died, each with the path's index; pauses never overlap."""
    levels = [_trailing_mean(rates, BEFORE_BINS) for rates in (first, second)]
    coming = [_coming_mean(rates, AFTER_BINS) for rates in (first, second)]
    both = levels[0] + levels[1]
    dying = [
        (level > LOADED_KBPS) & (level > LOADED_SHARE * both) & (ahead < DEAD_SHARE * level)
        for level, ahead in zip(levels, coming, strict=True)
    ]
    found: list[tuple[int, int]] = []
    free_from = BEFORE_BINS
    for at in np.flatnonzero(dying[0] | dying[1]).tolist():
        if at >= free_from and at + AFTER_BINS <= len(first):
            found.append((at, 0 if dying[0][at] else 1))
            free_from = at + PAUSE_BINS + REST_BINS
    return tuple(found)


def _trailing_mean(rates: Rates, bins: int) -> Rates:
    """Mean of the `bins` bins before each one; 0 where there are not that many."""
    sums = np.concatenate(([0.0], np.cumsum(rates)))
    means = np.zeros(len(rates))
    means[bins:] = (sums[bins:-1] - sums[: -bins - 1]) / bins
    return means


def _coming_mean(rates: Rates, bins: int) -> Rates:
    """Mean of each bin and those after it, `bins` in all; fewer at the end."""
    sums = np.concatenate(([0.0], np.cumsum(rates)))
    ends = np.minimum(np.arange(len(rates)) + bins, len(rates))
    starts = np.arange(len(rates))
    means: Rates = (sums[ends] - sums[starts]) / (ends - starts)
    return means
