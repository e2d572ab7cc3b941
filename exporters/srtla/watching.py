"""The passive source: packets of the receiver's port, read and looked at every 100 ms."""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from exporters.collecting import Point, Schedule, Source
from exporters.srtla import collector
from exporters.srtla.capture import Counts
from exporters.srtla.model import Datagram, Role
from exporters.srtla.naming import Uplink, interfaces
from exporters.srtla.observing import Observer
from exporters.srtla.picture import Painter, Picture

_log = logging.getLogger(__name__)

INTERVAL_S = 0.1
# What the kernel saw is ours at most this much later: a block of the ring is handed over when 50 ms old, and its
# timer may come a tick late. Packets of both directions are so judged at a moment up to which all are known.
HORIZON_S = 0.1


class Packets(Protocol):
    """Where datagrams come from."""

    def read(self) -> Iterable[Datagram]:
        """What was seen since the last call."""

    def count(self) -> Counts:
        """What the kernel passed and dropped since the start."""

    def close(self) -> None:
        """Stop."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look: the picture, and the kernel's counts."""

    picture: Picture
    counts: Counts


class Watch:
    """Packets, the observer that they are fed to, and the names of the uplinks."""

    def __init__(self, packets: Packets, role: Role, uplinks: Callable[[], Sequence[Uplink]]) -> None:
        """`uplinks` is asked at each look, and answers with the same object as long as nothing changed."""
        self._packets = packets
        self._uplinks = uplinks
        self._named = uplinks()
        self._observer = Observer(role, self._named)
        self._painter = Painter()
        self._told: dict[str, int] = {}

    async def look(self) -> Look:
        """Take in what was seen since the last look."""
        named = self._uplinks()
        if named is not self._named:
            self._named = named
            self._observer.name(named)
        if any(uplink.interface for uplink in named):
            self._observer.interfaces = dict(socket.if_nameindex())
        self._observer.feed(self._packets.read())
        self._tell()
        at_s = max(self._observer.newest_s, time.monotonic() - HORIZON_S)
        return Look(self._painter.paint(self._observer, at_s), self._packets.count())

    def _tell(self) -> None:
        """Say beside the sender what it calls its links: the receiver's end can tell them by it."""
        if self._observer.role is Role.RECEIVER:
            return
        for name, number in self._observer.connections().items():
            if self._told.get(name) != number:
                _log.info(
                    "uplink %s: its sender calls it %d; at the receiver: --uplink %s=conn:%d",
                    name,
                    number,
                    name,
                    number,
                )
                self._told[name] = number

    async def close(self) -> None:
        """Stop watching."""
        self._packets.close()

    def describe(self, look: Look) -> Iterator[Point]:
        """The look as points."""
        names: Mapping[str, str] = interfaces(self._named)
        yield from collector.describe(look.picture, names, epoch_s=time.time() - time.monotonic())
        yield Point("srtla_capture_datagrams_total", look.counts.passed)
        yield Point("srtla_capture_dropped_total", look.counts.dropped)

    def source(self) -> Source[Look]:
        """The source for the frame."""
        return Source("passive", self.look, self.describe, Schedule(INTERVAL_S, timeout_s=1, stale_after_s=2))
