"""What 100 ms samples of an uplink say of its capacity. Pure; rates are bytes of UDP payload per second.

What a stream delivers is only a lower bound of what the uplink could carry. While a queue stands in
front of the uplink it carries all it can, and what it then delivers is its capacity.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from exporters.srtla.recent import RecentMax

LOWER_SPAN_S = 3.0
# Over half a second, because a cellular scheduler pauses for 100 ms and more, and a shorter span would
# take the burst after a pause for capacity.
RATE_SPAN_S = 0.5
# Radio repetitions delay packets by tens of milliseconds without any queue; a queue that matters is longer.
QUEUE_S = 0.1


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds of the capacity, and the delivered rate that they come from; None is unknown."""

    rate: float | None = None
    lower: float | None = None
    upper: float | None = None


class Capacity:
    """Feed it a sample of one uplink about every 100 ms."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, float, bool]] = deque()
        self._best = RecentMax(LOWER_SPAN_S)

    def feed(self, at_s: float, delivered_bytes: float, *, queue_s: float | None, stalled: bool) -> Bounds:
        """The bounds at `at_s`.

        `delivered_bytes` never falls. `queue_s` is the delay beyond the uplink's own; `stalled` says
        that data is in flight and nothing at all comes back.
        """
        queued = stalled or (queue_s is not None and queue_s > QUEUE_S)
        if self._samples and at_s <= self._samples[-1][0]:
            return Bounds()
        self._samples.append((at_s, delivered_bytes, queued))
        while len(self._samples) > 2 and self._samples[1][0] <= at_s - RATE_SPAN_S:
            self._samples.popleft()
        begin_s, begin_bytes, _ = self._samples[0]
        if at_s - begin_s < 0.9 * RATE_SPAN_S:
            return Bounds(lower=self._best.max(at_s))
        rate = (delivered_bytes - begin_bytes) / (at_s - begin_s)
        if rate > 0:
            self._best.add(at_s, rate)
        always = all(queued for _, _, queued in self._samples)
        return Bounds(rate, self._best.max(at_s), rate if always else None)


class DrainTime:
    """How long the bond's backlog takes to be acknowledged, and the largest of the last second."""

    def __init__(self) -> None:
        self._largest = RecentMax(1.0)
        self._last_s: float | None = None

    def feed(
        self, at_s: float, *, backlog_bytes: float | None, oldest_age_s: float, pace: float | None
    ) -> tuple[float | None, float | None]:
        """Drain time now, and the largest that two samples in a row reached within the last second.

        It is backlog over pace, and never less than the age of the oldest packet that waits. None
        without a stream.
        """
        if backlog_bytes is None:
            self._last_s = None
            return None, None
        drain_s = max(oldest_age_s, backlog_bytes / pace if pace else 0.0) if backlog_bytes else 0.0
        if self._last_s is not None:
            self._largest.add(at_s, min(drain_s, self._last_s))
        self._last_s = drain_s
        return drain_s, self._largest.max(at_s)
