"""Uplinks of our own making: seeded, deterministic, with the statistics of recorded ones.

Each uplink is a first-order Gauss-Markov process whose values are mapped onto a carrier's published
quantiles; dead zones and short collapses are drawn beside it, because a smooth process has neither.
No recording is contained or needed.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from statistics import NormalDist

import numpy as np

from tests.bench.traces import BINS_PER_S, Pair, Rates

STRESS = 0.25
UNREST_MEMORY = 0.3  # over 1 s
_LEVELS = (0.0, 0.01, 0.05, 0.10, 0.25, 0.50, 0.75, 0.95, 1.0)
_NORMAL = NormalDist()
_LOWEST_MBPS = 0.01  # quantiles are joined in logarithms
_DEAD_SHARE_OF_RATE = 0.02


@dataclass(frozen=True, slots=True)
class Carrier:
    """What is known of one carrier's uplink.

    Attributes:
        quantiles_mbps: 1, 5, 10, 25, 50, 75 and 95 % of 1 s means, Mbit/s.
        memory: correlation of the underlying process over 1 s.
        unrest: share of its variance that lasts less than a second or two instead.
        dead_share: share of the time in dead zones; they are part of the quantiles.
        dead_s: mean length of a dead zone.
        gaps_per_h: collapses of 0.3 to 1 s, as in handovers or between grants of the scheduler.
        hold_s: how long one sample stands.
    """

    quantiles_mbps: tuple[float, ...]
    memory: float
    unrest: float
    dead_share: float
    dead_s: float
    gaps_per_h: float
    hold_s: float


_CITY_1 = Carrier((0.10, 1.02, 2.36, 6.32, 13.76, 30.80, 61.65), 0.975, 0.0, 0.012, 6.0, 24.0, 0.5)
_CITY_2 = Carrier((0.02, 0.42, 0.99, 4.17, 12.54, 30.70, 60.17), 0.975, 0.0, 0.02, 8.0, 24.0, 0.5)
_CITY_3 = Carrier((0.28, 0.95, 1.51, 4.24, 12.43, 23.48, 46.29), 0.97, 0.0, 0.005, 6.0, 24.0, 0.5)
_CITY_4 = Carrier((0.00, 0.41, 1.42, 5.46, 18.22, 36.30, 66.92), 0.975, 0.0, 0.03, 15.0, 24.0, 0.5)
_OLD_1 = Carrier((0.00, 0.00, 0.01, 0.62, 1.04, 1.12, 1.19), 0.95, 0.25, 0.15, 12.0, 170.0, 0.1)
_OLD_2 = Carrier((0.00, 0.06, 0.29, 0.61, 1.07, 1.34, 1.43), 0.95, 0.2, 0.05, 6.0, 170.0, 0.1)
_OLD_3 = Carrier((0.00, 0.07, 0.24, 0.70, 0.96, 1.08, 1.27), 0.94, 0.35, 0.06, 7.0, 170.0, 0.1)
_SHORT_1 = Carrier((1.65, 2.51, 3.48, 7.23, 11.47, 20.74, 27.53), 0.93, 0.0, 0.0, 0.0, 100.0, 0.1)
_SHORT_2 = Carrier((0.49, 1.16, 2.40, 3.65, 5.66, 8.29, 11.36), 0.85, 0.1, 0.0, 0.0, 100.0, 0.1)

SHARED = 0.17  # correlation of two carriers in one car


@dataclass(frozen=True, slots=True)
class Drive:
    """One pair of the synthetic set, `length_s` long."""

    name: str
    first: Carrier
    second: Carrier
    factor: float
    stratum: str
    seed: int
    length_s: float = 900.0


# Seeds with which so short a drive has the published shares of time below 4.5 and 2.5 Mbit/s.
DRIVES = (
    Drive("city 1", _CITY_1, _CITY_2, 1.0, "native", 104),
    Drive("city 2", _CITY_3, _CITY_4, 1.0, "native", 116),
    Drive("crowd 1", _CITY_1, _CITY_2, STRESS, "stress", 116),
    Drive("crowd 2", _CITY_3, _CITY_4, STRESS, "stress", 108),
    Drive("old 1", _OLD_1, _OLD_2, 3.0, "mixed", 105, 300.0),
    Drive("old 2", _OLD_3, _OLD_2, 3.0, "mixed", 108, 300.0),
    Drive("short", _SHORT_1, _SHORT_2, 0.5, "mixed", 110, 300.0),
)


def synthetic_pairs() -> tuple[Pair, ...]:
    """The synthetic set: every drive."""
    return tuple(generate(drive) for drive in DRIVES)


def generate(drive: Drive) -> Pair:
    """The pair of one drive; equal arguments give equal rates on every machine."""
    random = Random(drive.seed)  # noqa: S311 - a simulation, not a secret
    bins = round(drive.length_s * BINS_PER_S)
    shared = list(_wander(random, (drive.first.memory + drive.second.memory) / 2, bins))
    first, second = (_uplink(random, carrier, shared) * drive.factor for carrier in (drive.first, drive.second))
    return Pair(drive.name, first, second, drive.stratum)


def _wander(random: Random, memory: float, bins: int) -> Iterator[float]:
    """Standard normal values, one per 100 ms, correlated by `memory` over 1 s."""
    keep = memory ** (1.0 / BINS_PER_S)
    push = math.sqrt(1.0 - keep * keep)
    value = _gauss(random)
    for _ in range(bins):
        yield value
        value = keep * value + push * _gauss(random)


def _gauss(random: Random) -> float:
    # From random() alone: the one method whose sequence Python promises to keep.
    return _NORMAL.inv_cdf(min(max(random.random(), 1e-12), 1.0 - 1e-12))


def _uplink(random: Random, carrier: Carrier, shared: list[float]) -> Rates:
    hold = round(carrier.hold_s * BINS_PER_S)
    slow = _wander(random, carrier.memory, len(shared))
    fast = _wander(random, UNREST_MEMORY, len(shared))
    weights = (math.sqrt(SHARED), math.sqrt(1.0 - SHARED - carrier.unrest), math.sqrt(carrier.unrest))
    rates: list[float] = []
    for at, parts in enumerate(zip(shared, slow, fast, strict=True)):
        if at % hold:
            rates.append(rates[-1])
        else:
            level = _NORMAL.cdf(sum(weight * part for weight, part in zip(weights, parts, strict=True)))
            # Dead zones take the lowest quantiles; the process gives the others.
            rates.append(_quantile(carrier, carrier.dead_share + (1.0 - carrier.dead_share) * level))
    _silence(random, carrier, rates)
    return np.round(np.array(rates) * 1_000.0)


def _quantile(carrier: Carrier, level: float) -> float:
    low, *_, high = carrier.quantiles_mbps
    values = (low / 2.0, *carrier.quantiles_mbps, high * 1.3)
    place = min(bisect_right(_LEVELS, level), len(_LEVELS) - 1)
    share = (level - _LEVELS[place - 1]) / (_LEVELS[place] - _LEVELS[place - 1])
    below, above = (math.log(max(value, _LOWEST_MBPS)) for value in values[place - 1 : place + 1])
    return math.exp(below + share * (above - below))


def _silence(random: Random, carrier: Carrier, rates: list[float]) -> None:
    """Cut dead zones and short collapses into the rates."""
    if carrier.dead_share > 0.0:
        away_s = carrier.dead_s * (1.0 - carrier.dead_share) / carrier.dead_share
        for start, length in _episodes(random, away_s, len(rates), lambda: _exponential(random, carrier.dead_s)):
            rates[start : start + length] = [_LOWEST_MBPS] * len(rates[start : start + length])
    every_s = 3_600.0 / carrier.gaps_per_h
    for start, length in _episodes(random, every_s, len(rates), lambda: 0.3 + 0.7 * random.random()):
        rates[start : start + length] = [rate * _DEAD_SHARE_OF_RATE for rate in rates[start : start + length]]


def _episodes(random: Random, every_s: float, bins: int, length_s: Callable[[], float]) -> Iterator[tuple[int, int]]:
    """Start and length in bins of episodes that come at random, `every_s` apart on average."""
    at = _exponential(random, every_s)
    while at * BINS_PER_S < bins:
        long_s = length_s()
        yield int(at * BINS_PER_S), max(1, round(long_s * BINS_PER_S))
        at += long_s + _exponential(random, every_s)


def _exponential(random: Random, mean: float) -> float:
    return -mean * math.log(1.0 - random.random())
