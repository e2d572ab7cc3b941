"""The endpoints of the kernel's path manager, read and, with CAP_NET_ADMIN, changed over generic netlink.

pyroute2 has no call for changing flags, and takes an interface index only as raw bytes; both are
made up for here. The interface comes back as text, "03:00:00:00".
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Self

from pyroute2 import AsyncMPTCP
from pyroute2.netlink import NLM_F_ACK, NLM_F_REQUEST
from pyroute2.netlink.exceptions import NetlinkError
from pyroute2.netlink.generic.mptcp import MPTCP_PM_CMD_SET_FLAGS, mptcp_msg

# linux/mptcp.h, MPTCP_PM_ADDR_FLAG_*
SIGNAL = 1
SUBFLOW = 2
BACKUP = 4
FULLMESH = 8
_NESTED = 0x8000
_INDEX = struct.Struct("=i")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint. `interface` is its name, empty where the endpoint names none."""

    number: int
    address: str = field(repr=False)
    flags: int
    interface: str = ""

    @property
    def opens_subflows(self) -> bool:
        """Whether the kernel opens subflows from it."""
        return bool(self.flags & (SUBFLOW | FULLMESH))

    @property
    def backup(self) -> bool:
        """Whether its subflows are backup ones."""
        return bool(self.flags & BACKUP)


class Endpoints:
    """The path manager. Use as an async context manager.

    Raises OSError (pyroute2's NetlinkError made one), with errno: EPERM without CAP_NET_ADMIN,
    EINVAL for an endpoint that is not there.
    """

    async def __aenter__(self) -> Self:
        self._netlink = AsyncMPTCP()
        try:
            await self._netlink.setup_endpoint()
        except NetlinkError as error:
            self._netlink.close()
            raise OSError(error.code, f"{error}; this kernel has no MPTCP path manager") from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._netlink.close()

    async def show(self) -> tuple[Endpoint, ...]:
        """All endpoints."""
        with _as_os_error():
            return tuple([found async for message in await self._netlink.endpoint("show") for found in _read(message)])

    async def add(self, endpoint: Endpoint) -> None:
        """Add an endpoint: by its number where it has one (not 0) and that is free, else the kernel chooses one."""
        index = {"if_idx": _INDEX.pack(socket.if_nametoindex(endpoint.interface))} if endpoint.interface else {}
        family = "addr6" if ":" in endpoint.address else "addr4"
        wanted = {family: endpoint.address, "flags": endpoint.flags, **index}
        with _as_os_error():
            if endpoint.number:
                with suppress(NetlinkError):
                    await self._finish(self._netlink.endpoint("add", id=endpoint.number, **wanted))
                    return
            await self._finish(self._netlink.endpoint("add", **wanted))

    async def delete(self, endpoint: Endpoint) -> None:
        """Delete an endpoint: its subflows close at once, and what they had not delivered goes elsewhere."""
        with _as_os_error():
            await self._finish(self._netlink.endpoint("del", id=endpoint.number))

    async def set_backup(self, endpoint: Endpoint, *, on: bool) -> Endpoint:
        """Set or clear the backup flag, on live subflows too; the endpoint as it is then."""
        flags = endpoint.flags | BACKUP if on else endpoint.flags & ~BACKUP
        # By number alone: with the address family beside it the kernel answers EINVAL.
        attributes = [("MPTCP_PM_ADDR_ATTR_ID", endpoint.number), ("MPTCP_PM_ADDR_ATTR_FLAGS", flags)]
        message = mptcp_msg()
        message["cmd"], message["version"] = MPTCP_PM_CMD_SET_FLAGS, 1
        message["attrs"] = [("MPTCP_PM_ATTR_ADDR", {"attrs": attributes}, _NESTED)]
        with _as_os_error():
            request = self._netlink.nlm_request(
                message, msg_type=self._netlink.prid, msg_flags=NLM_F_REQUEST | NLM_F_ACK
            )
            await self._finish(request)
        return replace(endpoint, flags=flags)

    @staticmethod
    async def _finish(request: Awaitable[Any]) -> None:
        """Read a request's answer to its end: only there the kernel's refusal is raised."""
        async for _ in await request:
            pass


@contextmanager
def _as_os_error() -> Iterator[None]:
    """Turn pyroute2's own exception into an OSError with its errno."""
    try:
        yield
    except NetlinkError as error:
        raise OSError(error.code, str(error)) from error


def _read(message: Any) -> Iterator[Endpoint]:  # noqa: ANN401 - pyroute2 ships no types
    inner = message.get_attr("MPTCP_PM_ATTR_ADDR")
    address = inner.get_attr("MPTCP_PM_ADDR_ATTR_ADDR4") or inner.get_attr("MPTCP_PM_ADDR_ATTR_ADDR6")
    number = inner.get_attr("MPTCP_PM_ADDR_ATTR_ID")
    if address is not None and number is not None:
        flags = inner.get_attr("MPTCP_PM_ADDR_ATTR_FLAGS") or 0
        yield Endpoint(number, address, flags, _interface(inner.get_attr("MPTCP_PM_ADDR_ATTR_IF_IDX")))


def _interface(text: str | None) -> str:
    if not text:
        return ""
    index = _INDEX.unpack(bytes.fromhex(text.replace(":", "")))[0]
    try:
        return socket.if_indextoname(index)
    except OSError:  # gone, or none
        return ""
