"""Uplink traces: what two uplinks could carry, in bins of 100 ms, and the pairs made of them.

A trace file is CSV with the header `second,kbps`: one row per 100 ms without gaps, `kbps` the mean
uplink rate of that bin at the IP layer. Rates here are kbit/s, 1 kbit = 1000 bit.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

BINS_PER_S = 10
HEADER = "second,kbps"

Rates = npt.NDArray[np.float64]


class TraceError(ValueError):
    """A trace file is not what the format promises; the message names file, line and remedy."""


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Two uplinks over the same time. `stratum` groups pairs in a report (native, stress, ...)."""

    name: str
    first: Rates
    second: Rates
    stratum: str = "native"

    @property
    def duration_s(self) -> float:
        """How long the pair lasts, s."""
        return len(self.first) / BINS_PER_S

    def digest(self) -> str:
        """A hash of both rate rows: equal for equal content, whatever the name."""
        content = hashlib.sha256()
        for rates in (self.first, self.second):
            content.update(np.ascontiguousarray(rates).tobytes())
            content.update(b"|")
        return content.hexdigest()

    def scaled(self, factor: float, *, name: str, stratum: str) -> Pair:
        """The same pair with both uplinks multiplied by `factor`."""
        return replace(self, name=name, stratum=stratum, first=self.first * factor, second=self.second * factor)

    def coarse(self) -> Pair:
        """The same pair with each whole second held at its mean."""
        return replace(self, first=held_means(self.first), second=held_means(self.second))


def read_trace(path: Path) -> Rates:
    """The rates of one trace file, kbit/s per 100 ms.

    Raises:
        TraceError: it cannot be read, wrong header, a row that is not two numbers, a gap in time or a negative rate.
    """
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except OSError as error:
        raise TraceError(f"{path}: cannot be read ({error.strerror}); name a directory of trace files") from None
    except UnicodeDecodeError:
        raise TraceError(f"{path}: is not text; a trace holds {HEADER!r} and rows of numbers") from None
    if not lines or lines[0].strip() != HEADER:
        raise TraceError(f"{path}: line 1 is not {HEADER!r}; write the header that the format demands")
    rates = [_row(path, number, line) for number, line in enumerate(lines[1:])]
    if not rates:
        raise TraceError(f"{path}: has no rows; record at least one second")
    return np.array(rates)


def _row(path: Path, number: int, line: str) -> float:
    where = f"{path}: line {number + 2}"
    second, _, kbps = line.partition(",")
    try:
        at_s, rate = float(second), float(kbps)
    except ValueError:
        raise TraceError(f"{where} is not `second,kbps`: {line!r}") from None
    if not math.isfinite(at_s) or round(at_s * BINS_PER_S) != number:
        raise TraceError(f"{where} stands at {at_s} s, not {number / BINS_PER_S} s; fill the gap, 0 is allowed")
    if not 0.0 <= rate < math.inf:
        raise TraceError(f"{where} has the rate {kbps}; rates are finite and 0 or more")
    return rate


def write_trace(path: Path, rates: Rates) -> None:
    """Write a trace file, rates rounded to whole kbit/s."""
    rows = (f"{number / BINS_PER_S:.1f},{round(rate)}" for number, rate in enumerate(rates.tolist()))
    path.write_text("\n".join((HEADER, *rows)) + "\n", encoding="ascii")


def rotated(rates: Rates, from_s: float, length_s: float) -> Rates:
    """`rates` from `from_s` on, wrapped around, repeated or cut to `length_s`."""
    turned = np.roll(rates, -round(from_s * BINS_PER_S))
    return np.resize(turned, round(length_s * BINS_PER_S))


def held_means(rates: Rates) -> Rates:
    """Each whole second held at its mean; an incomplete last second is cut."""
    whole = len(rates) // BINS_PER_S
    means = rates[: whole * BINS_PER_S].reshape(whole, BINS_PER_S).mean(axis=1)
    return np.repeat(means, BINS_PER_S)
