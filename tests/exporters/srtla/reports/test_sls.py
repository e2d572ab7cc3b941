"""The page of irl-srt-server: a stream that flows, one that stands, one that is gone."""

from __future__ import annotations

import json

import pytest

from exporters.srtla.reports.ledger import Ledger
from exporters.srtla.reports.model import Reading, ReportError
from exporters.srtla.reports.sls import Publishers

KEY = "publish/live/s3cret"
FIELDS = {"bitrate": 1082, "pktRcvLoss": 5, "pktRcvDrop": 2, "pktRcvRetrans": 4, "msRcvBuf": 464, "latency": 500}


def page(uptime_s: float, *, rate: float | None = 1.0, name: str = KEY, rtt: object = 40.0, **fields: object) -> bytes:
    """A page with one publisher, `rate` in Mbit/s."""
    publisher = FIELDS | {"uptime": int(uptime_s), "rtt": rtt, "mbpsRecvRate": rate} | fields
    return json.dumps({"publishers": {name: publisher}, "status": "ok"}).encode()


def cam(publishers: Publishers, text: bytes, at_s: float) -> Reading:
    """What is said of the stream."""
    return publishers.read(text, at_s).streams["cam"]


def test_units() -> None:
    """Milliseconds become seconds; losses, drops and repetitions are counters."""
    said = cam(Publishers({KEY: "cam"}), page(8), 100)

    assert said.gauges == {"publishing": 1, "rtt_seconds": 0.04, "buffer_seconds": 0.464, "latency_seconds": 0.5}
    assert {key: said.counters[key] for key in ("lost_segments", "dropped_segments", "retransmitted_segments")} == {
        "lost_segments": 5,
        "dropped_segments": 2,
        "retransmitted_segments": 4,
    }


def test_bytes_follow_the_stream() -> None:
    """The mean rate times its span is what came: at 8 Mbit/s a megabyte a second, within the first second's grain."""
    publishers, began_s = Publishers({KEY: "cam"}), 100.3
    seen = {}
    for at_s in range(102, 160):
        seen[at_s] = cam(publishers, page(at_s - began_s, rate=8.0), at_s).counters["receive_bytes"]

    assert seen[159] == pytest.approx((159 - began_s) * 1e6, rel=0.01)
    assert seen[159] - seen[119] == pytest.approx(40e6, rel=0.01)


def test_frozen_bitrate_is_seen_through() -> None:
    """When the stream stops, `bitrate` and `rtt` stay; the bytes stand still, the age grows and the RTT goes."""
    publishers, ledger, began_s, stop_s = Publishers({KEY: "cam"}), Ledger(), 100.0, 130.0
    total = (stop_s - began_s) * 1e6
    for at_s in range(102, 150, 2):
        rate = min(8.0, total / (at_s - began_s) / 1e6 * 8)
        now = ledger.take(publishers.read(page(at_s - began_s, rate=rate), at_s), at_s).streams["cam"]

    assert now.counters["receive_bytes"] == pytest.approx(total, rel=0.02)
    assert now.gauges["last_change_age_seconds"] == pytest.approx(148 - stop_s, abs=2.1)
    assert "rtt_seconds" not in now.gauges
    assert now.gauges["publishing"] == 1


def test_publisher_that_returns_is_another_session() -> None:
    """Its bytes begin anew, and the total goes on."""
    publishers, ledger = Publishers({KEY: "cam"}), Ledger()
    for at_s, uptime_s in ((110, 10), (120, 20), (125, 2), (130, 7)):
        total = ledger.take(publishers.read(page(uptime_s, rate=8.0), at_s), at_s).streams["cam"].counters

    assert total["receive_bytes"] == pytest.approx(27e6, abs=1.5e6)


def test_absent_publisher() -> None:
    """An empty list is a server that works and a stream that is not there."""
    report = Publishers({KEY: "cam"}).read(b'{"publishers":{},"status":"ok"}', 1)

    assert report.streams == {"cam": Reading(gauges={"publishing": 0.0})}
    assert report.unknown_streams == 0


def test_other_streams_are_counted_and_not_named() -> None:
    """A stream without an alias is a number."""
    report = Publishers({KEY: "cam"}).read(page(5, name="publish/live/other"), 1)

    assert report.unknown_streams == 1
    assert list(report.streams) == ["cam"]


def test_spelling_with_underscores() -> None:
    """The legacy form of another server, as its document spells it."""
    text = json.dumps({"publishers": {KEY: {"pkt_rcv_loss": 7, "mbps_recv_rate": 8, "uptime": 10}}}).encode()
    said = cam(Publishers({KEY: "cam"}), text, 100)

    assert said.counters["lost_segments"] == 7
    assert said.counters["receive_bytes"] == pytest.approx(10.5e6)


@pytest.mark.parametrize("rate", [None, float("nan"), float("inf"), -5, "8", 10**400])
def test_impossible_rate_gives_no_bytes(rate: object) -> None:
    """Unknown is absent."""
    assert "receive_bytes" not in cam(Publishers({KEY: "cam"}), page(5, rate=rate), 1).counters  # type: ignore[arg-type] # on purpose


@pytest.mark.parametrize(
    "text", [b"[]", b'{"publishers":[]}', b'{"publishers":{"publish/live/s3cret":3}}', b"<html>s3cret</html>"]
)
def test_other_pages_are_refused_without_quoting_them(text: bytes) -> None:
    """A page of another program is an error, and no key is in its message or in any repr."""
    publishers = Publishers({KEY: "cam"})
    with pytest.raises(ReportError) as refused:
        publishers.read(text, 1)

    assert "s3cret" not in f"{refused.value!r} {publishers!r}"
