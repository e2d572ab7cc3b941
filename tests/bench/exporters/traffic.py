"""A stream between the hosts of the demo's world, and samples of it beside the emulator's truth."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from deploy.demo.control import Reading
from deploy.demo.world import World
from exporters.mptcp.observing import Observation, Observer
from exporters.mptcp.reading import Diag
from exporters.mptcp.summing import Scope
from exporters.mptcp.uplinks import Role, Surroundings, parse_uplink, resolve

PORT = 5000
FRAMES_PER_S = 30
GOP_FRAMES = 60
SAMPLE_S = 0.1
# IP, TCP with time stamps, and MPTCP's data sequence option: what a data packet has beside its payload.
HEADER_BYTES = 76
PACKET_BYTES = 1500
PAYLOAD_SHARE = (PACKET_BYTES - HEADER_BYTES) / PACKET_BYTES


@dataclass(frozen=True, slots=True)
class Moment:
    """One sample of the exporter's observer, and the emulator's reading right after it."""

    at_s: float
    seen: Observation
    truth: Reading

    def capacity(self, uplink: str) -> float:
        """True capacity of the uplink at this moment, bytes of payload per second."""
        return self.truth.up[uplink].capacity_bps / 8 * PAYLOAD_SHARE


@dataclass
class Stream:
    """Video of `rate_bps` in frames, every 60th of them `keyframe` times the mean; the rate may be changed."""

    rate_bps: float
    keyframe: float = 6.0
    _over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self, world: World) -> Iterator[None]:
        """Stream from rig to server for the length of a `with`."""
        with (
            world.vps.socket(protocol=socket.IPPROTO_MPTCP) as server,
            world.pi.socket(protocol=socket.IPPROTO_MPTCP) as client,
        ):
            server.bind((world.server, PORT))
            server.listen()
            client.connect((world.server, PORT))
            far, _ = server.accept()
            threads = [
                threading.Thread(target=work, args=(end,)) for work, end in ((self._send, client), (self._read, far))
            ]
            for end in (client, far):
                end.settimeout(0.2)
            for thread in threads:
                thread.start()
            try:
                yield
            finally:
                self._over.set()
                for thread in threads:
                    thread.join()
                far.close()

    def _send(self, client: socket.socket) -> None:
        frame, due_s = 0, time.monotonic()
        while not self._over.is_set():
            mean = self.rate_bps / 8 / FRAMES_PER_S
            ordinary = mean * (GOP_FRAMES - self.keyframe) / (GOP_FRAMES - 1)
            self._write(client, bytes(int(ordinary if frame % GOP_FRAMES else mean * self.keyframe)))
            frame += 1
            due_s = max(due_s + 1 / FRAMES_PER_S, time.monotonic() - 1)  # an encoder drops what is a second late
            time.sleep(max(due_s - time.monotonic(), 0))

    def _write(self, client: socket.socket, data: bytes) -> None:
        rest = memoryview(data)
        while rest and not self._over.is_set():
            try:
                rest = rest[client.send(rest) :]
            except TimeoutError:
                continue

    def _read(self, far: socket.socket) -> None:
        while not self._over.is_set():
            try:
                far.recv(1 << 18)
            except TimeoutError:
                continue


def sampled(
    world: World, stream: Stream, length_s: float, events: Sequence[tuple[float, Callable[[], object]]] = ()
) -> list[Moment]:
    """Sample a stream every 100 ms; `events` are called at their times after its start."""
    with stream.running(world):
        return asyncio.run(_sample(world, length_s, sorted(events, key=lambda event: event[0])))


async def _sample(world: World, length_s: float, events: list[tuple[float, Callable[[], object]]]) -> list[Moment]:
    names = [uplink.name for uplink in world.uplinks]
    resolved = resolve([parse_uplink(f"{uplink.name}={uplink.address}") for uplink in world.uplinks], Surroundings())
    observer, moments = Observer(Scope(Role.SENDER, PORT), names), list[Moment]()
    with world.pi.call(Diag) as diag:
        clock = asyncio.get_running_loop().time
        started_s = due_s = clock()
        while clock() < started_s + length_s:
            while events and events[0][0] <= clock() - started_s:
                events.pop(0)[1]()
            dump = await diag.dump((PORT,))
            truth = world.control.read()
            moments.append(Moment(dump.at_s - started_s, observer.observe(dump, resolved), truth))
            due_s = max(due_s + SAMPLE_S, clock())
            await asyncio.sleep(due_s - clock())
    return moments
