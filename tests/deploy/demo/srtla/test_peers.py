"""Both peers together: over a network of values, and as processes between real SRT programs."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deploy.demo.srtla import wire
from deploy.demo.srtla.receiving import Address, Habits, Receiver
from deploy.demo.srtla.sending import Sender
from deploy.demo.srtla.wire import Form
from tests.deploy.demo.srtla.packets import IDENTITY, ack, data
from tests.deploy.demo.streaming import free_port, until

STEP_S = 0.01


@dataclass
class Wires:
    """Two links in steps of 10 ms: each packet takes its link's delay, with jitter, so that packets overtake."""

    sender: Sender
    receiver: Receiver
    delays: tuple[int, int] = (2, 4)
    loss: float = 0.0
    holes: set[int] = field(default_factory=set)
    ports: list[int] = field(default_factory=lambda: [10, 20])
    arrived: list[int] = field(default_factory=list)
    step: int = 0
    sent: int = 0
    _chance: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311 - luck, not a secret
    _up: list[tuple[int, int, Address, bytes]] = field(default_factory=list)
    _down: list[tuple[int, int, Address, bytes]] = field(default_factory=list)

    def run(self, steps: int, *, packets_per_step: int = 0) -> None:
        """So many steps, with so many new data packets in each."""
        for _ in range(steps):
            self.step += 1
            now_s = self.step * STEP_S
            for _ in range(packets_per_step):
                packet = data(self.sent)
                self.sent += 1
                self._put(self.sender.from_encoder(packet, now_s), packet)
            self.sender.tick(now_s)
            self._say()
            self._deliver(now_s)

    def _say(self) -> None:
        for number, packet in self.sender.outbox:
            self._put(number, packet)
        self.sender.outbox.clear()

    def _put(self, number: int | None, packet: bytes) -> None:
        if number is not None:
            self._travel(self._up, number, self._address(number), packet)

    def _address(self, number: int) -> Address:
        return ("100.64.0.1", self.ports[number])

    def _travel(self, way: list[tuple[int, int, Address, bytes]], number: int, address: Address, packet: bytes) -> None:
        if number not in self.holes and self._chance.random() >= self.loss:
            way.append((self.step + self.delays[number] + self._chance.randrange(3), number, address, packet))

    def _deliver(self, now_s: float) -> None:
        for way in (self._up, self._down):
            due = [one for one in way if one[0] <= self.step]
            way[:] = [one for one in way if one[0] > self.step]
            for _, number, address, packet in due:
                if way is self._up:
                    if self.receiver.from_uplink(address, packet, now_s) is not None:
                        self.arrived.append(wire.sequence(packet))
                elif address == self._address(number):
                    self.sender.from_link(number, packet, now_s)
            for address, packet in self.receiver.outbox:
                if address[1] in self.ports:
                    self._travel(self._down, self.ports.index(address[1]), address, packet)
            self.receiver.outbox.clear()
        self.receiver.expire(now_s)


def wires(form: Form = Form.EXTENDED, *, pads: bool = False, loss: float = 0.0) -> Wires:
    """A sender and a receiver that have not met."""
    receiver = Receiver(Habits(pads=pads), random=lambda count: b"r" * count)
    return Wires(Sender(2, identity=IDENTITY, form=form), receiver, loss=loss)


@pytest.mark.parametrize("form", list(Form))
@pytest.mark.parametrize("pads", [False, True])
def test_everything_arrives(form: Form, *, pads: bool) -> None:
    """Over two links that reorder, every packet arrives exactly once, whatever the keepalives and the padding."""
    met = wires(form, pads=pads)
    met.run(50)
    met.run(200, packets_per_step=3)
    met.run(20)

    assert sorted(met.arrived) == list(range(600))
    assert met.arrived != sorted(met.arrived)
    assert all(link.sent_packets > 60 for link in met.sender.links)
    assert all((link.rtt_s is None) == (form is Form.SHORT) for link in met.sender.links)


def test_registration_survives_loss() -> None:
    """With 40 % of all packets lost either way both links have been registered within half a minute."""
    met = wires(loss=0.4)
    registered: set[int] = set()
    for _ in range(300):
        met.run(10)
        registered |= {number for number, link in enumerate(met.sender.links) if link.registered}

    assert registered == {0, 1}


def test_dead_link_and_its_return() -> None:
    """A link that dies loses what it carried, is left within 4 s, and carries again after its return."""
    met = wires()
    met.run(50)
    met.run(100, packets_per_step=2)
    met.holes.add(0)
    met.run(450)
    before = met.sender.links[0].sent_packets
    met.run(50, packets_per_step=2)
    assert met.sender.links[0].sent_packets == before
    met.holes.clear()
    met.run(150)
    met.run(50, packets_per_step=2)
    met.run(20)

    assert met.sender.links[0].sent_packets > before
    assert {398, 399} <= set(met.arrived)


