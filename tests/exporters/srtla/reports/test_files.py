"""Files: the statistics of srt-live-transmit, and the group of srtla_rec."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.srtla.reports.files import Statistics, read_group
from exporters.srtla.reports.ledger import Ledger
from exporters.srtla.reports.model import Reading, ReportError


def line(*, sid: int = 5, packets: int = 100, dropped: int = 0, rtt: object = 20.5) -> bytes:
    """One line as srt-live-transmit writes it, of the fields that are read."""
    received = {"packets": packets, "packetsLost": 3, "packetsDropped": dropped, "packetsRetransmitted": 2}
    received |= {"bytes": packets * 1332, "msBuf": 429, "msTsbPdDelay": 500}
    return json.dumps({"sid": sid, "link": {"rtt": rtt}, "recv": received}).encode() + b"\n"


def cam(statistics: Statistics, text: bytes) -> Reading:
    """What is said of the stream."""
    return statistics.read(text).streams["cam"]


def test_intervals_add_up() -> None:
    """Each line has what came since the last one."""
    statistics = Statistics("cam", totals=False)
    cam(statistics, line() + line())
    said = cam(statistics, line(dropped=4))

    assert said.counters["receive_segments"] == 300
    assert said.counters["dropped_segments"] == 4
    assert said.gauges == {"publishing": 1, "rtt_seconds": 0.0205, "buffer_seconds": 0.429, "latency_seconds": 0.5}


def test_totals_are_taken_as_they_are() -> None:
    """With -fullstats a line has everything since the connection; another connection begins anew."""
    statistics, ledger = Statistics("cam", totals=True), Ledger()
    for at_s, text in enumerate((line(packets=100), line(packets=250), line(sid=6, packets=300))):
        said = ledger.take(statistics.read(text), at_s).streams["cam"]

    assert said.counters["receive_segments"] == 550


def test_line_may_come_in_pieces() -> None:
    """A line that is being written counts when it is whole."""
    statistics, text = Statistics("cam", totals=False), line()
    assert cam(statistics, text[:40]).counters == {}

    assert cam(statistics, text[40:]).counters["receive_segments"] == 100


def test_no_line_is_no_pulse() -> None:
    """Without packets no line is written: the age grows, and the round trip goes."""
    statistics, ledger = Statistics("cam", totals=False), Ledger()
    ledger.take(statistics.read(line()), 0)
    said = ledger.take(statistics.read(b""), 10).streams["cam"]

    assert said.gauges["last_change_age_seconds"] == 10
    assert "rtt_seconds" not in said.gauges


def test_bad_lines_are_told_and_good_ones_count() -> None:
    """CSV, for example: the error says what to look at, and nothing that could be read is lost."""
    statistics = Statistics("cam", totals=False)
    with pytest.raises(ReportError, match="2 lines are no statistics; does srt-live-transmit run with -pf:json"):
        statistics.read(b"Timepoint,Time\n" + line() + b"{}\n")

    assert cam(statistics, b"").counters["receive_segments"] == 100


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_no_bytes_break_the_reader(noise: list[bytes]) -> None:
    """A report or a refusal, and a memory of one unfinished line."""
    statistics = Statistics("cam", totals=False)
    for text in noise:
        try:
            statistics.read(text)
        except ReportError as refused:
            assert "lines are no statistics" in str(refused)  # noqa: PT017 - most examples are refused, some are not


def test_endless_line_is_dropped() -> None:
    """A file that is no text at all does not fill the memory."""
    statistics = Statistics("cam", totals=False)
    for _ in range(3):
        statistics.read(b"x" * 60_000)

    with pytest.raises(ReportError, match="1 lines are no statistics"):
        statistics.read(b"\n" + line())
    assert cam(statistics, b"").counters["receive_segments"] == 100


def test_group_counts_links() -> None:
    """One address for each link; an address of nobody is a stray."""

    def named(address: str) -> str | None:
        return {"198.51.100.7": "verizon", "2001:db8::7": "att"}.get(address)

    report = read_group(b"198.51.100.7\n2001:db8::7\n198.51.100.7\n203.0.113.1\n", named)

    assert report.uplinks == {"verizon": Reading({"subflows": 2}), "att": Reading({"subflows": 1})}
    assert report.stray_links == 1


def test_other_file_is_no_group() -> None:
    """A file of something else is an error that does not quote it."""
    with pytest.raises(ReportError) as refused:
        read_group(b"s3cret\n", lambda _: None)

    assert "s3cret" not in str(refused.value)
