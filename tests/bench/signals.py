"""The signals of a simulated run, as the exporters would have told them.

The fluid queue is turned into what the kernel would show of two subflows every 100 ms, with keyframes
and jitter on top, and the exporter's own sampler makes the gauges of it. Nothing here reads the true
capacity except to say how fast what stands in front of a link moves on.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from exporters.mptcp.capacity import UplinkSample
from exporters.mptcp.sampler import ConnectionSample, Estimate, Sampler
from exporters.units import octets
from tests.bench.history import NOT_PRODUCED, History, PathRecord
from tests.bench.link import ONE_PATH, PAUSE_BINS, STREAM_SHARE
from tests.bench.traces import BINS_PER_S
from tests.bench.trains import GOP_STEPS, Trains
from tests.bench.two_paths import BETWEEN_KEYFRAMES, GOP_S, KEYFRAME_EXCESS_S, SOCKET_KBIT

EPOCH_S = 1_700_000_000.0
STEP_S = 1.0 / BINS_PER_S
UPLINKS = ("first", "second")
PATH_RTT_S = 0.060
RTT_JITTER_S = 0.020
MODEM_QUEUE_KBIT = 800.0  # 100 kB stand in the modem, the rest of the queue in the sender
SEGMENT_BYTES = 1_400.0
STRAY_LOSS = 0.001  # retransmitted without a reason that matters

Told = Iterator[tuple[str, tuple[tuple[str, str], ...], float | None]]


class _Subflow:
    """One uplink's subflow: what tcp_info would say."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.delivered_kbit = 0.0
        self.in_flight_kbit = 0.0
        self.rate_kbps: float | None = None
        self.train_kbps: float | None = None
        self.rtt_s = PATH_RTT_S
        self.moved_at = -1
        self.unsent_kbit: float | None = None
        self.sent_kbit = self.resent_kbit = 0.0

    def follow(self, record: PathRecord, at: int) -> None:
        """Take what a model with subflows of its own recorded of step `at`."""
        self.delivered_kbit, self.in_flight_kbit = record.delivered[at], record.in_flight[at]
        self.rate_kbps, self.rtt_s, self.moved_at = record.rate_kbps[at], record.rtt_s[at], record.moved_at[at]
        self.unsent_kbit, self.sent_kbit, self.resent_kbit = record.unsent[at], record.sent[at], record.resent[at]

    def step(self, at: int, carried_kbit: float, queued_kbit: float, rate_kbps: float) -> None:
        """Take what was carried in step `at` and what stands in front of the uplink after it."""
        if carried_kbit > 0.0:
            self.delivered_kbit += carried_kbit
            self.moved_at = at
            self.rate_kbps = carried_kbit / STEP_S
            standing = min(queued_kbit, MODEM_QUEUE_KBIT)
            self.rtt_s = PATH_RTT_S + standing / max(rate_kbps, 1.0)
            self.in_flight_kbit = self.rate_kbps * PATH_RTT_S + standing
        elif queued_kbit <= 0.0 and rate_kbps > 0.0:
            self.in_flight_kbit = 0.0  # nothing to send; a dead uplink keeps what it held
            self.moved_at = at
        self.sent_kbit = self.delivered_kbit

    def sample(self, at: int, jitter_s: float) -> UplinkSample:
        """The kernel's row at the end of step `at`."""
        rates_kbps = [rate for rate in (self.rate_kbps, self.train_kbps) if rate is not None]
        return UplinkSample(
            self.name,
            octets(self.delivered_kbit * 1_000.0),
            outstanding_bytes=octets(self.in_flight_kbit * 1_000.0),
            delivery_rate=octets(max(rates_kbps) * 1_000.0) if rates_kbps else None,
            rtt_s=self.rtt_s + jitter_s,
            min_rtt_s=PATH_RTT_S,
            last_ack_age_s=(at - self.moved_at) * STEP_S,
            unsent_bytes=None if self.unsent_kbit is None else octets(self.unsent_kbit * 1_000.0),
        )


