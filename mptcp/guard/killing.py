"""Ends TCP sockets from outside (SOCK_DESTROY of linux/sock_diag.h, as `ss -K`). Needs CAP_NET_ADMIN.

The kernel offers this for TCP, not for MPTCP: a connection ends by losing all its subflows. Its
program learns of it after net.mptcp.close_timeout, 5 s as pi-up sets it.
"""

from __future__ import annotations

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


def request(row: TcpRow) -> bytes:
    """The netlink message that ends exactly this socket: the kernel compares addresses, ports and cookie."""
    local, remote = ip_address(row.ends.local), ip_address(row.ends.remote)
    family = socket.AF_INET if local.version == 4 else socket.AF_INET6
    body = _REQUEST.pack(family, IPPROTO_TCP, 0, 0, 1 << row.state)
    body += _PORTS.pack(row.ends.local_port, row.ends.remote_port)
    body += local.packed.ljust(16, b"\0") + remote.packed.ljust(16, b"\0")
    body += _IDENTITY.pack(0, row.cookie)
    return _HEADER.pack(_HEADER.size + len(body), _SOCK_DESTROY, _NLM_F_REQUEST_ACK, 1, 0) + body


def destroy(row: TcpRow) -> None:
    """End one socket. Raises OSError: EPERM without the capability, EOPNOTSUPP without CONFIG_INET_DIAG_DESTROY."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as diag:
        diag.settimeout(_TIMEOUT_S)
        diag.send(request(row))
        for message in parsing.messages(diag.recv(_ANSWER_BYTES)):
            number = parsing.error_number(message.payload)
            if message.kind == parsing.NLMSG_ERROR and number:
                raise OSError(number, os.strerror(number))
