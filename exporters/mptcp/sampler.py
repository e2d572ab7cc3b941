"""The fast sampler: what 100 ms samples of the kernel's rows say about the stream.

Pure and deterministic: values and times in, values out. Times are seconds on any steady clock.
`None` is unknown, never zero. Rates are bytes of TCP payload per second.

    sampler = Sampler()
    estimate = sampler.send(at_s, [UplinkSample(...), ...], ConnectionSample(...))   # every 100 ms
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from exporters.mptcp.capacity import Recent, Uplink, UplinkEstimate, UplinkSample

DRAIN_MAX_WINDOW_S = 1.0  # the usual scrape interval: no peak falls between two scrapes
STUCK_AFTER_S = 2.0  # a dead path's data is sent again elsewhere after a timeout of 0.2 to 1 s
YOUNG_S = 2.0  # slow start: an uplink's first samples tell how little it was given, a thousandth of what it carries
YOUNG_SILENCE_S = 1.0  # longer than the first round trips of a loaded cell
GAP_WINDOW_S = 10.0  # within it a healthy receiver has at some moment nothing that waits


@dataclass(frozen=True, slots=True)
class ConnectionSample:
    """The stream's connections at one moment; `backlog_bytes` is None without a connection.

    `backlog_bytes` counts what was accepted from the sender and not acknowledged end to end, with
    what a proxy holds before it. `acknowledged_bytes` counts end to end and never falls.
    """

    backlog_bytes: float | None
    acknowledged_bytes: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the samples say about the stream.

    Attributes:
        uplinks: one estimate for each uplink.
        drain_time_s: how long the backlog takes to be acknowledged, at the pace that the uplinks
            keep now; see `DrainTime`.
        drain_time_max_s: the largest that two samples in a row reached within the last second. One
            alone may catch a keyframe just handed over, before any uplink could show its pace.
        capacity_lower: the sum of the uplinks' lower bounds, as far as there are any.
        capacity_upper: the sum of the uplinks' upper bounds, when every uplink in use has one.
        head_of_line_gap_bytes: at the receiver, what arrived and waits for an earlier byte.
        stuck: whether nothing has been acknowledged end to end for 2 s, with a backlog, although an
            uplink still delivers: a connection in this state does not recover.
    """

    uplinks: tuple[UplinkEstimate, ...] = ()
    drain_time_s: float | None = None
    drain_time_max_s: float | None = None
    capacity_lower: float | None = None
    capacity_upper: float | None = None
    head_of_line_gap_bytes: float | None = None
    stuck: bool | None = None


class Sampler:
    """Feed it every sample: `send` at the sender, `receive` at the receiver."""

    def __init__(self) -> None:
        self._uplinks: dict[str, Uplink] = {}
        self._drain = DrainTime()
        self._drain_max = Recent(DRAIN_MAX_WINDOW_S)
        self._drain_s: float | None = None
        self._progress = Progress()
        self._gap = HeadOfLineGap()

    def send(self, at_s: float, uplinks: Sequence[UplinkSample], connection: ConnectionSample) -> Estimate:
        """Take the samples of `at_s`, later than the last; all uplinks each time."""
        estimates = tuple(self._uplink(at_s, sample) for sample in uplinks)
        silent_s = self._progress.feed(at_s, connection)
        drain_s = self._drain.feed(at_s, connection.backlog_bytes, estimates, silent_s)
        self._drain_max.add(at_s, None if drain_s is None or self._drain_s is None else min(drain_s, self._drain_s))
        self._drain_s = drain_s
        return Estimate(
            estimates,
            drain_time_s=drain_s,
            drain_time_max_s=None if drain_s is None else self._drain_max.max(),
            capacity_lower=_total(estimates, lambda estimate: estimate.capacity_lower, every=False),
            capacity_upper=_total(estimates, lambda estimate: estimate.capacity_upper, every=True),
            stuck=self._progress.stuck(at_s, sum(sample.delivered_bytes for sample in uplinks)),
        )

    def probed(self, uplink: str, at_s: float, rate: float) -> None:
        """Take what a probe of an uplink showed; told of an uplink without a subflow, it is dropped."""
        if uplink in self._uplinks:
            self._uplinks[uplink].probed(at_s, rate)

    def padded(self, uplink: str, at_s: float, rate: float) -> None:
        """Take what stream and padding carried together on an uplink; without a subflow, it is dropped."""
        if uplink in self._uplinks:
            self._uplinks[uplink].padded(at_s, rate)

    def receive(self, at_s: float, received_bytes: float, in_order_bytes: float | None) -> Estimate:
        """Take what subflows received and what was delivered in order; the latter None without bonding."""
        return Estimate(head_of_line_gap_bytes=self._gap.feed(at_s, received_bytes, in_order_bytes))

    def _uplink(self, at_s: float, sample: UplinkSample) -> UplinkEstimate:
        """A new subflow is another path through another cell: what was known of the last one is dropped."""
        if sample.last_ack_age_s is None:
            self._uplinks.pop(sample.name, None)
            return UplinkEstimate(sample.name)
        return self._uplinks.setdefault(sample.name, Uplink()).feed(at_s, sample)


