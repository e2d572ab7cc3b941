"""`python -m deploy.demo.srtla.receiver`: takes bonded SRT in at one public port and hands it to an SRT server.

    python -m deploy.demo.srtla.receiver --listen 203.0.113.1:5000 --server 127.0.0.1:5001

Each group of links speaks with the server from a port of its own. It says "listening" when it does. Ends on
SIGTERM and SIGINT.
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

from deploy.demo.srtla import datagrams
from deploy.demo.srtla.receiving import Habits, Receiver

EXPIRE_EVERY_S = 0.25
USUAL = Habits()


class ReceiverProcess:
    """The sockets around a `Receiver`. `server` is an SRT server on this machine."""

    def __init__(self, *, listen: tuple[str, int], server: tuple[str, int], habits: Habits) -> None:
        self.core = Receiver(habits, random=os.urandom)
        self._server = server
        self._public = datagrams.bound(*listen)
        self._by_group: dict[int, socket.socket] = {}

    @property
    def listens(self) -> tuple[str, int]:
        """Where senders call."""
        host, port = self._public.getsockname()
        return host, port

    async def run(self) -> None:
        """Carry packets until cancelled."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._public, self._from_uplinks)
        try:
            while True:
                for group in self.core.expire(time.monotonic()):
                    self._close(group)
                await asyncio.sleep(EXPIRE_EVERY_S)
        finally:
            loop.remove_reader(self._public)
            self._public.close()
            for group in list(self._by_group):
                self._close(group)

    def _from_uplinks(self) -> None:
        now_s = time.monotonic()
        for packet, source in datagrams.waiting(self._public):
            group = self.core.from_uplink(source, packet, now_s)
            if group is not None:
                datagrams.send(self._toward_server(group), packet, self._server)
        self._flush()

    def _from_server(self, group: int, by: socket.socket) -> None:
        for packet, source in datagrams.waiting(by):
            if source == self._server:
                self.core.from_server(group, packet)
        self._flush()

    def _flush(self) -> None:
        for address, packet in self.core.outbox:
            datagrams.send(self._public, packet, address)
        self.core.outbox.clear()

    def _toward_server(self, group: int) -> socket.socket:
        if group not in self._by_group:
            made = datagrams.bound(self._server[0])
            self._by_group[group] = made
            asyncio.get_running_loop().add_reader(made, self._from_server, group, made)
        return self._by_group[group]

    def _close(self, group: int) -> None:
        if (old := self._by_group.pop(group, None)) is not None:
            asyncio.get_running_loop().remove_reader(old)
            old.close()


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.demo.srtla.receiver", description="An SRTLA receiver.")
    parser.add_argument("--listen", required=True, type=datagrams.address, metavar="HOST:PORT", help="for senders")
    parser.add_argument("--server", required=True, type=datagrams.address, metavar="HOST:PORT", help="the SRT server")
    parser.add_argument("--pad", action="store_true", help="fill short packets to senders to 32 bytes")
    parser.add_argument(
        "--broadcast-naks", action="store_true", help="send NAKs on every link, not only the last heard"
    )
    parser.add_argument("--link-timeout-s", type=float, default=USUAL.link_timeout_s, metavar="S")
    parser.add_argument("--group-timeout-s", type=float, default=USUAL.group_timeout_s, metavar="S")
    return parser.parse_args(argv)


async def _serve(process: ReceiverProcess) -> None:
    running = asyncio.ensure_future(process.run())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    print(f"listening on {process.listens[0]}:{process.listens[1]}", flush=True)
    with suppress(asyncio.CancelledError):
        await running


def main(argv: Sequence[str] | None = None) -> int:
    """Run until a signal; 2 where it cannot listen."""
    options = _arguments(argv)
    habits = Habits(
        pads=options.pad,
        broadcasts_naks=options.broadcast_naks,
        link_timeout_s=options.link_timeout_s,
        group_timeout_s=options.group_timeout_s,
    )
    try:
        process = ReceiverProcess(listen=options.listen, server=options.server, habits=habits)
    except OSError as error:
        print(f"srtla receiver: cannot listen on {options.listen[0]}:{options.listen[1]}: {error}", file=sys.stderr)
        return 2
    asyncio.run(_serve(process))
    return 0


if __name__ == "__main__":
    sys.exit(main())
