"""From one dump to one observation: totals, the sampler's estimate, and stable places for subflows.

Pure but for its memory: the same dumps in the same order give the same observations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from exporters.mptcp.model import Dump
from exporters.mptcp.parsing import ESTABLISHED, MptcpRow, TcpRow
from exporters.mptcp.sampler import Estimate, Sampler
from exporters.mptcp.sampling import connection_sample, pending_bytes, uplink_sample
from exporters.mptcp.summing import Scope, Sorted, Totals, sort_rows
from exporters.mptcp.uplinks import Resolved, Role

SLOTS = 4  # per uplink and role: a bond has one or two subflows there, and a label's values must stay few

UPLINK_COUNTERS = ("bytes_sent", "bytes_acked", "bytes_received", "bytes_retrans", "data_segs_out", "total_retrans")
CONNECTION_COUNTERS = ("bytes_acked", "bytes_received", "bytes_retrans")
# Before Linux 6.5 a connection has no byte counters; its sequence numbers move by the same bytes.
SEQUENCES = {"bytes_acked": "snd_una", "bytes_received": "rcv_nxt"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a subflow is shown: labels that outlive it."""

    uplink: str
    role: str
    slot: int


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything that the sockets' part of a scrape is made from."""

    role: Role
    rows: Sorted
    resolved: tuple[Resolved, ...]
    uplink_totals: Mapping[str, Mapping[str, int]]
    subflows_created: Mapping[str, int]
    subflows_closed: Mapping[str, int]
    connection_totals: Mapping[str, int]
    backlog_bytes: float | None
    estimate: Estimate
    subflows: tuple[tuple[Place, TcpRow], ...]


class Observer:
    """Feed it every dump; it keeps the totals, the sampler and the subflows' places."""

    def __init__(self, scope: Scope, names: Sequence[str]) -> None:
        self._scope = scope
        self._uplinks = {name: Totals(*UPLINK_COUNTERS) for name in names}
        self._connection = Totals(*CONNECTION_COUNTERS)
        self._sequences = Totals(*SEQUENCES.values(), since_seen=True)
        self._places = Places(names)
        self._sampler = Sampler()

    def observe(self, dump: Dump, resolved: tuple[Resolved, ...]) -> Observation:
        """Take a dump, later than the last."""
        rows = sort_rows(dump, self._scope, resolved)
        for name, subflows in rows.by_uplink.items():
            self._uplinks[name].add(subflows)
        self._connection.add(carriers(rows))
        self._sequences.add(rows.connections)
        self._places.settle(rows)
        totals = {name: sums.sums for name, sums in self._uplinks.items()}
        connection = self._connection_totals()
        return Observation(
            role=self._scope.role,
            rows=rows,
            resolved=resolved,
            uplink_totals=totals,
            subflows_created=dict(self._places.created),
            subflows_closed=dict(self._places.closed),
            connection_totals=connection,
            backlog_bytes=pending_bytes(rows) if self._scope.role is Role.SENDER else None,
            estimate=self._estimate(dump.at_s, rows, totals, connection),
            subflows=self._places.shown(rows),
        )

    def probed(self, uplink: str, at_s: float, rate: float) -> None:
        """Take what a probe of an uplink showed."""
        self._sampler.probed(uplink, at_s, rate)

    def padded(self, uplink: str, at_s: float, rate: float) -> None:
        """Take what stream and padding carried together on an uplink."""
        self._sampler.padded(uplink, at_s, rate)

    def _connection_totals(self) -> dict[str, int]:
        sequences = {name: self._sequences.sums.get(sequence) for name, sequence in SEQUENCES.items()}
        return {name: value for name, value in sequences.items() if value is not None} | self._connection.sums

    def _estimate(
        self, at_s: float, rows: Sorted, totals: Mapping[str, Mapping[str, int]], connection: Mapping[str, int]
    ) -> Estimate:
        """The sender's estimate of capacity and backlog, or the receiver's of what it waits for."""
        if self._scope.role is Role.RECEIVER:
            received = sum(sums.get("bytes_received", 0) for sums in totals.values())
            bonded = bool(rows.connections) and not rows.fallback and not rows.strays
            return self._sampler.receive(at_s, received, connection.get("bytes_received") if bonded else None)
        samples = [uplink_sample(name, rows.by_uplink[name], sums) for name, sums in totals.items()]
        return self._sampler.send(at_s, samples, connection_sample(rows, connection))


def carriers(rows: Sorted) -> Sequence[MptcpRow] | Sequence[TcpRow]:
    """The sockets whose counters are the connection's.

    Without bonding these are the TCP sockets, since a fallen-back connection's own sequence numbers
    no longer follow what is acknowledged.
    """
    return rows.live if rows.fallback else [row for row in rows.connections if not row.fell_back]


class Places:
    """Which slot each live subflow has, and how many came and went, by uplink."""

    def __init__(self, names: Sequence[str]) -> None:
        self.created = dict.fromkeys(names, 0)
        self.closed = dict.fromkeys(names, 0)
        self._of: dict[int, Place] = {}

    def settle(self, rows: Sorted) -> None:
        """Give new subflows the lowest free slot; free those of subflows that are gone."""
        live = {row.cookie: (name, row) for name, subflows in rows.by_uplink.items() for row in _live(subflows)}
        for cookie in self._of.keys() - live.keys():
            self.closed[self._of.pop(cookie).uplink] += 1
        for cookie, (name, row) in live.items():
            if cookie not in self._of:
                self._of[cookie] = self._free(name, _role(row, rows.connections))
                self.created[name] += 1

    def shown(self, rows: Sorted) -> tuple[tuple[Place, TcpRow], ...]:
        """Each live subflow with its place; those beyond the last slot are only counted."""
        placed = [(self._of[row.cookie], row) for row in rows.live]
        return tuple((place, row) for place, row in placed if place.slot < SLOTS)

    def _free(self, uplink: str, role: str) -> Place:
        taken = {place.slot for place in self._of.values() if (place.uplink, place.role) == (uplink, role)}
        return Place(uplink, role, next(slot for slot in range(len(taken) + 1) if slot not in taken))


def _live(rows: Sequence[TcpRow]) -> list[TcpRow]:
    return [row for row in rows if row.state == ESTABLISHED]


def _role(row: TcpRow, connections: Sequence[MptcpRow]) -> str:
    """`initial` or `join`; without the kernel's word, the initial one has the connection's own ends."""
    if row.ulp is not None and row.ulp.flags is not None:
        return "join" if row.ulp.joined else "initial"
    return "initial" if not connections or any(row.ends == entry.ends for entry in connections) else "join"
