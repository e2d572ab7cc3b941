"""From datagrams to one observation: links, bonds, and totals per uplink that survive both.

Pure but for its memory, which is bounded: the same datagrams in the same order give the same
observations. Counts of links that are gone stay with their uplink.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from exporters.srtla import wire
from exporters.srtla.group import Group
from exporters.srtla.keyframes import Timings
from exporters.srtla.link import Link
from exporters.srtla.model import Datagram, Role
from exporters.srtla.naming import Seen, Uplink, uplink_of
from exporters.srtla.recent import Once
from exporters.srtla.tally import Tally

# A rig has two to four links; receivers accept 8 or 16 in a group. More come from strangers.
MAX_LINKS = 64
MAX_GROUPS = 8
SILENT_S = 15.0  # the longest link timeout of the receivers in use
_REBOUND_S = 1.5  # keepalives come each second: the old address of a link that has a new one misses at least one
_DESTINATION = struct.Struct(">I")


@dataclass(slots=True)
class UplinkTotals:
    """What an uplink's links of the past counted, and how many there were."""

    tally: Tally = field(default_factory=Tally)
    created: int = 0
    closed: int = 0
    rebinds: int = 0


@dataclass(slots=True)
class Events:
    """What is counted of all bonds together; the keys are closed sets of words."""

    registrations: Counter[str] = field(default_factory=Counter)
    rejections: Counter[str] = field(default_factory=Counter)
    evictions: Counter[str] = field(default_factory=Counter)
    malformed: int = 0


