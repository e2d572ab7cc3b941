"""Ends TCP sockets from outside (SOCK_DESTROY of linux/sock_diag.h, as `ss -K`). Needs CAP_NET_ADMIN.

The kernel offers this for TCP, not for MPTCP: a connection ends by losing all its subflows. Its
program learns of it after net.mptcp.close_timeout, 5 s as pi-up sets it.
"""

from __future__ import annotations

import errno
import os
import socket
from ipaddress import ip_address
from struct import Struct

from exporters.mptcp import parsing
from exporters.mptcp.asking import IPPROTO_TCP
from exporters.mptcp.parsing import TcpRow

_NETLINK_SOCK_DIAG = 4
_SOCK_DESTROY = 21
_NLM_F_REQUEST_ACK = 0x5
_HEADER = Struct("=IHHII")
_REQUEST = Struct("=BBBBI")
_PORTS = Struct(">HH")
_IDENTITY = Struct("=IQ")  # interface, cookie
_ANSWER_BYTES = 65536
_TIMEOUT_S = 2.0


def request(row: TcpRow, interface: int) -> bytes:
    """The netlink message that ends exactly this socket: the kernel compares addresses, ports and cookie.

    It also compares the interface that the socket is bound to: a joined subflow is bound to its
    endpoint's, the initial one to none (0).
    """
    local, remote = ip_address(row.ends.local), ip_address(row.ends.remote)
    family = socket.AF_INET if local.version == 4 else socket.AF_INET6
    body = _REQUEST.pack(family, IPPROTO_TCP, 0, 0, 1 << row.state)
    body += _PORTS.pack(row.ends.local_port, row.ends.remote_port)
    body += local.packed.ljust(16, b"\0") + remote.packed.ljust(16, b"\0")
    body += _IDENTITY.pack(interface, row.cookie)
    return _HEADER.pack(_HEADER.size + len(body), _SOCK_DESTROY, _NLM_F_REQUEST_ACK, 1, 0) + body


def destroy(row: TcpRow, interface: int) -> None:
    """End one socket, bound to `interface` or to none; one that has ended already is no error.

    Raises OSError: EPERM without the capability, EOPNOTSUPP without CONFIG_INET_DIAG_DESTROY.
    """
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as diag:
        diag.settimeout(_TIMEOUT_S)
        for index in (interface, 0):
            diag.send(request(row, index))
            number = _answer(diag.recv(_ANSWER_BYTES))
            if number not in {0, errno.ENOENT}:
                raise OSError(number, os.strerror(number))


def _answer(data: bytes) -> int:
    numbers = (
        parsing.error_number(each.payload) for each in parsing.messages(data) if each.kind == parsing.NLMSG_ERROR
    )
    return next(numbers, 0)
