"""Datagrams of an SRTLA bond, composed byte by byte from the formats."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

from exporters.srtla.keyframes import begins_keyframe
from exporters.srtla.model import Datagram

if TYPE_CHECKING:
    from collections.abc import Iterable

STREAM = 0x1234ABCD
ONE = socket.inet_aton("198.51.100.7") + struct.pack(">H", 40001)
TWO = socket.inet_aton("203.0.113.9") + struct.pack(">H", 40002)
GROUP_ID = bytes(range(256))


def data(
    sequence: int, *, stamp_us: int = 0, again: bool = False, to: int = STREAM, size: int = 1316, payload: bytes = b""
) -> bytes:
    """An SRT data packet with `size` bytes of payload, or this one."""
    flags = 0xC0000000 | (0x04000000 if again else 0)
    return struct.pack(">IIII", sequence, flags, stamp_us & 0xFFFFFFFF, to) + (payload or bytes(size))


def transport_stream(*, place: int = 3, stream: int = 0xE0, flags: int = 0x50, begins: bool = True) -> bytes:
    """Seven MPEG-TS packets: in the one at `place` a picture begins, with these flags in its adaptation field."""
    filler = b"\x47\x01\x00\x10".ljust(188, b"\xff")
    head = struct.pack(">BHBBB6x", 0x47, 0x4100 if begins else 0x0100, 0x30, 7, flags)
    first = (head + bytes([0, 0, 1, stream])).ljust(188, b"\xff")
    return filler * place + first + filler * (6 - place)


def control(kind: int, *, info: int = 0, stamp_us: int = 0, body: bytes = b"", to: int = 0x77) -> bytes:
    """An SRT control packet."""
    return struct.pack(">HHIII", 0x8000 | kind, 0, info, stamp_us, to) + body


def ack(number: int, following: int, *, rtt_us: int = 50_000, variation_us: int = 5_000) -> bytes:
    """A full SRT ACK."""
    return control(2, info=number, body=struct.pack(">7I", following, rtt_us, variation_us, 8192, 1000, 2000, 10**6))


def light_ack(following: int) -> bytes:
    """A light SRT ACK."""
    return control(2, body=struct.pack(">I", following))


def ackack(number: int) -> bytes:
    """The answer to a full ACK."""
    return control(6, info=number, body=bytes(4))


def nak(*lost: int | tuple[int, int], stamp_us: int = 0) -> bytes:
    """A NAK of single numbers and of ranges."""
    words: list[int] = []
    for one in lost:
        words += [one] if isinstance(one, int) else [one[0] | 0x80000000, one[1]]
    return control(3, stamp_us=stamp_us, body=struct.pack(f">{len(words)}I", *words))


def drop_request(first: int, last: int) -> bytes:
    """The sender gives packets up."""
    return control(7, body=struct.pack(">II", first, last))


CONCLUSION = 0xFFFFFFFF


def handshake(kind: int, *, socket: int = 1, to: int = 0, stamp_us: int = 0, latency_ms: int | None = None) -> bytes:
    """A handshake whose type word is `kind`: a reason of rejection from 1000 on; with the server's latency or not."""
    body = struct.pack(">IHHIIIIII16s", 5, 0, 1, 1, 1500, 8192, kind, socket, 2, bytes(16))
    if latency_ms is not None:
        body += struct.pack(">HHIIHH", 2, 3, 0x010500, 0xBF, latency_ms, latency_ms)
    return control(0, body=body, to=to, stamp_us=stamp_us)


def srtla_ack(*sequences: int) -> bytes:
    """Data packets that came over this link."""
    return struct.pack(f">I{len(sequences)}I", 0x91000000, *sequences)


def keepalive(form: str = "plain", *, at_ms: int = 1, **said: int) -> bytes:
    """A keepalive of one of the three forms."""
    if form == "plain":
        return b"\x90\x00"
    if form == "timed":
        return struct.pack(">Hq", 0x9000, at_ms)
    values = {"connection": 1, "window": 20_000, "in_flight": 5, "rtt_ms": 60, "naks": 0, "rate": 1} | said
    fields = [values[name] for name in ("connection", "window", "in_flight", "rtt_ms", "naks", "rate")]
    return struct.pack(">HQHHIiiIII", 0x9000, at_ms, 0xC01F, 1, *fields)


def registration(kind: int, group_id: bytes = b"") -> bytes:
    """A registration message, with the group's id where it has one."""
    return struct.pack(">H", kind) + group_id


def up(at_s: float, payload: bytes, peer: bytes = ONE, *, interface: int = 1) -> Datagram:
    """From the sender to the receiver, as the capture shows it."""
    return Datagram(at_s, upward=True, peer=peer, interface=interface, length=len(payload), head=_snapped(payload))


def down(at_s: float, payload: bytes, peer: bytes = ONE, *, interface: int = 1) -> Datagram:
    """From the receiver to the sender."""
    return Datagram(at_s, upward=False, peer=peer, interface=interface, length=len(payload), head=_snapped(payload))


def _snapped(payload: bytes) -> bytes:
    whole = payload[:2] in {b"\x80\x03", b"\x92\x00", b"\x92\x01"}
    if whole or begins_keyframe(payload):
        return payload
    return payload[:100] if payload[:2] == b"\x80\x00" else payload[:68]


def frame(datagram: Datagram, *, port: int = 5000, receiver: bytes = bytes([192, 0, 2, 1])) -> bytes:
    """The datagram as an IPv4 or IPv6 packet."""
    address, sender_port = datagram.peer[:-2], int.from_bytes(datagram.peer[-2:])
    ends = (address, receiver) if datagram.upward else (receiver, address)
    ports = (sender_port, port) if datagram.upward else (port, sender_port)
    udp = struct.pack(">HHHH", *ports, datagram.length + 8, 0) + datagram.head
    if len(address) == 4:
        header = struct.pack(">BBHHHBBH", 0x45, 0, 28 + datagram.length, 0, 0, 64, 17, 0)
        return header + ends[0] + ends[1] + udp
    far = receiver.rjust(16, b"\0")
    six = (address, far) if datagram.upward else (far, address)
    return struct.pack(">IHBB", 0x60000000, 8 + datagram.length, 17, 64) + six[0] + six[1] + udp


def block(datagrams: Iterable[Datagram], *, port: int = 5000) -> bytes:
    """A block of the ring that holds these datagrams, with stamps of their own time."""
    frames = [(one, frame(one, port=port)) for one in datagrams]
    found = struct.pack("=IIIIIIQIIII", 1, 0, 1, len(frames), 48, 0, 0, 0, 0, 0, 0)
    for one, packet in frames:
        seconds, rest = divmod(one.at_s, 1)
        head = struct.pack(
            "=IIIIIIHHIIHH8x", 0, int(seconds), round(rest * 1e9), len(packet), len(packet), 0, 82, 82, 0, 0, 0, 0
        )
        link = struct.pack("=HHiHBB8x", 17, 8, one.interface, 1, 0, 6)
        body = (head + link).ljust(82, b"\0") + packet
        body = body.ljust(-(-len(body) // 16) * 16, b"\0")
        found += struct.pack("=I", len(body)) + body[4:]
    return found