def test_rebound_ports() -> None:
    """Packets from a new source port are lost until the link, silent for 4 s, has registered it: the same group."""
    met = wires()
    met.run(50)
    met.ports[0] = 11
    met.run(1_200)
    met.run(50, packets_per_step=2)
    met.run(20)

    assert sorted(met.arrived) == list(range(100))
    assert met.receiver.links(1) == (("100.64.0.1", 20), ("100.64.0.1", 11))


def test_restarted_receiver() -> None:
    """A receiver that knows nothing any more gets a new group from the same sender."""
    met = wires()
    met.run(50)
    met.receiver = Receiver(Habits(), random=lambda count: b"s" * count)
    met.run(600)
    met.run(10, packets_per_step=1)
    met.run(10)

    assert sorted(met.arrived) == list(range(10))


def test_the_slow_link_carries_less() -> None:
    """A link whose packets stay in flight five times as long carries less than half as many."""
    met = wires()
    met.delays = (2, 20)
    met.run(50)
    for _ in range(300):
        met.run(1, packets_per_step=5)
        met.sender.from_link(0, ack(min(set(range(len(met.arrived) + 1)) - set(met.arrived))), met.step * STEP_S)

    carried = [link.sent_packets for link in met.sender.links]
    assert carried[1] < carried[0] / 2


class Chain:
    """ffmpeg -> sender == two links == receiver -> srt-live-transmit -> a file, all on loopback."""

    def __init__(self, directory: Path, stack: ExitStack) -> None:
        self.directory, self._stack = directory, stack
        self.server, self.entry, self.bond = free_port(), free_port(), free_port()

    def start(self, name: str, *argv: str) -> subprocess.Popen[bytes]:
        """Start a program that is ended with the test; its output goes to a log."""
        log = self._stack.enter_context((self.directory / f"{name}.log").open("wb"))
        process = subprocess.Popen(argv, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        self._stack.callback(_end, process)
        return process

    def says(self, name: str, text: str) -> bool:
        """Whether the program's log has the text."""
        return text in (self.directory / f"{name}.log").read_text()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=5)


VIDEO_S, LATENCY_S, FRAMES_PER_S = 5, 2, 25


def test_real_programs(tmp_path: Path) -> None:
    """A picture that ffmpeg sends by SRT arrives through both peers, although a source port changes on the way."""
    with ExitStack() as stack:
        chain = Chain(tmp_path, stack)
        statistics = tmp_path / "statistics.json"
        chain.start(
            "server", "srt-live-transmit", "-s:50", "-pf:json", f"-statsout:{statistics}", "-loglevel:fatal", "-q",
            f"srt://127.0.0.1:{chain.server}?mode=listener&latency={LATENCY_S}000&lossmaxttl=40", "file://con",
        )  # fmt: skip
        chain.start(
            "receiver", sys.executable, "-m", "deploy.demo.srtla.receiver", "--pad", "--broadcast-naks",
            "--listen", f"127.0.0.1:{chain.bond}", "--server", f"127.0.0.1:{chain.server}",
        )  # fmt: skip
        sender = chain.start(
            "sender", sys.executable, "-m", "deploy.demo.srtla.sender", "--listen", f"127.0.0.1:{chain.entry}",
            "--to", f"127.0.0.1:{chain.bond}", "--uplink", "127.0.0.2", "--uplink", "127.0.0.3",
        )  # fmt: skip
        until(lambda: chain.says("sender", "listening") and chain.says("receiver", "listening"), what="the peers")
        encoder = chain.start(
            "encoder", "ffmpeg", "-nostdin", "-loglevel", "error", "-re", "-f", "lavfi",
            "-i", f"testsrc2=size=320x180:rate={FRAMES_PER_S}:duration={VIDEO_S}", "-c:v", "libx264",
            "-preset", "ultrafast", "-tune", "zerolatency", "-b:v", "2M", "-f", "mpegts",
            f"srt://127.0.0.1:{chain.entry}?latency={LATENCY_S}000000&pkt_size=1316",
        )  # fmt: skip
        until(lambda: statistics.exists() and statistics.read_text().count("\n") > 2, what="packets arrive")
        sender.send_signal(signal.SIGUSR1)
        assert encoder.wait(timeout=30) == 0
        lines = [json.loads(line)["recv"] for line in statistics.read_text().splitlines() if line.startswith("{")]

    assert sum(one["packetsLost"] for one in lines) > 0  # until the receiver knew the new port
    assert sum(one["packetsDropped"] for one in lines) == 0
    # What waits out the latency when the encoder hangs up is lost with it.
    assert _frames(tmp_path / "server.log") > (VIDEO_S - LATENCY_S - 1) * FRAMES_PER_S


def _frames(picture: Path) -> int:
    asked = ["-v", "quiet", "-count_packets", "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0", str(picture)]
    counted = subprocess.run(["ffprobe", *asked], capture_output=True, text=True, check=False)
    return int((counted.stdout.split() or ["0"])[0].rstrip(","))
