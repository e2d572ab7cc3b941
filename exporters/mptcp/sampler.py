"""The fast sampler: what 100 ms samples of the kernel's rows say about capacity, backlog and death.

Pure and deterministic: values and times in, values out. Times are seconds on any steady clock.
`None` is unknown, never zero. All rates are bytes of TCP payload per second.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

CAPACITY_WINDOW_S = 3.0  # holds one keyframe burst of a 2 s GOP, and forgets a better cell within a decision
RATE_WINDOW_S = 0.5  # at 1 Mbit/s 40 segments, so that one more or less is 2.5 %
DRAIN_MAX_WINDOW_S = 1.0  # the usual scrape interval: no peak falls between two scrapes
DEAD_AFTER_S = 0.3  # a radio's retransmissions stall for up to 0.2 s routinely
DEAD_AFTER_RTTS = 4
STUCK_AFTER_S = 2.0  # a dead path is given up after one retransmission timeout, 0.2 to 1 s
QUEUE_DELAY_S = 0.03  # beyond the jitter of a queueless link: what the smoothed RTT exceeds its minimum by


@dataclass(frozen=True, slots=True)
class UplinkSample:
    """One uplink at one moment, summed over its subflows.

    `delivered_bytes` never falls; the RTTs and the age of the last acknowledgement are those of the
    subflow that acknowledged last. Everything is None while the uplink has no subflow.
    """

    name: str
    delivered_bytes: float
    outstanding_bytes: float | None = None
    unsent_bytes: float | None = None
    delivery_rate: float | None = None
    rtt_s: float | None = None
    min_rtt_s: float | None = None
    last_ack_age_s: float | None = None
    timeout_s: float | None = None
    backoff: int | None = None


@dataclass(frozen=True, slots=True)
class ConnectionSample:
    """The stream's connections at one moment; `backlog_bytes` is None without a connection.

    `backlog_bytes` counts what was accepted from the sender and not acknowledged end to end, with
    what a proxy holds before it. `acknowledged_bytes` never falls. `held_bytes`, at the receiver, is
    what subflows received less what was delivered in order; `in_order_bytes` is the latter.
    """

    backlog_bytes: float | None
    acknowledged_bytes: float
    held_bytes: float | None = None
    in_order_bytes: float = 0


@dataclass(frozen=True, slots=True)
class UplinkEstimate:
    """What the samples say about one uplink."""

    name: str
    delivery_rate_max: float | None = None
    capacity_lower: float | None = None
    capacity_upper: float | None = None
    dead: bool | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the samples say about the stream."""

    uplinks: tuple[UplinkEstimate, ...]
    drain_time_s: float | None = None
    drain_time_max_s: float | None = None
    capacity_lower: float | None = None
    capacity_upper: float | None = None
    head_of_line_gap_bytes: float | None = None
    stuck: bool | None = None


class Window:
    """Values of the last `length_s` seconds."""

    def __init__(self, length_s: float) -> None:
        self.length_s = length_s
        self._values: deque[tuple[float, float]] = deque()

    def add(self, at_s: float, value: float | None) -> None:
        """Forget what is older than the window, then add `value` unless it is unknown."""
        while self._values and self._values[0][0] < at_s - self.length_s:
            self._values.popleft()
        if value is not None:
            self._values.append((at_s, value))

    def max(self) -> float | None:
        """The largest value, None while there is none."""
        return max((value for _, value in self._values), default=None)


class Progress:
    """A counter's history, and its slope up to the last moment at which it moved."""

    def __init__(self, window_s: float = RATE_WINDOW_S) -> None:
        self._window_s = window_s
        self._points: deque[tuple[float, float]] = deque()
        self.moved_s: float | None = None

    def add(self, at_s: float, value: float) -> None:
        """Record the counter at `at_s`; times must rise."""
        if self._points and value > self._points[-1][1]:
            self.moved_s = at_s
        self._points.append((at_s, value))
        anchor_s = at_s if self.moved_s is None else self.moved_s
        while len(self._points) > 2 and self._points[1][0] <= anchor_s - self._window_s:
            self._points.popleft()

    def rate(self) -> float | None:
        """Units per second over the window that ends with the last move; None before the first.

        A slope that ended at the present would fall while nothing moves, and what is divided by it
        would jump once the window is empty.
        """
        if self.moved_s is None:
            return None
        end_s, end = next(point for point in self._points if point[0] == self.moved_s)
        start_s, start = self._points[0]
        return (end - start) / (end_s - start_s) if end_s > start_s else None

    def over(self, length_s: float) -> float | None:
        """Units per second over the last `length_s` up to now; None without so long a history."""
        end_s, end = self._points[-1]
        start = next((point for point in reversed(self._points) if point[0] <= end_s - length_s + 1e-6), None)
        return None if start is None else (end - start[1]) / (end_s - start[0])


class DrainTime:
    """How long the backlog would take to be acknowledged at the rate of the last 500 ms.

    While nothing is acknowledged it is the time since the last acknowledgement plus the backlog at
    the rate last seen, so it grows with time and is never absent while a backlog stands.
    """

    def __init__(self) -> None:
        self._acknowledged = Progress()
        self._waiting_since_s: float | None = None

    def add(self, at_s: float, sample: ConnectionSample) -> float | None:
        """The drain time in seconds at `at_s`; None without a connection."""
        if sample.backlog_bytes is None:
            self._waiting_since_s = None
            return None
        self._acknowledged.add(at_s, sample.acknowledged_bytes)
        if sample.backlog_bytes <= 0:
            self._waiting_since_s = None
            return 0.0
        moved_s = self._acknowledged.moved_s
        if self._waiting_since_s is None or (moved_s is not None and moved_s > self._waiting_since_s):
            self._waiting_since_s = at_s
        rate = self._acknowledged.rate()
        waited_s = at_s - self._waiting_since_s
        return waited_s + (sample.backlog_bytes / rate if rate else 0.0)


