"""Cost and accuracy of the passive observer on a bond of generated packets.

Two links, each a veth pair between two hosts of their own, carry data, SRTLA ACKs, SRT ACKs on both
links, and keepalives. The exporter watches from either end and is scraped each second. Truth is what
the kernel counted on the interfaces; the exporter runs as the program that an operator starts.
"""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.demo.namespaces import Namespace
from exporters.srtla.model import Role
from tests.bench.srtla.scraping import exporter, resident_mb, scrape, used_cpu_s
from tests.bench.targets import Result
from tests.exporters.srtla import packets

PORT = 5000
LINKS = ("verizon", "att")
HEADER_BYTES = 42  # Ethernet, IPv4 and UDP: what an interface counts beside the payload
PAYLOAD_BYTES = 1316
TICK_S = 0.005
ACKS_PER_S = 100


@dataclass(frozen=True, slots=True)
class Case:
    """One measurement: the whole bond's bitrate, which end is watched, and the targets."""

    rate_bps: float
    role: Role
    largest_error: float
    largest_share: float | None


CASES = (
    Case(16e6, Role.RECEIVER, 0.005, 0.12),
    Case(16e6, Role.SENDER, 0.005, 0.12),
    Case(20e6, Role.RECEIVER, 0.02, None),
    Case(20e6, Role.SENDER, 0.02, None),
)


def measure(seconds: float) -> Iterator[Result]:
    """All cases, each streaming for so long."""
    for case in CASES:
        yield from _measure(case, seconds)


def _measure(case: Case, seconds: float) -> Iterator[Result]:
    """Stream, watch and compare."""
    name = f"{case.rate_bps / 1e6:g} Mbit/s, beside the {case.role}"
    with _bond() as (pi, vps):
        watched = vps if case.role is Role.RECEIVER else pi
        names = [flag for number, link in enumerate(LINKS) for flag in ("--uplink", f"{link}=10.77.{number}.1")]
        with exporter(watched, [*names, "--watch", str(PORT), "--role", case.role.value]) as pid:
            time.sleep(1)  # its start has a cost of its own
            before = _counted(watched)
            cpu_s, started_s = used_cpu_s(pid), time.monotonic()
            stream = _Stream(pi, vps, case.rate_bps)
            stream.run(seconds, lambda: scrape(watched))
            share = (used_cpu_s(pid) - cpu_s) / (time.monotonic() - started_s)
            time.sleep(0.5)
            metrics = scrape(watched)
            resident = resident_mb(pid)
        after = _counted(watched)
    shown = f"{100 * share:.1f} % of one core at {stream.packets / seconds:.0f} packets/s, {resident:.1f} MB"
    target = "-" if case.largest_share is None else f"{100 * case.largest_share:g} %"
    yield Result(f"cost at {name}", shown, target, case.largest_share is None or share <= case.largest_share)
    dropped = metrics["srtla_capture_dropped_total"]
    yield Result(f"packets missed at {name}", f"{dropped:.0f} of {stream.packets}", "0", dropped == 0)
    for link in LINKS:
        true = {key: after[link, key] - before[link, key] for key in ("rx", "tx")}
        worst = max(abs(_shown(metrics, link, key) / true[key] - 1) for key in true)
        yield Result(
            f"bytes of {link} at {name}",
            f"{100 * worst:.3f} % off, of {true['rx'] / 1e6:.1f} and {true['tx'] / 1e6:.1f} MB",
            f"{100 * case.largest_error:g} %",
            worst <= case.largest_error,
        )


def _shown(metrics: dict[str, float], link: str, direction: str) -> float:
    """What the exporter counted of a link, as an interface would: with headers."""
    prefix = "srtla_uplink_receive" if direction == "rx" else "srtla_uplink_transmit"
    label = f'{{uplink="{link}"}}'
    return metrics[f"{prefix}_bytes_total{label}"] + HEADER_BYTES * metrics[f"{prefix}_datagrams_total{label}"]


