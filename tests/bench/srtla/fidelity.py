"""What the observer says of a real SRT stream over an SRTLA bond, beside the truth of emulated uplinks.

ffmpeg streams 3 Mbit/s by SRT through an SRTLA sender and receiver to srt-live-transmit. The emulator
knows what each uplink delays, loses and carries; the exporter watches at both ends.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from statistics import median

from deploy.demo.control import Direction, LinkReading, Reading
from deploy.demo.link import Change
from deploy.demo.namespaces import Namespace
from deploy.demo.world import ATT, SERVER, VERIZON, World
from tests.bench.srtla.scraping import exporter, scrape
from tests.bench.targets import Result

PORT = 5000
PAYLOAD_SHARE = 1332 / 1360  # of a data packet: what is left without IPv4 and UDP
HEADER_BYTES = 28  # IPv4 and UDP: the emulator counts whole IP packets
STEADY_S = 15.0
LOSSY_S = 30.0
NARROW_S = 12.0
DRAIN_S = 3.0  # the queues of 150 kB are empty, and every loss is charged
LOSS = 0.03
NARROW_BPS = {"verizon": 1_200_000, "att": 800_000}  # less than the stream: a queue stands in front of both
DELAYS_S = {"verizon": 0.030, "att": 0.070}
ENCODER = (
    *("ffmpeg", "-nostdin", "-loglevel", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=480x270:rate=25"),
    *("-c:v", "mpeg2video", "-b:v", "3M", "-minrate", "3M", "-maxrate", "3M", "-bufsize", "600k", "-f", "mpegts"),
    "srt://127.0.0.1:5001?latency=1000000",
)


@dataclass(frozen=True, slots=True)
class Moment:
    """Both exporters and the emulator at one time."""

    sender: dict[str, float]
    receiver: dict[str, float]
    truth: Reading

    def of(self, side: str, metric: str, uplink: str) -> float:
        """A metric of an uplink at one end; NaN where it is absent."""
        page = self.sender if side == "sender" else self.receiver
        return page.get(f'srtla_uplink_{metric}{{uplink="{uplink}"}}', float("nan"))


def measure() -> Iterator[Result]:
    """Steady, then lossy, then narrow."""
    with World((VERIZON, ATT)) as world:
        for name, delay_s in DELAYS_S.items():
            world.control.set(name, Change(delay_s=delay_s))
        watch = ["--watch", str(PORT)]
        local = [flag for name in DELAYS_S for flag in ("--uplink", f"{name}={name}")]
        remote = ["--uplink", f"verizon={VERIZON.address}", "--uplink", f"att={ATT.address}"]
        with (
            exporter(world.pi, [*watch, "--role", "sender", *local]),
            exporter(world.vps, [*watch, *remote]),
        ):
            first = _moment(world)
            with _bond(world):
                with _streaming(world):
                    yield from _steady(world)
                yield from _lossy(world)
                with _streaming(world):
                    yield from _narrow(world)
            time.sleep(DRAIN_S)
            yield from _totals(world, first)


def _steady(world: World) -> Iterator[Result]:
    first = _moment(world)
    moments = list(_moments(world, STEADY_S))
    for name, delay_s in DELAYS_S.items():
        rtt_s = median(one.of("sender", "rtt_seconds", name) for one in moments)
        # The emulator's own steps and the turn of the receiver's loop come on top of the two delays.
        off_s = rtt_s - 2 * delay_s
        yield Result(
            f"round trip of {name}, sender",
            f"{1000 * rtt_s:.1f} ms, true {2000 * delay_s:.0f}",
            "+10 ms",
            0 <= off_s < 0.01,
        )
    apart_s = median(
        one.of("receiver", "relative_delay_seconds", "att") - one.of("receiver", "relative_delay_seconds", "verizon")
        for one in moments
    )
    true_s = DELAYS_S["att"] - DELAYS_S["verizon"]
    yield Result(
        "one-way delay between the uplinks",
        f"{1000 * apart_s:.1f} ms, true {1000 * true_s:.0f}",
        "5 ms",
        abs(apart_s - true_s) < 0.005,
    )
    lost = sum(_grown(first, moments[-1], "sender", "lost_segments_total", name) for name in DELAYS_S)
    yield Result("losses without loss, sender", f"{lost:.0f}", "2", lost <= 2)


def _lossy(world: World) -> Iterator[Result]:
    world.control.set("att", Change(loss_ratio=LOSS), Direction.UP)
    first = _moment(world)
    with _streaming(world):
        time.sleep(LOSSY_S)
    world.control.set("att", Change(loss_ratio=0), Direction.UP)
    last = _moment(world)
    # The emulator loses answers to ACKs and keepalives, too: of data is lost what left here and did not arrive there.
    sent = _grown(first, last, "sender", "transmit_segments_total", "att")
    true = sent - _grown(first, last, "receiver", "receive_segments_total", "att")
    shown = _grown(first, last, "sender", "lost_segments_total", "att")
    late = _grown(first, last, "sender", "late_segments_total", "att")
    other = _grown(first, last, "sender", "lost_segments_total", "verizon")
    error = abs(shown / true - 1)
    value = f"{shown:.0f} of {sent:.0f}, true {true:.0f}; {late:.0f} NAKed ones were late"
    yield Result(f"losses of att at {100 * LOSS:g} %, sender", value, "15 %", error < 0.15)
    yield Result("losses of verizon meanwhile", f"{other:.0f}, true 0", "2", other <= 2)


def _narrow(world: World) -> Iterator[Result]:
    for name, rate_bps in NARROW_BPS.items():
        world.control.set(name, Change(rate_bps=rate_bps), Direction.UP)
    time.sleep(3)
    moments = list(_moments(world, NARROW_S))
    for name, rate_bps in NARROW_BPS.items():
        for side in ("sender", "receiver"):
            values = [one.of(side, "capacity_upper_bytes_per_second", name) for one in moments]
            known = [value for value in values if value == value]  # noqa: PLR0124 - NaN is what is absent
            true = rate_bps / 8 * PAYLOAD_SHARE
            error = abs(median(known) / true - 1) if known else 1.0
            shown = f"{median(known or [0]) / 125:.0f} kbit/s, true {true / 125:.0f}"
            often = f"known in {len(known)} of {len(values)} samples"
            yield Result(f"capacity of {name}, full, {side}", f"{shown}, {often}", "15 %", error < 0.15)


def _totals(world: World, first: Moment) -> Iterator[Result]:
    """Bytes since the beginning, once nothing is under way any more."""
    last = _moment(world)
    for name in DELAYS_S:
        for side, metric in (("sender", "transmit"), ("receiver", "receive")):
            passed = _passed(first.truth.up[name], last.truth.up[name], side)
            datagrams = last.of(side, f"{metric}_datagrams_total", name)
            shown = last.of(side, f"{metric}_bytes_total", name) + HEADER_BYTES * datagrams
            error = abs(shown / passed - 1)
            value = f"{100 * error:.3f} % off, of {passed / 1e6:.1f} MB"
            yield Result(f"bytes of {name}, {side}", value, "0.5 %", error < 0.005)


def _moment(world: World) -> Moment:
    return Moment(scrape(world.pi), scrape(world.vps), world.control.read())


def _moments(world: World, seconds: float) -> Iterator[Moment]:
    ends_s = time.monotonic() + seconds
    while time.monotonic() < ends_s:
        time.sleep(0.5)
        yield _moment(world)


def _grown(first: Moment, last: Moment, side: str, metric: str, uplink: str) -> float:
    return last.of(side, metric, uplink) - first.of(side, metric, uplink)


def _passed(first: LinkReading, last: LinkReading, side: str) -> int:
    return last.in_bytes - first.in_bytes if side == "sender" else last.out_bytes - first.out_bytes


@contextmanager
def _streaming(world: World) -> Iterator[None]:
    """The encoder for the length of a `with`, from when its stream flows; at the end nothing is under way."""
    before = _moment(world).receiver["srtla_connection_receive_bytes_total"]
    with _running(world.pi, ENCODER):
        deadline_s = time.monotonic() + 30
        while _moment(world).receiver["srtla_connection_receive_bytes_total"] < before + 1_000_000:
            if time.monotonic() > deadline_s:
                raise AssertionError("no stream within 30 s")
            time.sleep(0.5)
        yield
    time.sleep(DRAIN_S)


@contextmanager
def _bond(world: World) -> Iterator[None]:
    python = (sys.executable, "-m")
    uplinks = [flag for one in (VERIZON, ATT) for flag in ("--uplink", f"{one.address}%{one.name}")]
    programs: list[tuple[Namespace, Sequence[str]]] = [
        (
            world.vps,
            (
                "srt-live-transmit",
                "-q",
                "-a:yes",
                "srt://127.0.0.1:4001?mode=listener&latency=1000&lossmaxttl=40",
                "udp://127.0.0.1:4002",
            ),
        ),
        (
            world.vps,
            (*python, "deploy.demo.srtla.receiver", "--listen", f"{SERVER}:{PORT}", "--server", "127.0.0.1:4001"),
        ),
        (
            world.pi,
            (*python, "deploy.demo.srtla.sender", "--listen", "127.0.0.1:5001", "--to", f"{SERVER}:{PORT}", *uplinks),
        ),
    ]
    with ExitStack() as stack:
        for host, argv in programs:
            stack.enter_context(_running(host, argv))
        time.sleep(3)  # an encoder that calls before the links are registered gives up
        yield


@contextmanager
def _running(host: Namespace, argv: Sequence[str]) -> Iterator[None]:
    process = subprocess.Popen(host.command(argv), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
