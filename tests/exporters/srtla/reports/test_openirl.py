"""OpenIRL's page and its statistics packets."""

from __future__ import annotations

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.srtla.reports.ledger import Ledger
from exporters.srtla.reports.model import Reading, Report, ReportError
from exporters.srtla.reports.openirl import read_packet, read_page

UPLINKS = {0xA1B2C3D4: "verizon", 7: "att"}


def page(*, bitrate: int = 4720, rtt: float = 30.2, **more: object) -> bytes:
    """A page with a publisher."""
    publisher = {"bitrate": bitrate, "buffer": 1995, "dropped_pkts": 45, "rtt": rtt, "uptime": 3600, "latency": 2000}
    return json.dumps({"publisher": publisher | more, "status": "ok"}).encode()


def packet(*peers: tuple[int, int, int], version: int = 1, count: int | None = None) -> bytes:
    """A statistics packet of peers, each with id, jitter in microseconds, and bytes."""
    counted = len(peers) if count is None else count
    head = struct.pack(">IIIIIIQ", 0x93000000, 0, 0, 9, version << 24 | counted << 16, 4000, 1)
    return head + b"".join(struct.pack(">IIIQII", one, 100, jitter, received, 5, 99) for one, jitter, received in peers)


def test_page_of_a_stream() -> None:
    """Milliseconds become seconds, drops are a counter, and the ready-made bitrate is left out."""
    said = read_page(page(), "cam", UPLINKS.get).streams["cam"]

    assert said.gauges == {
        "publishing": 1,
        "rtt_seconds": pytest.approx(0.0302),
        "buffer_seconds": 1.995,
        "latency_seconds": 2,
    }
    assert said.counters == {"dropped_segments": 45}


def test_absent_publisher_is_ok_without_the_key() -> None:
    """HTTP 200 with a message: the stream is away, and the source works."""
    said = read_page(b'{"message":"Publisher is currently not streaming","status":"ok"}', "cam", UPLINKS.get)

    assert said == Report(streams={"cam": Reading(gauges={"publishing": 0.0})})


def test_page_that_repeats_itself_ages() -> None:
    """Only uptime moves on: nothing flows."""
    ledger = Ledger()
    for at_s in range(10):
        bitrate = 4000 + min(at_s, 4)
        said = ledger.take(read_page(page(bitrate=bitrate, uptime=at_s), "cam", UPLINKS.get), at_s).streams["cam"]

    assert said.gauges["last_change_age_seconds"] == 5
    assert "rtt_seconds" not in said.gauges


def test_peers_are_uplinks() -> None:
    """A connection id that is configured names the uplink; the others are strays."""
    peers = [{"connection_id": "a1b2c3d4", "jitter": 12.0, "rtt": 20.0}, {"connection_id": "ffffffff", "jitter": 1}]
    report = read_page(page(peers=peers), "cam", UPLINKS.get)

    assert report.uplinks == {"verizon": Reading({"subflows": 1, "rtt_seconds": 0.02, "jitter_seconds": 0.012})}
    assert report.stray_links == 1


@pytest.mark.parametrize("identity", [None, 7, "", "xyz", "0" * 500])
def test_impossible_connection_id_is_a_stray(identity: object) -> None:
    """Whatever stands there, it names nobody."""
    assert read_page(page(peers=[{"connection_id": identity}]), "cam", UPLINKS.get).stray_links == 1


def test_packet_of_two_peers() -> None:
    """Bytes are counters, jitter is in seconds."""
    report = read_packet(packet((0xA1B2C3D4, 12_000, 5_000_000_000), (8, 1, 1)), UPLINKS.get)

    assert report.uplinks["verizon"].gauges == {"subflows": 1, "jitter_seconds": 0.012}
    assert report.uplinks["verizon"].counters == {"receive_bytes": 5_000_000_000}
    assert report.stray_links == 1


@pytest.mark.parametrize(
    "payload", [b"", b"\x90\x00", packet(version=2), packet(count=17), packet((1, 2, 3), count=2)], ids=len
)
def test_other_packets_are_refused(payload: bytes) -> None:
    """Another kind, another version, more peers than there can be, or fewer than are announced."""
    with pytest.raises(ReportError, match="statistics packet"):
        read_packet(payload, UPLINKS.get)


@given(st.binary(max_size=600))
def test_no_packet_breaks_the_decoder(noise: bytes) -> None:
    """A report or a refusal, with at most sixteen peers."""
    for payload in (noise, packet()[:16] + noise):
        try:
            report = read_packet(payload, UPLINKS.get)
        except ReportError:
            continue
        assert len(report.uplinks) + (report.stray_links or 0) <= 16
