"""Totals that never fall, ages, and numbers that are history."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from exporters.srtla.reports.ledger import FROZEN_S, Ledger, describe
from exporters.srtla.reports.model import Reading, Report


def stream(**reading: object) -> Report:
    """A report of one stream."""
    return Report(streams={"cam": Reading(**reading)})  # type: ignore[arg-type] # fields by name, as the tests give them


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 1000)), max_size=30))
def test_totals_never_fall(reports: list[tuple[str, int]]) -> None:
    """Whatever restarts and resets happen, a total rises by what can have happened since."""
    ledger, before = Ledger(), 0.0
    for at_s, (session, count) in enumerate(reports):
        now = ledger.take(stream(counters={"lost_segments": count}, session=session), at_s).streams["cam"].counters
        assert before <= now["lost_segments"] <= before + count
        before = now["lost_segments"]


def test_new_session_begins_at_zero() -> None:
    """A publisher that connects anew has counted as much as before: all of it is new."""
    ledger = Ledger()
    for session in "ab":
        report = ledger.take(stream(counters={"lost_segments": 10.0}, session=session), 0)

    assert report.streams["cam"].counters == {"lost_segments": 20}


def test_counts_outlive_the_publisher() -> None:
    """While the stream is away its totals stand."""
    ledger = Ledger()
    ledger.take(stream(counters={"lost_segments": 10.0}), 0)

    assert ledger.take(stream(gauges={"publishing": 0.0}), 1).streams["cam"].counters == {"lost_segments": 10}


def test_frozen_page_shows_its_age_and_no_round_trip() -> None:
    """A page that repeats itself is no reading: the age grows, and what belonged to the flow goes."""
    ledger, gauges = Ledger(), {"rtt_seconds": 0.05, "publishing": 1.0}
    ages = []
    for at_s in (0, 1, 1 + FROZEN_S):
        pulse = min(at_s, 1)
        now = ledger.take(stream(gauges=gauges, pulse=pulse or 0.5), at_s).streams["cam"].gauges
        ages.append((now["last_change_age_seconds"], "rtt_seconds" in now))

    assert ages == [(0, True), (0, True), (FROZEN_S, False)]
    assert now["publishing"] == 1


def test_report_becomes_points() -> None:
    """Gauges by their name, counters with `_total`, both by the operator's name."""
    report = Report(
        uplinks={"verizon": Reading({"rtt_seconds": 0.1}, {"lost_segments": 3})}, unknown_streams=2, stray_links=1
    )

    assert {(point.metric, point.value, point.labels) for point in describe(report)} == {
        ("srtla_uplink_rtt_seconds", 0.1, ("verizon",)),
        ("srtla_uplink_lost_segments_total", 3, ("verizon",)),
        ("srtla_unknown_streams", 2, ()),
        ("srtla_stray_subflows", 1, ()),
    }
