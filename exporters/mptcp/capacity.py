"""What one uplink carries, could carry, and whether it is dead, from 100 ms samples. Pure.

An application-limited uplink shows only what it was given. Two things tell more. The kernel's own
delivery rate samples, since a keyframe travels as a packet train: a lower bound. And stretches
through which the uplink was *busy*, never out of data: what it delivered then is what it can
carry, from below and from above.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import pairwise

LOWER_WINDOW_S = 3.0  # holds one keyframe of a 2 s GOP, and forgets a better cell within one decision
UPPER_WINDOW_S = 0.5  # at 1 Mbit/s some 45 segments; shorter windows take a radio's bursts for capacity
PACE_WINDOW_S = 0.3  # a backlog must be judged sooner than a capacity: three steps of 100 ms
PACE_LEAST_S = 0.2  # one step alone would take a jump of the delay, as radio has them, for a lack of capacity
FILLED = 1.25  # a quarter more than the path holds is a queue, and not the jitter of its round trip
TWO_SEGMENTS = 3_000  # bytes: what one delayed acknowledgement frees, in and out of a window cut by losses
PROBES = 3  # of as many trains the worst counts: one alone may meet a moment of a radio's luck
PROBE_KEEP_S = 30.0
DEAD_AFTER_S = 0.3  # a radio's own retransmissions stall an uplink for up to 0.2 s routinely
DEAD_AFTER_RTTS = 4
_SAMPLING_JITTER_S = 0.02  # a window of 0.5 s at 100 ms is five steps, each late by a few milliseconds


@dataclass(frozen=True, slots=True)
class UplinkSample:
    """One uplink at one moment, summed over its subflows.

    `delivered_bytes` counts payload that reached the far end, in order or not; it never falls.
    `outstanding_bytes` is payload in flight, `unsent_bytes` what waits for room to be sent.
    `delivery_rate` is the kernel's newest sample, in payload. RTTs, the age of the last
    acknowledgement, the retransmission timeout and its back-off are those of the subflow that
    acknowledged last. All but the first two are None while the uplink has no subflow.
    """

    name: str
    delivered_bytes: float
    outstanding_bytes: float | None = None
    delivery_rate: float | None = None
    rtt_s: float | None = None
    min_rtt_s: float | None = None
    last_ack_age_s: float | None = None
    timeout_s: float | None = None
    backoff: int | None = None
    unsent_bytes: float | None = None


@dataclass(frozen=True, slots=True)
class UplinkEstimate:
    """What the samples say about one uplink; rates in bytes per second.

    Attributes:
        delivery_rate_max: the largest of the kernel's delivery rate samples of the last 3 s.
        capacity_lower: what it was seen to carry in the last 3 s, or what its latest probes agree
            on, or padding showed; evidence older than an upper bound is forgotten, since the uplink may have become
            worse since.
        capacity_upper: what it delivered over the last 500 ms, busy throughout; else None.
        dead: the verdict of `_dead`; None while nothing is in flight.
        pace: at what rate it works its queue off at this moment.
        busy: whether that was measured on a queue, and not taken from what it was lately seen to carry.
        moved: whether it delivered anything since the sample before.
    """

    name: str
    delivery_rate_max: float | None = None
    capacity_lower: float | None = None
    capacity_upper: float | None = None
    dead: bool | None = None
    pace: float | None = None
    busy: bool = False
    moved: bool = False


@dataclass(frozen=True, slots=True)
class _Moment:
    """A sample, with the time of the last acknowledgement: slopes from one to the next are exact.

    `flowing` is whether that acknowledgement came after the data now in flight had set out.
    """

    at_s: float
    ack_s: float
    flowing: bool
    delivered: float
    outstanding: float
    unsent: float
    rtt_s: float
    min_rtt_s: float


class Recent:
    """Values of the last `length_s` seconds, and the largest of them."""

    def __init__(self, length_s: float) -> None:
        self._length_s = length_s
        self._values: deque[tuple[float, float]] = deque()

    def add(self, at_s: float, value: float | None) -> None:
        """Forget what is older than the window, then add `value` unless it is unknown."""
        while self._values and self._values[0][0] < at_s - self._length_s:
            self._values.popleft()
        if value is not None:
            self._values.append((at_s, value))

    def clear(self) -> None:
        """Forget everything."""
        self._values.clear()

    def max(self) -> float | None:
        """The largest value, None while there is none."""
        return max((value for _, value in self._values), default=None)


class Uplink:
    """The memory of one uplink while it has a subflow. Feed it one sample every 100 ms."""

    def __init__(self) -> None:
        self._moments: deque[_Moment] = deque()
        self._rates = Recent(LOWER_WINDOW_S)
        self._evidence = Recent(LOWER_WINDOW_S)
        self._probed: deque[tuple[float, float]] = deque(maxlen=PROBES)
        self._padded: tuple[float, float] | None = None
        self._in_flight_since_s: float | None = None
        self._idle_s = 0.0
        self._pace: float | None = None

    def feed(self, at_s: float, sample: UplinkSample) -> UplinkEstimate:
        """Take the sample of `at_s`, later than the last."""
        moved = self._remember(at_s, sample)
        dead = self._dead(at_s, sample)
        upper = 0.0 if dead else self._upper()
        self._weigh(at_s, sample.delivery_rate if moved else None, upper)
        lower = self._lower(at_s)
        busy_rate = self._busy_rate()
        if dead:
            self._pace = 0.0
        elif moved or not sample.outstanding_bytes:
            self._pace = busy_rate or lower
        return UplinkEstimate(sample.name, self._rates.max(), lower, upper, dead, self._pace, bool(busy_rate), moved)

    def probed(self, at_s: float, rate: float) -> None:
        """Take what a probe of the uplink showed at `at_s`, in bytes of payload per second."""
        self._probed.append((at_s, rate))

    def padded(self, at_s: float, rate: float) -> None:
        """Take what stream and padding carried together for about a second: as good as seen, no need to agree."""
        self._padded = at_s, rate

    def _lower(self, at_s: float) -> float | None:
        """The best of what was seen, of what padding showed, and of what all recent probes agree on; None without."""
        probes = [rate for when_s, rate in self._probed if at_s - when_s <= PROBE_KEEP_S]
        agreed = min(probes) if len(probes) == PROBES else None
        padded = self._padded[1] if self._padded and at_s - self._padded[0] <= PROBE_KEEP_S else None
        known = [value for value in (self._evidence.max(), agreed, padded) if value is not None]
        return max(known, default=None)

    def _remember(self, at_s: float, sample: UplinkSample) -> bool:
        """Keep the sample; whether anything was delivered since the one before."""
        self._note_flight(at_s, sample)
        before = self._moments[-1].delivered if self._moments else sample.delivered_bytes
        ack_s = at_s - (sample.last_ack_age_s or 0.0)
        moment = _Moment(
            at_s,
            ack_s,
            flowing=bool(sample.outstanding_bytes) and ack_s > self._idle_s,
            # Segments that arrived out of order count by their mean size, so the sum may step back a little.
            delivered=max(sample.delivered_bytes, before),
            outstanding=sample.outstanding_bytes or 0.0,
            unsent=sample.unsent_bytes or 0.0,
            rtt_s=sample.rtt_s or 0.0,
            min_rtt_s=sample.min_rtt_s or 0.0,
        )
        self._moments.append(moment)
        while len(self._moments) > 1 and _spans(self._moments[1], moment, UPPER_WINDOW_S):
            self._moments.popleft()
        return moment.delivered > before

    def _note_flight(self, at_s: float, sample: UplinkSample) -> None:
        """Between which two samples the data in flight set out; before the first sample, it might have at any time."""
        if not sample.outstanding_bytes or not self._moments:
            self._idle_s = at_s
        if not sample.outstanding_bytes:
            self._in_flight_since_s = None
        elif self._in_flight_since_s is None:
            self._in_flight_since_s = at_s

    def _dead(self, at_s: float, sample: UplinkSample) -> bool | None:
        """Whether data in flight went unacknowledged too long: 300 ms, four round trips, or the kernel's timeout.

        The silence counts from the first sample with data in flight, since the last acknowledgement
        of an uplink that was idle is old without harm. RTT and delivery rate of a dead uplink stay
        at their last good values, so they are not asked.
        """
        if self._in_flight_since_s is None:
            return None
        silence_s = min(sample.last_ack_age_s or 0.0, at_s - self._in_flight_since_s)
        timed_out = bool(sample.backoff) and sample.timeout_s is not None and silence_s > sample.timeout_s
        return timed_out or silence_s > max(DEAD_AFTER_S, DEAD_AFTER_RTTS * (sample.rtt_s or 0.0))

    def _weigh(self, at_s: float, rate: float | None, upper: float | None) -> None:
        """Add to the evidence; an upper bound takes the place of all of it."""
        self._rates.add(at_s, rate)
        if upper is None:
            self._evidence.add(at_s, rate)
        else:
            self._evidence.clear()
            self._evidence.add(at_s, upper)
            self._probed.clear()
            self._padded = None

    def _upper(self) -> float | None:
        """What was delivered over the last 500 ms, when the uplink was busy throughout."""
        full = _spans(self._moments[0], self._moments[-1], UPPER_WINDOW_S)
        if not full or not all(_busy(earlier, later) for earlier, later in pairwise(self._moments)):
            return None
        return _rate(self._moments[0], self._moments[-1])

    def _busy_rate(self) -> float | None:
        """The rate over the busy stretch that leads up to now, its last 300 ms; None below 200 ms."""
        first = last = self._moments[-1]
        for earlier in list(self._moments)[-2::-1]:
            if _spans(first, last, PACE_WINDOW_S) or not _busy(earlier, first):
                break
            first = earlier
        return _rate(first, last) if _spans(first, last, PACE_LEAST_S) else None


def _spans(first: _Moment, last: _Moment, length_s: float) -> bool:
    return last.at_s - first.at_s >= length_s - _SAMPLING_JITTER_S


def _busy(earlier: _Moment, later: _Moment) -> bool:
    """Whether the uplink was never out of data from one sample to the next.

    Either the queue was deep: what was delivered in between was in flight at the earlier sample
    together with another round trip's worth, or else the queue ran empty. Or it was kept filled:
    data waited to be sent at both samples, and more was in flight than an empty queue would hold.
    """
    delivered = later.delivered - earlier.delivered
    without_queue = delivered * earlier.min_rtt_s / (later.at_s - earlier.at_s)
    deep = earlier.outstanding >= delivered + without_queue
    in_flight = min(earlier.outstanding, later.outstanding)
    filled = min(earlier.unsent, later.unsent) > 0 and in_flight > FILLED * without_queue + TWO_SEGMENTS
    # A silence longer than the round trip, queue included, is one of loss or of a dead radio, not of a queue.
    heard = later.at_s - later.ack_s <= later.rtt_s or delivered > 0
    return earlier.flowing and in_flight > 0 and heard and (deep or filled)


def _rate(first: _Moment, last: _Moment) -> float | None:
    """The slope from acknowledgement to acknowledgement: exact, however few there were."""
    took_s = last.ack_s - first.ack_s
    return (last.delivered - first.delivered) / took_s if took_s > 0 else None
