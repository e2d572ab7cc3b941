"""Steering and reading the emulator: one JSON object per Unix datagram, each answered with another.

Orders: `{"do": "read"}`, `{"do": "set", "uplink": …, "direction": …, "change": {…}}` and
`{"do": "play", "uplink": …, "direction": …, "path": …, "repeats": …}`. Every order carries a number
that its answer repeats, and every answer is a full reading, so a steering call also says what is
true now. The counters are the ground truth of tests and of the demo's report.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from deploy.demo.link import Change

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ANSWER_BYTES = 65536  # an answer is some 600 bytes per uplink
TIMEOUT_S = 5.0  # an answer takes well under 1 ms; a loaded machine may be starting the emulator


class ControlError(Exception):
    """The emulator refused an order or did not answer; the message names the cause."""


class Direction(StrEnum):
    """`UP` is from the rig to the server."""

    UP = "up"
    DOWN = "down"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class LinkReading:
    """One direction of one uplink: its shape now, what waits in it, and `link.Counters` since its birth."""

    rate_bps: float
    delay_s: float
    queue_bytes: int
    loss_ratio: float
    hole: bool
    capacity_bits: float
    queued_packets: int
    queued_bytes: int
    inside_packets: int
    inside_bytes: int
    in_packets: int
    in_bytes: int
    out_packets: int
    out_bytes: int
    queue_dropped_packets: int
    queue_dropped_bytes: int
    lost_packets: int
    lost_bytes: int
    late_sum_s: float
    late_max_s: float

    @property
    def capacity_bps(self) -> float:
        """What gets through at this moment, whole IP packets; TCP payload is 1448/1500 of it."""
        return 0.0 if self.hole else self.rate_bps

    @property
    def late_mean_s(self) -> float | None:
        """How late packets left the emulator on average; None before the first."""
        return self.late_sum_s / self.out_packets if self.out_packets else None


@dataclass(frozen=True, slots=True)
class Reading:
    """The emulator at monotonic time `t`: CPU seconds used, packets that fitted no uplink, every link."""

    t: float
    cpu_s: float
    realtime: bool
    foreign_packets: int
    up: Mapping[str, LinkReading]
    down: Mapping[str, LinkReading]

    def capacity_bps(self) -> dict[str, float]:
        """True capacity from the rig to the server, per uplink, at this moment."""
        return {name: link.capacity_bps for name, link in self.up.items()}

    def mean_capacity_bps(self, earlier: Reading) -> dict[str, float]:
        """True mean capacity from the rig to the server, per uplink, since an `earlier` reading."""
        took = self.t - earlier.t
        if took <= 0:
            return self.capacity_bps()
        return {name: (link.capacity_bits - earlier.up[name].capacity_bits) / took for name, link in self.up.items()}


def set_order(uplink: str, change: Change, direction: Direction) -> dict[str, Any]:
    """The order to change links."""
    wanted = {key: value for key, value in asdict(change).items() if value is not None}
    return {"do": "set", "uplink": uplink, "direction": direction, "change": wanted}


def play_order(uplink: str, path: Path, direction: Direction, *, repeats: bool) -> dict[str, Any]:
    """The order to follow a rate trace (`trace` has the format)."""
    return {"do": "play", "uplink": uplink, "direction": direction, "path": str(path.resolve()), "repeats": repeats}


def decode(answer: bytes) -> Reading:
    """The reading in an answer. Raises `ControlError` with the emulator's complaint."""
    fields = json.loads(answer)
    if "error" in fields:
        raise ControlError(f"emulator: {fields['error']}")
    links = {way: {name: LinkReading(**row) for name, row in fields[way].items()} for way in ("up", "down")}
    return Reading(fields["t"], fields["cpu_s"], fields["realtime"], fields["foreign_packets"], **links)


def _number(answer: bytes) -> int | None:
    number = json.loads(answer).get("number")
    return number if isinstance(number, int) else None


class Control:
    """The emulator's control at socket `path`, for synchronous callers; one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._numbers = itertools.count(1)
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(TIMEOUT_S)
        self._socket.bind("")  # the kernel chooses an abstract name: somewhere to send the answer to

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the socket back. Idempotent."""
        self._socket.close()

    def read(self) -> Reading:
        """Everything as it is now."""
        return self._ask({"do": "read"})

    def set(self, uplink: str, change: Change, direction: Direction = Direction.BOTH) -> Reading:
        """Change an uplink. Raises `ControlError` for an unknown uplink or an impossible value."""
        return self._ask(set_order(uplink, change, direction))

    def play(self, uplink: str, path: Path, *, direction: Direction = Direction.BOTH, repeats: bool = True) -> Reading:
        """Let an uplink follow the trace in a file. Raises `ControlError` naming file and line."""
        return self._ask(play_order(uplink, path, direction, repeats=repeats))

    def _ask(self, order: dict[str, Any]) -> Reading:
        number = next(self._numbers)
        try:
            self._socket.sendto(json.dumps(order | {"number": number}).encode(), str(self._path))
            answer = self._socket.recv(ANSWER_BYTES)
            while _number(answer) != number:  # the late answer to an order that was given up
                answer = self._socket.recv(ANSWER_BYTES)
        except OSError as error:
            raise _unanswered(error) from error
        return decode(answer)


class AsyncControl:
    """The same control for asyncio; concurrent callers take turns."""

    def __init__(self, path: Path) -> None:
        self._numbers = itertools.count(1)
        self._path = path
        self._turn = asyncio.Lock()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(0)
        self._socket.bind("")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the socket back. Idempotent."""
        self._socket.close()

    async def read(self) -> Reading:
        """Everything as it is now."""
        return await self._ask({"do": "read"})

    async def set(self, uplink: str, change: Change, direction: Direction = Direction.BOTH) -> Reading:
        """Change an uplink. Raises `ControlError` for an unknown uplink or an impossible value."""
        return await self._ask(set_order(uplink, change, direction))

    async def play(
        self, uplink: str, path: Path, *, direction: Direction = Direction.BOTH, repeats: bool = True
    ) -> Reading:
        """Let an uplink follow the trace in a file. Raises `ControlError` naming file and line."""
        return await self._ask(play_order(uplink, path, direction, repeats=repeats))

    async def _ask(self, order: dict[str, Any]) -> Reading:
        number, loop = next(self._numbers), asyncio.get_running_loop()
        async with self._turn:
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    await loop.sock_sendto(
                        self._socket, json.dumps(order | {"number": number}).encode(), str(self._path)
                    )
                    answer = await loop.sock_recv(self._socket, ANSWER_BYTES)
                    while _number(answer) != number:
                        answer = await loop.sock_recv(self._socket, ANSWER_BYTES)
            except OSError as error:  # asyncio's TimeoutError is one
                raise _unanswered(error) from error
        return decode(answer)


def _unanswered(error: OSError) -> ControlError:
    return ControlError(f"the emulator does not answer ({str(error) or 'timeout'}): its process has ended or hangs")
