"""The bytes of SRTLA, and of SRT as far as SRTLA looks into them. Pure; all integers are big-endian.

The first 16 bits tell packets apart: bit 15 clear is SRT data, 0x80xx SRT control, 0x9xxx SRTLA. Lengths
tell nothing, because some receivers pad short packets with zeros to 32 bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

SRT_HEADER_BYTES = 16
SRT_ACK = 0x8002
SRT_NAK = 0x8003

KEEPALIVE = 0x9000
SRTLA_ACK = 0x9100
REG1, REG2, REG3 = 0x9200, 0x9201, 0x9202
REG_ERR, REG_NGP, REG_NAK = 0x9210, 0x9211, 0x9212

ID_BYTES = 256
ACKED_TOGETHER = 10  # data packets of one link to an SRTLA acknowledgement
PADDED_BYTES = 32
SEQUENCES = 1 << 31

_EXTENDED = struct.Struct(">HQHHIiiIII")
_MAGIC, _VERSION = 0xC01F, 1
_ACKED = struct.Struct(f">I{ACKED_TOGETHER}I")
_RANGE = 0x80000000


def kind(packet: bytes) -> int:
    """The first 16 bits; 0 (data) where there are none, which `is_data` then refuses."""
    return packet[0] << 8 | packet[1] if len(packet) > 1 else 0


def is_data(packet: bytes) -> bool:
    """Whether it is an SRT data packet."""
    return len(packet) >= SRT_HEADER_BYTES and packet[0] < 0x80


def sequence(packet: bytes) -> int:
    """The sequence number of a data packet."""
    return int.from_bytes(packet[:4], "big")


def is_before(one: int, other: int) -> bool:
    """Whether sequence number `one` comes before `other`; they wrap at 31 bits."""
    return 0 < (other - one) % SEQUENCES < SEQUENCES // 2


def acknowledged(packet: bytes) -> int | None:
    """The sequence number up to which an SRT acknowledgement says that all has arrived, itself not included."""
    if kind(packet) != SRT_ACK or len(packet) < SRT_HEADER_BYTES + 4:
        return None
    return int.from_bytes(packet[16:20], "big") % SEQUENCES


def missing(packet: bytes) -> Iterator[tuple[int, int]]:
    """What an SRT NAK reports lost, as (first, last), the last included; a truncated end is left out."""
    words = _words(packet[SRT_HEADER_BYTES:])
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        if word < _RANGE:
            yield word, word
        elif position < len(words):
            yield word - _RANGE, words[position] % SEQUENCES
            position += 1


def short(kind_: int) -> bytes:
    """A packet that is its type alone: REG3, an error, the shortest keepalive."""
    return kind_.to_bytes(2, "big")


def registration(kind_: int, identity: bytes) -> bytes:
    """REG1 or REG2 with its 256 bytes."""
    return short(kind_) + identity


def identity(packet: bytes) -> bytes | None:
    """The 256 bytes of a REG1 or REG2; None where it is too short."""
    return packet[2 : 2 + ID_BYTES] if len(packet) >= 2 + ID_BYTES else None


def srtla_ack(sequences: Sequence[int]) -> bytes:
    """An SRTLA acknowledgement of ten data packets that came over one link."""
    return _ACKED.pack(SRTLA_ACK << 16, *sequences)


def srtla_acked(packet: bytes) -> tuple[int, ...]:
    """The sequence numbers in an SRTLA acknowledgement; fewer than ten where it is cut short."""
    return _words(packet[4 : _ACKED.size])


def _words(octets: bytes) -> tuple[int, ...]:
    return struct.unpack_from(f">{len(octets) // 4}I", octets)


def padded(packet: bytes) -> bytes:
    """The packet filled with zeros to 32 bytes, as some receivers do because carriers' NATs drop shorter ones."""
    return packet.ljust(PADDED_BYTES, b"\0")


class Form(StrEnum):
    """The keepalives in use: two bytes; ten with the sender's clock; 38 with what the sender knows of the link."""

    SHORT = "2"
    TIMED = "10"
    EXTENDED = "38"


@dataclass(frozen=True, slots=True)
class LinkNews:
    """What an extended keepalive tells of its link; the round trip is 0 while unknown."""

    number: int
    window: int
    in_flight: int
    rtt_ms: int
    naks: int
    bytes_per_s: int


def keepalive(form: Form, clock_ms: int, news: LinkNews) -> bytes:
    """A keepalive of the form; `clock_ms` is on a clock that only its sender reads."""
    if form is Form.SHORT:
        return short(KEEPALIVE)
    if form is Form.TIMED:
        return struct.pack(">Hq", KEEPALIVE, clock_ms)
    return _EXTENDED.pack(
        KEEPALIVE, clock_ms, _MAGIC, _VERSION,
        news.number, news.window, news.in_flight, news.rtt_ms, news.naks, news.bytes_per_s,
    )  # fmt: skip


def echoed_clock_ms(packet: bytes, form: Form) -> int | None:
    """The clock in the echo of a keepalive that was sent in `form`; None where that form carries none.

    Asked by form and not by length: a padded echo of two bytes is as long as one with a clock.
    """
    if form is Form.SHORT or len(packet) < 10:
        return None
    return int.from_bytes(packet[2:10], "big")
