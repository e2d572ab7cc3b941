"""The packet train that probes an uplink: its format, what its dispersion says, its budget. Pure.

A stream smaller than its uplink shows no more than the uplink was given. A train of datagrams sent
at once leaves the uplink at its rate, so the time from the first arrival to the last tells what it
carries. The far end answers a train with one small report: never with more bytes than it got, and
only to who has the key.

    packet: "VVT1", count u8, index u8, 2 zero bytes, train 8 bytes, tag 16 bytes, zeros up to its size
    report: "VVR1", received u8, 3 zero bytes, train 8 bytes, span u64 ns, tag 16 bytes

Numbers are big-endian; the tag is the first half of HMAC-SHA256 over what stands before it.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from dataclasses import dataclass, field
from struct import Struct

PACKET_BYTES = 1_400  # fits every cellular path with room for a tunnel's header
IP_UDP_BYTES = 28
# A full TCP packet of 1500 bytes carries 1424 of payload beside IP, TCP with time stamps and MPTCP's options.
PAYLOAD_SHARE = 1_424 / 1_500
MOST_PACKETS = 24
FEWEST_PACKETS = 8  # fewer, and one late arrival is a tenth of the result
TRAIN_LENGTH_S = 0.1  # at the rate known so far: what a probe may delay the stream by
KEY_BYTES = 16  # the least that nobody guesses

_PACKET = Struct(">4sBB2x8s")
_REPORT = Struct(">4sB3x8sQ")
_TAG_BYTES = 16
_PACKET_MAGIC = b"VVT1"
_REPORT_MAGIC = b"VVR1"


@dataclass(frozen=True, slots=True)
class Packet:
    """One datagram of a train."""

    train: bytes
    count: int
    index: int


@dataclass(frozen=True, slots=True)
class Report:
    """What arrived of a train: how many datagrams, and the time from the first to the last."""

    train: bytes
    received: int
    span_ns: int

    def rate(self) -> float | None:
        """What the uplink carried, in bytes of TCP payload per second; None when too little arrived to tell.

        The first arrival starts the clock and is not counted. Datagrams that were lost make the
        result lower, never higher.
        """
        if self.received < FEWEST_PACKETS // 2 or self.span_ns <= 0:
            return None
        carried = (self.received - 1) * (PACKET_BYTES + IP_UDP_BYTES) * PAYLOAD_SHARE
        return carried * 1e9 / self.span_ns


def length(rate: float | None) -> int:
    """How many datagrams to send on an uplink that is known to carry `rate`; few where nothing is known."""
    if rate is None:
        return FEWEST_PACKETS
    return min(max(int(rate * TRAIN_LENGTH_S / PACKET_BYTES), FEWEST_PACKETS), MOST_PACKETS)


def packets(train: bytes, count: int, key: bytes) -> Iterator[bytes]:
    """The datagrams of a train; `train` is 8 bytes that were not used before."""
    for index in range(count):
        head = _PACKET.pack(_PACKET_MAGIC, count, index, train)
        yield (head + _tag(head, key)).ljust(PACKET_BYTES, b"\0")


def read_packet(data: bytes, key: bytes) -> Packet | None:
    """A datagram of a train; None for anything that is not one, of full size, with our tag."""
    head = data[: _PACKET.size]
    if len(data) != PACKET_BYTES or not _tagged(data, head, key):
        return None
    magic, count, index, train = _PACKET.unpack(head)
    return Packet(train, count, index) if magic == _PACKET_MAGIC and index < count <= MOST_PACKETS else None


def write_report(report: Report, key: bytes) -> bytes:
    """The datagram that answers a train."""
    head = _REPORT.pack(_REPORT_MAGIC, report.received, report.train, report.span_ns)
    return head + _tag(head, key)


def read_report(data: bytes, key: bytes) -> Report | None:
    """The answer to a train; None for anything that is not one with our tag."""
    head = data[: _REPORT.size]
    if len(data) != _REPORT.size + _TAG_BYTES or not _tagged(data, head, key):
        return None
    magic, received, train, span_ns = _REPORT.unpack(head)
    return Report(train, received, span_ns) if magic == _REPORT_MAGIC else None


def parse_key(content: bytes) -> bytes:
    """The key in a file: its first line. Raises ValueError, without the content, when it is too short."""
    key = content.partition(b"\n")[0].strip()
    if len(key) < KEY_BYTES:
        raise ValueError(f"has fewer than {KEY_BYTES} bytes; make one with openssl rand -hex 32")
    return key


@dataclass(slots=True)
class Budget:
    """A bucket of `per_hour` bytes that fills as fast as it may be spent."""

    per_hour: float
    _left: float = field(init=False)
    _at_s: float | None = None

    def __post_init__(self) -> None:
        self._left = self.per_hour

    def left(self, at_s: float) -> float:
        """Bytes that may be spent at `at_s`."""
        if self._at_s is not None:
            self._left = min(self._left + self.per_hour * max(at_s - self._at_s, 0.0) / 3600, self.per_hour)
        self._at_s = at_s
        return self._left

    def spend(self, at_s: float, amount: float, keep: float = 0.0) -> bool:
        """Spend `amount`, if it is there and leaves `keep`; whether it was."""
        if self.left(at_s) < amount + keep:
            return False
        self._left -= amount
        return True


@dataclass(slots=True)
class _Arriving:
    sender: object
    first_ns: int
    last_ns: int
    indices: set[int]


class Arrivals:
    """The responder's memory: trains that are arriving. Bounded, since anyone with the key may start one."""

    MOST_TRAINS = 64
    PATIENCE_NS = 500_000_000  # a train of 100 ms that has not ended by then has lost its tail

    def __init__(self) -> None:
        self._trains: dict[bytes, _Arriving] = {}

    def add(self, packet: Packet, at_ns: int, sender: object) -> Report | None:
        """Take a datagram that arrived at `at_ns`; the report for its sender, when it was the last of its train."""
        arriving = self._trains.get(packet.train)
        if arriving is None:
            if len(self._trains) >= self.MOST_TRAINS:
                return None
            arriving = self._trains[packet.train] = _Arriving(sender, at_ns, at_ns, set())
        arriving.last_ns = max(arriving.last_ns, at_ns)
        arriving.indices.add(packet.index)
        return self._close(packet.train)[0] if len(arriving.indices) == packet.count else None

    def overdue(self, at_ns: int) -> list[tuple[Report, object]]:
        """The reports, with their senders, of trains that began too long ago to wait for their rest."""
        late = [train for train, arriving in self._trains.items() if at_ns - arriving.first_ns > self.PATIENCE_NS]
        return [self._close(train) for train in late]

    def _close(self, train: bytes) -> tuple[Report, object]:
        arrived = self._trains.pop(train)
        return Report(train, len(arrived.indices), arrived.last_ns - arrived.first_ns), arrived.sender


def _tag(head: bytes, key: bytes) -> bytes:
    return hmac.digest(key, head, "sha256")[:_TAG_BYTES]


def _tagged(data: bytes, head: bytes, key: bytes) -> bool:
    return hmac.compare_digest(data[len(head) : len(head) + _TAG_BYTES], _tag(head, key))
