"""Tops a small stream up to a wanted rate, uplink by uplink, to see whether the uplink would carry it.

A packet train shows an uplink's rate at one moment, and a radio's moments differ by two or three.
Padding shows what is carried *for a second, beside the stream*: it sends no more than the wanted
rate less what the stream carries itself, and no more than the newest train had room for. It ends at
the first sign that the uplink is full, since then it is in the stream's way.

The padding is datagrams of the train's format, spread evenly, in trains that are answered one by
one. Only the program that writes the stream could put padding into the stream's own connection:
what has been handed to RTMP or TLS takes no bytes of ours. These share the uplink, the address and
the queues with the stream, and not its congestion window. So what they show is what the path carries,
and the stream's TCP reaches it a few round trips later.
"""

from __future__ import annotations

import asyncio
import math
import os
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from exporters.mptcp import train

LENGTH_S = 1.0  # a radio's grants come and go within some 100 ms; ten of these make a rate
LOOK_S = 1.0  # the stream's own rate is measured over this, with two keyframes or none in it
TRAIN_S = 0.2  # well below the responder's patience with a train
LEAST_RATE = 30_000.0  # slower, and 8 datagrams take longer than the responder waits
LEAST_SHARE = 0.1  # less than this of the wanted rate proves nothing new
FULL_BELOW = 0.8  # a train that arrives this much slower than it was sent has met a full uplink
ANSWERED_WITHIN_S = 1.0
DATAGRAM = (train.PACKET_BYTES + train.IP_UDP_BYTES) * train.PAYLOAD_SHARE  # in TCP payload, as all rates here


class Stream(Protocol):
    """What padding must know of the stream that it pads, and whom it tells."""

    def carried(self, uplink: str) -> tuple[float, float] | None:
        """When the uplink was last looked at, in seconds, and the bytes acknowledged on it by then."""

    def with_room(self) -> Mapping[str, float | None]:
        """The uplinks that may be probed now, with the rate known of each."""

    def padded(self, uplink: str, at_s: float, rate: float) -> None:
        """Take what stream and padding carried together."""


def plan(*, wanted: float, known: float | None, shown: float | None, streaming: float) -> float | None:
    """At what rate to pad; None when there is nothing to prove, or no room shown. Bytes of payload per second.

    `known` is the uplink's lower bound, `shown` what its newest train showed, `streaming` what the
    stream carries there itself.
    """
    if shown is None or (known or 0.0) >= wanted:
        return None
    padding = min(wanted, shown) - streaming
    return padding if padding >= max(LEAST_RATE, LEAST_SHARE * wanted) else None


def trains(rate: float) -> tuple[int, int]:
    """How many trains of how many datagrams are `LENGTH_S` of padding at this rate."""
    count = min(max(int(rate * TRAIN_S / DATAGRAM), train.FEWEST_PACKETS), train.MOST_PACKETS)
    return max(math.ceil(rate * LENGTH_S / (count * DATAGRAM)), 1), count


def full(report: train.Report, count: int, rate: float) -> bool:
    """Whether the report of a train of `count` datagrams, sent at `rate`, tells of a full uplink."""
    arrived = report.rate()
    return report.received < count or (arrived is not None and arrived < FULL_BELOW * rate)


def carried(reports: Sequence[train.Report], rate: float) -> float | None:
    """What was carried of padding sent at `rate`; None when less than half a second of it was answered.

    Datagrams that were bunched up on the way arrive faster than they were sent: nothing carries more
    than it was given.
    """
    told = [report for report in reports if report.rate() is not None]
    span_s = sum(report.span_ns for report in told) / 1e9
    if span_s < LENGTH_S / 2:
        return None
    return min(sum(report.received - 1 for report in told) * DATAGRAM / span_s, rate)


@dataclass(frozen=True, slots=True)
class Way:
    """From where padding goes to the responder, and the key that it shares."""

    address: str
    responder: tuple[str, int]
    key: bytes


class Padding:
    """Pads one uplink at a time; `spend` is asked before each train, for its bytes with IP headers."""

    def __init__(self, stream: Stream, wanted: float, spend: Callable[[int], bool]) -> None:
        self._stream = stream
        self._wanted = wanted
        self._spend = spend

    async def pad(self, uplink: str, way: Way, shown: float | None) -> float | None:
        """Pad the uplink, if there is something to prove; what it carried together with the stream.

        Raises OSError when the uplink cannot be sent from.
        """
        streaming = await self._streaming(uplink, asyncio.sleep(LOOK_S))
        room = self._stream.with_room()
        if streaming is None or uplink not in room:
            return None
        rate = plan(wanted=self._wanted, known=room[uplink], shown=shown, streaming=streaming)
        if rate is None:
            return None
        reports: list[train.Report] = []
        beside = await self._streaming(uplink, self._send(uplink, way, rate, reports))
        padding = carried(reports, rate)
        if padding is None or beside is None:
            return None
        self._stream.padded(uplink, asyncio.get_running_loop().time(), padding + beside)
        return padding + beside

    async def _streaming(self, uplink: str, meanwhile: Awaitable[None]) -> float | None:
        """What the stream carries on the uplink by itself while something takes its time."""
        before = self._stream.carried(uplink)
        await meanwhile
        after = self._stream.carried(uplink)
        if before is None or after is None or after[0] <= before[0]:
            return None
        return (after[1] - before[1]) / (after[0] - before[0])

    async def _send(self, uplink: str, way: Way, rate: float, reports: list[train.Report]) -> None:
        """Send padding at `rate`, and gather what its trains say, until its end or the first sign of a full uplink."""
        loop, (most, count) = asyncio.get_running_loop(), trains(rate)
        sent: dict[bytes, float] = {}  # the rate at which each train was sent: a busy machine falls behind
        family = socket.AF_INET6 if ":" in way.address else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)  # noqa: FBT003 - the standard library's signature
            sender.bind((way.address, 0))
            sender.connect(way.responder)
            gathering = loop.create_task(_gather(sender, way.key, sent, reports, most))
            due_s = loop.time()
            try:
                while len(sent) < most and self._may_go_on(uplink, count, sent, reports):
                    sent[number := os.urandom(8)] = rate
                    began_s = max(due_s, loop.time())
                    for packet in train.packets(number, count, way.key):
                        await asyncio.sleep(max(due_s - loop.time(), 0.0))
                        await loop.sock_sendall(sender, packet)
                        due_s += DATAGRAM / rate
                    sent[number] = min(rate, (count - 1) * DATAGRAM / max(loop.time() - began_s, 1e-6))
                await asyncio.wait([gathering], timeout=ANSWERED_WITHIN_S)
            finally:
                gathering.cancel()
                with suppress(asyncio.CancelledError, OSError):
                    await gathering

    def _may_go_on(self, uplink: str, count: int, sent: Mapping[bytes, float], reports: Sequence[train.Report]) -> bool:
        if any(full(report, count, sent[report.train]) for report in reports) or uplink not in self._stream.with_room():
            return False
        return self._spend(count * (train.PACKET_BYTES + train.IP_UDP_BYTES))


async def _gather(
    sender: socket.socket, key: bytes, sent: Mapping[bytes, float], reports: list[train.Report], most: int
) -> None:
    """Keep the reports of the trains in `sent`, each once, until there are `most`."""
    told = set[bytes]()
    while len(told) < most:
        data = await asyncio.get_running_loop().sock_recv(sender, 2048)
        report = train.read_report(data, key)
        if report is not None and report.train in sent and report.train not in told:
            told.add(report.train)
            reports.append(report)
