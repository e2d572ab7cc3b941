"""Blocks of a packet socket's ring as datagrams. Pure.

Layouts: struct tpacket_block_desc, tpacket3_hdr and sockaddr_ll of linux/if_packet.h, in the
machine's byte order; the IP and UDP headers behind them are big-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from exporters.srtla.model import Datagram

BLOCK_STATUS_OFFSET = 8
_BLOCK = struct.Struct("=12xII")  # number of packets, offset of the first
# next offset, seconds, nanoseconds, captured and true length, offset of the network header; then of the
# address behind the header: interface index
_FRAME = struct.Struct("=IIIII6xH20x4xi")
_UDP = struct.Struct(">HHH")
_UDP_BYTES = 8


def datagrams(block: bytes | memoryview, *, port: int, offset_s: float) -> Iterator[Datagram]:
    """The datagrams to and from `port` in one block; what is not whole IP and UDP is left out.

    `offset_s` is added to the kernel's wall clock stamps to get the observer's clock.
    """
    count, place = _BLOCK.unpack_from(block)
    for _ in range(count):
        following, seconds, nanoseconds, captured, _, network, interface = _FRAME.unpack_from(block, place)
        packet = bytes(block[place + network : place + network + captured])
        at_s = seconds + nanoseconds * 1e-9 + offset_s
        found = _datagram(packet, port, at_s, interface)
        if found is not None:
            yield found
        place += following


def _datagram(packet: bytes, port: int, at_s: float, interface: int) -> Datagram | None:
    if not packet:
        return None
    if packet[0] >> 4 == 4:
        start, source, target = (packet[0] & 15) * 4, packet[12:16], packet[16:20]
    else:
        start, source, target = 40, packet[8:24], packet[24:40]
    if len(packet) < start + _UDP_BYTES:
        return None
    source_port, target_port, length = _UDP.unpack_from(packet, start)
    head = packet[start + _UDP_BYTES : start + length]
    if target_port == port:
        peer = source + packet[start : start + 2]
        return Datagram(at_s, True, peer, interface, length - _UDP_BYTES, head)  # noqa: FBT003 - by name costs a third
    if source_port == port:
        peer = target + packet[start + 2 : start + 4]
        return Datagram(at_s, False, peer, interface, length - _UDP_BYTES, head)  # noqa: FBT003 - as above
    return None
