"""The uplink emulator: one process between the rig's interfaces and the server's.

Started by `world` with descriptors it inherits: the control socket, one TUN device of the server,
and one TUN device with its IPv4 address per uplink. What the rig sends on an uplink passes that
uplink's `up` link to the server; what the server sends is assigned to a `down` link by its
destination address, as a carrier's NAT would. Anything but IPv4 is dropped and counted.

With the right to do so it runs in real-time priority (SCHED_FIFO), because ordinary priority on a
loaded machine wakes 50 to 140 ms late at times.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import os
import random
import select
import socket
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.demo import trace
from deploy.demo.control import Direction
from deploy.demo.link import Change, Link, Shape

if TYPE_CHECKING:
    from collections.abc import Sequence

PACKET_BYTES = 65536
LONGEST_SLEEP_S = 1.0
PRIORITY = 10  # low among the real-time priorities: above every ordinary process, below kernel threads
# 8 Mbit/s with 150 kB of queue: at most 150 ms of standing queue, as behind a usable LTE modem.
DEFAULT = Shape(rate_bps=8_000_000, delay_s=0.02, queue_bytes=150_000)

_PR_SET_TIMERSLACK = 29
_IPV4_HEADER_BYTES = 20


@dataclass(frozen=True, slots=True)
class Uplink:
    """One uplink: its name, the descriptor of its TUN device, the rig's IPv4 address on it."""

    name: str
    fd: int
    address: str

    @classmethod
    def parse(cls, text: str) -> Uplink:
        """From `NAME=FD=ADDRESS`, as on the command line."""
        name, fd, address = text.split("=")
        return cls(name, int(fd), address)


class Emulator:
    """The shell around the links: reads packets and orders, writes packets and answers."""

    def __init__(self, uplinks: Sequence[Uplink], *, server_fd: int, control: socket.socket, realtime: bool) -> None:
        now = time.monotonic()
        self._control, self._server_fd, self._realtime = control, server_fd, realtime
        self._up = {uplink.name: self._link(now) for uplink in uplinks}
        self._down = {uplink.name: self._link(now) for uplink in uplinks}
        self._outlets = [(link, server_fd) for link in self._up.values()]
        self._outlets += [(self._down[uplink.name], uplink.fd) for uplink in uplinks]
        self._by_fd = {uplink.fd: self._up[uplink.name] for uplink in uplinks}
        self._by_address = {socket.inet_aton(uplink.address): self._down[uplink.name] for uplink in uplinks}
        self._sources = [*self._by_fd, server_fd, control.fileno()]
        self._foreign = 0

    @staticmethod
    def _link(now: float) -> Link:
        return Link(DEFAULT, now, random.random)

    def run(self) -> None:
        """Serve until the process is ended."""
        while True:
            self._deliver()
            wake = min(link.wake_at() for link, _ in self._outlets)
            timeout = min(max(wake - time.monotonic(), 0.0), LONGEST_SLEEP_S)
            for fd in select.select(self._sources, (), (), timeout)[0]:
                if fd == self._control.fileno():
                    self._obey()
                else:
                    self._read(fd)

    def _deliver(self) -> None:
        for link, fd in self._outlets:
            for packet in link.collect(time.monotonic()):
                with suppress(OSError):  # an interface that is down takes nothing, as a dead modem would not
                    os.write(fd, packet)

    def _read(self, fd: int) -> None:
        while True:
            try:
                packet = os.read(fd, PACKET_BYTES)
            except OSError:  # EAGAIN: all read; EIO: the interface is down
                return
            link = self._route(fd, packet)
            if link is None:
                self._foreign += 1
            else:
                link.offer(packet, time.monotonic())

    def _route(self, fd: int, packet: bytes) -> Link | None:
        if len(packet) < _IPV4_HEADER_BYTES or packet[0] >> 4 != 4:
            return None
        return self._by_address.get(packet[16:20]) if fd == self._server_fd else self._by_fd[fd]

    def _obey(self) -> None:
        while True:
            try:
                datagram, sender = self._control.recvfrom(PACKET_BYTES)
            except OSError:
                return
            answer = json.dumps(self._answer(datagram)).encode()
            if sender:  # else the asker's socket has no name to answer to
                with suppress(OSError):  # the asker has gone
                    self._control.sendto(answer, sender)

    def _answer(self, datagram: bytes) -> dict[str, Any]:
        number = None
        try:
            order = json.loads(datagram)
            number = order.get("number")
            self._execute(order)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            return {"number": number, "error": str(error)}
        return {"number": number, **self._reading()}

    def _execute(self, order: dict[str, Any]) -> None:
        match order["do"]:
            case "read":
                return
            case "set":
                change = Change(**order["change"])
                for link in self._chosen(order):
                    link.reshape(change, time.monotonic())
            case "play":
                rates = trace.load(Path(order["path"]), repeats=order["repeats"])
                for link in self._chosen(order):
                    link.play(rates, time.monotonic())
            case unknown:
                raise ValueError(f"no such order: {unknown!r}")

    def _chosen(self, order: dict[str, Any]) -> list[Link]:
        name, direction = order["uplink"], Direction(order["direction"])
        if name not in self._up:
            raise ValueError(f"no uplink {name!r}: there are {', '.join(self._up)}")
        ways = {Direction.UP: (self._up,), Direction.DOWN: (self._down,)}.get(direction, (self._up, self._down))
        return [way[name] for way in ways]

    def _reading(self) -> dict[str, Any]:
        now = time.monotonic()
        return {
            "t": now,
            "cpu_s": time.process_time(),
            "realtime": self._realtime,
            "foreign_packets": self._foreign,
            "up": {name: _row(link, now) for name, link in self._up.items()},
            "down": {name: _row(link, now) for name, link in self._down.items()},
        }


def _row(link: Link, now: float) -> dict[str, Any]:
    capacity_bits = link.capacity_bits(now)  # first: it brings the link to `now`
    packets, octets = link.inside
    return {
        **asdict(link.shape),
        "capacity_bits": capacity_bits,
        "queued_packets": link.queued_packets,
        "queued_bytes": link.queued_bytes,
        "inside_packets": packets,
        "inside_bytes": octets,
        **asdict(link.counters),
    }


def hurry() -> bool:
    """Make this process punctual: no timer slack, no collector pauses, real-time priority; whether it got that."""
    ctypes.CDLL(None).prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0)
    gc.disable()  # nothing here makes reference cycles
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except PermissionError:
        return False
    return True


def main() -> None:
    """Serve the inherited descriptors until killed."""
    parser = argparse.ArgumentParser(prog="deploy.demo.emulator", description=__doc__)
    parser.add_argument("--control", type=int, required=True, help="descriptor of a bound Unix datagram socket")
    parser.add_argument("--server", type=int, required=True, help="descriptor of the server's TUN device")
    parser.add_argument("--uplink", type=Uplink.parse, action="append", required=True, metavar="NAME=FD=ADDRESS")
    args = parser.parse_args()
    with socket.socket(fileno=args.control) as control:
        control.settimeout(0)
        Emulator(args.uplink, server_fd=args.server, control=control, realtime=hurry()).run()


if __name__ == "__main__":
    main()
