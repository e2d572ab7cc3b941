"""The exporter against real programs: ffmpeg, srt-live-transmit, and an SRTLA sender and receiver, over two cables."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from deploy.demo.namespaces import Namespace
from exporters.srtla.keyframes import begins_keyframe
from exporters.srtla.wire import SRT_HEADER_BYTES
from tests.exporters.exposing import complaints
from tests.exporters.mptcp.process import PORT, running

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

EXPORTER = ("-m", "exporters.srtla")
LISTEN = ("--listen", f"127.0.0.1:{PORT}")
KEY = "k3y-that-nobody-may-see"
LINKS = ("verizon", "att")
ENCODER = (
    *("ffmpeg", "-nostdin", "-loglevel", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25"),
    *(
        "-c:v",
        "mpeg2video",
        "-b:v",
        "1500k",
        "-minrate",
        "1500k",
        "-maxrate",
        "1500k",
        "-bufsize",
        "300k",
        "-g",
        "25",
        "-f",
        "mpegts",
    ),
)
WHOLE = "srtla_connection_whole_timestamp_seconds"
MISSING, DROPPED = "srtla_connection_missing_segments_total", 'srtla_stream_dropped_segments_total{stream="cam"}'
pytestmark = pytest.mark.root


@pytest.fixture
def hosts() -> Iterator[tuple[Namespace, Namespace]]:
    """A rig and a server with a cable for each uplink, 10.78.N.1 and .2."""
    with Namespace.create("pi") as pi, Namespace.create("vps") as vps:
        for host in (pi, vps):
            host.run(["ip", "link", "set", "lo", "up"])
        far = f"/proc/{os.getpid()}/fd/{vps.fd}"
        for number, link in enumerate(LINKS):
            pi.run(["ip", "link", "add", link, "type", "veth", "peer", "name", link, "netns", far])
            for host, end in ((pi, 1), (vps, 2)):
                host.run(["ip", "address", "add", f"10.78.{number}.{end}/24", "dev", link])
                host.run(["ip", "link", "set", link, "up"])
        # The sender sends to one address of the server over both cables.
        vps.run(["ip", "address", "add", "10.79.0.1/32", "dev", "lo"])
        for number, link in enumerate(LINKS):
            table = str(100 + number)
            pi.run(["ip", "route", "add", "10.79.0.1", "via", f"10.78.{number}.2", "dev", link, "table", table])
            pi.run(["ip", "rule", "add", "from", f"10.78.{number}.1", "table", table])
        pi.run(["ip", "route", "add", "10.79.0.1", "via", "10.78.0.2"])
        yield pi, vps


@contextmanager
def program(host: Namespace, argv: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A program for the length of a `with`."""
    process = subprocess.Popen(host.command(argv), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def bonded(pi: Namespace, vps: Namespace, statistics: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A stream over SRTLA, its statistics in a file; the SRTLA sender's process."""
    server = "srt://127.0.0.1:4001?mode=listener&latency=500&lossmaxttl=40"
    python = (sys.executable, "-m")
    argv: list[tuple[Namespace, Sequence[str]]] = [
        (
            vps,
            (
                "srt-live-transmit",
                "-q",
                "-a:yes",
                "-s:50",
                "-pf:json",
                f"-statsout:{statistics}",
                server,
                "udp://127.0.0.1:4002",
            ),
        ),
        (vps, (*python, "deploy.demo.srtla.receiver", "--listen", "10.79.0.1:5000", "--server", "127.0.0.1:4001")),
    ]
    uplinks = [flag for number, link in enumerate(LINKS) for flag in ("--uplink", f"10.78.{number}.1%{link}")]
    sender = (*python, "deploy.demo.srtla.sender", "--listen", "127.0.0.1:5001", "--to", "10.79.0.1:5000", *uplinks)
    with ExitStack() as stack:
        for host, one in argv:
            stack.enter_context(program(host, one))
        found = stack.enter_context(program(pi, sender))
        stack.enter_context(restarting(pi, (*ENCODER, f"srt://127.0.0.1:5001?streamid={KEY}&latency=500000")))
        yield found


@contextmanager
def restarting(host: Namespace, argv: Sequence[str]) -> Iterator[None]:
    """A program that gives up when nobody listens yet, begun again each half second."""
    shell = ("sh", "-c", 'trap "kill $!; exit" TERM; while :; do "$@" & wait; sleep 0.5; done', "sh", *argv)
    with program(host, shell):
        yield


@contextmanager
def played(host: Namespace) -> Iterator[list[tuple[float, bytes]]]:
    """What the SRT server hands on, and when it does, seconds since the epoch."""
    found: list[tuple[float, bytes]] = []
    ended = threading.Event()

    def read(behind: socket.socket) -> None:
        while not ended.is_set():
            with suppress(TimeoutError):
                found.append((time.time(), behind.recv(2048)))

    with host.socket(kind=socket.SOCK_DGRAM) as behind:
        behind.bind(("127.0.0.1", 4002))
        behind.settimeout(0.1)
        reader = threading.Thread(target=read, args=(behind,))
        reader.start()
        try:
            yield found
        finally:
            ended.set()
            reader.join()


def keyframes_s(found: Sequence[tuple[float, bytes]]) -> list[float]:
    """When keyframes were handed on."""
    return [at_s for at_s, payload in list(found) if begins_keyframe(bytes(SRT_HEADER_BYTES) + payload)]


def of(metric: str, found: dict[str, float]) -> list[float]:
    """The metric of both uplinks; NaN where it is absent."""
    return [found.get(f'srtla_uplink_{metric}{{uplink="{link}"}}', float("nan")) for link in LINKS]


def test_stream_over_two_uplinks_and_through_trouble(hosts: tuple[Namespace, Namespace], tmp_path: Path) -> None:
    """Bytes by uplink at both ends, the server's own statistics, a new port of a NAT, a hole, a dead uplink."""
    pi, vps = hosts
    statistics = tmp_path / "stats.json"
    statistics.write_text("")
    names = [flag for number, link in enumerate(LINKS) for flag in ("--uplink", f"{link}=10.78.{number}.1")]
    beside = ("--watch", "5000", *LISTEN)
    with (
        running(
            pi, *beside, "--role", "sender", "--uplink", "verizon=verizon", "--uplink", "att=att", program=EXPORTER
        ) as sender,
        running(vps, *beside, *names, "--file", f"live-transmit:cam={statistics}", program=EXPORTER) as receiver,
        ExitStack() as stack,
    ):
        for exporter in (sender, receiver):
            exporter.until(lambda found: "srtla_connections" in found)
        bond = stack.enter_context(bonded(pi, vps, statistics))
        left = sender.until(lambda found: min(of("acknowledged_bytes_total", found)) > 200_000)
        assert of("dead", left) == [0, 0]
        assert left["srtla_connections"] == 1
        assert left["srtla_connection_capacity_lower_bytes_per_second"] > 50_000
        assert max(of("min_rtt_seconds", left)) < 0.1

        came = receiver.until(lambda found: found.get('srtla_stream_receive_bytes_total{stream="cam"}', 0) > 200_000)
        assert min(of("receive_bytes_total", came)) > 100_000
        assert came['srtla_stream_publishing{stream="cam"}'] == 1
        assert came["srtla_malformed_datagrams_total"] == came["srtla_capture_dropped_total"] == 0
        assert came['srtla_registration_messages_total{message="joined"}'] >= 2
        assert complaints(receiver.scrape()) == ""

        bond.send_signal(signal.SIGUSR1)
        moved = receiver.until(lambda found: of("rebinds_total", found)[0] == 1)
        assert moved["srtla_connection_subflows"] == 2
        assert of("receive_bytes_total", moved)[0] >= of("receive_bytes_total", came)[0]

        assert moved[MISSING] == moved.get(DROPPED, 0) == 0
        behind = stack.enter_context(played(vps))
        for link in LINKS:
            vps.run(["ip", "link", "set", link, "down"])
        sender.until(lambda found: of("dead", found) == [1, 1])
        for link in LINKS:
            vps.run(["ip", "link", "set", link, "up"])
        # Two programs count, at different moments: the hole is the same one.
        holed = receiver.until(lambda found: found[MISSING] > 20 and found.get(DROPPED, 0) > 20)
        assert 0.5 < holed[MISSING] / holed[DROPPED] < 2.0
        mended = receiver.until(lambda found: found.get(WHOLE, time.time()) < time.time() - 0.2)
        # The server hands on nothing for as long as the hole; its ACK may tell of the hole's end a little later.
        gap = max(pairwise(behind), key=lambda pair: pair[1][0] - pair[0][0])
        assert -0.1 < mended[WHOLE] - min(at_s for at_s in keyframes_s(behind) if at_s >= gap[1][0]) < 0.7

        pi.run(["ip", "link", "set", "att", "down"])
        sender.until(lambda found: of("dead", found) == [0, 1])
        receiver.until(lambda found: of("dead", found) == [0, 1])
        pages = sender.scrape() + receiver.scrape()
        pages += "".join(exporter.end()[1] for exporter in (sender, receiver))

    assert KEY not in pages
    assert "10.78." not in pages


def test_plain_srt_and_a_wrong_passphrase(hosts: tuple[Namespace, Namespace]) -> None:
    """SRT without a bond is one link; a caller without the passphrase is a rejection, and no stream."""
    pi, vps = hosts
    server = (
        "srt-live-transmit",
        "-q",
        "-a:yes",
        "srt://10.78.0.2:5000?mode=listener&passphrase=0123456789",
        "udp://127.0.0.1:4002",
    )
    with (
        running(vps, "--watch", "5000", "--uplink", "verizon=10.78.0.1", *LISTEN, program=EXPORTER) as exporter,
        program(vps, server),
    ):
        exporter.until(lambda found: "srtla_connections" in found)
        with restarting(pi, (*ENCODER, f"srt://10.78.0.2:5000?streamid={KEY}&passphrase=9876543210&pbkeylen=16")):
            refused = exporter.until(lambda found: any(name.startswith("srtla_rejections_total") for name in found))
            assert refused["srtla_connections"] == 0
        with restarting(pi, (*ENCODER, f"srt://10.78.0.2:5000?streamid={KEY}&passphrase=0123456789&pbkeylen=16")):
            seen = exporter.until(lambda found: found["srtla_connection_receive_bytes_total"] > 100_000)
        page, (_, log) = exporter.scrape(), exporter.end()

    assert seen["srtla_connections"] == 1
    assert 'srtla_uplink_rtt_seconds{uplink="verizon"}' in page
    assert KEY not in page + log
    assert "0123456789" not in page + log
