"""Requests of socket dumps, and the filter that the kernel runs."""

from __future__ import annotations

import socket
from struct import unpack_from

from hypothesis import given
from hypothesis import strategies as st

from exporters.mptcp.asking import IPPROTO_MPTCP, IPPROTO_TCP, dump_request, port_filter

PORTS = st.integers(1, 65535)


def accepts(program: bytes, local: int, remote: int) -> bool:
    """What the kernel's interpreter (inet_diag_bc_run) says of a socket with these ports."""
    at = 0
    while at < len(program):
        code, yes, no = unpack_from("=BBH", program, at)
        operand = unpack_from("=BBH", program, at + 4)[2] if code != 1 else None
        holds = {11: operand == local, 12: operand == remote, 1: False}[code]
        at += yes if holds else no
    return at == len(program)


@given(st.lists(PORTS, min_size=1, max_size=4), PORTS, PORTS)
def test_filter_accepts_exactly_our_ports(ports: list[int], local: int, remote: int) -> None:
    """A socket passes if and only if one of its ports is one of ours."""
    assert accepts(port_filter(ports), local, remote) == (local in ports or remote in ports)


@given(st.lists(PORTS, min_size=1, max_size=4), st.data())
def test_filter_accepts_ours_at_either_end(ports: list[int], data: st.DataObject) -> None:
    """Each of our ports passes, as local and as remote port."""
    port = data.draw(st.sampled_from(ports))

    assert accepts(port_filter(ports), port, 1)
    assert accepts(port_filter(ports), 1, port)


def test_tcp_protocol_is_in_its_byte() -> None:
    """TCP fits the protocol byte: family, protocol, requested details, pad, states."""
    request = dump_request(family=socket.AF_INET6, protocol=IPPROTO_TCP, states=2, ports=(), sequence=7)

    assert unpack_from("=IHHII", request) == (len(request), 20, 0x301, 7, 0)
    assert unpack_from("=BBBBI", request, 16) == (socket.AF_INET6, 6, 2, 0, 2)
    assert len(request) == 16 + 56


def test_mptcp_protocol_is_in_an_attribute() -> None:
    """262 does not fit a byte: it is INET_DIAG_REQ_PROTOCOL at the end."""
    request = dump_request(family=socket.AF_INET, protocol=IPPROTO_MPTCP, states=2, ports=(5,), sequence=1)

    assert unpack_from("=BB", request, 16) == (socket.AF_INET, 0)
    assert unpack_from("=HHI", request, len(request) - 8) == (8, 3, 262)
    assert unpack_from("=I", request)[0] == len(request)
