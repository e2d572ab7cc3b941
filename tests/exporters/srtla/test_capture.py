"""The packet socket, on loopback inside a network namespace of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from deploy.demo.namespaces import Namespace
from exporters.srtla.capture import Capture, CaptureError
from exporters.srtla.filtering import HANDSHAKE_BYTES, SNAP_BYTES, Watched
from exporters.srtla.model import Datagram, Role
from exporters.srtla.wire import handshake
from tests.exporters.srtla import packets

PORT = 5000
pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def host() -> Iterator[Namespace]:
    """A host with loopback, and nobody else on it."""
    with Namespace.create("srtla-capture") as namespace:
        namespace.run(["ip", "link", "set", "lo", "up"])
        yield namespace


def seen(capture: Capture, count: int) -> list[Datagram]:
    """The first `count` datagrams, or what came of them within 5 s."""
    found: list[Datagram] = []
    deadline_s = time.monotonic() + 5
    while len(found) < count and time.monotonic() < deadline_s:
        found += capture.read()
        time.sleep(0.01)
    return found


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_each_datagram_is_seen_once(host: Namespace, role: Role, family: int, address: str) -> None:
    """Both directions are seen once, at either end and by either protocol, with the length on the wire."""
    upward = [packets.data(1), packets.nak(*range(2, 202)), packets.registration(0x9201, packets.GROUP_ID), b"\x90\0"]
    downward = [packets.nak(*range(2, 202)), packets.srtla_ack(*range(10))]
    with host.socket(family, socket.SOCK_DGRAM) as receiver, host.socket(family, socket.SOCK_DGRAM) as sender:
        receiver.bind((address, PORT))
        sender.connect((address, PORT))
        capture = host.call(lambda: Capture(Watched(PORT, role)))
        for one in upward:
            sender.send(one)
        peer = sender.getsockname()
        for one in downward:
            receiver.sendto(one, peer)
        found = seen(capture, 6)
        counted = capture.count()
        capture.close()

    assert [(one.upward, one.length) for one in found] == [
        *((True, len(one)) for one in upward),
        *((False, len(one)) for one in downward),
    ]
    assert {one.peer for one in found} == {socket.inet_pton(family, address) + peer[1].to_bytes(2)}
    assert (counted.passed, counted.dropped) == (6, 0)


def test_headers_only_but_lists_whole(host: Namespace) -> None:
    """Of data the headers are copied; of a NAK, a registration and nothing else the whole."""
    sent = [packets.data(1), packets.nak(*range(300)), packets.registration(0x9200, packets.GROUP_ID)]
    with host.socket(kind=socket.SOCK_DGRAM) as receiver, host.socket(kind=socket.SOCK_DGRAM) as sender:
        receiver.bind(("127.0.0.1", PORT))
        capture = host.call(lambda: Capture(Watched(PORT, Role.RECEIVER)))
        for one in sent:
            sender.sendto(one, ("127.0.0.1", PORT))
        found = seen(capture, 3)
        capture.close()

    assert [one.head for one in found] == [sent[0][: SNAP_BYTES - 28], sent[1], sent[2]]


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_of_pictures_only_those_with_which_decoders_can_begin(host: Namespace, family: int, address: str) -> None:
    """Wherever in the packet they do; what is short, encrypted or no MPEG-TS is copied as far as the headers go."""
    keyframes = [packets.data(place, payload=packets.transport_stream(place=place)) for place in range(7)]
    others = [
        packets.data(10, payload=packets.transport_stream(flags=0x10)),
        packets.data(11, payload=packets.transport_stream(begins=False)),
        packets.data(12, payload=packets.transport_stream(place=6)[:-1]),
        packets.data(13, payload=packets.transport_stream()[:376]),
        packets.data(14, size=0),
        packets.data(15, payload=b"\x48" + packets.transport_stream(place=0)[1:]),
        packets.data(16, payload=packets.transport_stream(place=0)[:4] + b"\0" + packets.transport_stream(place=0)[5:]),
        bytes([0, 0, 0, 17, 0xC8]) + keyframes[0][5:],
    ]
    with host.socket(family, socket.SOCK_DGRAM) as receiver, host.socket(family, socket.SOCK_DGRAM) as sender:
        receiver.bind((address, PORT))
        captures = [host.call(lambda role=role: Capture(Watched(PORT, role))) for role in Role]  # type: ignore[misc]
        for one in (*keyframes, *others):
            sender.sendto(one, (address, PORT))
        found = [seen(capture, len(keyframes) + len(others)) for capture in captures]
        for capture in captures:
            capture.close()

    snapped = SNAP_BYTES - (28 if family is socket.AF_INET else 48)
    short = [one[:snapped] for one in (*keyframes, *others)]
    heads = dict(zip(Role, ([one.head for one in many] for many in found), strict=True))
    assert heads[Role.SENDER] == short
    assert heads[Role.RECEIVER] == [*keyframes, *short[7:]]


def test_of_a_handshake_the_latency_is_copied_and_no_key(host: Namespace) -> None:
    """What follows it may name the stream."""
    said = packets.handshake(packets.CONCLUSION, latency_ms=2_000) + b"k3y-that-nobody-may-see" * 4
    with host.socket(kind=socket.SOCK_DGRAM) as receiver, host.socket(kind=socket.SOCK_DGRAM) as sender:
        receiver.bind(("127.0.0.1", PORT))
        capture = host.call(lambda: Capture(Watched(PORT, Role.RECEIVER)))
        sender.sendto(said, ("127.0.0.1", PORT))
        found = seen(capture, 1)
        capture.close()

    assert [len(one.head) for one in found] == [HANDSHAKE_BYTES - 28]
    assert handshake(found[0].head) == handshake(said)


def test_other_traffic_is_not_seen(host: Namespace) -> None:
    """Another port costs nothing: the kernel's filter stops it."""
    with host.socket(kind=socket.SOCK_DGRAM) as sender:
        capture = host.call(lambda: Capture(Watched(PORT, Role.RECEIVER)))
        for port in (PORT + 1, PORT):
            sender.sendto(b"\x90\0", ("127.0.0.1", port))
        found = seen(capture, 1)
        counted = capture.count()
        capture.close()

    assert len(found) == 1
    assert counted.passed == 1


def test_unknown_interface_is_told(host: Namespace) -> None:
    """An interface that does not exist is named in the complaint."""
    with pytest.raises(CaptureError, match="cannot watch port 5000 on nowhere0"):
        host.call(lambda: Capture(Watched(PORT, Role.RECEIVER), "nowhere0"))


@pytest.mark.parametrize(
    ("capability", "said"),
    [("+net_raw", "watching"), ("-net_raw", "cannot watch packets: grant CAP_NET_RAW, or run as root")],
)
def test_one_capability_is_enough(capability: str, said: str) -> None:
    """CAP_NET_RAW alone opens the watch; without it the complaint names it."""
    code = (
        "from exporters.srtla.capture import Capture, CaptureError\n"
        "from exporters.srtla.filtering import Watched\n"
        "from exporters.srtla.model import Role\n"
        "try:\n    Capture(Watched(5000, Role.RECEIVER)).close()\n    print('watching')\n"
        "except CaptureError as error:\n    print(error)\n"
    )
    bounded = ["setpriv", f"--bounding-set=-all,{capability}", "--inh-caps=-all", sys.executable, "-c", code]
    done = subprocess.run(bounded, capture_output=True, text=True, check=True)

    assert done.stdout.strip() == said
