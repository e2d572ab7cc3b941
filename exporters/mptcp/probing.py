"""Sends packet trains over the uplinks and keeps what they said. The I/O of `exporters.mptcp.train`."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from exporters.mptcp import train
from exporters.mptcp.model import Probed, Probes
from exporters.mptcp.padding import Padding, Stream, Way
from exporters.mptcp.uplinks import Resolved


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the responder is, the key shared with it, and how many bytes an hour all probes may cost.

    `answer_within_s` covers a train of 100 ms, half a second of patience at the far end, and a slow
    way back. `pad_to` is the rate, in bytes of payload per second, to which uplinks are padded; None
    for no padding.
    """

    host: str
    port: int
    key: bytes = field(repr=False)
    bytes_per_hour: float
    answer_within_s: float = 2.0
    pad_to: float | None = None


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
    """Probes each uplink in turn; `report` is told each result: uplink, time and rate.

    Where padding is asked for, it needs the `stream` that it pads.
    """

    def __init__(
        self,
        settings: Settings,
        names: Iterable[str],
        report: Callable[[str, float, float], None],
        stream: Stream | None = None,
    ) -> None:
        self._settings = settings
        self._report = report
        self._budget = train.Budget(settings.bytes_per_hour)
        wanted = settings.pad_to
        self._padding = None if wanted is None or stream is None else Padding(stream, wanted, self._spend_on_padding)
        self._padded_bytes = 0
        self._probed = {name: Probed(paddings=None if self._padding is None else 0) for name in names}

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
        self._probed[name] = replace(
            before,
            sent=before.sent + 1,
            failed=before.failed + (rate is None),
            sent_bytes=before.sent_bytes + cost,
            rate=before.rate if rate is None else rate,
        )
        if self._padding is not None:
            await self._pad(self._padding, name, address, rate)

    async def _pad(self, padding: Padding, name: str, address: str, shown: float | None) -> None:
        """Pad the uplink as far as its train had room, and count what it took."""
        self._padded_bytes, rate = 0, None
        way = Way(address, (self._settings.host, self._settings.port), self._settings.key)
        with suppress(OSError):  # the uplink has gone: it carried nothing, and the next train will say so
            rate = await padding.pad(name, way, shown)
        before = self._probed[name]
        self._probed[name] = replace(
            before,
            sent_bytes=before.sent_bytes + self._padded_bytes,
            paddings=(before.paddings or 0) + bool(self._padded_bytes),
            padded_rate=before.padded_rate if rate is None else rate,
        )

    def _spend_on_padding(self, cost: int) -> bool:
        """Take padding's bytes from the upper half of the budget: the other is left to the trains, which tell more."""
        now_s = asyncio.get_running_loop().time()
        if not self._budget.spend(now_s, cost, keep=self._settings.bytes_per_hour / 2):
            return False
        self._padded_bytes += cost
        return True

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
