"""The receiving side of SRTLA as a value machine: who belongs to which group, and what goes to whom.

No socket and no clock. A group is known to the caller by its number. What the receiver says by itself
collects in `outbox` as (address, packet).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from deploy.demo.srtla import wire

Address = tuple[str, int]

GROUPS_MOST = 200
HALF = wire.ID_BYTES // 2


@dataclass(frozen=True, slots=True)
class Habits:
    """In what receivers differ.

    Attributes:
        pads: short packets to senders are filled to 32 bytes.
        broadcasts_naks: SRT NAKs go out on every link, not only on the one last heard.
        link_timeout_s, group_timeout_s: silence after which a link leaves, and a group without links ends.
        links_most: links to a group.
    """

    pads: bool = False
    broadcasts_naks: bool = False
    link_timeout_s: float = 10.0
    group_timeout_s: float = 10.0
    links_most: int = 16


@dataclass(slots=True)
class _Link:
    heard_s: float
    received: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Group:
    number: int
    identity: bytes
    idle_since_s: float
    links: dict[Address, _Link] = field(default_factory=dict)
    last_heard: Address | None = None


class Receiver:
    """All groups of one public port. `random` gives that many random bytes."""

    def __init__(self, habits: Habits, *, random: Callable[[int], bytes]) -> None:
        self.outbox: list[tuple[Address, bytes]] = []
        self._habits, self._random = habits, random
        self._groups: dict[int, _Group] = {}
        self._by_address: dict[Address, _Group] = {}
        self._made = 0

    def links(self, group: int) -> tuple[Address, ...]:
        """The addresses of a group's links."""
        return tuple(self._groups[group].links) if group in self._groups else ()

    def from_uplink(self, address: Address, packet: bytes, now_s: float) -> int | None:
        """The group whose SRT server gets this packet; None for SRTLA's own and for strangers'."""
        kind = wire.kind(packet)
        if kind in {wire.REG1, wire.REG2}:
            self._register(address, kind, packet, now_s)
            return None
        group = self._by_address.get(address)
        if group is None:
            return None
        link = group.links[address]
        link.heard_s = now_s
        if kind == wire.KEEPALIVE:
            self._say(address, packet)
            return None
        if kind >= wire.KEEPALIVE or len(packet) < wire.SRT_HEADER_BYTES:
            return None
        group.last_heard = address
        if kind < 0x8000:
            self._note(address, link, wire.sequence(packet))
        return group.number

    def from_server(self, number: int, packet: bytes) -> tuple[Address, ...]:
        """The addresses that get this packet of the SRT server, put as it is into `outbox` for each."""
        group = self._groups.get(number)
        if group is None:
            return ()
        kind = wire.kind(packet)
        everyone = kind == wire.SRT_ACK or (kind == wire.SRT_NAK and self._habits.broadcasts_naks)
        addresses = tuple(group.links) if everyone else (group.last_heard,) if group.last_heard in group.links else ()
        for address in addresses:
            if kind in {wire.SRT_ACK, wire.SRT_NAK}:
                self.outbox.append((address, packet))
            else:
                self._say(address, packet)
        return addresses

    def expire(self, now_s: float) -> tuple[int, ...]:
        """The groups that have ended by now; links that fell silent leave theirs."""
        ended = []
        for group in list(self._groups.values()):
            for address, link in list(group.links.items()):
                if now_s - link.heard_s >= self._habits.link_timeout_s:
                    del group.links[address], self._by_address[address]
                    group.idle_since_s = now_s
            if not group.links and now_s - group.idle_since_s >= self._habits.group_timeout_s:
                del self._groups[group.number]
                ended.append(group.number)
        return tuple(ended)

    def _register(self, address: Address, kind: int, packet: bytes, now_s: float) -> None:
        identity = wire.identity(packet)
        if identity is None:
            self._say(address, wire.short(wire.REG_ERR))
        elif kind == wire.REG1:
            self._create(address, identity, now_s)
        else:
            self._join(address, identity, now_s)

    def _create(self, address: Address, identity: bytes, now_s: float) -> None:
        if len(self._groups) >= GROUPS_MOST or address in self._by_address:
            self._say(address, wire.short(wire.REG_ERR))
            return
        self._made += 1
        named = identity[:HALF] + self._random(HALF)
        self._groups[self._made] = _Group(self._made, named, idle_since_s=now_s)
        self.outbox.append((address, wire.registration(wire.REG2, named)))

    def _join(self, address: Address, identity: bytes, now_s: float) -> None:
        group = next((one for one in self._groups.values() if one.identity == identity), None)
        if group is None:
            self._say(address, wire.short(wire.REG_NGP))
        elif self._by_address.get(address, group) is not group:
            self._say(address, wire.short(wire.REG_ERR))
        elif address not in group.links and len(group.links) >= self._habits.links_most:
            self._say(address, wire.short(wire.REG_NAK))
        else:
            group.links.setdefault(address, _Link(now_s)).heard_s = now_s
            self._by_address[address] = group
            if group.last_heard is None:
                group.last_heard = address
            self._say(address, wire.short(wire.REG3))

    def _note(self, address: Address, link: _Link, sequence: int) -> None:
        link.received.append(sequence)
        if len(link.received) == wire.ACKED_TOGETHER:
            self.outbox.append((address, wire.srtla_ack(link.received)))
            link.received.clear()

    def _say(self, address: Address, packet: bytes) -> None:
        self.outbox.append((address, wire.padded(packet) if self._habits.pads else packet))
