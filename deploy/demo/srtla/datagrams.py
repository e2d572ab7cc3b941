"""UDP sockets as the peers use them: non-blocking, read in batches, a full queue or a dead way being loss."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress

BATCH = 64  # datagrams to a wake-up: at 2,000 packets/s the loop wakes far less often than packets come
DATAGRAM_BYTES = 2048  # SRT's packets have at most 1,500
# Encoders send a keyframe as one burst; the kernel's own 200 kB hold some 100 packets of it.
BUFFER_BYTES = 4 * 1024 * 1024


def bound(host: str, port: int = 0, *, device: str | None = None) -> socket.socket:
    """A non-blocking UDP socket at that address, on that interface when one is named.

    Raises:
        OSError: the address is not there, or the port is taken.
    """
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        made.settimeout(0)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            made.setsockopt(socket.SOL_SOCKET, option, BUFFER_BYTES)
        if device is not None:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
        made.bind((host, port))
    except OSError:
        made.close()
        raise
    return made


def waiting(from_socket: socket.socket) -> Iterator[tuple[bytes, tuple[str, int]]]:
    """The datagrams that wait, at most a batch of them, each with its source.

    An error that the kernel reports from an earlier datagram (nobody listens there) ends the batch.
    """
    with suppress(OSError):
        for _ in range(BATCH):
            yield from_socket.recvfrom(DATAGRAM_BYTES)


def send(by: socket.socket, packet: bytes, to: tuple[str, int]) -> bool:
    """Send one datagram; False where the kernel would not take it, which for its reader is a loss."""
    try:
        by.sendto(packet, to)
    except OSError:
        return False
    return True


def address(text: str) -> tuple[str, int]:
    """HOST:PORT; raises ValueError for anything else."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 <= int(port) <= 65535:
        raise ValueError(f"{text!r} is not HOST:PORT")
    return host, int(port)
