"""Netlink requests as bytes: socket dumps (linux/inet_diag.h) with a filter that the kernel runs.

Pure. The filter keeps the kernel from formatting sockets that are none of ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct

IPPROTO_TCP = 6
IPPROTO_MPTCP = 262

_SOCK_DIAG_BY_FAMILY = 20
_NLM_F_REQUEST_DUMP = 0x301
_EXT_INFO = 1 << (2 - 1)  # INET_DIAG_INFO; the upper-layer details come with it
_REQ_BYTECODE = 1
_REQ_PROTOCOL = 3
_S_EQ = 11
_D_EQ = 12
_JMP = 1

_HEADER = Struct("=IHHII")
_REQUEST = Struct("=BBBBI")
_SOCKET_ID = Struct("=4x32xIII")  # ports and addresses are left to the filter; interface, cookie
_ATTR = Struct("=HH")
_PROTOCOL = Struct("=I")
_OP = Struct("=BBH")
_NO_COOKIE = 0xFFFFFFFF


def dump_request(*, family: int, protocol: int, states: int, ports: Sequence[int], sequence: int) -> bytes:
    """The request for all sockets of `family` whose local or remote port is one of `ports`.

    `states` is a bit mask, 1 << 1 for ESTABLISHED. No ports: no filter. The protocol field has one
    byte, so a protocol number beyond it travels in an attribute of its own.
    """
    body = _REQUEST.pack(family, protocol if protocol < 256 else 0, _EXT_INFO, 0, states)
    body += _SOCKET_ID.pack(0, _NO_COOKIE, _NO_COOKIE)
    if ports:
        body += _attribute(_REQ_BYTECODE, port_filter(ports))
    if protocol >= 256:
        body += _attribute(_REQ_PROTOCOL, _PROTOCOL.pack(protocol))
    length = _HEADER.size + len(body)
    return _HEADER.pack(length, _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST_DUMP, sequence, 0) + body


def port_filter(ports: Sequence[int]) -> bytes:
    """Bytecode that accepts a socket when its local or remote port is one of `ports`.

    Each comparison is an operation and its operand; when it holds, a jump goes to the end (accept),
    otherwise on to the next. The last one jumps 4 bytes past the end, which the kernel takes as a
    refusal.
    """
    tests = [(code, port) for port in ports for code in (_S_EQ, _D_EQ)]
    size = 12 * len(tests) - 4  # the last test needs no jump: its success is the end
    program = b""
    for code, port in tests[:-1]:
        program += _OP.pack(code, 8, 12) + _OP.pack(0, 0, port)
        program += _OP.pack(_JMP, 4, size - len(program))
    code, port = tests[-1]
    return program + _OP.pack(code, 8, 12) + _OP.pack(0, 0, port)


def _attribute(kind: int, value: bytes) -> bytes:
    return _ATTR.pack(_ATTR.size + len(value), kind) + value + bytes(-len(value) % 4)
