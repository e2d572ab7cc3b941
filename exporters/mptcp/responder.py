"""`python -m exporters.mptcp.responder`: on the VPS, answers packet trains. Format: `exporters.mptcp.train`.

Arrival times are the kernel's, so a busy machine does not stretch a train. What has no valid tag is
dropped without a word.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import time
from struct import Struct
from typing import Any

from exporters.mptcp import train
from exporters.mptcp.probing import read_key
from exporters.serving import Listen, Parser, StartError, checked, main

_log = logging.getLogger(__name__)

_SO_TIMESTAMPNS = 35  # asm-generic/socket.h; Python does not name it
_TIMESPEC = Struct("@qq")
_SWEEP_S = 0.1
_MOST_AT_ONCE = 64  # datagrams read before others get a turn


class Responder:
    """Reads a socket and answers trains through it."""

    def __init__(self, listening: socket.socket, key: bytes) -> None:
        self._socket = listening
        self._key = key
        self._arrivals = train.Arrivals()

    def read(self) -> None:
        """Take the datagrams that have arrived, and answer the trains that they complete."""
        for _ in range(_MOST_AT_ONCE):
            try:
                data, ancillary, _, sender = self._socket.recvmsg(2048, 64)
            except OSError:  # nothing more; or an answer that could not be delivered came back
                return
            packet = train.read_packet(data, self._key)
            report = None if packet is None else self._arrivals.add(packet, _arrival_ns(ancillary), sender)
            if report is not None:
                self._answer(report, sender)

    def sweep(self) -> None:
        """Answer the trains whose rest does not come."""
        for report, sender in self._arrivals.overdue(time.time_ns()):
            self._answer(report, sender)

    def _answer(self, report: train.Report, sender: Any) -> None:  # noqa: ANN401 - an address is what its family says
        with contextlib.suppress(OSError):  # a lost report is a failed probe, which the prober counts
            self._socket.sendto(train.write_report(report, self._key), sender)


def _arrival_ns(ancillary: list[tuple[int, int, bytes]]) -> int:
    """The kernel's time of arrival, in nanoseconds since the epoch."""
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS) and len(data) >= _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack_from(data)
            return int(seconds * 1_000_000_000 + nanoseconds)
    return time.time_ns()


def listening(listen: Listen) -> socket.socket:
    """The responder's socket. Raises StartError when the address cannot be had."""
    family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_DGRAM)
    try:
        found.setblocking(False)  # noqa: FBT003 - the standard library's signature
        found.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        found.bind((listen.host, listen.port))
    except OSError as error:
        found.close()
        raise StartError(f"cannot listen on {listen}/udp: {error.strerror}; choose another with --listen") from error
    return found


async def answer_until_told(responder: Responder, found: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_reader(found, responder.read)
    while not stop.is_set():
        responder.sweep()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SWEEP_S):
                await stop.wait()
    loop.remove_reader(found)


def run() -> None:
    """Read the key, then answer."""
    described = Parser(prog="python -m exporters.mptcp.responder", description="Answers packet trains; on the VPS.")
    described.add_argument("--listen", type=checked(Listen.parse), default=Listen("0.0.0.0", 8446))  # noqa: S104 - the rig comes from anywhere; whoever lacks the key gets no answer
    described.add_argument(
        "--key-file", type=checked(read_key), required=True, help="the key that the exporter has too"
    )
    options = described.parse_args()
    with listening(options.listen) as found:
        _log.info("responder: answering trains on %s/udp", options.listen)
        asyncio.run(answer_until_told(Responder(found, options.key_file), found))


if __name__ == "__main__":
    main(run, "python -m exporters.mptcp.responder")
