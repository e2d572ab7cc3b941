"""SRT packets for the tests of the SRTLA peers."""

from __future__ import annotations

import struct

IDENTITY = bytes(range(256))


def data(sequence: int, *, again: bool = False) -> bytes:
    """A data packet of 100 bytes."""
    return struct.pack(">IIII", sequence, 0xC0000000 | again << 26, 0, 1) + bytes(84)


def ack(reached: int) -> bytes:
    """An SRT acknowledgement of everything before `reached`."""
    return struct.pack(">IIIII", 0x80020000, 1, 0, 1, reached)


def nak(*words: int) -> bytes:
    """An SRT NAK with these words."""
    return struct.pack(f">IIII{len(words)}I", 0x80030000, 0, 0, 1, *words)


def control(kind: int = 0x8001) -> bytes:
    """Any other SRT control packet, 16 bytes: a keepalive of SRT's own."""
    return struct.pack(">IIII", kind << 16, 0, 0, 1)
