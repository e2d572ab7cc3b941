"""The signals of a simulated SRT stream, as the exporters on both sides of an SRTLA bond would have told them.

SRT sends at once what the encoder makes: the whole queue stands in front of the uplinks, and no more of it is
acknowledged while nothing is carried. What came too late is given up: the SRT ACK passes it when the next piece
is due, and the stream behind the SRT server is always as old as SRT's latency. The exporter's own estimates make
the gauges of it.
"""

from __future__ import annotations

import random

from exporters.srtla.capacity import Bounds, Capacity, DrainTime
from exporters.srtla.recent import RoundTrip
from exporters.units import octets
from tests.bench.history import LOST, NOT_PRODUCED, History
from tests.bench.signals import (
    EPOCH_S,
    PATH_RTT_S,
    RTT_JITTER_S,
    STEP_S,
    STRAY_LOSS,
    UPLINKS,
    IngestSignals,
    Told,
    keyframe_kbit,
)
from tests.bench.simulation import BUDGET_S
from tests.bench.trains import GOP_STEPS

SEGMENT_BYTES = 1_332.0  # seven TS packets and SRT's header
ACKED_TOGETHER = 10  # packets of a link to one SRTLA ACK
STALLED_S = 1.0
CHARGED_STEPS = 3  # a packet is lost when no ACK of it has come in 250 ms after the NAK
_HAIR = 1e-6


