"""The kernel's filter: which packets are shown to us, and how much of each. Pure.

A classic BPF program (linux/filter.h) for a packet socket of type SOCK_DGRAM, whose data begin at
the IP header. Headers are enough of most packets; a NAK's list, a group's id, a rejection and, at
the receiver, a packet with which decoders can begin are taken whole. The program keeps one of the
two sights of a packet that passes through loopback: what goes to the port is seen where it leaves
(sender) or arrives (receiver), never both.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from exporters.srtla.keyframes import ADAPTED, BEGINS, RANDOM_ACCESS, SYNC, TS_BYTES
from exporters.srtla.model import Role
from exporters.srtla.wire import ENCRYPTED

SNAP_BYTES = 96  # 40 of IPv6 and 8 of UDP leave 48: an SRTLA ACK has 44, a keepalive 38
HANDSHAKE_BYTES = 128  # 48 of IPv6 and UDP, 16 and 48 of SRT, and 16 of its first extension, which has the latency
WHOLE_BYTES = 2048  # more than any datagram of the stream: 1500 on Ethernet
TS_PACKETS = 7  # in 1316 bytes, what SRT carries at most

_LOAD_HALF, _LOAD_BYTE, _LOAD_HALF_X, _LOAD_HEADER_LENGTH = 0x28, 0x30, 0x48, 0xB1
_LOAD_BYTE_X, _LOAD_LENGTH, _SUBTRACT_X, _IF_AT_LEAST = 0x50, 0x80, 0x1C, 0x35
_AND, _JUMP, _IF_EQUAL, _IF_SET, _RETURN, _LOAD_X = 0x54, 0x05, 0x15, 0x45, 0x06, 0x01
_ANCILLARY_PROTOCOL, _ANCILLARY_PACKET_TYPE = 0xFFFFF000, 0xFFFFF004
_PACKET_OUTGOING = 4
_IPV4, _IPV6, _UDP = 0x0800, 0x86DD, 17


class Instruction(NamedTuple):
    """One instruction; `if_true` and `if_false` are labels until they are resolved."""

    code: int
    operand: int = 0
    if_true: str = ""
    if_false: str = ""


@dataclass(frozen=True, slots=True)
class Watched:
    """What is watched: the UDP port of the receiver, seen from which end."""

    port: int
    role: Role


def program(watched: Watched) -> bytes:
    """The program as an array of struct sock_filter."""
    return assemble(_lines(watched))


def _lines(watched: Watched) -> list[tuple[str, Instruction]]:
    return [
        ("", Instruction(_LOAD_HALF, _ANCILLARY_PROTOCOL)),
        ("", Instruction(_IF_EQUAL, _IPV4, "v4", "")),
        ("", Instruction(_IF_EQUAL, _IPV6, "v6", "drop")),
        ("v4", Instruction(_LOAD_BYTE, 9)),
        ("", Instruction(_IF_EQUAL, _UDP, "", "drop")),
        ("", Instruction(_LOAD_HALF, 6)),
        ("", Instruction(_IF_SET, 0x1FFF, "drop", "")),  # a later fragment has no ports
        ("", Instruction(_LOAD_HEADER_LENGTH, 0)),
        ("", Instruction(_JUMP, 0, "ports")),
        ("v6", Instruction(_LOAD_BYTE, 6)),
        ("", Instruction(_IF_EQUAL, _UDP, "", "drop")),
        ("", Instruction(_LOAD_X, 40)),
        ("ports", Instruction(_LOAD_HALF_X, 2)),
        ("", Instruction(_IF_EQUAL, watched.port, "upward", "")),
        ("", Instruction(_LOAD_HALF_X, 0)),
        ("", Instruction(_IF_EQUAL, watched.port, "downward", "drop")),
        ("upward", Instruction(_LOAD_BYTE, _ANCILLARY_PACKET_TYPE)),
        ("", _seen_when(outgoing=watched.role is Role.SENDER)),
        ("downward", Instruction(_LOAD_BYTE, _ANCILLARY_PACKET_TYPE)),
        ("", _seen_when(outgoing=watched.role is Role.RECEIVER)),
        ("content", Instruction(_LOAD_HALF_X, 8)),
        ("", Instruction(_IF_SET, 0x8000, "control", "data" if watched.role is Role.RECEIVER else "snap")),
        *(_keyframes() if watched.role is Role.RECEIVER else ()),
        ("control", Instruction(_IF_EQUAL, 0x8003, "whole", "")),
        ("", Instruction(_IF_EQUAL, 0x9300, "whole", "")),
        ("", Instruction(_IF_EQUAL, 0x8000, "handshake", "")),
        ("", Instruction(_AND, 0xFFFE)),
        ("", Instruction(_IF_EQUAL, 0x9200, "whole", "")),
        ("snap", Instruction(_RETURN, SNAP_BYTES)),
        ("handshake", Instruction(_RETURN, HANDSHAKE_BYTES)),
        ("whole", Instruction(_RETURN, WHOLE_BYTES)),
        ("drop", Instruction(_RETURN, 0)),
    ]


def _keyframes() -> Iterator[tuple[str, Instruction]]:
    """Whether decoders can begin with one of the MPEG-TS packets in a data packet: then it is taken whole.

    A load beyond the packet's end would drop it, so its length is asked for first; X is the IP header's.
    """
    yield "data", Instruction(_LOAD_BYTE_X, 12)
    yield "", Instruction(_IF_SET, ENCRYPTED, "snap", "")
    for number in range(TS_PACKETS):
        place, following = 24 + TS_BYTES * number, f"packet-{number + 1}" if number + 1 < TS_PACKETS else "snap"
        yield f"packet-{number}", Instruction(_LOAD_LENGTH)
        yield "", Instruction(_SUBTRACT_X)
        yield "", Instruction(_IF_AT_LEAST, place + TS_BYTES, "", "snap")
        yield "", Instruction(_LOAD_BYTE_X, place)
        yield "", Instruction(_IF_EQUAL, SYNC, "", "snap")
        yield "", Instruction(_LOAD_BYTE_X, place + 3)
        yield "", Instruction(_IF_SET, ADAPTED, "", following)
        yield "", Instruction(_LOAD_BYTE_X, place + 4)
        yield "", Instruction(_IF_EQUAL, 0, following, "")
        yield "", Instruction(_LOAD_BYTE_X, place + 5)
        yield "", Instruction(_IF_SET, RANDOM_ACCESS, "", following)
        yield "", Instruction(_LOAD_BYTE_X, place + 1)
        yield "", Instruction(_IF_SET, BEGINS, "whole", following)


def _seen_when(*, outgoing: bool) -> Instruction:
    yes, no = ("content", "drop") if outgoing else ("drop", "content")
    return Instruction(_IF_EQUAL, _PACKET_OUTGOING, yes, no)


def assemble(lines: Sequence[tuple[str, Instruction]]) -> bytes:
    """Resolve the labels to distances; an empty label is the next instruction."""
    places = {label: place for place, (label, _) in enumerate(lines) if label}

    def distance(place: int, label: str) -> int:
        return places[label] - place - 1 if label else 0

    coded = b""
    for place, (_, line) in enumerate(lines):
        if line.code == _JUMP:
            coded += struct.pack("=HBBI", line.code, 0, 0, distance(place, line.if_true))
        else:
            true, false = distance(place, line.if_true), distance(place, line.if_false)
            coded += struct.pack("=HBBI", line.code, true, false, line.operand)
    return coded