class Observer:
    """Feed it every datagram, and look when a picture is wanted."""

    def __init__(self, role: Role, uplinks: Sequence[Uplink]) -> None:
        self.role = role
        self.uplinks: Sequence[Uplink] = ()
        self.totals: dict[str | None, UplinkTotals] = {None: UplinkTotals()}
        self.links: dict[bytes, Link] = {}
        self.groups: dict[int, Group] = {}
        self.events = Events()
        self._past = [0] * 7
        self.interfaces: Mapping[int, str] = {}
        self.newest_s = 0.0
        self._interface_of: dict[bytes, int] = {}
        self._numbers = 0
        self._by_socket: dict[int, Group] = {}
        self._by_id: dict[int, Group] = {}
        self._once = Once(256)
        self._timings = Timings()
        self.name(uplinks)

    def name(self, uplinks: Sequence[Uplink]) -> None:
        """Use other names from now on; known links are told apart anew."""
        self.uplinks = uplinks
        for uplink in uplinks:
            self.totals.setdefault(uplink.name, UplinkTotals())
        for link in self.links.values():
            self._identify(link)

    def feed(self, datagrams: Iterable[Datagram]) -> None:
        """Take what was seen since the last call, oldest first."""
        links = self.links
        for at_s, upward, peer, interface, length, head in datagrams:
            self.newest_s = at_s
            link = links.get(peer)
            if link is None:
                if not upward or not head:
                    continue
                link = self._appeared(peer, at_s, interface)
            tally = link.tally
            if upward:
                tally.up_bytes += length
                tally.up_datagrams += 1
                link.up_s = at_s
                if link.unanswered_s is None:
                    link.unanswered_s = at_s
                if head and head[0] < 0x80 and len(head) >= wire.SRT_HEADER_BYTES:
                    self._data(link, at_s, length, head)
                    continue
            else:
                tally.down_bytes += length
                tally.down_datagrams += 1
                link.down_s = at_s
                link.unanswered_s = None
            self._control(link, at_s, head, upward=upward)

    def tidy(self, at_s: float) -> None:
        """Close what has been silent for long. Call it about every 100 ms."""
        for link in [link for link in self.links.values() if at_s - _heard_s(link) > SILENT_S]:
            self._close(link)
        for group in [group for group in self.groups.values() if at_s - group.active_s > SILENT_S]:
            if not group.in_use(at_s - SILENT_S):
                self._end(group)
        for group in self.groups.values():
            if group.sent is not None:
                group.sent.settle(at_s)

    def tally(self, uplink: str | None) -> Tally:
        """What the uplink's links, past and present, counted together."""
        found = Tally()
        found.add(self.totals[uplink].tally)
        for link in self.links.values():
            if link.uplink == uplink:
                found.add(link.tally)
        return found

    def connections(self) -> dict[str, int]:
        """The id by which the sender's keepalives know the link of each uplink now, where they have one."""
        links = sorted(self.links.values(), key=lambda link: link.up_s)
        return {
            link.uplink: link.connection for link in links if link.uplink is not None and link.connection is not None
        }

    def counts(self) -> tuple[int, ...]:
        """What `Group.counts` counts, of all bonds past and present that were answered."""
        real = [group.counts() for group in self.groups.values() if group.answered or self.role is Role.SENDER]
        return tuple(map(sum, zip(self._past, *real, strict=True)))

    def _data(self, link: Link, at_s: float, length: int, head: bytes) -> None:
        socket = _DESTINATION.unpack_from(head, 12)[0]
        group = None if link.group is None else self.groups.get(link.group)
        if group is None or group.socket != socket:
            group = self._group_of_data(link, group, socket, at_s)
        group.active_s = at_s
        if group.received is not None:
            group.received.data(link, at_s, length, head)
        elif group.sent is not None:
            group.sent.data(link, at_s, length, head)

    def _control(self, link: Link, at_s: float, head: bytes, *, upward: bool) -> None:
        if len(head) < 2:
            self.events.malformed += 1
            return
        kind = head[0] << 8 | head[1]
        group = None if link.group is None else self.groups.get(link.group)
        if kind < 0x8000:
            # Data toward the sender is no part of what we watch; upward it is too short to be data.
            self.events.malformed += upward
        elif kind < 0x8100:
            if (kind & 0xFF) not in wire.CONTROL_TYPES or len(head) < wire.SRT_HEADER_BYTES:
                self.events.malformed += 1
            elif upward:
                self._upward_control(link, group, at_s, head)
            else:
                self._downward_control(group, at_s, head)
        elif kind == wire.KEEPALIVE:
            self._keepalive(link, at_s, head, upward=upward)
        elif kind == wire.SRTLA_ACK:
            if group is not None and group.sent is not None and not upward:
                group.sent.landed(link, at_s, wire.srtla_acknowledged(head))
        elif kind in wire.REGISTRATIONS:
            self._registration(link, kind, at_s, head, upward=upward)
        else:
            self.events.malformed += kind >> 12 != 0xA  # an extension of old receivers

    def _upward_control(self, link: Link, group: Group | None, at_s: float, head: bytes) -> None:
        kind = head[1]
        if kind == wire.HANDSHAKE:
            self._timings.called(wire.handshake(head), at_s)
        elif group is None:
            return
        elif kind == wire.ACKACK:
            rtt_s = group.round_trip(at_s, int.from_bytes(head[4:8]))
            if rtt_s is not None and link.form != "extended":
                link.rtt.add(at_s, rtt_s)
        elif kind == wire.DROP_REQUEST:
            dropped = wire.dropped_range(head)
            if dropped is not None and group.first_copy(head[16:24]):
                group.gave_up(*dropped)

    def _downward_control(self, group: Group | None, at_s: float, head: bytes) -> None:
        kind = head[1]
        if kind == wire.ACK and group is not None:
            ack = wire.acknowledgement(head)
            if ack is not None:
                group.acknowledgement(at_s, ack)
        elif kind == wire.NAK and group is not None and group.first_copy(head):
            group.nak(at_s, wire.lost_ranges(head))
        elif kind == wire.HANDSHAKE and self._once.first(head):
            reason = wire.rejection(head)
            if reason is not None:
                self.events.rejections[reason] += 1
            self._timings.answered(wire.handshake(head))
        elif kind == wire.SHUTDOWN and (group is None or group.socket is None) and self._once.first(head):
            self.events.rejections["shutdown"] += 1

    def _keepalive(self, link: Link, at_s: float, head: bytes, *, upward: bool) -> None:
        if not upward:
            sent, link.keepalive_sent = link.keepalive_sent, None
            if self.role is Role.SENDER and sent is not None and sent[1] == head[: len(sent[1])]:
                link.rtt.add(at_s, at_s - sent[0])
            return
        link.form = wire.keepalive_form(head)
        if self.role is Role.SENDER:
            link.keepalive_sent = (at_s, bytes(head))
        said = wire.extended_keepalive(head)
        if said is None:
            return
        link.reported(said, beside_sender=self.role is Role.SENDER)
        if self.role is Role.RECEIVER:
            link.rtt.add(at_s, said.rtt_s)
        if link.connection != said.connection:
            link.connection = said.connection
            self._identify(link)
        self._replace(link, at_s)

    def _registration(self, link: Link, kind: int, at_s: float, head: bytes, *, upward: bool) -> None:
        self.events.registrations[wire.REGISTRATIONS[kind]] += 1
        if kind == wire.REG2 and len(head) >= 2 + wire.GROUP_ID_BYTES and upward:
            link.wanted_id = hash(bytes(head[2 : 2 + wire.GROUP_ID_BYTES]))
        elif kind == wire.REG3 and not upward and link.wanted_id is not None:
            group = self._by_id.get(link.wanted_id)
            if group is None:
                mine = None if link.group is None else self.groups.get(link.group)
                group = mine if mine is not None and mine.registered is None else self._begin(at_s)
                group.registered = link.wanted_id
                self._by_id[link.wanted_id] = group
            group.active_s = at_s
            link.group = group.number

    def _group_of_data(self, link: Link, group: Group | None, socket: int, at_s: float) -> Group:
        """The bond that data to this socket belongs to; a socket that is known tells more than an id."""
        known = self._by_socket.get(socket)
        if known is None:
            known = group if group is not None else self._begin(at_s)
            if known.socket is not None:
                self._by_socket.pop(known.socket, None)
            known.carries(socket)
            if known.received is not None:
                known.received.wholeness.plays(self._timings.of(socket))
            self._by_socket[socket] = known
        elif group is not None and group.registered is not None and known.registered is None:
            known.registered = group.registered
            self._by_id[group.registered] = known
            if group.socket is None:
                self.groups.pop(group.number, None)
        link.group = known.number
        return known

    def _begin(self, at_s: float) -> Group:
        if len(self.groups) >= MAX_GROUPS:
            self.events.evictions["groups"] += 1
            self._end(min(self.groups.values(), key=lambda group: group.active_s))
        self._numbers += 1
        group = self.groups[self._numbers] = Group(self._numbers, self.role, at_s)
        return group

    def _end(self, group: Group) -> None:
        if group.answered or self.role is Role.SENDER:
            self._past = [past + now for past, now in zip(self._past, group.counts(), strict=True)]
        self.groups.pop(group.number, None)
        if group.socket is not None and self._by_socket.get(group.socket) is group:
            del self._by_socket[group.socket]
        if group.registered is not None and self._by_id.get(group.registered) is group:
            del self._by_id[group.registered]

    def _appeared(self, peer: bytes, at_s: float, interface: int) -> Link:
        if len(self.links) >= MAX_LINKS:
            self.events.evictions["links"] += 1
            self._close(min(self.links.values(), key=_heard_s))
        self._interface_of[peer] = interface
        link = self.links[peer] = Link(peer, at_s, None)
        link.uplink = uplink_of(self._seen(link), self.uplinks)
        self.totals[link.uplink].created += 1
        return link

    def _identify(self, link: Link) -> None:
        """Find the uplink anew; what the link has counted so far goes with it."""
        uplink = uplink_of(self._seen(link), self.uplinks)
        if uplink != link.uplink:
            self.totals[link.uplink].closed += 1
            link.uplink = uplink
            self.totals[uplink].created += 1

    def _seen(self, link: Link) -> Seen:
        interface = self.interfaces.get(self._interface_of.get(link.peer, 0))
        return Seen.of(link.peer, interface, link.connection)

    def _replace(self, link: Link, at_s: float) -> None:
        """A connection id that comes from a new address is the same link, behind a NAT that forgot the old one."""
        for other in list(self.links.values()):
            same = other.connection == link.connection and other.group == link.group and other is not link
            if same and other.created_s < link.created_s and at_s - other.up_s > _REBOUND_S:
                self.totals[link.uplink].rebinds += 1
                self._close(other)

    def _close(self, link: Link) -> None:
        totals = self.totals[link.uplink]
        totals.tally.add(link.tally)
        totals.closed += 1
        del self.links[link.peer]
        self._interface_of.pop(link.peer, None)
        if link.uplink is None or link.group is None or link.connection is not None:
            return
        ours = [other for other in self.links.values() if (other.uplink, other.group) == (link.uplink, link.group)]
        totals.rebinds += any(other.created_s > link.up_s for other in ours)


def _heard_s(link: Link) -> float:
    return link.up_s if link.down_s is None else max(link.up_s, link.down_s)
