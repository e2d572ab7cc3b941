"""SRTLA and SRT headers as values. Pure.

Formats: SRT is that of draft-sharabayko-srt-01, section 3; SRTLA is that of the BELABOX receiver,
with the 38-byte keepalive and the statistics packet of its descendants. All integers are big-endian.
Packets are told apart by type, never by length: some receivers pad short ones to 32 bytes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

SRT_HEADER_BYTES: Final = 16
RETRANSMITTED: Final = 0x04000000  # the flag R in a data packet's second word
ENCRYPTED: Final = 0x18  # the flags KK in a data packet's fifth byte: which key the payload is encrypted with
SEQUENCE_MASK: Final = 0x7FFFFFFF
_HALF: Final = 1 << 30

HANDSHAKE, ACK, NAK, SHUTDOWN, ACKACK, DROP_REQUEST = 0, 2, 3, 5, 6, 7
CONTROL_TYPES: Final = frozenset({0, 1, 2, 3, 4, 5, 6, 7, 8, 0x7F})

KEEPALIVE, SRTLA_ACK, REG1, REG2, REG3 = 0x9000, 0x9100, 0x9200, 0x9201, 0x9202
REG_ERR, REG_NGP, REG_NAK, STATISTICS = 0x9210, 0x9211, 0x9212, 0x9300
REGISTRATIONS: Final = {
    REG1: "create_group",
    REG2: "join_group",
    REG3: "joined",
    REG_ERR: "error",
    REG_NGP: "no_group",
    REG_NAK: "refused",
}
GROUP_ID_BYTES: Final = 256

_EXTENDED = struct.Struct(">HQHHIiiIII")
_EXTENDED_MAGIC: Final = 0xC01F
_ACK_FIELDS = struct.Struct(">III")
_WORD = struct.Struct(">I")
_PAIR = struct.Struct(">II")
_HANDSHAKE_BYTES, _CONCLUSION = 48, 0xFFFFFFFF
_EXTENSION, _TIMING = SRT_HEADER_BYTES + _HANDSHAKE_BYTES, b"\x00\x02\x00\x03"  # SRT_CMD_HSRSP, three words
_NO_REJECTION: Final = 1000  # below it are the handshake's own types; from 1000 on the word is a reason

# draft-sharabayko-srt-01, table 7, and the HTTP-like codes that servers set from 1400 on.
_REASONS: Final = {
    1003: "resource",
    1005: "backlog",
    1007: "closed",
    1008: "version",
    1010: "bad_secret",
    1011: "unsecure",
    1016: "timeout",
    1017: "crypto",
    1400: "bad_request",
    1401: "unauthorized",
    1402: "overload",
    1403: "forbidden",
    1404: "not_found",
    1409: "conflict",
}


@dataclass(frozen=True, slots=True)
class Keepalive:
    """What a 38-byte keepalive says of its link. Unknown fields do not occur: the form has all of them."""

    connection: int
    window: int
    in_flight: int
    rtt_s: float
    naks: int


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """An SRT ACK: `following` is the first sequence number not yet received; RTTs only in full ones."""

    number: int
    following: int
    rtt_s: float | None
    rtt_variation_s: float | None


@dataclass(frozen=True, slots=True)
class Handshake:
    """Who ends a handshake, `socket`, and with whom; `latency_s` only in the server's: when it plays what it receives.

    What has `stamp` as well as the caller's message is played so long after that message came.
    """

    stamp: int
    socket: int
    destination: int
    latency_s: float | None


def ahead(one: int, other: int) -> int:
    """How far sequence number `one` is ahead of `other`, modulo 2^31; negative when it is behind."""
    return ((one - other + _HALF) & SEQUENCE_MASK) - _HALF


def keepalive_form(head: bytes) -> str:
    """Which sender's form it is: `plain` (2 bytes), `timed` (10), or `extended` (38).

    A padded echo keeps its meaning, since only the sender's own packets are asked about.
    """
    if _is_extended(head):
        return "extended"
    return "timed" if len(head) >= 10 else "plain"


def extended_keepalive(head: bytes) -> Keepalive | None:
    """The contents of a 38-byte keepalive; None for the other forms, and for one with impossible numbers."""
    if not _is_extended(head):
        return None
    _, _, _, _, connection, window, in_flight, rtt_ms, naks, _ = _EXTENDED.unpack_from(head)
    if window < 0 or in_flight < 0:
        return None
    return Keepalive(connection, window, in_flight, rtt_ms / 1000, naks)


def _is_extended(head: bytes) -> bool:
    if len(head) < _EXTENDED.size:
        return False
    _, _, magic, version, *_ = _EXTENDED.unpack_from(head)
    return bool(magic == _EXTENDED_MAGIC and version == 1)


def srtla_acknowledged(head: bytes) -> tuple[int, ...]:
    """The sequence numbers of an SRTLA ACK, at most ten."""
    return tuple(word & SEQUENCE_MASK for word in _words(head[4:44]))


def acknowledgement(head: bytes) -> Acknowledgement | None:
    """An SRT ACK; None when it is cut short. A light ACK has no RTT."""
    if len(head) < SRT_HEADER_BYTES + 4:
        return None
    number = _WORD.unpack_from(head, 4)[0]
    if len(head) < SRT_HEADER_BYTES + _ACK_FIELDS.size:
        return Acknowledgement(number, _WORD.unpack_from(head, 16)[0] & SEQUENCE_MASK, None, None)
    following, rtt_us, variation_us = _ACK_FIELDS.unpack_from(head, 16)
    # A light ACK padded to 32 bytes has zeros there, and number 0; a measured RTT is never 0.
    known = bool(number and rtt_us)
    return Acknowledgement(
        number,
        following & SEQUENCE_MASK,
        rtt_us / 1e6 if known else None,
        variation_us / 1e6 if known else None,
    )


def handshake(head: bytes) -> Handshake | None:
    """The last message of a handshake, either way; None for the first, a rejection, and one that is cut short."""
    if len(head) < SRT_HEADER_BYTES + _HANDSHAKE_BYTES:
        return None
    kind, socket = _PAIR.unpack_from(head, SRT_HEADER_BYTES + 20)
    if kind != _CONCLUSION:
        return None
    stamp, destination = _PAIR.unpack_from(head, 8)
    latency_s = None
    if head[_EXTENSION : _EXTENSION + 4] == _TIMING and len(head) >= _EXTENSION + 16:
        latency_s = int.from_bytes(head[_EXTENSION + 12 : _EXTENSION + 14]) / 1000
    return Handshake(stamp, socket, destination, latency_s)


def lost_ranges(head: bytes) -> list[tuple[int, int]]:
    """The ranges of a NAK, both ends inclusive. A range without an end, or that runs backwards, is left out."""
    found: list[tuple[int, int]] = []
    words = iter(_words(head[SRT_HEADER_BYTES:]))
    for word in words:
        first = word & SEQUENCE_MASK
        last = first if word == first else next(words, None)
        if last is not None and last <= SEQUENCE_MASK and ahead(last, first) >= 0:
            found.append((first, last))
    return found


def dropped_range(head: bytes) -> tuple[int, int] | None:
    """First and last sequence number that a drop request gives up; None when it is cut short or backwards."""
    if len(head) < SRT_HEADER_BYTES + _PAIR.size:
        return None
    first, last = (word & SEQUENCE_MASK for word in _PAIR.unpack_from(head, SRT_HEADER_BYTES))
    return (first, last) if ahead(last, first) >= 0 else None


def rejection(head: bytes) -> str | None:
    """Why a handshake says no, as one of a closed set of words; None when it does not."""
    if len(head) < SRT_HEADER_BYTES + 24:
        return None
    word = _WORD.unpack_from(head, SRT_HEADER_BYTES + 20)[0]
    if not _NO_REJECTION <= word < 0x80000000:
        return None
    return _REASONS.get(word, "other")


def _words(body: bytes) -> tuple[int, ...]:
    count = len(body) // 4
    return struct.unpack_from(f">{count}I", body)
