"""Netlink answers as values: sock_diag rows (linux/inet_diag.h) and the MPTcpExt counters.

Pure. Whatever a message claims, nothing is read beyond its bytes: a truncated row is dropped, an
unknown attribute skipped, a field that is not there None.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from struct import Struct

from exporters.mptcp.layout import MptcpInfo, TcpInfo, mptcp_info, tcp_info

ESTABLISHED = 1

NLMSG_ERROR = 2
NLMSG_DONE = 3
NLM_F_DUMP_INTR = 0x10

_ATTR_INFO = 2
_ATTR_ULP_INFO = 19
_ULP_NAME = 1
_ULP_MPTCP = 3
_DETAIL_LOCAL_TOKEN = 2
_DETAIL_FLAGS = 8
_DETAIL_REMOTE_ID = 9
_DETAIL_LOCAL_ID = 10
_OF_TCP = frozenset({_ATTR_INFO, _ATTR_ULP_INFO})
_OF_MPTCP = frozenset({_ATTR_INFO})
_OF_ULP = frozenset({_ULP_NAME, _ULP_MPTCP})
_OF_DETAILS = frozenset({_DETAIL_LOCAL_TOKEN, _DETAIL_FLAGS, _DETAIL_REMOTE_ID, _DETAIL_LOCAL_ID})
_ATTR_MASK = 0x3FFF  # the two highest bits mark nesting and byte order

_HEADER = Struct("=IHHII")  # length, type, flags, sequence, port id
_ATTR = Struct("=HH")
_ERRNO = Struct("=i")
_U8, _U32 = Struct("=B"), Struct("=I")
# family, state, timer, retrans | ports | source, destination | interface | cookie | expires, queues, uid, inode
_ROW_HEAD = Struct("=BBBB")
_PORTS = Struct(">HH")
_ROW_TAIL = Struct("=IQIII")
_ROW_SIZE = 72

_V4_MAPPED = bytes(10) + b"\xff\xff"


@dataclass(frozen=True, slots=True)
class Message:
    """One netlink message: its type, flags, sequence number and payload."""

    kind: int
    flags: int
    sequence: int
    payload: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ulp:
    """The MPTCP part of a subflow (INET_ULP_INFO_MPTCP). None is what the kernel did not show."""

    flags: int | None = None
    local_id: int | None = None
    remote_id: int | None = None
    local_token: int | None = field(default=None, repr=False)

    @property
    def joined(self) -> bool:
        """Whether the subflow joined an existing connection (MP_JOIN), sent by either side."""
        return bool((self.flags or 0) & 0b1100)

    @property
    def backup(self) -> bool:
        """Whether either side marked the subflow as backup."""
        return bool((self.flags or 0) & 0b110000)


@dataclass(frozen=True, slots=True)
class Ends:
    """Addresses and ports of a socket. Kept out of every repr: a 4-tuple never reaches a log."""

    local: str = field(repr=False)
    local_port: int = field(repr=False)
    remote: str = field(repr=False)
    remote_port: int = field(repr=False)


@dataclass(frozen=True, slots=True)
class TcpRow:
    """One TCP socket. `cookie` is the kernel's identity of it, unique until the machine reboots.

    `ulp` is None for a plain TCP socket, and for every socket where the kernel shows upper-layer
    details only to CAP_NET_ADMIN (before Linux 6.15).
    """

    cookie: int = field(repr=False)
    state: int
    ends: Ends
    receive_queue: int
    send_queue: int
    info: TcpInfo
    ulp: Ulp | None = None


@dataclass(frozen=True, slots=True)
class MptcpRow:
    """One MPTCP connection."""

    cookie: int = field(repr=False)
    state: int
    ends: Ends
    receive_queue: int
    send_queue: int
    info: MptcpInfo

    @property
    def fell_back(self) -> bool:
        """Whether the connection runs on plain TCP."""
        return bool((self.info.flags or 0) & 1)


def messages(data: bytes) -> Iterator[Message]:
    """Split one datagram; a message whose length is impossible ends it."""
    at = 0
    while at + _HEADER.size <= len(data):
        length, kind, flags, sequence, _ = _HEADER.unpack_from(data, at)
        if length < _HEADER.size or at + length > len(data):
            return
        yield Message(kind, flags, sequence, data[at + _HEADER.size : at + length])
        at += (length + 3) & ~3


def error_number(payload: bytes) -> int:
    """The positive errno of an NLMSG_ERROR payload, 0 for an acknowledgement or a truncated one."""
    return -_ERRNO.unpack_from(payload)[0] if len(payload) >= _ERRNO.size else 0


def attributes(data: bytes, wanted: frozenset[int], at: int = 0) -> dict[int, bytes]:
    """The values of the wanted attributes, by type; an impossible length ends the walk.

    Not a generator, and without a slice for what nobody asks for: this walk is half of a row's cost.
    """
    found: dict[int, bytes] = {}
    end, header = len(data), _ATTR.unpack_from
    while at + 4 <= end:
        length, kind = header(data, at)
        if length < 4 or at + length > end:
            break
        kind &= _ATTR_MASK
        if kind in wanted:
            found[kind] = data[at + 4 : at + length]
        at += (length + 3) & ~3
    return found


def tcp_row(payload: bytes) -> TcpRow | None:
    """Decode a row of a TCP dump; None when it is too short or of an unknown family."""
    base = _base(payload)
    if base is None:
        return None
    found = attributes(payload, _OF_TCP, _ROW_SIZE)
    ulp = found.get(_ATTR_ULP_INFO)
    return TcpRow(*base, tcp_info(found.get(_ATTR_INFO, b"")), None if ulp is None else _ulp(ulp))


def mptcp_row(payload: bytes) -> MptcpRow | None:
    """Decode a row of an MPTCP dump; None when it is too short or of an unknown family."""
    base = _base(payload)
    if base is None:
        return None
    return MptcpRow(*base, mptcp_info(attributes(payload, _OF_MPTCP, _ROW_SIZE).get(_ATTR_INFO, b"")))


def kernel_counters(netstat: str) -> dict[str, int]:
    """The MPTcpExt counters of /proc/net/netstat; empty where the kernel has no MPTCP.

    The file has pairs of lines, names and values, each starting with the group's name.
    """
    rows = [line.split() for line in netstat.splitlines() if line.startswith("MPTcpExt:")]
    if len(rows) != 2:
        return {}
    return {name: int(value) for name, value in zip(rows[0][1:], rows[1][1:], strict=False) if value.isdigit()}


def _base(payload: bytes) -> tuple[int, int, Ends, int, int] | None:
    """Cookie, state, endpoints, receive queue and send queue of a `struct inet_diag_msg`."""
    if len(payload) < _ROW_SIZE:
        return None
    family, state, _, _ = _ROW_HEAD.unpack_from(payload)
    local, remote = _address(family, payload[8:24]), _address(family, payload[24:40])
    if local is None or remote is None:
        return None
    local_port, remote_port = _PORTS.unpack_from(payload, 4)
    _, cookie, _, receive_queue, send_queue = _ROW_TAIL.unpack_from(payload, 40)
    return cookie, state, Ends(local, local_port, remote, remote_port), receive_queue, send_queue


@lru_cache(maxsize=1024)  # a rig has a handful of addresses, and ntop is a third of a row's cost
def _address(family: int, raw: bytes) -> str | None:
    """The address as text, IPv4-mapped ones as IPv4; None for an unknown family."""
    if family == socket.AF_INET:
        return socket.inet_ntop(socket.AF_INET, raw[:4])
    if family != socket.AF_INET6:
        return None
    if raw.startswith(_V4_MAPPED):
        return socket.inet_ntop(socket.AF_INET, raw[12:])
    return socket.inet_ntop(socket.AF_INET6, raw)


def _ulp(data: bytes) -> Ulp | None:
    """The MPTCP details of INET_DIAG_ULP_INFO; None for another upper layer, such as TLS."""
    parts = attributes(data, _OF_ULP)
    details = parts.get(_ULP_MPTCP)
    if details is None:
        return Ulp() if parts.get(_ULP_NAME, b"").rstrip(b"\0") == b"mptcp" else None
    values = attributes(details, _OF_DETAILS)
    return Ulp(
        flags=_number(values.get(_DETAIL_FLAGS), _U32),
        local_id=_number(values.get(_DETAIL_LOCAL_ID), _U8),
        remote_id=_number(values.get(_DETAIL_REMOTE_ID), _U8),
        local_token=_number(values.get(_DETAIL_LOCAL_TOKEN), _U32),
    )


def _number(value: bytes | None, kind: Struct) -> int | None:
    if value is None or len(value) < kind.size:
        return None
    number: int = kind.unpack_from(value)[0]
    return number