class _Link:
    """One uplink's link, as the observer beside the sender counts it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.delivered_kbit = self.lost_kbit = 0.0
        self.rtt = RoundTrip()
        self.capacity = Capacity()
        self.bounds = Bounds()
        self.dead = False
        self._moved_at = -1
        self._unacknowledged = 0.0  # packets that wait for the tenth

    def step(self, at: int, carried_kbit: float, delay_s: float, *, has_road: bool, wanted: bool) -> None:
        """Take what was carried in step `at`, `delay_s` after it was sent; `wanted`: there was something to carry."""
        at_s = (at + 1) * STEP_S
        if carried_kbit > 0.0:
            self.delivered_kbit += carried_kbit
            self._unacknowledged += octets(carried_kbit * 1_000.0) / SEGMENT_BYTES
            while self._unacknowledged >= ACKED_TOGETHER:
                self._unacknowledged -= ACKED_TOGETHER
                self.rtt.add(at_s, delay_s)
        if carried_kbit > 0.0 or (has_road and not wanted):
            self._moved_at = at
        smoothed_s, least_s = self.rtt.smoothed_s, self.rtt.least_s(at_s)
        stalled = (at - self._moved_at) * STEP_S > max(STALLED_S, 4.0 * (smoothed_s or 0.0))
        self.dead = stalled
        self.bounds = self.capacity.feed(
            at_s,
            octets(self.delivered_kbit * 1_000.0),
            queue_s=None if smoothed_s is None or least_s is None else smoothed_s - least_s,
            stalled=stalled,
        )


class SrtSenderSignals:
    """The SRTLA exporter beside the encoder, which paints its picture every 100 ms."""

    def __init__(self, history: History, *, seed: int = 1) -> None:
        self._h = history
        self._random = random.Random(seed)  # noqa: S311 - jitter, not a secret
        self._links = tuple(_Link(name) for name in UPLINKS)
        self._rates = (history.link.first.tolist(), history.link.second.tolist())
        self._drain = DrainTime()
        self._drain_s: tuple[float | None, float | None] = (None, None)
        self._passed_kbit = self._backlog_kbit = self._charged_kbit = 0.0
        self._oldest: int | None = None
        self._next = 0

    def advance(self, end: int) -> None:
        """Look at every step up to and with step `end`."""
        for at in range(self._next, end + 1):
            self._step(at)
        self._next = max(self._next, end + 1)

    def _step(self, at: int) -> None:
        history = self._h
        carried = history.delivered[at] - (history.delivered[at - 1] if at else 0.0)
        # While an encoder restarts there is no keyframe, either.
        keyframe = 0.0 if history.latency[at] == NOT_PRODUCED else keyframe_kbit(history, at, self._random)
        room = max(history.capacity_kbps[at], 1.0)
        delay_s = PATH_RTT_S + history.age[at] * STEP_S + keyframe / room + self._random.random() * RTT_JITTER_S
        wanted = history.backlog[at] > 0.0 or carried > 0.0
        rates = (self._rates[0][at], self._rates[1][at])
        both = sum(rates)
        lost = self._given_up(at, carried)
        for link, rate in zip(self._links, rates, strict=True):
            share = rate / both if both > 0.0 else 0.5
            link.lost_kbit += lost * share
            link.step(at, carried * share, delay_s, has_road=rate > 0.0, wanted=wanted)
        self._queue(at, carried, keyframe)

    def _given_up(self, at: int, carried: float) -> float:
        """What is charged to the uplinks now: given up a while ago, and known by what came after it."""
        if carried <= 0.0:
            return 0.0
        known = self._h.dropped[max(0, at - CHARGED_STEPS)]
        lost, self._charged_kbit = max(0.0, known - self._charged_kbit), max(known, self._charged_kbit)
        return lost

    def _queue(self, at: int, carried: float, keyframe: float) -> None:
        """The backlog and its drain time: what the SRT ACK has not passed, which it does with what arrives."""
        history = self._h
        if carried > 0.0:
            self._passed_kbit = history.accepted[at] - history.backlog[at]
        waiting = history.accepted[at] - self._passed_kbit
        if waiting <= _HAIR:
            self._oldest = None
        elif carried > 0.0:
            self._oldest = at - history.age[at]
        elif self._oldest is None:
            self._oldest = at
        in_flight = carried / STEP_S * PATH_RTT_S
        self._backlog_kbit = waiting + keyframe + in_flight
        used = [link.bounds for link in self._links if not link.dead]
        self._drain_s = self._drain.feed(
            (at + 1) * STEP_S,
            backlog_bytes=octets(self._backlog_kbit * 1_000.0),
            oldest_age_s=PATH_RTT_S + (0.0 if self._oldest is None else (at - self._oldest) * STEP_S),
            pace=sum(one.upper or one.lower or 0.0 for one in used),
        )

    def told(self) -> Told:
        """Metric, labels and value of everything the exporter would serve now; None where it is absent."""
        if not self._next:
            return
        used = [link.bounds for link in self._links if not link.dead]
        lowers = [one.lower for one in used if one.lower is not None]
        uppers = [one.upper for one in used if one.upper is not None]
        yield "srtla_connection_acknowledged_bytes_total", (), octets(self._passed_kbit * 1_000.0)
        yield "srtla_connection_backlog_bytes", (), octets(self._backlog_kbit * 1_000.0)
        yield "srtla_connection_drain_time_seconds", (), self._drain_s[0]
        yield "srtla_connection_drain_time_max_seconds", (), self._drain_s[1]
        yield "srtla_connection_capacity_lower_bytes_per_second", (), sum(lowers) if lowers else None
        all_known = uppers and len(uppers) == len(used)
        yield "srtla_connection_capacity_upper_bytes_per_second", (), sum(uppers) if all_known else None
        for link in self._links:
            yield from self._told_of(link)

    def _told_of(self, link: _Link) -> Told:
        label = (("uplink", link.name),)
        delivered, lost = octets(link.delivered_kbit * 1_000.0), octets(link.lost_kbit * 1_000.0)
        segments = (delivered + lost) / SEGMENT_BYTES
        yield "srtla_uplink_acknowledged_bytes_total", label, delivered
        yield "srtla_uplink_transmit_segments_total", label, segments
        yield "srtla_uplink_lost_segments_total", label, lost / SEGMENT_BYTES + segments * STRAY_LOSS
        yield "srtla_uplink_subflows", label, 1.0
        yield "srtla_uplink_rtt_seconds", label, link.rtt.smoothed_s
        yield "srtla_uplink_min_rtt_seconds", label, link.rtt.least_s(self._next * STEP_S)
        yield "srtla_uplink_capacity_lower_bytes_per_second", label, link.bounds.lower
        yield "srtla_uplink_capacity_upper_bytes_per_second", label, link.bounds.upper
        yield "srtla_uplink_dead", label, float(link.dead)


class _Released:
    """What has come out of the SRT receiver's buffer: each slice as it is due, where it has arrived."""

    def __init__(self, history: History) -> None:
        self._h = history
        self._due = round(BUDGET_S * history.steps_per_s)
        self._next = 0
        self._missing_kbit = 0.0
        self.newest = self.broken = -1
        self._gap = -1
        self.released_kbit = self.given_up_kbit = 0.0

    def advance(self, end: int) -> None:
        """Release what is due at the end of step `end`."""
        for captured in range(self._next, end - self._due + 1):
            kbit = self._h.rate[captured] * STEP_S
            if self._h.latency[captured] == LOST:
                self._missing_kbit += kbit
                self._gap = captured
            elif self._h.latency[captured] == NOT_PRODUCED and self.given_up_kbit > 0.0:
                # A pause is told of, too, once a hole has shown when things are played.
                self._gap = captured
            elif self._h.latency[captured] >= 0:
                self.released_kbit += kbit
                self.given_up_kbit += self._missing_kbit
                self._missing_kbit = 0.0
                self.broken = self._gap
                self.newest = captured
        self._next = max(self._next, end - self._due + 1)

    def lag_s(self, at: int) -> float | None:
        """How much longer ago than SRT's latency the newest released slice was captured."""
        return None if self.newest < 0 else (at - self._due - self.newest) * STEP_S


