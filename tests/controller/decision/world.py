"""A small rig for tests: an encoder, one queue, two uplinks, an ingest, and what exporters tell of them.

It is told what the links carry and what the encoder shall do, advances in steps of 100 ms, is scraped once
per period, and hands out raw windows as Prometheus would. Nothing in it is random.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from controller.decision.model import (
    EncoderReading,
    EncoderTarget,
    EncoderTraits,
    Observation,
    Override,
    Sample,
    Scene,
    SceneReading,
    Series,
    Transport,
)
from controller.decision.observing import WINDOW_S, observe
from controller.decision.policy import Policy
from controller.decision.sources import EDGE_SITE
from exporters.units import octets

STEP_S = 0.1
RTT_S = 0.05
SRT_LATENCY_S = 2.0
GOP_S = 2.0
SEGMENT_BYTES = 1_400.0
UPLINKS = ("verizon", "att")
LIVE = EncoderTraits(bitrate_cost_s=0.0, geometry_cost_s=0.0)
START = EncoderTarget(2_500_000, 1280, 720, 30)
RESTARTS = EncoderTraits(bitrate_cost_s=2.0, geometry_cost_s=2.0)


@dataclass(slots=True)
class Conditions:
    """What the world is like now. Rates in bit/s; `share` is the first uplink's part of the capacity.

    `shown_ratio` is how much of the capacity keyframes show while no queue stands; else little more than is sent.
    """

    capacity_bps: float = 20e6
    share: float = 0.5
    shown_ratio: float = 0.0
    loss_ratio: float = 0.0
    rtt_s: float = RTT_S
    dead: frozenset[str] = frozenset()
    scraped: bool = True
    publishing: bool = True
    obeys: bool = True


@dataclass(slots=True)
class World:
    """The rig. `now` starts at `start_s`, seconds since the epoch.

    Where SRTLA carries, what waits for longer than SRT's latency is given up, and the ingest has the rest that late.
    `shows_keyframes`: the stream is not encrypted, and the exporter on the VPS sees one each two seconds.
    """

    carrier: Transport = Transport.MPTCP
    period_s: float = 1.0
    start_s: float = 1_700_000_000.0
    conditions: Conditions = field(default_factory=Conditions)
    playing: EncoderTarget = START
    steps: int = 0
    queued: deque[tuple[float, float]] = field(default_factory=deque)
    backlog_bits: float = 0.0
    delivered_bits: float = 0.0
    captured_s: float = 0.0
    given_up_bits: float = 0.0
    missing_bits: float = 0.0
    played_bits: float = 0.0
    shows_keyframes: bool = False
    broken_s: float = 0.0
    buffered: deque[tuple[float, float]] = field(default_factory=deque)
    carried: dict[str, float] = field(default_factory=lambda: dict.fromkeys(UPLINKS, 0.0))
    sent: dict[str, float] = field(default_factory=lambda: dict.fromkeys(UPLINKS, 0.0))
    resent: dict[str, float] = field(default_factory=lambda: dict.fromkeys(UPLINKS, 0.0))
    recent: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=30))
    rows: dict[tuple[str, tuple[tuple[str, str], ...]], deque[Sample]] = field(default_factory=dict)

    @property
    def now(self) -> float:
        """Seconds since the epoch."""
        return self.start_s + self.steps * STEP_S

    def capacity_of(self, uplink: str) -> float:
        """What the uplink carries now, bit/s."""
        share = self.conditions.share if uplink == UPLINKS[0] else 1.0 - self.conditions.share
        return 0.0 if uplink in self.conditions.dead else share * self.conditions.capacity_bps

    def obey(self, target: EncoderTarget) -> None:
        """The encoder takes the target, where it obeys at all."""
        if self.conditions.obeys:
            self.playing = target

    def advance(self) -> None:
        """One period, then a scrape."""
        for _ in range(round(self.period_s / STEP_S)):
            self._step()
        if self.conditions.scraped:
            self._scrape()

    def _step(self) -> None:
        self.steps += 1
        made = self.playing.bitrate_bps * STEP_S
        self.queued.append((self.now, made))
        self.backlog_bits += made
        if self.carrier is Transport.SRTLA:
            self._give_up()
        capacity = sum(self.capacity_of(uplink) for uplink in UPLINKS)
        served = min(self.backlog_bits, capacity * STEP_S)
        self.backlog_bits -= served
        self.delivered_bits += served
        self.recent.append((served / STEP_S, self.backlog_bits))
        for uplink in UPLINKS:
            part = served * self.capacity_of(uplink) / capacity if capacity else 0.0
            self.carried[uplink] += part
            segments = octets(part) / SEGMENT_BYTES
            self.sent[uplink] += segments
            self.resent[uplink] += segments * self.conditions.loss_ratio
        while self.queued and served >= self.queued[0][1] - 1e-6:
            captured_s, amount = self.queued.popleft()
            self.buffered.append((captured_s, amount))
            served -= amount
        if self.queued and served > 0:
            captured_s, amount = self.queued[0]
            self.queued[0] = (captured_s, amount - served)
        self._play()

    def _give_up(self) -> None:
        while self.queued and self.queued[0][0] <= self.now - SRT_LATENCY_S + 1e-6:
            _, amount = self.queued.popleft()
            self.backlog_bits -= amount
            self.given_up_bits += amount

    def _play(self) -> None:
        """Hand to the ingest what has arrived and is due; with it, what was given up before it is missing."""
        held_s = SRT_LATENCY_S if self.carrier is Transport.SRTLA else 0.0
        while self.buffered and self.buffered[0][0] <= self.now - held_s + 1e-6:
            captured_s, amount = self.buffered.popleft()
            self.captured_s = captured_s + held_s
            self.played_bits += amount
            if self.missing_bits < self.given_up_bits:
                self.broken_s, self.missing_bits = captured_s, self.given_up_bits

    def _scrape(self) -> None:
        half = list(self.recent)[-5:]
        busy = all(backlog > 0 for _, backlog in half)
        rate = sum(served for served, _ in half) / len(half)
        seen = max(served for served, _ in self.recent)
        self._tell(
            f"{self.carrier}_connection_acknowledged_bytes_total", octets(self.delivered_bits + self.given_up_bits)
        )
        self._tell(f"{self.carrier}_connection_backlog_bytes", octets(self.backlog_bits + rate * RTT_S))
        waiting_s = self.backlog_bits / rate if rate else 60.0 * bool(self.backlog_bits)
        self._tell(f"{self.carrier}_connection_drain_time_seconds", waiting_s + RTT_S)
        capacity = sum(self.capacity_of(uplink) for uplink in UPLINKS)
        shown = 0.0 if busy else self.conditions.shown_ratio * capacity
        lower = min(max(1.05 * seen, shown), capacity)
        self._tell(f"{self.carrier}_connection_capacity_lower_bytes_per_second", octets(lower))
        if busy:
            self._tell(f"{self.carrier}_connection_capacity_upper_bytes_per_second", octets(rate))
        for uplink in UPLINKS:
            self._scrape_uplink(uplink)
        received = self.played_bits if self.carrier is Transport.SRTLA else self.delivered_bits
        self._tell("ingest_stream_publishing", float(self.conditions.publishing), site="vps", stream="cam")
        self._tell("ingest_stream_receive_bytes_total", octets(received), site="vps", stream="cam")
        lag_s = self.now - self.captured_s if self.captured_s else 0.0
        self._tell("ingest_stream_lag_seconds", lag_s, site="vps", stream="cam")
        if self.carrier is Transport.SRTLA:
            missing, arrived = octets(self.missing_bits) / SEGMENT_BYTES, octets(self.delivered_bits)
            self._tell("srtla_connection_missing_segments_total", missing, site="vps")
            self._tell("srtla_connection_receive_bytes_total", arrived, site="vps")
            if self.shows_keyframes:
                self._tell_keyframes()

    def _tell_keyframes(self) -> None:
        """The first one after the hole is known when it has come, and is played SRT's latency after its capture."""
        self._tell("srtla_connection_keyframes_total", self.now // GOP_S, site="vps")
        first_s = -(-self.broken_s // GOP_S) * GOP_S
        arrived_s = max([self.captured_s - SRT_LATENCY_S, *(captured_s for captured_s, _ in self.buffered)])
        if first_s <= arrived_s:
            self._tell("srtla_connection_whole_timestamp_seconds", first_s + SRT_LATENCY_S, site="vps")

    def _scrape_uplink(self, uplink: str) -> None:
        lost = (
            "uplink_lost_segments_total" if self.carrier is Transport.SRTLA else "uplink_retransmitted_segments_total"
        )
        self._tell(f"{self.carrier}_uplink_acknowledged_bytes_total", octets(self.carried[uplink]), uplink=uplink)
        self._tell(f"{self.carrier}_uplink_transmit_segments_total", self.sent[uplink], uplink=uplink)
        self._tell(f"{self.carrier}_{lost}", self.resent[uplink], uplink=uplink)
        self._tell(f"{self.carrier}_uplink_subflows", 1.0, uplink=uplink)
        self._tell(f"{self.carrier}_uplink_rtt_seconds", self.conditions.rtt_s, uplink=uplink)
        self._tell(f"{self.carrier}_uplink_min_rtt_seconds", RTT_S, uplink=uplink)
        self._tell(f"{self.carrier}_uplink_dead", float(uplink in self.conditions.dead), uplink=uplink)

    def _tell(self, metric: str, value: float, *, site: str = EDGE_SITE, **labels: str) -> None:
        key = (metric, tuple(sorted({"site": site, "job": metric.partition("_")[0], **labels}.items())))
        row = self.rows.setdefault(key, deque())
        row.append(Sample(self.now, value))
        while row[0].t_s < self.now - WINDOW_S:
            row.popleft()

    def windows(self) -> list[Series]:
        """Raw windows, as they would be fetched now."""
        begin = self.now - WINDOW_S
        found = ((key, tuple(one for one in row if one.t_s >= begin)) for key, row in self.rows.items())
        return [Series(metric, labels, samples) for (metric, labels), samples in found if samples]

    def observe(
        self,
        policy: Policy,
        *,
        traits: EncoderTraits = LIVE,
        override: Override | None = None,
        scene: Scene | None = None,
    ) -> Observation:
        """What the controller sees 100 ms after the newest scrape."""
        return observe(
            at_s=self.now + 0.1,
            series=self.windows(),
            encoder=EncoderReading(reachable=True, confirmed=self.playing),
            encoder_traits=traits,
            scene=SceneReading(reachable=True, scene=scene, streaming=True),
            override=override,
            policy=policy,
        )
