"""From socket rows to uplinks and the connection: sums that never fall, and gauges of the moment.

A subflow that is created anew starts its kernel counters at zero. The totals here add what each
socket, told apart by the kernel's cookie, counted since it was last seen, so they only rise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from exporters.mptcp.model import Dump
from exporters.mptcp.parsing import ESTABLISHED, MptcpRow, TcpRow
from exporters.mptcp.uplinks import Resolved, Role, uplink_of

UPLINK_COUNTERS = ("bytes_sent", "bytes_acked", "bytes_received", "bytes_retrans", "data_segs_out", "total_retrans")
CONNECTION_COUNTERS = ("bytes_acked", "bytes_received", "bytes_retrans")


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
    """The rows of one dump, told apart. `strays` are subflows that belong to no configured uplink."""

    by_uplink: Mapping[str, tuple[TcpRow, ...]]
    strays: int
    connections: tuple[MptcpRow, ...]
    plain: tuple[TcpRow, ...]
    front_bytes: int
    ulp_shown: bool


@dataclass(slots=True)
class Totals:
    """Sums of counters over sockets that come and go.

    `add` takes a socket's present counters; what it had counted before it was first seen counts too,
    so that a socket younger than a sample loses nothing.
    """

    sums: dict[str, int] = field(default_factory=dict)
    _last: dict[int, dict[str, int]] = field(default_factory=dict)

    def add(self, cookie: int, counters: Mapping[str, int | None]) -> None:
        """Add what the socket counted since it was last added; counters that are None are unknown."""
        last = self._last.setdefault(cookie, {})
        for name, value in counters.items():
            if value is not None:
                self.sums[name] = self.sums.get(name, 0) + max(value - last.get(name, 0), 0)
                last[name] = value

    def keep(self, cookies: Iterable[int]) -> None:
        """Forget every socket but these; the sums stay."""
        kept = set(cookies)
        self._last = {cookie: last for cookie, last in self._last.items() if cookie in kept}


def sort_rows(dump: Dump, scope: Scope, resolved: Sequence[Resolved]) -> Sorted:
    """Tell subflows by uplink, connections, plain TCP and the proxy's front side apart."""
    stream = [row for row in dump.tcp if not _has_port(row, scope.front_port)]
    front = [row for row in dump.tcp if _has_port(row, scope.front_port)]
    shown = any(row.ulp is not None for row in stream)
    subflows = _subflows(stream, dump.mptcp, shown=shown)
    plain = () if shown or dump.mptcp else tuple(row for row in stream if scope.port is not None)
    by_uplink: dict[str, list[TcpRow]] = {entry.uplink.name: [] for entry in resolved}
    strays = 0
    for row in (*subflows, *plain):
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
        shown,
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


def freshest(rows: Sequence[TcpRow]) -> TcpRow | None:
    """The established subflow that acknowledged last: a dead one's RTT must not pass for health."""
    live = [row for row in rows if row.state == ESTABLISHED]
    return min(live, key=lambda row: _or_forever(row.info.last_ack_recv), default=None)


def outstanding_bytes(row: TcpRow) -> int | None:
    """Bytes in flight: unacknowledged segments at the segment size."""
    info = row.info
    return None if info.unacked is None or info.snd_mss is None else info.unacked * info.snd_mss


def _or_forever(milliseconds: int | None) -> float:
    return float("inf") if milliseconds is None else milliseconds
