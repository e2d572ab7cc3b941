"""From socket rows to uplinks and the connection: sums that never fall, and gauges of the moment.

A subflow that is created anew starts its kernel counters at zero. The totals here add what each
socket, told apart by the kernel's cookie, counted since it was last seen, so they only rise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from exporters.mptcp.model import Dump
from exporters.mptcp.parsing import ESTABLISHED, MptcpRow, TcpRow
from exporters.mptcp.uplinks import Resolved, Role, uplink_of


@dataclass(frozen=True, slots=True)
class Scope:
    """Which sockets are the stream's: `port` at either end, and the proxy's `front_port` before it."""

    role: Role
    port: int | None = None
    front_port: int | None = None

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports to filter a dump by; empty for no filter."""
        if self.port is None:
            return ()
        return (self.port,) if self.front_port is None else (self.port, self.front_port)


@dataclass(frozen=True, slots=True)
class Sorted:
    """The rows of one dump, told apart.

    `strays` are subflows of no configured uplink. `plain` are the stream's TCP sockets when it has no
    MPTCP at all. `details_shown` is whether the kernel says which TCP sockets are subflows; None when
    there is none to say it of.
    """

    by_uplink: Mapping[str, tuple[TcpRow, ...]]
    strays: int
    connections: tuple[MptcpRow, ...]
    plain: tuple[TcpRow, ...]
    front_bytes: int
    details_shown: bool | None

    @property
    def fallback(self) -> bool | None:
        """Whether the stream runs without bonding; None without a stream."""
        if self.connections:
            return all(row.fell_back for row in self.connections)
        return True if self.plain else None

    @property
    def live(self) -> list[TcpRow]:
        """The established sockets of all uplinks."""
        return [row for rows in self.by_uplink.values() for row in rows if row.state == ESTABLISHED]


class Totals:
    """Sums of the counters `names` over sockets that come and go.

    What a socket had counted before it was first seen counts too, so that one younger than a sample
    loses nothing; unless `since_seen`, for sequence numbers, which start anywhere.
    """

    def __init__(self, *names: str, since_seen: bool = False) -> None:
        self._names = names
        self._since_seen = since_seen
        self._sums = [0] * len(names)
        self._known = [False] * len(names)
        self._last: dict[int, tuple[int | None, ...]] = {}

    @property
    def sums(self) -> dict[str, int]:
        """The sums by name; a counter that no socket ever told is not there."""
        return {name: total for name, total, known in zip(self._names, self._sums, self._known, strict=True) if known}

    def add(self, rows: Iterable[TcpRow | MptcpRow]) -> None:
        """Add what these sockets counted since they were last added, and forget every other socket."""
        now = {row.cookie: tuple([getattr(row.info, name) for name in self._names]) for row in rows}
        nothing = (0,) * len(self._names)
        for cookie, values in now.items():
            before = self._last.get(cookie, values if self._since_seen else nothing)
            for index, value in enumerate(values):
                if value is not None:
                    self._known[index] = True
                    self._sums[index] += max(value - (before[index] or 0), 0)
        self._last = now


def sort_rows(dump: Dump, scope: Scope, resolved: Sequence[Resolved]) -> Sorted:
    """Tell subflows by uplink, connections, plain TCP and the proxy's front side apart."""
    stream = [row for row in dump.tcp if not _has_port(row, scope.front_port)]
    front = [row for row in dump.tcp if _has_port(row, scope.front_port)]
    shown = any(row.ulp is not None for row in stream)
    bonded = shown or bool(dump.mptcp)
    plain = [] if bonded or scope.port is None else stream
    by_uplink: dict[str, list[TcpRow]] = {entry.uplink.name: [] for entry in resolved}
    strays = 0
    for row in plain or _subflows(stream, dump.mptcp, shown=shown):
        name = uplink_of(row, resolved, scope.role)
        if name is not None:
            by_uplink[name].append(row)
        elif row.state == ESTABLISHED:
            strays += 1
    return Sorted(
        {name: tuple(rows) for name, rows in by_uplink.items()},
        strays,
        dump.mptcp,
        tuple(row for row in plain if row.state == ESTABLISHED),
        _front_bytes(front, scope.front_port),
        shown if bonded else None,
    )


def _subflows(stream: Sequence[TcpRow], connections: Sequence[MptcpRow], *, shown: bool) -> list[TcpRow]:
    """The rows that are subflows. Where the kernel hides upper layers, all rows beside a connection are."""
    if shown:
        return [row for row in stream if row.ulp is not None]
    return list(stream) if connections else []


def _has_port(row: TcpRow, port: int | None) -> bool:
    return port is not None and port in {row.ends.local_port, row.ends.remote_port}


def _front_bytes(rows: Iterable[TcpRow], port: int | None) -> int:
    """Bytes waiting before the proxy: unread at its socket, and unsent at a sender on this machine.

    Bytes in flight between the two are left out, because the reader's side counts them already.
    """
    waiting = 0
    for row in rows:
        waiting += row.receive_queue if row.ends.local_port == port else row.info.notsent_bytes or 0
    return waiting
