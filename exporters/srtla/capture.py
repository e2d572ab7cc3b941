"""Shows the datagrams of a UDP port by a packet socket with a ring (packet(7), PACKET_MMAP, TPACKET_V3).

The kernel filters, stamps and copies headers into memory that is shared with us: no system call and
no wake-up per packet. Needs CAP_NET_RAW.
"""

from __future__ import annotations

import ctypes
import mmap
import socket
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass

from exporters.srtla.filtering import Watched, program
from exporters.srtla.model import Datagram
from exporters.srtla.ring import BLOCK_STATUS_OFFSET, datagrams

# 4 MiB: at 20 Mbit/s (2,400 packets of some 180 bytes of ring a second) it bears 9 s without being read;
# a block is handed over when full or 50 ms old, so in a quiet stream 128 of them bear 6 s.
BLOCK_BYTES = 1 << 15
BLOCKS = 128
RETIRE_MS = 50

_ETH_P_ALL = 3
_SOL_PACKET = 263
_PACKET_RX_RING, _PACKET_STATISTICS, _PACKET_VERSION = 5, 6, 10
_TPACKET_V3 = 2
_SO_ATTACH_FILTER = 26
_USER_OWNS = 1
_FRAME_BYTES = 2048  # the kernel wants to know one, and that it divides the block; V3 packs frames by need
_STATUS = struct.Struct("=I")


class CaptureError(Exception):
    """The port cannot be watched; the message names the remedy."""


@dataclass(slots=True)
class Counts:
    """Packets that the filter passed, and those of them that the ring had no room for, since the start."""

    passed: int = 0
    dropped: int = 0


class Capture:
    """The datagrams to and from a port, on all interfaces or on one."""

    def __init__(self, watched: Watched, interface: str | None = None) -> None:
        """Raises CaptureError without the privilege, or when the interface does not exist."""
        self._port = watched.port
        self._block = 0
        self.counts = Counts()
        try:
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_ALL))
        except PermissionError as error:
            raise CaptureError("cannot watch packets: grant CAP_NET_RAW, or run as root") from error
        try:
            self._prepare(watched, interface)
        except OSError as error:
            self._socket.close()
            where = f" on {interface}" if interface else ""
            raise CaptureError(f"cannot watch port {watched.port}{where}: {error.strerror}; see `ip link`") from error

    def _prepare(self, watched: Watched, interface: str | None) -> None:
        code = program(watched)
        held = ctypes.create_string_buffer(code)
        described = struct.pack("HL", len(code) // 8, ctypes.addressof(held))
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, described)
        self._socket.setsockopt(_SOL_PACKET, _PACKET_VERSION, _TPACKET_V3)
        frames = BLOCK_BYTES * BLOCKS // _FRAME_BYTES
        ring = struct.pack("7I", BLOCK_BYTES, BLOCKS, _FRAME_BYTES, frames, RETIRE_MS, 0, 0)
        self._socket.setsockopt(_SOL_PACKET, _PACKET_RX_RING, ring)
        self._ring = mmap.mmap(self._socket.fileno(), BLOCK_BYTES * BLOCKS)
        if interface is not None:
            self._socket.bind((interface, _ETH_P_ALL))
        # What came before the filter was there is none of ours: the new ring starts empty, and so do the counts.
        self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 12)

    def close(self) -> None:
        """Stop watching. Idempotent."""
        self._ring.close()
        self._socket.close()

    def read(self) -> Iterator[Datagram]:
        """What was seen since the last call, oldest first; stamps are on the monotonic clock."""
        offset_s = time.monotonic() - time.time()
        for _ in range(BLOCKS):  # a ring's worth, so that a flood cannot hold us here
            start = self._block * BLOCK_BYTES
            if not _STATUS.unpack_from(self._ring, start + BLOCK_STATUS_OFFSET)[0] & _USER_OWNS:
                return
            block = self._ring[start : start + BLOCK_BYTES]
            yield from datagrams(block, port=self._port, offset_s=offset_s)
            _STATUS.pack_into(self._ring, start + BLOCK_STATUS_OFFSET, 0)
            self._block = (self._block + 1) % BLOCKS

    def count(self) -> Counts:
        """The kernel's own counts; it clears them when it is asked, so they are summed up here."""
        passed, dropped, _ = struct.unpack("3I", self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 12))
        self.counts = Counts(self.counts.passed + passed, self.counts.dropped + dropped)
        return self.counts
