"""A live stream over MPTCP that measures itself: what was sent when arrived when.

Both ends live in this process and use one clock. Like a camera the sender never waits: what the
socket does not take queues up in front of it and grows old. It sends small chunks evenly, or, as
`camera`, pictures, some of them six times as large as the others: only these open the windows as far
as those of a real stream.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import count, pairwise
from struct import Struct
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from deploy.demo.world import World

_HEAD = Struct("=dI")
_TICK_S = 0.005
_POLL_S = 0.2
_PICTURE_S = 1 / 30
_GROUP = 60  # pictures from one key frame to the next
_KEY_WEIGHT = 6


@dataclass(frozen=True, slots=True)
class Pattern:
    """How a rate is cut: a chunk each `every_s`, the first of each `group` being `key_weight` times as large."""

    every_s: float
    group: int = 1
    key_weight: float = 1.0

    def sizes(self, rate_bps: float) -> Iterator[int]:
        """Bytes of each chunk, for ever."""
        plain = rate_bps / 8 * self.every_s * self.group / (self.group - 1 + self.key_weight)
        for number in count():
            yield int(plain * (self.key_weight if number % self.group == 0 else 1))


SMOOTH = Pattern(_TICK_S)
CAMERA = Pattern(_PICTURE_S, _GROUP, _KEY_WEIGHT)


@dataclass(frozen=True, slots=True)
class Arrival:
    """One chunk: when it was complete at the server, how old it was then, and its size."""

    at_s: float
    latency_s: float
    size_bytes: int


class Receiver(threading.Thread):
    """Accepts connections one after the other; `arrivals` grows while it runs."""

    def __init__(self, listener: socket.socket) -> None:
        super().__init__(daemon=True, name="receiver")
        self._listener = listener
        self._ended = threading.Event()
        self.arrivals: list[Arrival] = []
        self.connections = 0

    def run(self) -> None:
        """Serve until `end`."""
        self._listener.settimeout(_POLL_S)
        while not self._ended.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            self.connections += 1
            with connection:
                connection.settimeout(_POLL_S)
                self._read(connection)

    def _read(self, connection: socket.socket) -> None:
        rest = b""
        while not self._ended.is_set():
            try:
                data = connection.recv(1 << 16)
            except TimeoutError:
                continue
            except OSError:
                return
            if not data:
                return
            rest = self._take(rest + data)

    def _take(self, data: bytes) -> bytes:
        now_s, at = time.monotonic(), 0
        while at + _HEAD.size <= len(data):
            sent_s, size = _HEAD.unpack_from(data, at)
            if at + size > len(data):
                break
            self.arrivals.append(Arrival(now_s, now_s - sent_s, size))
            at += size
        return data[at:]

    def end(self) -> None:
        """Stop and wait."""
        self._ended.set()
        self.join()


class Sender(threading.Thread):
    """Sends `rate_bps`, cut as the pattern says. `error` is what ended the connection early, if something did."""

    def __init__(
        self, connection: socket.socket, server: tuple[str, int], rate_bps: float, *, pattern: Pattern = SMOOTH
    ) -> None:
        super().__init__(daemon=True, name="sender")
        self._connection = connection
        self._server = server
        self._sizes = pattern.sizes(rate_bps)
        self._every_s = pattern.every_s
        self._ended = threading.Event()
        self.error: OSError | None = None

    def run(self) -> None:
        """Send until `end`."""
        try:
            with self._connection as connection:
                connection.connect(self._server)
                connection.setblocking(False)  # noqa: FBT003 - the standard library's signature
                self._send(connection)
        except OSError as error:
            self.error = error

    def _send(self, connection: socket.socket) -> None:
        backlog, due_s = bytearray(), time.monotonic()
        while not self._ended.is_set():
            while due_s <= time.monotonic():
                size = next(self._sizes)
                backlog += _HEAD.pack(due_s, size) + bytes(size - _HEAD.size)
                due_s += self._every_s
            with suppress(BlockingIOError):
                del backlog[: connection.send(backlog)]
            self._ended.wait(max(0.0, min(_TICK_S, due_s - time.monotonic())))

    def end(self) -> None:
        """Stop and wait."""
        self._ended.set()
        self.join()


class Stream:
    """A running stream from the rig to the server of a world; use in a `with`."""

    def __init__(self, world: World, *, port: int, rate_bps: float, pattern: Pattern = SMOOTH) -> None:
        self._listener = world.vps.socket(protocol=socket.IPPROTO_MPTCP)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((world.server, port))
        self._listener.listen()
        self.receiver = Receiver(self._listener)
        connection = world.pi.socket(protocol=socket.IPPROTO_MPTCP)
        self.sender = Sender(connection, (world.server, port), rate_bps, pattern=pattern)

    def __enter__(self) -> Self:
        self.receiver.start()
        self.sender.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.sender.end()
        self.receiver.end()
        self._listener.close()


def stall_s(arrivals: Sequence[Arrival], since_s: float, until_s: float) -> float:
    """The longest time without a byte between two moments."""
    times = [since_s, *(each.at_s for each in arrivals if since_s <= each.at_s <= until_s), until_s]
    return max(later - earlier for earlier, later in pairwise(times))


def recovery_s(
    arrivals: Sequence[Arrival], since_s: float, until_s: float, *, rate_bps: float, latency_s: float = 0.25
) -> float | None:
    """How long after `since_s` the stream was well again for a second; None when it was not before `until_s`.

    Well: every chunk of that second younger than `latency_s` on arrival, and 90 % of the rate.
    """
    seen = [each for each in arrivals if since_s <= each.at_s <= until_s]
    start_s = since_s
    for late in (each for each in seen if each.latency_s >= latency_s):
        if late.at_s >= start_s + 1.0:
            break
        start_s = late.at_s
    while start_s + 1.0 <= until_s:
        second = [each for each in seen if start_s <= each.at_s < start_s + 1.0]
        good = all(each.latency_s < latency_s for each in second if each.at_s > start_s)
        if good and sum(each.size_bytes for each in second) * 8 >= 0.9 * rate_bps:
            return start_s - since_s
        start_s += 0.05
    return None
