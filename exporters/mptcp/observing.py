"""From one dump to one observation: totals, the sampler's estimate and stable places for subflows.

Pure but for its memory: the same dumps in the same order give the same observations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from exporters.mptcp.model import Dump
from exporters.mptcp.parsing import ESTABLISHED, MptcpRow, TcpRow
from exporters.mptcp.sampler import ConnectionSample, Estimate, Sampler, UplinkSample
from exporters.mptcp.summing import (
    CONNECTION_COUNTERS,
    UPLINK_COUNTERS,
    Scope,
    Sorted,
    Totals,
    freshest,
    outstanding_bytes,
    sort_rows,
)
from exporters.mptcp.uplinks import Resolved, Role
from exporters.units import seconds_from_ms, seconds_from_us

SLOTS = 4  # per uplink and role; a bond has one or two, and a label's values must stay few
UNKNOWN_RTT_US = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Place:
    """Where a subflow is shown: labels that outlive it."""

    uplink: str
    role: str
    slot: int


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything that the sockets' part of a scrape is made from."""

    rows: Sorted
    resolved: tuple[Resolved, ...]
    uplink_totals: Mapping[str, Mapping[str, int]]
    subflows_created: Mapping[str, int]
    subflows_closed: Mapping[str, int]
    connection_totals: Mapping[str, int]
    backlog_bytes: float | None
    fallback: bool | None
    estimate: Estimate
    subflows: tuple[tuple[Place, TcpRow], ...]


class Observer:
    """Feed it every dump; it keeps the totals, the sampler and the slots."""

    def __init__(self, scope: Scope, names: Sequence[str]) -> None:
        self._scope = scope
        self._uplinks = {name: Totals() for name in names}
        self._created = dict.fromkeys(names, 0)
        self._closed = dict.fromkeys(names, 0)
        self._connection = Totals()
        self._sampler = Sampler()
        self._places: dict[int, Place] = {}

    def observe(self, dump: Dump, resolved: tuple[Resolved, ...]) -> Observation:
        """Take a dump, later than the last."""
        rows = sort_rows(dump, self._scope, resolved)
        for name, subflows in rows.by_uplink.items():
            _add(self._uplinks[name], subflows, UPLINK_COUNTERS)
        self._add_connections(rows)
        self._settle(rows)
        backlog = _backlog(rows)
        samples = [_uplink_sample(name, rows.by_uplink[name], self._uplinks[name].sums) for name in rows.by_uplink]
        connection = ConnectionSample(
            backlog_bytes=backlog if self._scope.role is Role.SENDER else None,
            acknowledged_bytes=self._connection.sums.get("bytes_acked", 0),
            held_bytes=_held(rows) if self._scope.role is Role.RECEIVER else None,
            in_order_bytes=self._connection.sums.get("bytes_received", 0),
        )
        return Observation(
            rows=rows,
            resolved=resolved,
            uplink_totals={name: dict(totals.sums) for name, totals in self._uplinks.items()},
            subflows_created=dict(self._created),
            subflows_closed=dict(self._closed),
            connection_totals=dict(self._connection.sums),
            backlog_bytes=backlog,
            fallback=_fallback(rows),
            estimate=self._sampler.feed(dump.at_s, samples, connection),
            subflows=self._placed(rows),
        )

    def _add_connections(self, rows: Sorted) -> None:
        """Add connections; one that fell back, or never was MPTCP, counts by its TCP row."""
        bonded = [row for row in rows.connections if not row.fell_back]
        alone = [row for subflows in rows.by_uplink.values() for row in subflows] if _fallback(rows) else []
        for connection in bonded:
            self._connection.add(connection.cookie, _picked(connection.info, CONNECTION_COUNTERS))
        for row in alone:
            self._connection.add(row.cookie, _picked(row.info, CONNECTION_COUNTERS))
        self._connection.keep([row.cookie for row in bonded] + [row.cookie for row in alone])

    def _settle(self, rows: Sorted) -> None:
        """Give new subflows a slot, and count arrivals and departures."""
        live = {
            row.cookie: (name, "join" if row.ulp is not None and row.ulp.joined else "initial")
            for name, subflows in rows.by_uplink.items()
            for row in subflows
            if row.state == ESTABLISHED
        }
        for cookie in self._places.keys() - live.keys():
            self._closed[self._places.pop(cookie).uplink] += 1
        for cookie, (name, role) in live.items():
            if cookie not in self._places:
                taken = {place.slot for place in self._places.values() if (place.uplink, place.role) == (name, role)}
                self._places[cookie] = Place(name, role, min(set(range(len(taken) + 1)) - taken))
                self._created[name] += 1

    def _placed(self, rows: Sorted) -> tuple[tuple[Place, TcpRow], ...]:
        found = [
            (self._places[row.cookie], row)
            for subflows in rows.by_uplink.values()
            for row in subflows
            if row.cookie in self._places
        ]
        return tuple((place, row) for place, row in found if place.slot < SLOTS)