@dataclass(slots=True)
class _Uplink:
    """The memory of one uplink."""

    rates: Window = field(default_factory=lambda: Window(CAPACITY_WINDOW_S))
    delivered: Progress = field(default_factory=lambda: Progress(CAPACITY_WINDOW_S))
    queued_since_s: float | None = None
    outstanding_since_s: float | None = None

    def estimate(self, at_s: float, sample: UplinkSample) -> UplinkEstimate:
        self.delivered.add(at_s, sample.delivered_bytes)
        if sample.last_ack_age_s is None:
            self.queued_since_s = self.outstanding_since_s = None
            self.rates.add(at_s, None)
            return UplinkEstimate(sample.name)
        self.rates.add(at_s, sample.delivery_rate if sample.last_ack_age_s < RATE_WINDOW_S else None)
        dead = self._dead(at_s, sample)
        upper = 0.0 if dead else self._upper(at_s, sample)
        seen = self.rates.max()
        lower = 0.0 if dead else seen if upper is None or seen is None else min(seen, upper)
        return UplinkEstimate(sample.name, seen, lower, upper, dead)

    def _dead(self, at_s: float, sample: UplinkSample) -> bool | None:
        if not sample.outstanding_bytes:
            self.outstanding_since_s = None
            return None
        if self.outstanding_since_s is None:
            self.outstanding_since_s = at_s
        age_s = min(sample.last_ack_age_s or 0.0, at_s - self.outstanding_since_s)
        limit_s = max(DEAD_AFTER_S, DEAD_AFTER_RTTS * (sample.rtt_s or 0.0))
        timed_out = bool(sample.backoff) and sample.timeout_s is not None and age_s > sample.timeout_s
        return age_s > limit_s or timed_out

    def _upper(self, at_s: float, sample: UplinkSample) -> float | None:
        """What was delivered over the last 500 ms, when a queue stood through all of it."""
        if not _queued(sample):
            self.queued_since_s = None
            return None
        if self.queued_since_s is None:
            self.queued_since_s = at_s
        if at_s - self.queued_since_s < RATE_WINDOW_S - 1e-6:
            return None
        return self.delivered.over(RATE_WINDOW_S)


def _queued(sample: UplinkSample) -> bool:
    if sample.rtt_s is None or sample.min_rtt_s is None or not sample.outstanding_bytes:
        return False
    return sample.rtt_s - sample.min_rtt_s > max(QUEUE_DELAY_S, sample.min_rtt_s / 2)


class _HeadOfLine:
    """Bytes that wait at the receiver for an earlier one."""

    def __init__(self) -> None:
        self._baseline: Window = Window(10.0)


class Sampler:
    """Feed it one sample of everything every 100 ms; it returns the derived gauges."""

    def __init__(self) -> None:
        self._uplinks: dict[str, _Uplink] = {}
        self._drain = DrainTime()
        self._drain_max = Window(DRAIN_MAX_WINDOW_S)
        self._acknowledged = Progress()
        self._stuck_since: tuple[float, float] | None = None
        self._duplicates = 0.0

    def feed(self, at_s: float, uplinks: Sequence[UplinkSample], connection: ConnectionSample) -> Estimate:
        """Take the samples of `at_s`, later than the last, and say what they mean together with those before."""
        estimates = tuple(self._uplinks.setdefault(s.name, _Uplink()).estimate(at_s, s) for s in uplinks)
        drain_s = self._drain.add(at_s, connection)
        self._drain_max.add(at_s, drain_s)
        return Estimate(
            estimates,
            drain_time_s=drain_s,
            drain_time_max_s=self._drain_max.max() if drain_s is not None else None,
            capacity_lower=_lower(estimates),
            capacity_upper=_upper(estimates),
            head_of_line_gap_bytes=connection.held_bytes,
            stuck=self._stuck(at_s, uplinks, connection),
        )

    def _stuck(self, at_s: float, uplinks: Sequence[UplinkSample], connection: ConnectionSample) -> bool | None:
        self._acknowledged.add(at_s, connection.acknowledged_bytes)
        delivered = sum(sample.delivered_bytes for sample in uplinks)
        if connection.backlog_bytes is None:
            self._stuck_since = None
            return None
        if not connection.backlog_bytes or self._stuck_since is None or self._acknowledged.moved_s == at_s:
            self._stuck_since = (at_s, delivered)
        since_s, delivered_then = self._stuck_since
        return at_s - since_s > STUCK_AFTER_S and delivered > delivered_then


def _lower(estimates: Sequence[UplinkEstimate]) -> float | None:
    known = [e.capacity_lower for e in estimates if e.capacity_lower is not None]
    return sum(known) if known else None


def _upper(estimates: Sequence[UplinkEstimate]) -> float | None:
    """The sum, where every uplink in use has an upper bound."""
    used = [e for e in estimates if e.capacity_lower is not None or e.dead is not None]
    known = [e.capacity_upper for e in used if e.capacity_upper is not None]
    return sum(known) if used and len(known) == len(used) else None
