"""Sends probes from each uplink's own address and collects the echoes; `mptcp.guard.probes` keeps the record."""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from mptcp.guard import train, wire
from mptcp.guard.probes import LOST_S, Answer
from mptcp.guard.train import Train, Weighed

_log = logging.getLogger(__name__)

# How long an echo is still taken: the longest queue of a usable modem. Later ones are of no use to any rule.
LATEST_S = 5 * LOST_S


@dataclass(frozen=True, slots=True)
class Way:
    """How to reach the responder over one uplink: from this address, out of this interface."""

    uplink: str
    address: str = field(repr=False)
    interface: str


def family_of(address: str) -> socket.AddressFamily:
    """The socket family of an address."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


class _Socket(asyncio.DatagramProtocol):
    def __init__(self, arrived: Callable[[bytes], None]) -> None:
        self._arrived = arrived

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:  # noqa: ARG002 - asyncio's signature; the tag says whose it is
        self._arrived(data)

    def error_received(self, exc: Exception) -> None:
        """Nothing: unreachable is a lost probe."""


class Prober:
    """Probes towards one responder. `answers` hands out what came back since the last call.

    Each uplink has a socket bound to its address and interface, so that the probe takes the same way
    as the uplink's subflow, whatever the main routing table prefers. Needs no capability on Linux 5.7
    and newer.

    `family` is the responder's: an address of the other one cannot reach it.
    """

    def __init__(self, responder: tuple[str, int], key: bytes) -> None:
        self._responder = responder
        self.family = family_of(responder[0])
        self._key = key
        self._session = secrets.randbits(64)
        self._number = 0
        self._waiting: dict[int, tuple[str, float]] = {}
        self._answers: list[Answer] = []
        self._trains: list[Train] = []
        self._sockets: dict[str, tuple[Way, asyncio.DatagramTransport]] = {}
        self.sent: dict[str, int] = {}
        self.answered: dict[str, int] = {}

    async def use(self, ways: Iterable[Way]) -> None:
        """Have a socket for each of these ways and for no other; one whose address is not there yet waits."""
        wanted = {way.uplink: way for way in ways}
        for uplink, (way, transport) in list(self._sockets.items()):
            if wanted.get(uplink) != way or transport.is_closing():
                transport.close()
                del self._sockets[uplink]
        for uplink, way in wanted.items():
            if uplink not in self._sockets:
                with suppress(OSError):  # no address or no interface: its probes count as lost
                    self._sockets[uplink] = way, await self._open(way)

    async def _open(self, way: Way) -> asyncio.DatagramTransport:
        opened = socket.socket(family_of(way.address), socket.SOCK_DGRAM)
        try:
            opened.setblocking(False)  # noqa: FBT003 - the standard library's signature
            with suppress(PermissionError):  # before Linux 5.7; the address alone decides then, by its routing rule
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, way.interface.encode())
            opened.bind((way.address, 0))
            transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: _Socket(self._arrived), sock=opened
            )
        except BaseException:
            opened.close()
            raise
        return transport

    def send(self, uplink: str, at_s: float) -> None:
        """Send one probe; `at_s` is the look's time, by which its answer is filed."""
        self.sent[uplink] = self.sent.get(uplink, 0) + 1
        self._waiting = {number: sent for number, sent in self._waiting.items() if at_s - sent[1] < LATEST_S}
        if uplink in self._sockets:
            self._waiting[self._number + 1] = uplink, at_s
            self._send(uplink, wire.SIZE_BYTES)

    def send_train(self, uplink: str, at_s: float) -> None:
        """Send a train; `weighed` tells what it showed. One towards an uplink without a socket shows nothing."""
        self.sent[uplink] = self.sent.get(uplink, 0) + train.PROBES
        self._trains.append(Train(uplink, at_s, self._number + 1))
        for _ in range(train.PROBES):
            if uplink in self._sockets:
                self._send(uplink, wire.MOST_BYTES)
            else:
                self._number += 1

    def _send(self, uplink: str, size: int) -> None:
        self._number += 1
        data = wire.encode(wire.Datagram(wire.Kind.PROBE, self._session, self._number), self._key, size=size)
        self._sockets[uplink][1].sendto(data, self._responder)

    def _arrived(self, data: bytes) -> None:
        echo = wire.decode(data, self._key)
        if echo is None or echo.kind is not wire.Kind.ECHO or echo.session != self._session:
            return
        now_s = asyncio.get_running_loop().time()
        for each in self._trains:
            if each.take(echo.number, now_s):
                self.answered[each.uplink] = self.answered.get(each.uplink, 0) + 1
                return
        waiting = self._waiting.pop(echo.number, None)
        if waiting is not None:
            uplink, at_s = waiting
            self.answered[uplink] = self.answered.get(uplink, 0) + 1
            self._answers.append(Answer(uplink, at_s, now_s - at_s))

    def answers(self) -> tuple[Answer, ...]:
        """What came back since the last call, each answer once."""
        taken, self._answers = tuple(self._answers), []
        return taken

    def weighed(self, now_s: float) -> tuple[Weighed, ...]:
        """What the trains showed that have come in since the last call."""
        ended = [each for each in self._trains if each.ended(now_s)]
        self._trains = [each for each in self._trains if each not in ended]
        return tuple(each.weighed() for each in ended)

    def close(self) -> None:
        """Give the sockets back."""
        for _, transport in self._sockets.values():
            transport.close()
        self._sockets.clear()