@contextmanager
def _bond() -> Iterator[tuple[Namespace, Namespace]]:
    """Two hosts with one cable for each link, addresses 10.77.N.1 and .2."""
    with Namespace.create("bench-pi") as pi, Namespace.create("bench-vps") as vps:
        far = f"/proc/{os.getpid()}/fd/{vps.fd}"
        for host in (pi, vps):
            host.sysctl("net.ipv6.conf.default.disable_ipv6", 1)
            host.run(["ip", "link", "set", "lo", "up"])
        for number, link in enumerate(LINKS):
            cable = ["ip", "link", "add", link, "type", "veth", "peer", "name", link, "netns", far]
            pi.run(cable)
            for host, end in ((pi, 1), (vps, 2)):
                host.run(["ip", "address", "add", f"10.77.{number}.{end}/24", "dev", link])
                host.run(["ip", "link", "set", link, "up"])
        yield pi, vps


class _Stream:
    """Both ends of a bond, as far as their packets matter."""

    def __init__(self, pi: Namespace, vps: Namespace, rate_bps: float) -> None:
        self._pi, self._vps = pi, vps
        self._per_s = rate_bps / 8 / (PAYLOAD_BYTES + 16)
        self.packets = 0

    def run(self, seconds: float, each_second: object) -> None:
        """Stream for so long; `each_second` is called from a thread of its own."""
        assert callable(each_second)
        over = threading.Event()

        def scrape() -> None:
            while not over.wait(1):
                each_second()

        scraper = threading.Thread(target=scrape)
        scraper.start()
        with ExitStack() as stack:
            receiver = stack.enter_context(self._vps.socket(kind=socket.SOCK_DGRAM))
            receiver.bind(("0.0.0.0", PORT))
            ends = []
            for number in range(len(LINKS)):
                end = stack.enter_context(self._pi.socket(kind=socket.SOCK_DGRAM))
                end.bind((f"10.77.{number}.1", 40_000 + number))
                end.connect((f"10.77.{number}.2", PORT))
                ends.append(end)
            self._carry(seconds, receiver, ends)
        over.set()
        scraper.join()

    def _carry(self, seconds: float, receiver: socket.socket, ends: list[socket.socket]) -> None:
        started_s = time.monotonic()
        sequence = acks = keepalives = 0
        waiting: list[list[int]] = [[], []]
        body = bytes(PAYLOAD_BYTES)
        while (passed_s := time.monotonic() - started_s) < seconds:
            while sequence < passed_s * self._per_s:
                number = sequence % 2
                stamp = int(passed_s * 1e6) & 0xFFFFFFFF
                ends[number].send(struct.pack(">IIII", sequence, 0xC0000000, stamp, packets.STREAM) + body)
                self.packets += 1
                waiting[number].append(sequence)
                if len(waiting[number]) == 10:
                    self._down(receiver, number, packets.srtla_ack(*waiting[number]))
                    waiting[number].clear()
                sequence += 1
            while acks < passed_s * ACKS_PER_S:
                acks += 1
                for number in range(len(LINKS)):
                    self._down(receiver, number, packets.ack(acks, sequence))
                ends[acks % 2].send(packets.ackack(acks))
                self.packets += 1
            while keepalives < passed_s:
                keepalives += 1
                for number, end in enumerate(ends):
                    end.send(packets.keepalive("extended", connection=number))
                    self.packets += 1
            time.sleep(TICK_S)

    def _down(self, receiver: socket.socket, number: int, payload: bytes) -> None:
        receiver.sendto(payload, (f"10.77.{number}.1", 40_000 + number))
        self.packets += 1


def _counted(host: Namespace) -> dict[tuple[str, str], int]:
    """Bytes by link and direction, as the interfaces counted them."""
    table = host.call(lambda: Path("/proc/thread-self/net/dev").read_text(encoding="ascii"))
    found = {}
    for line in table.splitlines()[2:]:
        name, _, numbers = line.partition(":")
        fields = numbers.split()
        found[name.strip(), "rx"], found[name.strip(), "tx"] = int(fields[0]), int(fields[8])
    return found
