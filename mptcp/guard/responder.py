"""`python -m mptcp.guard.responder`: on the VPS, echoes the guard's probes. Format: `mptcp.guard.wire`."""

from __future__ import annotations

import asyncio
import logging
import signal
from pathlib import Path
from typing import Any

from exporters.serving import Listen, Parser, StartError, checked, main
from mptcp.guard import wire

_log = logging.getLogger(__name__)

# Two uplinks in trouble send 20 probes a second; ten rigs in trouble at once are still answered.
ECHOES_PER_SECOND = 200


class Echo(asyncio.DatagramProtocol):
    """Answers probes, at most `per_second` of them; everything else is dropped without a word."""

    def __init__(self, key: bytes, per_second: int = ECHOES_PER_SECOND) -> None:
        self._key = key
        self._per_second = per_second
        self._second = 0
        self._echoed = 0
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport to answer through."""
        self._transport = transport  # type: ignore[assignment] # asyncio hands a datagram transport to this protocol

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        """Echo one probe."""
        second = int(asyncio.get_running_loop().time())
        if second != self._second:
            self._second, self._echoed = second, 0
        if self._echoed >= self._per_second:
            return
        answer = wire.echo(data, self._key)
        if answer is not None:
            self._echoed += 1
            self._transport.sendto(answer, addr)

    def error_received(self, exc: Exception) -> None:
        """Nothing: an answer that cannot be delivered is a lost probe, which the guard counts."""


def read_key(path: Path) -> bytes:
    """The shared key in a file. Raises StartError naming what is wrong with it."""
    try:
        return wire.parse_key(path.read_bytes())
    except OSError as error:
        raise StartError(f"cannot read the key {path}: {error.strerror}; make one with openssl rand -hex 32") from error
    except ValueError as error:
        raise StartError(f"the key {path} {error}") from error


async def serve(listen: Listen, key: bytes) -> None:
    """Echo until SIGTERM or SIGINT. Raises StartError when the address cannot be had."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        transport, _ = await loop.create_datagram_endpoint(lambda: Echo(key), local_addr=(listen.host, listen.port))
    except OSError as error:
        raise StartError(f"cannot listen on {listen}/udp: {error.strerror}; choose another with --listen") from error
    _log.info("responder: echoing probes on %s/udp", listen)
    try:
        await stop.wait()
    finally:
        transport.close()


def parser() -> Parser:
    """The command line."""
    described = Parser(
        prog="python -m mptcp.guard.responder", description="Echoes the guard's probes; runs on the VPS."
    )
    described.add_argument("--listen", type=checked(Listen.parse), default=Listen("0.0.0.0", 8445))  # noqa: S104 - the rig comes from anywhere; whoever lacks the key gets no answer
    described.add_argument("--key-file", type=Path, required=True, help="file with the key that the guard has too")
    return described


def run() -> None:
    """Read the key, then echo."""
    options = parser().parse_args()
    asyncio.run(serve(options.listen, read_key(options.key_file)))


if __name__ == "__main__":
    main(run, "python -m mptcp.guard.responder")
