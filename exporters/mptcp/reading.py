"""Reads the kernel: socket dumps, addresses, the path manager, counters. All I/O of this exporter.

Everything is per network namespace: a netlink socket stays bound to the one it was opened in.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from pyroute2 import AsyncIPRoute, AsyncMPTCP
from pyroute2.netlink.exceptions import NetlinkError

from exporters.mptcp import asking, parsing
from exporters.mptcp.model import Dump, Endpoint, Kernel, PathManager

_NETLINK_SOCK_DIAG = 4
_RECEIVE_BYTES = 1 << 18  # a dump answers in datagrams of at most 32 kB; the margin costs nothing
_INTERRUPTED_RETRIES = 3  # a dump during heavy churn is marked interrupted: read again, then take it
_SOCKET_BUFFER = 1 << 20

# States in which a subflow may still move bytes: ESTABLISHED, FIN_WAIT1, FIN_WAIT2, CLOSE_WAIT, LAST_ACK, CLOSING.
SENDING_STATES = 1 << 1 | 1 << 4 | 1 << 5 | 1 << 8 | 1 << 9 | 1 << 11
CONNECTED_STATES = 1 << parsing.ESTABLISHED

_REMEDIES = {
    errno.ENOENT: "; this kernel has no MPTCP path manager: boot one with CONFIG_MPTCP",
    errno.EPERM: "; this kernel shows endpoints to CAP_NET_ADMIN only",
}

_Row = TypeVar("_Row")


class Diag:
    """A sock_diag socket. Use as a context manager; one dump at a time.

    Raises OSError for what the kernel refuses. A kernel without MPTCP has no connections to show,
    which is no error: its TCP sockets are still there to see.
    """

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SOCKET_BUFFER)
        self._socket.setblocking(False)  # noqa: FBT003 - the standard library's signature
        self._socket.bind((0, 0))
        self._sequence = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the socket back. Idempotent."""
        self._socket.close()

    async def dump(self, ports: Sequence[int]) -> Dump:
        """Dump TCP and MPTCP sockets with one of `ports` at either end, over IPv4 and IPv6."""
        self._discard()
        at_s = asyncio.get_running_loop().time()
        tcp = await self._all(asking.IPPROTO_TCP, SENDING_STATES, ports, parsing.tcp_row)
        try:
            mptcp = await self._all(asking.IPPROTO_MPTCP, CONNECTED_STATES, ports, parsing.mptcp_row)
        except FileNotFoundError:
            mptcp = ()
        return Dump(at_s, tcp, mptcp)

    def _discard(self) -> None:
        """Read out what an abandoned dump left, or the kernel refuses the next one as busy."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self._socket.recv(_RECEIVE_BYTES)

    async def _all(
        self, protocol: int, states: int, ports: Sequence[int], parse: Callable[[bytes], _Row | None]
    ) -> tuple[_Row, ...]:
        rows: list[_Row] = []
        for family in (socket.AF_INET, socket.AF_INET6):
            payloads = await self._payloads(family, protocol, states, ports)
            rows += [row for payload in payloads if (row := parse(payload)) is not None]
        return tuple(rows)

    async def _payloads(self, family: int, protocol: int, states: int, ports: Sequence[int]) -> list[bytes]:
        for _ in range(_INTERRUPTED_RETRIES):
            self._sequence += 1
            request = asking.dump_request(
                family=family, protocol=protocol, states=states, ports=ports, sequence=self._sequence
            )
            await asyncio.get_running_loop().sock_sendall(self._socket, request)
            payloads, interrupted = await self._answer()
            if not interrupted:
                break
        return payloads

    async def _answer(self) -> tuple[list[bytes], bool]:
        """The rows up to DONE, and whether sockets came or went meanwhile so that rows may be missing."""
        loop, payloads, interrupted = asyncio.get_running_loop(), list[bytes](), False
        while True:
            for message in parsing.messages(await loop.sock_recv(self._socket, _RECEIVE_BYTES)):
                if message.sequence != self._sequence:
                    continue
                interrupted |= bool(message.flags & parsing.NLM_F_DUMP_INTR)
                if message.kind == parsing.NLMSG_DONE:
                    return payloads, interrupted
                if message.kind == parsing.NLMSG_ERROR:
                    number = parsing.error_number(message.payload)
                    raise OSError(number, f"sock_diag: {os.strerror(number)}")
                payloads.append(message.payload)


async def interface_addresses() -> dict[str, frozenset[str]]:
    """The addresses of each interface, by its name; an interface without address is there, empty."""
    async with AsyncIPRoute() as route:
        names = {link["index"]: link.get("IFLA_IFNAME") async for link in await route.get_links()}
        found: dict[str, set[str]] = {name: set() for name in names.values()}
        async for entry in await route.get_addr():
            address = entry.get("IFA_LOCAL") or entry.get("IFA_ADDRESS")
            name = names.get(entry["index"])
            if name is not None and address:
                found[name].add(address)
    return {name: frozenset(addresses) for name, addresses in found.items()}


async def path_manager() -> PathManager:
    """Endpoints and limits of the in-kernel path manager, from generic netlink `mptcp_pm`.

    Raises OSError: ENOENT from a kernel without MPTCP, EPERM from one that shows them to CAP_NET_ADMIN only.
    """
    netlink = AsyncMPTCP()
    try:
        await netlink.setup_endpoint()
        endpoints = [endpoint async for message in await netlink.endpoint("show") for endpoint in _endpoint(message)]
        limits = [message async for message in await netlink.limits("show")]
    except NetlinkError as error:
        remedy = _REMEDIES.get(error.code, "")
        raise OSError(error.code, f"mptcp_pm: {os.strerror(error.code)}{remedy}") from error
    finally:
        netlink.close()
    return PathManager(
        tuple(endpoints),
        next((message.get_attr("MPTCP_PM_ATTR_SUBFLOWS") for message in limits), None),
        next((message.get_attr("MPTCP_PM_ATTR_RCV_ADD_ADDRS") for message in limits), None),
    )


def _endpoint(message: object) -> Iterator[Endpoint]:
    inner = message.get_attr("MPTCP_PM_ATTR_ADDR")  # type: ignore[attr-defined] # pyroute2 has no types
    address = inner.get_attr("MPTCP_PM_ADDR_ATTR_ADDR4") or inner.get_attr("MPTCP_PM_ADDR_ATTR_ADDR6")
    number = inner.get_attr("MPTCP_PM_ADDR_ATTR_ID")
    if address is not None and number is not None:
        yield Endpoint(number, address, inner.get_attr("MPTCP_PM_ADDR_ATTR_FLAGS") or 0)


def kernel(proc: Path = Path("/proc")) -> Kernel:
    """The MPTcpExt counters and net.mptcp.enabled, from below `proc`."""
    counters = parsing.kernel_counters((proc / "thread-self/net/netstat").read_text(encoding="ascii"))
    try:
        enabled = (proc / "sys/net/mptcp/enabled").read_text(encoding="ascii").strip() == "1"
    except OSError:  # a kernel without MPTCP; or /proc/sys is hidden, as systemd's ProcSubset=pid does
        return Kernel(None if counters else False, counters)
    return Kernel(enabled, counters)
