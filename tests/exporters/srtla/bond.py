"""A bond on paper: what passes on its wire, as seen at one end, second by second."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from exporters.srtla.model import Role
from exporters.srtla.naming import parse_uplink
from exporters.srtla.observing import Observer
from exporters.srtla.picture import Painter, Picture
from tests.exporters.srtla import packets
from tests.exporters.srtla.packets import ONE, TWO, down, up

if TYPE_CHECKING:
    from exporters.srtla.model import Datagram

TICK_S = 0.1


@dataclass
class Road:
    """One link: its delay one way, how much longer the queue makes it, and whether it is dead, or not even there."""

    peer: bytes
    delay_s: float
    queue_s: float = 0.0
    dead: bool = False
    unplugged: bool = False
    waiting: list[int] = field(default_factory=list)


@dataclass
class Bond:
    """Two links that carry 100 packets a second by turns; acknowledged as a receiver would.

    It is told in ticks of 100 ms. What the far end sees later than the near one stands in the stamps
    and in the order of the datagrams.
    """

    role: Role = Role.RECEIVER
    form: str = "extended"
    roads: tuple[Road, Road] = field(default_factory=lambda: (Road(ONE, 0.03), Road(TWO, 0.05)))
    at_s: float = 1000.0
    sequence: int = 7
    observer: Observer = field(init=False)
    painter: Painter = field(default_factory=Painter)
    picture: Picture = field(init=False)
    _lost: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        targets = ("verizon=198.51.100.7", "att=203.0.113.9")
        self.observer = Observer(self.role, [parse_uplink(text) for text in targets])

    def register(self) -> None:
        """The sender registers its links."""
        for road in self.roads:
            self.observer.feed([up(self.at_s, packets.registration(0x9201, packets.GROUP_ID), road.peer)])
            self.observer.feed([down(self.at_s, packets.registration(0x9202), road.peer)])

    def run(self, seconds: float) -> Picture:
        """Let so much time pass; the picture at its end."""
        for _ in range(round(seconds / TICK_S)):
            seen = self._tick()
            self.observer.feed(sorted(seen, key=lambda one: one.at_s))
            self.at_s += TICK_S
            self.picture = self.painter.paint(self.observer, self.at_s)
        return self.picture

    def _tick(self) -> list[Datagram]:
        seen = self._repeated()
        for place in range(10):
            there = [road for road in self.roads if not road.unplugged]
            road = there[self.sequence % len(there)]
            sent_s = self.at_s + place * TICK_S / 10
            stamp_us = round(sent_s * 1e6)
            arrival_s = sent_s + road.delay_s + road.queue_s
            if self.role is Role.SENDER or not road.dead:
                at_s = sent_s if self.role is Role.SENDER else arrival_s
                seen.append(up(at_s, _data(self.sequence, stamp_us), road.peer))
            if road.dead:
                self._lost.append(self.sequence)
            else:
                road.waiting.append(self.sequence)
                if len(road.waiting) >= 10:
                    back_s = road.delay_s if self.role is Role.SENDER else 0.0
                    seen.append(down(arrival_s + back_s, packets.srtla_ack(*road.waiting[:10]), road.peer))
                    del road.waiting[:10]
            self.sequence += 1
        alive = [road for road in self.roads if not road.dead and not road.unplugged]
        if round(self.at_s / TICK_S) % 10 == 0:
            seen += [up(self.at_s, self._keepalive(number), road.peer) for number, road in enumerate(alive)]
        seen += [
            down(self.at_s + TICK_S * 0.9, packets.ack(self.sequence, self.sequence - 12), road.peer) for road in alive
        ]
        return seen

    def _repeated(self) -> list[Datagram]:
        """What the last tick lost is NAKed, and repeated over a link that lives."""
        alive = [road for road in self.roads if not road.dead]
        if not self._lost or not alive:
            return []
        seen = [down(self.at_s + 0.05, packets.nak(*self._lost, stamp_us=round(self.at_s * 1e6)), alive[0].peer)]
        seen += [up(self.at_s + 0.06, packets.data(one, again=True), alive[0].peer) for one in self._lost]
        alive[0].waiting.extend(self._lost)
        self._lost.clear()
        return seen

    def _keepalive(self, number: int) -> bytes:
        if self.form != "extended":
            return packets.keepalive(self.form)
        return packets.keepalive("extended", connection=number, rtt_ms=60 + 40 * number, naks=self.sequence // 100)


def _data(sequence: int, stamp_us: int) -> bytes:
    """A data packet; each two seconds a keyframe begins in one."""
    payload = packets.transport_stream() if sequence % 200 == 0 else b""
    return packets.data(sequence, stamp_us=stamp_us, payload=payload)
