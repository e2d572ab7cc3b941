"""The control clients against an emulator that misbehaves."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from deploy.demo.control import AsyncControl, Control, ControlError, Direction, LinkReading, decode, set_order
from deploy.demo.link import Change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ROW: dict[str, Any] = {
    "rate_bps": 8e6,
    "delay_s": 0.02,
    "queue_bytes": 150_000,
    "loss_ratio": 0.0,
    "hole": False,
    "capacity_bits": 16e6,
    "queued_packets": 0,
    "queued_bytes": 0,
    "inside_packets": 0,
    "inside_bytes": 0,
    "in_packets": 4,
    "in_bytes": 400,
    "out_packets": 4,
    "out_bytes": 400,
    "queue_dropped_packets": 0,
    "queue_dropped_bytes": 0,
    "lost_packets": 0,
    "lost_bytes": 0,
    "late_sum_s": 0.002,
    "late_max_s": 0.001,
}
READING: dict[str, Any] = {
    "t": 10.0,
    "cpu_s": 0.1,
    "realtime": True,
    "foreign_packets": 0,
    "up": {"att": ROW},
    "down": {"att": ROW},
}


class FakeEmulator:
    """Answers each order with the datagrams that `reply` makes of it."""

    def __init__(self, path: Path, reply: Callable[[dict[str, Any]], list[dict[str, Any]]]) -> None:
        self.orders: list[dict[str, Any]] = []
        self._reply = reply
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            datagram, sender = self.socket.recvfrom(65536)
            if datagram == b"end":
                return
            self.orders.append(json.loads(datagram))
            for answer in self._reply(self.orders[-1]):
                self.socket.sendto(json.dumps(answer).encode(), sender)

    def close(self) -> None:
        """End the thread, then the socket."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"end", self.socket.getsockname())
        self._thread.join()
        self.socket.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the control socket is."""
    return tmp_path / "control"


@pytest.fixture
def emulator(path: Path) -> Iterator[FakeEmulator]:
    """An emulator that answers the number before first, as after an order that was given up."""

    def late_then_right(order: dict[str, Any]) -> list[dict[str, Any]]:
        return [{"number": order["number"] - 1, "error": "late"}, {"number": order["number"], **READING}]

    fake = FakeEmulator(path, late_then_right)
    yield fake
    fake.close()


def test_late_answer_to_another_order_is_passed_over(path: Path, emulator: FakeEmulator) -> None:
    """An answer counts only for the order whose number it repeats."""
    with Control(path) as control:
        assert control.read().t == 10.0
        assert control.read().up["att"].out_bytes == 400

    assert [order["number"] for order in emulator.orders] == [1, 2]


async def test_concurrent_callers_each_get_their_answer(path: Path, emulator: FakeEmulator) -> None:
    """Callers of one asynchronous client take turns."""
    async with AsyncControl(path) as control:
        readings = await asyncio.gather(*(control.read() for _ in range(5)))

    assert [reading.t for reading in readings] == [10.0] * 5
    assert [order["number"] for order in emulator.orders] == [1, 2, 3, 4, 5]


async def test_both_clients_give_the_same_orders(path: Path, emulator: FakeEmulator) -> None:
    """The asynchronous client is the synchronous one, awaited."""
    change = Change(rate_bps=1e6, hole=True)
    with Control(path) as control:
        control.set("att", change, Direction.DOWN)
        control.play("att", path, repeats=False)
    async with AsyncControl(path) as other:
        await other.set("att", change, Direction.DOWN)
        await other.play("att", path, repeats=False)

    assert emulator.orders[:2] == emulator.orders[2:]


def test_order_names_only_what_changes() -> None:
    """Fields that stay are not in the order, so two callers can steer different things."""
    assert set_order("att", Change(hole=False), Direction.UP) == {
        "do": "set",
        "uplink": "att",
        "direction": "up",
        "change": {"hole": False},
    }


def test_complaint_becomes_an_error() -> None:
    """An answer with an error raises it."""
    with pytest.raises(ControlError, match="emulator: no uplink 'x'"):
        decode(b'{"error": "no uplink \'x\'"}')


def test_dead_emulator_is_said_to_be_dead(path: Path) -> None:
    """When nobody holds the socket the error says so at once."""
    with Control(path) as control, pytest.raises(ControlError, match="its process has ended or hangs"):
        control.read()


async def test_dead_emulator_is_said_to_be_dead_to_asyncio_too(path: Path) -> None:
    """The asynchronous client fails alike."""
    async with AsyncControl(path) as control:
        with pytest.raises(ControlError, match="its process has ended or hangs"):
            await control.read()


def test_lateness_is_a_mean_and_unknown_before_the_first_packet() -> None:
    """The mean lateness is per packet delivered; without one there is none."""
    assert LinkReading(**ROW).late_mean_s == pytest.approx(0.0005)
    assert LinkReading(**{**ROW, "out_packets": 0}).late_mean_s is None


def test_mean_capacity_over_no_time_is_the_capacity_now() -> None:
    """Two readings of one moment have no mean; what is true now stands in."""
    reading = decode(json.dumps(READING).encode())

    assert reading.mean_capacity_bps(reading) == {"att": 8e6}