class Progress:
    """Whether the connection moves: time since its last acknowledgement while a backlog stands."""

    def __init__(self) -> None:
        self._acknowledged = 0.0
        self._since_s: float | None = None
        self._delivered: float | None = None

    def feed(self, at_s: float, sample: ConnectionSample) -> float | None:
        """Seconds without an acknowledgement end to end; None without anything to acknowledge."""
        moved = sample.acknowledged_bytes > self._acknowledged
        self._acknowledged = sample.acknowledged_bytes
        if not sample.backlog_bytes:
            self._since_s = None if sample.backlog_bytes is None else at_s
            self._delivered = None
            return None
        if moved or self._since_s is None:
            self._since_s, self._delivered = at_s, None
        return at_s - self._since_s

    def stuck(self, at_s: float, delivered: float) -> bool | None:
        """Whether uplinks delivered during a silence longer than 2 s; None without a connection."""
        if self._since_s is None:
            return None
        if self._delivered is None:
            self._delivered = delivered
        return at_s - self._since_s > STUCK_AFTER_S and delivered > self._delivered


class DrainTime:
    """How long the backlog takes to be acknowledged: backlog / pace of the uplinks.

    An uplink's pace is what it delivered over its present busy stretch, up to 300 ms of it, and
    what it was lately seen to carry when it is not busy. A keyframe on a good uplink so counts with
    the uplink's capacity, not with the stream's mean rate, and raises no alarm.

    A young connection has shown no pace yet, unless a queue measured it: through its first 2 s the
    drain time is then unknown, or it would be absurd; but for a silence, which needs no pace to tell.

    While no uplink delivers anything it is the time since the last delivery plus the backlog at the
    pace last known: never absent while a backlog stands, never falling while nothing moves, and
    never less than the connection's own silence.
    """

    def __init__(self) -> None:
        self._pace: float | None = None
        self._moved_s: float | None = None
        self._began_s: float | None = None

    def feed(
        self, at_s: float, backlog: float | None, uplinks: Sequence[UplinkEstimate], silent_s: float | None
    ) -> float | None:
        """The drain time in seconds at `at_s`; None without a connection, and while a young one's is unknown."""
        if backlog is None or self._began_s is None:
            self._began_s = None if backlog is None else at_s
        if backlog is None or not backlog or self._moved_s is None or any(uplink.moved for uplink in uplinks):
            self._moved_s = at_s
        if backlog is None:
            return None
        pace = sum(uplink.pace for uplink in uplinks if uplink.pace is not None)
        self._pace = pace or self._pace
        if backlog and self._young(at_s) and not any(uplink.busy for uplink in uplinks):
            return silent_s if (silent_s or 0.0) >= YOUNG_SILENCE_S else None
        waited_s = at_s - self._moved_s
        return max(waited_s + (backlog / self._pace if self._pace else 0.0), silent_s or 0.0)

    def _young(self, at_s: float) -> bool:
        return self._began_s is not None and at_s - self._began_s < YOUNG_S


class HeadOfLineGap:
    """Bytes that wait at the receiver for an earlier one.

    What subflows received less what was delivered in order is that gap plus everything that ever
    arrived twice, and what was received before the first sample. Its least value, over the last
    10 s in which the connection moved, is taken for no gap.
    """

    def __init__(self) -> None:
        self._in_order: float | None = None
        self._least = Recent(GAP_WINDOW_S)
        self._base = 0.0

    def feed(self, at_s: float, received_bytes: float, in_order_bytes: float | None) -> float | None:
        """The gap in bytes at `at_s`; None without a bonded connection."""
        if in_order_bytes is None:
            self._in_order = None
            self._least.clear()
            return None
        held = received_bytes - in_order_bytes
        if self._in_order is None or in_order_bytes > self._in_order:
            self._least.add(at_s, -held)
        self._in_order = in_order_bytes
        least = self._least.max()
        return held if least is None else max(held + least, 0.0)


def _total(
    estimates: Sequence[UplinkEstimate], bound: Callable[[UplinkEstimate], float | None], *, every: bool
) -> float | None:
    """The sum of a bound; None when there is none, or, if `every`, when an uplink in use has none."""
    used = [bound(estimate) for estimate in estimates if estimate.capacity_lower is not None]
    known = [value for value in used if value is not None]
    return sum(known) if known and (not every or len(known) == len(used)) else None
