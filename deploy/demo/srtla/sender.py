"""`python -m deploy.demo.srtla.sender`: bonds one encoder's SRT over several uplinks to an SRTLA receiver.

    python -m deploy.demo.srtla.sender --listen 127.0.0.1:5000 --to 203.0.113.1:5000
        --uplink 100.64.10.2%verizon --uplink 100.64.20.2%att

An uplink is its local address, with the interface behind `%` where the address alone does not choose it. It
says "listening" when the encoder may call, whether or not a receiver answers. SIGUSR1 gives the first uplink
another source port, as a carrier's NAT does in mid-stream. Ends on SIGTERM and SIGINT.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from deploy.demo.srtla import datagrams, wire
from deploy.demo.srtla.sending import Sender
from deploy.demo.srtla.wire import Form

TICK_S = 0.05
OPEN_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class Uplink:
    """Where an uplink's packets leave from."""

    host: str
    device: str | None = None

    @classmethod
    def parse(cls, text: str) -> Uplink:
        """From ADDRESS or ADDRESS%INTERFACE."""
        host, _, device = text.partition("%")
        return cls(host, device or None)


class SenderProcess:
    """The sockets around a `Sender`. `to` is the receiver's public address."""

    def __init__(self, *, listen: tuple[str, int], to: tuple[str, int], uplinks: Sequence[Uplink], form: Form) -> None:
        self.core = Sender(len(uplinks), identity=os.urandom(wire.ID_BYTES), form=form)
        self._to, self._uplinks = to, tuple(uplinks)
        self._front = datagrams.bound(*listen)
        self._sockets: list[socket.socket | None] = [None] * len(uplinks)
        self._encoder: tuple[str, int] | None = None

    @property
    def listens(self) -> tuple[str, int]:
        """Where the encoder's SRT goes."""
        host, port = self._front.getsockname()
        return host, port

    async def run(self) -> None:
        """Carry packets until cancelled."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._front, self._from_encoder)
        opened_s = -OPEN_EVERY_S
        try:
            while True:
                now_s = time.monotonic()
                if now_s - opened_s >= OPEN_EVERY_S:
                    opened_s = now_s
                    self._open_missing()
                self.core.tick(now_s)
                self._flush()
                await asyncio.sleep(TICK_S)
        finally:
            loop.remove_reader(self._front)
            self._front.close()
            for number in range(len(self._sockets)):
                self._close(number)

    def rebind(self, number: int) -> None:
        """Let an uplink go on from another source port, without a word to the receiver."""
        self._close(number)
        self._open_missing()

    def _open_missing(self) -> None:
        """Open what is not open; an uplink without its address is tried again."""
        for number, uplink in enumerate(self._uplinks):
            if self._sockets[number] is None:
                with suppress(OSError):
                    made = datagrams.bound(uplink.host, device=uplink.device)
                    self._sockets[number] = made
                    asyncio.get_running_loop().add_reader(made, self._from_link, number, made)

    def _close(self, number: int) -> None:
        if (old := self._sockets[number]) is not None:
            asyncio.get_running_loop().remove_reader(old)
            old.close()
            self._sockets[number] = None

    def _from_encoder(self) -> None:
        now_s = time.monotonic()
        for packet, source in datagrams.waiting(self._front):
            self._encoder = source
            chosen = self.core.from_encoder(packet, now_s)
            if chosen is not None:
                self._send(chosen, packet)

    def _from_link(self, number: int, by: socket.socket) -> None:
        now_s = time.monotonic()
        for packet, source in datagrams.waiting(by):
            if source != self._to:
                continue
            forward = self.core.from_link(number, packet, now_s)
            if forward is not None and self._encoder is not None:
                datagrams.send(self._front, forward, self._encoder)
        self._flush()

    def _flush(self) -> None:
        for number, packet in self.core.outbox:
            self._send(number, packet)
        self.core.outbox.clear()

    def _send(self, number: int, packet: bytes) -> None:
        if (by := self._sockets[number]) is not None:
            datagrams.send(by, packet, self._to)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.demo.srtla.sender", description="An SRTLA sender.")
    parser.add_argument("--listen", required=True, type=datagrams.address, metavar="HOST:PORT", help="for the encoder")
    parser.add_argument("--to", required=True, type=datagrams.address, metavar="HOST:PORT", help="the receiver")
    parser.add_argument(
        "--uplink", required=True, type=Uplink.parse, action="append", metavar="ADDRESS[%INTERFACE]", dest="uplinks"
    )
    parser.add_argument(
        "--keepalive", type=Form, choices=list(Form), default=Form.EXTENDED, help="its bytes, default %(default)s"
    )
    return parser.parse_args(argv)


async def _serve(process: SenderProcess) -> None:
    running = asyncio.ensure_future(process.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, running.cancel)
    loop.add_signal_handler(signal.SIGUSR1, process.rebind, 0)
    print(f"listening on {process.listens[0]}:{process.listens[1]}", flush=True)
    with suppress(asyncio.CancelledError):
        await running


def main(argv: Sequence[str] | None = None) -> int:
    """Run until a signal; 2 where it cannot listen."""
    options = _arguments(argv)
    try:
        process = SenderProcess(listen=options.listen, to=options.to, uplinks=options.uplinks, form=options.keepalive)
    except OSError as error:
        print(f"srtla sender: cannot listen on {options.listen[0]}:{options.listen[1]}: {error}", file=sys.stderr)
        return 2
    asyncio.run(_serve(process))
    return 0


if __name__ == "__main__":
    sys.exit(main())
