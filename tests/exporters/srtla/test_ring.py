"""Blocks of the ring, and the kernel's filter, tried on packets of our own."""

from __future__ import annotations

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.srtla.filtering import Instruction, Watched, assemble, program
from exporters.srtla.model import Datagram, Role
from exporters.srtla.ring import datagrams
from tests.exporters.srtla import packets

SIX = socket.inet_pton(socket.AF_INET6, "2001:db8::7") + struct.pack(">H", 40001)
SNAPPED = st.builds(
    lambda at_ms, upward, peer, size: (packets.up if upward else packets.down)(
        at_ms / 1024, packets.data(1, size=size)[:68], peer, interface=3
    ),
    st.integers(0, 2**40),
    st.booleans(),
    st.sampled_from([packets.ONE, packets.TWO, SIX]),
    st.integers(0, 50),
)


@given(st.lists(SNAPPED, max_size=20))
def test_block_gives_its_datagrams(sent: list[Datagram]) -> None:
    """Direction, peer, interface, length and content come out as they went in, in order, stamps shifted."""
    found = list(datagrams(packets.block(sent), port=5000, offset_s=0.5))

    assert [one[1:] for one in found] == [one[1:] for one in sent]
    assert [one.at_s - 0.5 for one in found] == pytest.approx([one.at_s for one in sent], abs=1e-6)


@given(st.lists(SNAPPED, min_size=1, max_size=3), st.integers(0, 43), st.integers(0, 255))
def test_garbage_inside_a_packet_breaks_nothing(sent: list[Datagram], place: int, value: int) -> None:
    """A byte of a packet changed at will gives a datagram or none."""
    block = bytearray(packets.block(sent))
    block[48 + 82 + place] = value

    assert len(list(datagrams(bytes(block), port=5000, offset_s=0))) <= len(sent)


def test_packets_of_other_ports_are_left_out() -> None:
    """A datagram that is neither to nor from the port is not ours."""
    assert list(datagrams(packets.block([packets.up(1, b"\x90\0")]), port=5001, offset_s=0)) == []


def test_labels_become_distances() -> None:
    """A jump to a label skips what stands between."""
    found = assemble([("", Instruction(0x15, 5, "end", "")), ("", Instruction(0x06, 1)), ("end", Instruction(0x06, 2))])

    assert [found[place : place + 8] for place in range(0, 24, 8)] == [
        struct.pack("=HBBI", 0x15, 1, 0, 5),
        struct.pack("=HBBI", 0x06, 0, 0, 1),
        struct.pack("=HBBI", 0x06, 0, 0, 2),
    ]


def test_program_knows_its_port() -> None:
    """Both comparisons are with the port that is watched."""
    lines = [struct.unpack("=HBBI", program(Watched(50_123, Role.SENDER))[at : at + 8]) for at in range(0, 8 * 28, 8)]

    assert [line[3] for line in lines].count(50_123) == 2
