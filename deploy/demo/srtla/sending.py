"""The sending side of SRTLA as a value machine: which packet goes over which link, and what is said besides.

No socket and no clock: packets and moments (seconds of any steady clock) come in, links' numbers and
packets come out. What it wants to say by itself collects in `outbox` as (link, packet).

A link counts as many packets in flight as it sent that nobody acknowledged; the next packet takes the link
whose window is largest for what it has in flight. An SRTLA acknowledgement widens the window of a link
that fills it, a NAK narrows the window of the link that lost the packet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from deploy.demo.srtla import wire
from deploy.demo.srtla.wire import Form, LinkNews

WINDOW_UNIT = 1000  # windows are in thousandths of a packet
WINDOW_LEAST, WINDOW_START, WINDOW_MOST = 1 * WINDOW_UNIT, 20 * WINDOW_UNIT, 60 * WINDOW_UNIT
WINDOW_GROWTH_FILLED, WINDOW_GROWTH, WINDOW_CUT = 29, 1, 100

LINK_TIMEOUT_S = 4.0
REGISTER_EVERY_S = 1.0
REFUSED_WAIT_S = 5.0
KEEPALIVE_EVERY_S = {Form.SHORT: 2.0, Form.TIMED: 1.0, Form.EXTENDED: 1.0}
RATE_WINDOW_S = 1.0


@dataclass(slots=True)
class Link:
    """One uplink as the sender sees it. Times are None before the first."""

    registered: bool = False
    window: int = WINDOW_START
    in_flight: dict[int, None] = field(default_factory=dict)  # as an ordered set
    heard_s: float | None = None
    sent_s: float | None = None
    asked_s: float | None = None
    kept_alive_s: float | None = None
    wait_until_s: float = 0.0
    rtt_s: float | None = None
    naks: int = 0
    sent_packets: int = 0
    sent_bytes: int = 0
    _rate_since_s: float = 0.0
    _rate_from: int = 0
    bytes_per_s: int = 0

    @property
    def score(self) -> float:
        """Room in the window for each packet in flight."""
        return self.window / (len(self.in_flight) + 1)

    def usable(self, now_s: float) -> bool:
        """Registered, and heard within the time-out."""
        return self.registered and self.heard_s is not None and now_s - self.heard_s < LINK_TIMEOUT_S

    def measure(self, now_s: float) -> None:
        """Bring the rate to the last whole second."""
        if (took_s := now_s - self._rate_since_s) >= RATE_WINDOW_S:
            self.bytes_per_s = round((self.sent_bytes - self._rate_from) / took_s)
            self._rate_since_s, self._rate_from = now_s, self.sent_bytes


class Sender:
    """The links to one receiver. `identity` is 256 random bytes, `form` that of its keepalives."""

    def __init__(self, count: int, *, identity: bytes, form: Form = Form.EXTENDED) -> None:
        if len(identity) != wire.ID_BYTES:
            raise ValueError(f"an SRTLA sender's identity has {wire.ID_BYTES} bytes, not {len(identity)}")
        self.links: Sequence[Link] = tuple(Link() for _ in range(count))
        self.outbox: list[tuple[int, bytes]] = []
        self._own_identity = self._identity = identity
        self._creating_until_s = 0.0
        self._form = form

    def from_encoder(self, packet: bytes, now_s: float) -> int | None:
        """The link that this SRT packet goes over; None, so that it is lost, while there is none."""
        chosen: int | None = None
        best = -1.0
        for number, link in enumerate(self.links):
            if link.usable(now_s) and (score := link.score) > best:
                chosen, best = number, score
        if chosen is not None:
            self._sent(self.links[chosen], packet, now_s)
        return chosen

    def from_link(self, number: int, packet: bytes, now_s: float) -> bytes | None:
        """What of this packet, come over link `number`, goes to the encoder; None for SRTLA's own."""
        link = self.links[number]
        link.heard_s = now_s
        kind = wire.kind(packet)
        if kind == wire.SRT_ACK:
            self._acknowledged(packet)
        elif kind == wire.SRT_NAK:
            self._missing(packet)
        elif kind == wire.SRTLA_ACK:
            self._widen(packet)
        elif kind == wire.KEEPALIVE:
            if (clock_ms := wire.echoed_clock_ms(packet, self._form)) is not None:
                link.rtt_s = max(0.0, now_s - clock_ms / 1000)
        elif kind >= wire.REG1:
            self._registration(number, kind, packet, now_s)
        return None if kind >= wire.KEEPALIVE else packet

    def tick(self, now_s: float) -> None:
        """Say what is due, into `outbox`: registrations and keepalives. Ask at least every 100 ms."""
        for number, link in enumerate(self.links):
            link.measure(now_s)
            if link.registered and not link.usable(now_s):
                link.registered = False
                link.in_flight.clear()
                link.window = WINDOW_START
            if not link.registered:
                if now_s >= link.wait_until_s and _due(link.asked_s, now_s, REGISTER_EVERY_S):
                    link.asked_s = now_s
                    self.outbox.append((number, wire.registration(wire.REG2, self._identity)))
            elif self._keepalive_due(link, now_s):
                link.kept_alive_s = now_s
                self.outbox.append((number, self._keepalive(number, now_s)))

    def _sent(self, link: Link, packet: bytes, now_s: float) -> None:
        link.sent_s = now_s
        link.sent_packets += 1
        link.sent_bytes += len(packet)
        if wire.is_data(packet):
            link.in_flight[wire.sequence(packet)] = None

    def _acknowledged(self, packet: bytes) -> None:
        reached = wire.acknowledged(packet)
        if reached is None:
            return
        for link in self.links:
            for one in [one for one in link.in_flight if wire.is_before(one, reached)]:
                del link.in_flight[one]

    def _widen(self, packet: bytes) -> None:
        for one in wire.srtla_acked(packet):
            for link in self.links:
                if one in link.in_flight:
                    del link.in_flight[one]
                    if len(link.in_flight) * WINDOW_UNIT > link.window:
                        link.window += WINDOW_GROWTH_FILLED
                if link.registered:
                    link.window = min(link.window + WINDOW_GROWTH, WINDOW_MOST)

    def _missing(self, packet: bytes) -> None:
        for first, last in wire.missing(packet):
            for link in self.links:
                # A range may claim two thousand million packets; in flight are some hundreds.
                lost = [one for one in link.in_flight if (one - first) % wire.SEQUENCES <= (last - first)]
                for one in lost:
                    del link.in_flight[one]
                link.naks += len(lost)
                link.window = max(link.window - WINDOW_CUT * len(lost), WINDOW_LEAST)

    def _registration(self, number: int, kind: int, packet: bytes, now_s: float) -> None:
        link = self.links[number]
        if kind == wire.REG3:
            link.registered = True
        elif kind == wire.REG_NGP:
            self._create(number, now_s)
        elif kind == wire.REG2:
            self._joined(packet)
        elif kind in {wire.REG_ERR, wire.REG_NAK}:
            link.registered = False
            link.wait_until_s = now_s + REFUSED_WAIT_S

    def _create(self, number: int, now_s: float) -> None:
        """The receiver knows no such group: ask for one, over one link at a time.

        While any link works the group is known, and this is the late answer to an old question.
        """
        if now_s < self._creating_until_s or any(link.usable(now_s) for link in self.links):
            return
        self._creating_until_s = now_s + REGISTER_EVERY_S
        self._identity = self._own_identity
        for link in self.links:
            link.registered = False
        self.outbox.append((number, wire.registration(wire.REG1, self._own_identity)))

    def _joined(self, packet: bytes) -> None:
        """The group has been made: every link joins it. The first half of its name must be ours."""
        named = wire.identity(packet)
        half = wire.ID_BYTES // 2
        if named is None or named[:half] != self._own_identity[:half]:
            return
        self._identity = named
        for number, link in enumerate(self.links):
            if not link.registered:
                self.outbox.append((number, wire.registration(wire.REG2, named)))

    def _keepalive_due(self, link: Link, now_s: float) -> bool:
        every_s = KEEPALIVE_EVERY_S[self._form]
        idle = self._form is not Form.SHORT or _due(link.sent_s, now_s, RATE_WINDOW_S)
        return idle and _due(link.kept_alive_s, now_s, every_s)

    def _keepalive(self, number: int, now_s: float) -> bytes:
        link = self.links[number]
        rtt_ms = 0 if link.rtt_s is None else round(link.rtt_s * 1000)
        news = LinkNews(number, link.window, len(link.in_flight), rtt_ms, link.naks, link.bytes_per_s)
        return wire.keepalive(self._form, round(now_s * 1000), news)


def _due(last_s: float | None, now_s: float, every_s: float) -> bool:
    return last_s is None or now_s - last_s >= every_s
