"""The exporters behind a set of windows."""

from __future__ import annotations

import pytest

from controller.decision.model import Sample, Series
from controller.decision.sources import Source, sender, sources

CLOCK = "mptcp_exporter_clock_timestamp_seconds"
READ = "mptcp_scrape_collector_last_success_timestamp_seconds"
SENT = "mptcp_connection_acknowledged_bytes_total"
RTT = "mptcp_uplink_rtt_seconds"
EDGE = (("instance", "pi"), ("site", "edge"))
VPS = (("instance", "vps"), ("site", "vps"))
BARE = (("instance", "box"),)


def series(metric: str, labels: tuple[tuple[str, str], ...], *pairs: tuple[float, float]) -> Series:
    """A window of (time, value) pairs."""
    return Series(metric, tuple(sorted(labels)), tuple(Sample(*pair) for pair in pairs))


def only(*windows: Series) -> Source:
    """The one exporter behind the windows."""
    (found,) = sources(windows, not_after_s=1_000.0)
    return found


def test_a_target_is_told_by_its_labels_and_kind() -> None:
    """Two machines and two kinds of exporter on one of them are three sources."""
    found = sources(
        [
            series(SENT, EDGE, (1.0, 5.0)),
            series(RTT, (*EDGE, ("uplink", "att")), (1.0, 0.05)),
            series(SENT, VPS, (1.0, 5.0)),
            series("ingest_stream_publishing", VPS, (1.0, 1.0)),
        ],
        not_after_s=1_000.0,
    )

    assert {(one.kind, one.site) for one in found} == {("mptcp", "edge"), ("mptcp", "vps"), ("ingest", "vps")}


def test_age_counts_the_scrape_and_the_silence_of_the_source() -> None:
    """Scraped 2 s ago by an exporter that had then heard nothing for 3 s: 5 s old."""
    source = only(series(CLOCK, EDGE, (98.0, 50.0)), series(READ, EDGE, (98.0, 47.0)))

    assert source.age_s(100.0) == pytest.approx(5.0)


def test_a_gauge_that_was_left_out_of_the_newest_scrape_is_gone() -> None:
    """Its last value is one scrape old; another series of the target is newer."""
    source = only(series(SENT, EDGE, (1.0, 5.0), (2.0, 9.0)), series(RTT, (*EDGE, ("uplink", "att")), (1.0, 0.05)))

    assert source.gauge(RTT) is None
    assert source.gauge(SENT) == 9.0


def test_a_gauge_of_many_is_the_largest() -> None:
    """And with a label only that one's."""
    source = only(
        series(RTT, (*EDGE, ("uplink", "att")), (1.0, 0.05)), series(RTT, (*EDGE, ("uplink", "verizon")), (1.0, 0.09))
    )

    assert source.gauge(RTT) == 0.09
    assert source.gauge(RTT, label=("uplink", "att")) == 0.05


def test_gains_of_many_are_summed() -> None:
    """Two uplinks that gained 10 and 30 bytes gained 40."""
    metric = "mptcp_uplink_acknowledged_bytes_total"
    source = only(
        series(metric, (*EDGE, ("uplink", "att")), (1.0, 0.0), (2.0, 10.0)),
        series(metric, (*EDGE, ("uplink", "verizon")), (1.0, 5.0), (2.0, 35.0)),
    )
    gained = source.gained(metric, span_s=1.0)

    assert gained is not None
    assert (gained.amount, gained.span_s) == (40.0, 1.0)


def test_a_counter_with_one_sample_has_gained_nothing_known() -> None:
    """None, not zero."""
    assert only(series(SENT, EDGE, (1.0, 5.0))).gained(SENT, span_s=1.0) is None


def test_a_window_from_a_wrong_clock_is_no_source() -> None:
    """All of its samples are from the future."""
    assert sources([series(SENT, EDGE, (2_000.0, 1.0))], not_after_s=1_000.0) == ()


def test_the_sender_is_the_exporter_at_the_edge() -> None:
    """Although the other one acknowledges more."""
    found = sources(
        [series(SENT, EDGE, (1.0, 0.0), (2.0, 5.0)), series(SENT, VPS, (1.0, 0.0), (2.0, 900.0))], not_after_s=1_000.0
    )
    edge = sender(found)

    assert edge is not None
    assert edge.site == "edge"


def test_without_a_site_it_is_the_one_that_sends_most() -> None:
    """And one that is labelled as another site is never taken for it."""
    other = (("instance", "other"),)
    found = sources(
        [
            series(SENT, BARE, (1.0, 0.0), (2.0, 5.0)),
            series(SENT, other, (1.0, 0.0), (2.0, 50.0)),
            series(SENT, VPS, (1.0, 0.0), (2.0, 900.0)),
        ],
        not_after_s=1_000.0,
    )
    chosen = sender(found)

    assert chosen is not None
    assert chosen.target == other