class SrtIngestSignals:
    """The exporter beside the ingest behind the SRT server, which reads its server every 200 ms."""

    def __init__(self, history: History) -> None:
        self._released = _Released(history)
        self._at = 0

    def advance(self, end: int) -> None:
        """Read at the last poll up to and with step `end`."""
        self._at = (end + 1) // IngestSignals.POLL_STEPS * IngestSignals.POLL_STEPS - 1
        self._released.advance(self._at)

    def told(self) -> Told:
        """Metric, labels and value of everything the exporter would serve now."""
        if self._at < 0:
            return
        released = self._released
        yield "ingest_stream_publishing", IngestSignals.STREAM, 1.0
        yield "ingest_stream_receive_bytes_total", IngestSignals.STREAM, octets(released.released_kbit * 1_000.0)
        yield "ingest_stream_lag_seconds", IngestSignals.STREAM, released.lag_s(self._at)


class _Keyframes:
    """What the exporter makes of keyframes: one that has arrived is known up to two seconds before it is played.

    Measured on real streams: none was overlooked, and each was told 0.04 s too late. Here one in fifty is
    overlooked, and the others are told up to a tenth of a second too late.
    """

    UNSEEN = 0.02
    OFF_S = 0.1

    def __init__(self, history: History, *, seed: int) -> None:
        self._h = history
        self._random = random.Random(seed)  # noqa: S311 - which are recognised, not a secret
        self._due = round(BUDGET_S * history.steps_per_s)
        self._played_s: list[float | None] = []  # of each GOP's keyframe; None where it is not recognised

    def whole_s(self, end: int, broken: int) -> float | None:
        """When the first keyframe after slice `broken` is played, as far as it had arrived at the end of step `end`."""
        latency = self._h.latency
        for place in range((broken + 1 + GOP_STEPS - 1) // GOP_STEPS, end // GOP_STEPS + 1):
            at = place * GOP_STEPS
            arrived = latency[at] >= 0 and at + latency[at] - 1 <= end
            if arrived and (played_s := self._known(place)) is not None:
                return played_s
        return None

    def _known(self, place: int) -> float | None:
        while len(self._played_s) <= place:
            due_s = (len(self._played_s) * GOP_STEPS + self._due + 1) * STEP_S + self._random.random() * self.OFF_S
            self._played_s.append(None if self._random.random() < self.UNSEEN else due_s)
        return self._played_s[place]


class SrtReceiverSignals:
    """The SRTLA exporter on the server: what arrived, and what the SRT ACK has passed although it had not."""

    def __init__(self, history: History, *, seed: int = 1) -> None:
        self._h = history
        self._released = _Released(history)
        self._keyframes = _Keyframes(history, seed=seed)
        self._at = -1

    def advance(self, end: int) -> None:
        """Look up to and with step `end`."""
        self._at = end
        self._released.advance(end)

    def told(self) -> Told:
        """Metric, labels and value of what it would serve now, as far as the core reads it."""
        if self._at < 0:
            return
        yield "srtla_connection_receive_bytes_total", (), octets(self._h.delivered[self._at] * 1_000.0)
        missing = octets(self._released.given_up_kbit * 1_000.0) / SEGMENT_BYTES
        yield "srtla_connection_missing_segments_total", (), missing
        yield "srtla_connection_keyframes_total", (), float(self._at // GOP_STEPS + 1)
        whole_s = self._keyframes.whole_s(self._at, self._released.broken)
        yield "srtla_connection_whole_timestamp_seconds", (), None if whole_s is None else EPOCH_S + whole_s