def _add(totals: Totals, rows: Sequence[TcpRow], names: Sequence[str]) -> None:
    for row in rows:
        totals.add(row.cookie, _picked(row.info, names))
    totals.keep(row.cookie for row in rows)


def _picked(info: object, names: Sequence[str]) -> dict[str, int | None]:
    return {name: getattr(info, name) for name in names}


def _fallback(rows: Sorted) -> bool | None:
    """Whether the stream runs without bonding; None without a stream."""
    if rows.connections:
        return all(row.fell_back for row in rows.connections)
    return True if rows.plain else None


def _backlog(rows: Sorted) -> float | None:
    """Bytes accepted and not acknowledged end to end; None without a connection.

    After a fallback the connection's own sequence numbers stand still, and TCP's queue counts.
    """
    if _fallback(rows):
        alone = [row for subflows in rows.by_uplink.values() for row in subflows if row.state == ESTABLISHED]
        return float(sum(row.send_queue for row in alone) + rows.front_bytes)
    known = [pending for row in rows.connections if (pending := _pending(row)) is not None]
    return float(sum(known) + rows.front_bytes) if known else None


def _pending(row: MptcpRow) -> int | None:
    info = row.info
    return None if info.write_seq is None or info.snd_una is None else info.write_seq - info.snd_una


def _held(rows: Sorted) -> float | None:
    """Bytes that subflows received less those that were delivered in order."""
    if not rows.connections or _fallback(rows):
        return None
    arrived = sum(row.info.bytes_received or 0 for subflows in rows.by_uplink.values() for row in subflows)
    return float(arrived - sum(row.info.bytes_received or 0 for row in rows.connections))


def _uplink_sample(name: str, rows: Sequence[TcpRow], sums: Mapping[str, int]) -> UplinkSample:
    live = [row for row in rows if row.state == ESTABLISHED]
    acked = sums.get("bytes_acked", 0)
    best = freshest(live)
    if best is None:
        return UplinkSample(name, acked)
    info = best.info
    rates = [row.info.delivery_rate for row in live if row.info.delivery_rate is not None]
    return UplinkSample(
        name,
        delivered_bytes=acked,
        outstanding_bytes=sum(outstanding_bytes(row) or 0 for row in live),
        unsent_bytes=sum(row.info.notsent_bytes or 0 for row in live),
        delivery_rate=sum(rates) if rates else None,
        rtt_s=seconds(info.rtt),
        min_rtt_s=seconds(info.min_rtt),
        last_ack_age_s=None if info.last_ack_recv is None else seconds_from_ms(info.last_ack_recv),
        timeout_s=seconds(info.rto),
        backoff=info.backoff,
    )


def seconds(microseconds: int | None) -> float | None:
    """Seconds of a kernel RTT; None for the kernel's "no sample yet" (0 and all ones)."""
    return None if microseconds in {None, 0, UNKNOWN_RTT_US} else seconds_from_us(microseconds or 0)
