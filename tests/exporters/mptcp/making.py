"""Rows and dumps made by hand, for cases that nobody captures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporters.mptcp.layout import MptcpInfo, TcpInfo
from exporters.mptcp.model import Dump
from exporters.mptcp.parsing import ESTABLISHED, Ends, MptcpRow, TcpRow, Ulp

if TYPE_CHECKING:
    from collections.abc import Sequence

PORT = 5000
INITIAL, JOINED = Ulp(flags=0xC3), Ulp(flags=0xCC, local_id=2)


def subflow(
    cookie: int = 1,
    local: str = "10.0.0.1",
    *,
    state: int = ESTABLISHED,
    ulp: Ulp | None = INITIAL,
    queues: tuple[int, int] = (0, 0),
    ports: tuple[int, int] = (40000, PORT),
    info: TcpInfo | None = None,
    **known: int,
) -> TcpRow:
    """A TCP socket; by default the initial subflow of a stream to port 5000, nothing `known` of it beyond `info`."""
    ends = Ends(local, ports[0], "203.0.113.1", ports[1])
    return TcpRow(cookie, state, ends, *queues, (info or TcpInfo())._replace(**known), ulp)


def connection(cookie: int = 100, local: str = "10.0.0.1", *, flags: int = 2, **info: int) -> MptcpRow:
    """An MPTCP connection to port 5000."""
    return MptcpRow(cookie, ESTABLISHED, Ends(local, 40000, "203.0.113.1", PORT), 0, 0, MptcpInfo(flags=flags, **info))


def dump(tcp: Sequence[TcpRow] = (), mptcp: Sequence[MptcpRow] = (), at_s: float = 0.0) -> Dump:
    """A dump of these rows."""
    return Dump(at_s, tuple(tcp), tuple(mptcp))
