"""Sends packet trains over the uplinks and keeps what they said. The I/O of `exporters.mptcp.train`."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from exporters.mptcp import train
from exporters.mptcp.model import Probed, Probes
from exporters.mptcp.uplinks import Resolved


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the responder is, the key shared with it, and how many bytes an hour all probes may cost.

    `answer_within_s` covers a train of 100 ms, half a second of patience at the far end, and a slow
    way back.
    """

    host: str
    port: int
    key: bytes = field(repr=False)
    bytes_per_hour: float
    answer_within_s: float = 2.0


def read_key(path: str) -> bytes:
    """The key in a file. Raises ValueError naming what is wrong with it."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise ValueError(f"cannot read the key {path}: {error.strerror}; make one with openssl rand -hex 32") from error
    try:
        return train.parse_key(content)
    except ValueError as error:
        raise ValueError(f"the key {path} {error}") from error


class Prober:
    """Probes each uplink in turn; `report` is told each result: uplink, time and rate."""

    def __init__(self, settings: Settings, names: Iterable[str], report: Callable[[str, float, float], None]) -> None:
        self._settings = settings
        self._report = report
        self._budget = train.Budget(settings.bytes_per_hour)
        self._probed = {name: Probed() for name in names}

    async def probe(self, uplinks: Iterable[Resolved], known: Mapping[str, float | None]) -> Probes:
        """One train over each uplink that may be probed now and that the budget allows.

        `known` has the uplinks to probe, with the rate known of each: it sets the train's length.
        """
        for uplink in uplinks:
            name = uplink.uplink.name
            address = min((a for a in uplink.addresses if (":" in a) == (":" in self._settings.host)), default=None)
            if name in known and address is not None:
                await self._one(name, address, train.length(known[name]))
        return Probes(dict(self._probed), self._budget.left(asyncio.get_running_loop().time()))

    async def _one(self, name: str, address: str, count: int) -> None:
        loop = asyncio.get_running_loop()
        cost = count * (train.PACKET_BYTES + train.IP_UDP_BYTES)
        if not self._budget.spend(loop.time(), cost):
            return
        before = self._probed[name]
        rate = None
        try:
            async with asyncio.timeout(self._settings.answer_within_s):
                rate = await self._exchange(address, count)
        except OSError:  # a timeout is one too: no answer, no route, no address any more
            pass
        if rate is not None:
            self._report(name, loop.time(), rate)
        self._probed[name] = Probed(
            before.sent + 1,
            before.failed + (rate is None),
            before.sent_bytes + cost,
            before.rate if rate is None else rate,
        )

    async def _exchange(self, address: str, count: int) -> float | None:
        """Send one train from `address`; what its report says. Raises OSError."""
        loop, key, number = asyncio.get_running_loop(), self._settings.key, os.urandom(8)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)  # noqa: FBT003 - the standard library's signature
            sender.bind((address, 0))
            sender.connect((self._settings.host, self._settings.port))
            for packet in train.packets(number, count, key):
                await loop.sock_sendall(sender, packet)
            while True:
                report = train.read_report(await loop.sock_recv(sender, 2048), key)
                if report is not None and report.train == number:
                    return report.rate()
