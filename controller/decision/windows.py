"""Readings from raw windows: the newest value, what a counter gained, how old it all is.

A window is a series as Prometheus stored it: late, doubled, out of order, with gaps and resets.
Nothing here extrapolates. What cannot be known is None.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import isfinite

from controller.decision.model import Sample

# Scrapes keep their interval to a few milliseconds; a span may miss its first sample by this much.
_SPAN_TOLERANCE = 0.1

# Of no unit that is read here: a petabyte, or thirty million years. A rate of it squared is still a number.
_MOST = 1e15


@dataclass(frozen=True, slots=True)
class Gain:
    """What a counter gained between two of its samples, `span_s` apart."""

    amount: float
    span_s: float

    @property
    def per_s(self) -> float:
        """Gain per second."""
        return self.amount / self.span_s


def clean(samples: tuple[Sample, ...], *, not_after_s: float) -> tuple[Sample, ...]:
    """Samples that are readings: of a possible size, not from the future, in order, one per instant (the last told)."""
    if _is_clean(samples, not_after_s):
        return samples
    kept = (one for one in samples if one.t_s <= not_after_s and abs(one.value) <= _MOST and isfinite(one.t_s))
    last_told = {one.t_s: one for one in kept}
    return tuple(last_told[t_s] for t_s in sorted(last_told))


def _is_clean(samples: tuple[Sample, ...], not_after_s: float) -> bool:
    """The usual case, found without looking at each sample twice: a sum with one bad value is no number."""
    times, values = [one.t_s for one in samples], [one.value for one in samples]
    return (
        len(set(times)) == len(times)
        and times == sorted(times)
        and isfinite(sum(times) + sum(values))
        and min(values, default=0.0) >= -_MOST
        and max(values, default=0.0) <= _MOST
        and (not times or times[-1] <= not_after_s)
    )


def steady_s(samples: tuple[Sample, ...], *, at_s: float) -> float | None:
    """For how long, at least, a counter has not risen at `at_s`; None with fewer than two samples.

    When it has not risen in its window, that is the window's length; a fall is a reset, and no rise.
    """
    if len(samples) < 2:
        return None
    rises = (after.t_s for before, after in pairwise(samples) if after.value > before.value)
    return at_s - max(rises, default=samples[0].t_s)


def gain(samples: tuple[Sample, ...], *, span_s: float) -> Gain | None:
    """What a counter gained over the last `span_s` seconds of its samples; None with fewer than two.

    A fall is a reset: the counter began again at zero, so its new value is the gain. When no sample is
    that old the span is what there is.
    """
    if len(samples) < 2:
        return None
    newest = samples[-1]
    begin = newest.t_s - span_s * (1 - _SPAN_TOLERANCE)
    first = len(samples) - 2
    while first > 0 and samples[first].t_s > begin:
        first -= 1
    amount = 0.0
    for before, after in pairwise(samples[first:]):
        amount += after.value - before.value if after.value >= before.value else after.value
    return Gain(amount=amount, span_s=newest.t_s - samples[first].t_s)
