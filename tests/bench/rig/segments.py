"""Which eight stretches of two minutes are played, by a rule that knows nothing of their outcome.

Synthetic: seeds 1 to 8 over the generator's stress and mixed drives in turn; the native ones are left
out, because two models of a link that carries everything always agree. Recorded: the pairs that are
not native in turn, each from a second that the segment's number draws.

The model's constants were read off runs of the first eight. Seeds 9 to 16 of the same drives, chosen
before any of them was played, are held out: they tell how much of the agreement is the model's own. Only the
windows with which subflows meet their first queue are read off all runs, before anything of a segment shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

import numpy as np

from tests.bench.link import TWO_PATHS, bonded, path_deaths
from tests.bench.synthetic import DRIVES, generate
from tests.bench.traces import BINS_PER_S, Pair, Rates, held_means

SEGMENTS = 8
HELD_OUT = SEGMENTS + 1  # the first of the second eight
SEGMENT_S = 120.0
LEAD_S = 20.0  # on good links before it, so that whatever the start left behind has passed
TAIL_S = 10.0  # on good links after it, in which what is late arrives
TOP_KBPS = 4_500.0
GOOD_KBPS = 8_000.0  # each uplink of the demo's world at its start


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """One stretch of two uplinks, `SEGMENT_S` long, and its number, from 1 on."""

    number: int
    pair: Pair

    def played(self) -> Pair:
        """What the uplinks do from the beginning of the lead to the end of the tail."""
        return replace(self.pair, first=_framed(self.pair.first), second=_framed(self.pair.second))

    @property
    def deaths(self) -> int:
        """How often a loaded uplink dies."""
        return len(path_deaths(self.pair.first, self.pair.second))

    @property
    def least_kbps(self) -> float:
        """What the stream is left with in its worst second."""
        return float(self._seconds().min())

    @property
    def tight(self) -> float:
        """Share of the time in which the top rung does not fit."""
        return float((self._seconds() < TOP_KBPS).mean())

    def _seconds(self) -> Rates:
        return held_means(bonded(self.pair.first, self.pair.second, two_paths=TWO_PATHS))


def synthetic_segments(count: int = SEGMENTS, *, first: int = 1) -> tuple[Segment, ...]:
    """Segments `first` and those that follow, out of the seeded generator; equal on every machine."""
    drives = [drive for drive in DRIVES if drive.stratum != "native"]
    numbers = range(first, first + count)
    chosen = (replace(drives[(number - 1) % len(drives)], seed=number, length_s=SEGMENT_S) for number in numbers)
    return tuple(Segment(number, generate(drive)) for number, drive in zip(numbers, chosen, strict=True))


def recorded_segments(pairs: Sequence[Pair], count: int = SEGMENTS) -> tuple[Segment, ...]:
    """Segments out of recorded pairs.

    Raises:
        ValueError: no pair is long enough.
    """
    usable = [pair for pair in pairs if pair.stratum != "native" and pair.duration_s >= SEGMENT_S]
    if not usable:
        raise ValueError(f"no pair lasts {SEGMENT_S:g} s; name a directory with longer recordings")
    return tuple(_cut(usable[index % len(usable)], index + 1) for index in range(count))


def _cut(pair: Pair, number: int) -> Segment:
    room = round((pair.duration_s - SEGMENT_S) * BINS_PER_S)
    start = int(Random(number).random() * room)  # noqa: S311 - a choice that everybody can repeat, not a secret
    part = slice(start, start + round(SEGMENT_S * BINS_PER_S))
    name = f"{pair.name} from {start / BINS_PER_S:g} s"
    return Segment(number, replace(pair, name=name, first=pair.first[part], second=pair.second[part]))


def _framed(rates: Rates) -> Rates:
    return np.concatenate((good(LEAD_S), rates, good(TAIL_S)))


def good(length_s: float) -> Rates:
    """A good uplink for `length_s`."""
    return np.full(round(length_s * BINS_PER_S), GOOD_KBPS)