class SenderSignals:
    """The exporter beside the encoder, sampling every 100 ms of a run."""

    def __init__(self, history: History, *, seed: int = 1) -> None:
        self._h = history
        self._random = random.Random(seed)  # noqa: S311 - jitter, not a secret
        self._sampler = Sampler()
        self._subflows = tuple(_Subflow(name) for name in UPLINKS)
        self._first = history.link.first.tolist()
        self._second = history.link.second.tolist()
        self._trains = Trains((self._first, self._second), rtt_s=PATH_RTT_S, seed=seed)
        self._deaths = dict(history.link.pauses)
        self._paused_until, self._dead, self._ahead = -1, 0, 0.0
        self._estimate: Estimate | None = None
        self._backlog_kbit = 0.0
        self._next = 0

    def advance(self, end: int) -> None:
        """Sample every step up to and with step `end`."""
        for at in range(self._next, end + 1):
            self._step(at)
        self._next = end + 1

    def _step(self, at: int) -> None:
        if self._h.paths:
            for subflow, record in zip(self._subflows, self._h.paths, strict=True):
                subflow.follow(record, at)
            self._backlog_kbit = min(self._h.backlog[at], SOCKET_KBIT)
        else:
            self._split_pipe(at)
        jitter_s = self._random.random() * RTT_JITTER_S
        self._estimate = self._sampler.send(
            (at + 1) * STEP_S,
            [subflow.sample(at, jitter_s) for subflow in self._subflows],
            ConnectionSample(octets(self._backlog_kbit * 1_000.0), octets(self._h.delivered[at] * 1_000.0)),
        )

    def _split_pipe(self, at: int) -> None:
        """Make two subflows of the one pipe that the model has."""
        history = self._h
        carried = history.delivered[at] - (history.delivered[at - 1] if at else 0.0)
        queued = history.backlog[at]
        rates = (self._first[at], self._second[at])
        split = self._split(at, carried, queued, rates)
        both = rates[0] + rates[1]
        for subflow, part, rate in zip(self._subflows, split, rates, strict=True):
            share = rate / both if both > 0.0 else 0.5
            subflow.step(at, part, queued * share, rate * STREAM_SHARE)
        self._show_trains(at, queued)
        keyframe = keyframe_kbit(history, at, self._random)
        self._backlog_kbit = queued + keyframe + carried / STEP_S * PATH_RTT_S

    def _split(self, at: int, carried: float, queued: float, rates: tuple[float, float]) -> tuple[float, float]:
        """What each uplink carried: by their rates, but in a pause only the survivor, ahead of the order."""
        if at in self._deaths:
            self._paused_until, self._dead, self._ahead = at + PAUSE_BINS, self._deaths[at], 0.0
        if at < self._paused_until:
            room = STREAM_SHARE * ONE_PATH * rates[1 - self._dead] * STEP_S
            alone = max(0.0, min(room, queued - self._ahead))
            self._ahead += alone
            return (alone, 0.0) if self._dead == 1 else (0.0, alone)
        own = max(0.0, carried - self._ahead)
        self._ahead = 0.0
        both = rates[0] + rates[1]
        first = own * rates[0] / both if both > 0.0 else 0.0
        return first, own - first if both > 0.0 else 0.0

    def _show_trains(self, at: int, queued: float) -> None:
        """Where a queue stands a keyframe waits in it, and shows nothing of its own."""
        if at % GOP_STEPS == 0 and queued <= 0.0 and self._h.latency[at] != NOT_PRODUCED:
            self._trains.send(at, self._h.rate[at])
        for uplink, subflow in enumerate(self._subflows):
            subflow.train_kbps = self._trains.shown(at, uplink) if queued <= 0.0 else None

    def told(self) -> Told:
        """Metric, labels and value of everything the exporter would serve now; None where it is absent."""
        estimate = self._estimate
        if estimate is None:
            return
        acknowledged = octets(self._h.delivered[self._next - 1] * 1_000.0)
        yield "mptcp_connection_acknowledged_bytes_total", (), acknowledged
        yield "mptcp_connection_backlog_bytes", (), octets(self._backlog_kbit * 1_000.0)
        yield "mptcp_connection_drain_time_seconds", (), estimate.drain_time_s
        yield "mptcp_connection_drain_time_max_seconds", (), estimate.drain_time_max_s
        yield "mptcp_connection_capacity_lower_bytes_per_second", (), estimate.capacity_lower
        yield "mptcp_connection_capacity_upper_bytes_per_second", (), estimate.capacity_upper
        for subflow, seen in zip(self._subflows, estimate.uplinks, strict=True):
            label = (("uplink", subflow.name),)
            delivered = octets(subflow.delivered_kbit * 1_000.0)
            sent, resent = (octets(kbit * 1_000.0) / SEGMENT_BYTES for kbit in (subflow.sent_kbit, subflow.resent_kbit))
            yield "mptcp_uplink_acknowledged_bytes_total", label, delivered
            yield "mptcp_uplink_transmit_segments_total", label, sent * (1.0 + STRAY_LOSS)
            yield "mptcp_uplink_retransmitted_segments_total", label, resent + sent * STRAY_LOSS
            yield "mptcp_uplink_subflows", label, 1.0
            yield "mptcp_uplink_rtt_seconds", label, subflow.rtt_s
            yield "mptcp_uplink_min_rtt_seconds", label, PATH_RTT_S
            yield "mptcp_uplink_capacity_lower_bytes_per_second", label, seen.capacity_lower
            yield "mptcp_uplink_capacity_upper_bytes_per_second", label, seen.capacity_upper
            yield "mptcp_uplink_dead", label, None if seen.dead is None else float(seen.dead)


def keyframe_kbit(history: History, at: int, randomly: random.Random) -> float:
    """What is left of the last keyframe at step `at`, where no queue hides it."""
    rate, room = history.rate[at], history.capacity_kbps[at]
    if history.backlog[at] > 0.0:
        return 0.0
    since_s = (at + randomly.random()) * STEP_S % GOP_S
    return max(0.0, KEYFRAME_EXCESS_S * rate - max(0.0, room - BETWEEN_KEYFRAMES * rate) * since_s)


class IngestSignals:
    """The exporter beside the ingest, which reads its server every 200 ms."""

    POLL_STEPS = 2
    STREAM = (("stream", "cam"),)

    def __init__(self, history: History) -> None:
        self._h = history
        self._at = 0

    def advance(self, end: int) -> None:
        """Read at the last poll up to and with step `end`."""
        self._at = (end + 1) // self.POLL_STEPS * self.POLL_STEPS - 1

    def told(self) -> Told:
        """Metric, labels and value of everything the exporter would serve now."""
        if self._at < 0:
            return
        newest = self._h.newest[self._at]
        yield "ingest_stream_publishing", self.STREAM, 1.0
        yield "ingest_stream_receive_bytes_total", self.STREAM, octets(self._h.delivered[self._at] * 1_000.0)
        yield "ingest_stream_lag_seconds", self.STREAM, None if newest < 0 else (self._at - newest) * STEP_S
