"""What senders say of their links."""

from __future__ import annotations

import json

import pytest

from exporters.srtla.reports.model import Reading, ReportError
from exporters.srtla.reports.sender import is_update, read_file, read_update, subscription

LINK = {
    "ip": "10.0.0.5",
    "label": "",
    "connected": True,
    "timed_out": False,
    "window": 20_000,
    "in_flight": 12,
    "rtt_ms": 60,
    "rtt_min_ms": 41.5,
    "nak_count": 9,
    "bitrate_bytes_per_sec": 500_000,
    "quality_multiplier": 0.9,
}


def by_address(address: str, label: str) -> str | None:
    """The uplink of an address, or of a label."""
    return {"10.0.0.5": "verizon"}.get(address) or {"usb1": "att"}.get(label)


def update(*links: object) -> bytes:
    """A pushed report."""
    return json.dumps({"jsonrpc": "2.0", "method": "stats.update", "params": {"data": {"links": links}}}).encode()


def test_subscription_is_one_line_of_json_rpc() -> None:
    """A request for the topic of statistics."""
    line = subscription()

    assert line.endswith(b"\n")
    assert json.loads(line)["params"] == {"topic": "stats"}


def test_link_is_read() -> None:
    """Milliseconds become seconds, NAKs are losses, and the rate that it computes is left out."""
    report = read_update(update(LINK, LINK | {"ip": "10.9.9.9"}), by_address)

    assert report.uplinks == {
        "verizon": Reading(
            {
                "subflows": 1,
                "dead": 0,
                "window_segments": 20_000,
                "unacknowledged_segments": 12,
                "rtt_seconds": 0.06,
                "min_rtt_seconds": 0.0415,
                "weight_ratio": 0.9,
            },
            {"lost_segments": 9},
        )
    }
    assert report.stray_links == 1


def test_label_names_the_uplink_too() -> None:
    """Where the address changes with the modem, the sender's label stays."""
    assert list(read_update(update(LINK | {"ip": "", "label": "usb1"}), by_address).uplinks) == ["att"]


@pytest.mark.parametrize(("field", "value"), [("timed_out", True), ("connected", False)])
def test_link_that_is_gone_has_no_readings(field: str, value: object) -> None:
    """Its round trip and window are what was last known: history."""
    said = read_update(update(LINK | {field: value}), by_address).uplinks["verizon"]

    assert said.gauges.keys() == {"subflows", "dead"}
    assert said.counters == {"lost_segments": 9}


def test_answers_are_no_updates() -> None:
    """The answer to the subscription is passed over; a refusal is an error."""
    assert not is_update(b'{"jsonrpc":"2.0","id":1,"result":{"subscription_id":3}}')
    assert is_update(update())
    with pytest.raises(ReportError, match="refuses the subscription"):
        is_update(b'{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}')


@pytest.mark.parametrize("line", [b"7", b"{}", b'{"params":{}}', b'{"params":{"data":{}}}', update(3)])
def test_other_lines_are_refused(line: bytes) -> None:
    """Each level that is missing is an error by name."""
    with pytest.raises(ReportError):
        read_update(line, by_address)


def test_nonsense_numbers_are_left_out() -> None:
    """Text, NaN and negative values are unknown."""
    odd = LINK | {"rtt_ms": "fast", "window": -1, "in_flight": float("nan"), "nak_count": 1e300}
    said = read_update(update(odd), by_address).uplinks["verizon"]

    assert said.gauges.keys() == {"subflows", "dead", "min_rtt_seconds", "weight_ratio"}
    assert said.counters == {}


def file(updated_ms: object, **fields: object) -> bytes:
    """CERALIVE's file with one connection."""
    said = {"conn_id": 4, "rtt_ms": 70, "nak_count": 2, "weight_percent": 85, "window": 9, "in_flight": 1}
    return json.dumps({"last_updated_ms": updated_ms, "connections": [said | fields]}).encode()


def test_file_is_read() -> None:
    """The weight is a percentage there."""
    report = read_file(file(10_000), {4: "verizon"}.get, 11_000)

    assert report.uplinks["verizon"].gauges["weight_ratio"] == 0.85
    assert report.uplinks["verizon"].counters == {"lost_segments": 2}


@pytest.mark.parametrize("updated_ms", [None, "now", 4_999, float("nan")])
def test_stale_file_is_no_reading(updated_ms: object) -> None:
    """A file that was not renewed for 5 s, or that does not say when, is an error."""
    with pytest.raises(ReportError, match="has not renewed its file for 5 s"):
        read_file(file(updated_ms), {4: "verizon"}.get, 10_000)
