"""The recorder behind the report."""

from __future__ import annotations

from deploy.demo.recording import Recorder
from deploy.demo.report import DecisionRow
from deploy.demo.snapshot import Snapshot, UplinkView

UPLINK = UplinkView("att", 8_000_000, None, None, None)


def row(t: float, *, shown_t: float | None = None, scene: str | None = None) -> DecisionRow:
    """A decision at `t`."""
    return DecisionRow(t, "HIGH", "HIGH", None, scene, "why", t, t, shown_t)


def test_later_news_replaces_a_decision() -> None:
    """A decision seen again with more known of it stays one row, with what is known last."""
    recorder = Recorder()
    recorder.see(Snapshot(1.0, "x", (UPLINK,), decisions=(row(0.5, scene="simple"), row(0.5))))
    recorder.see(Snapshot(2.0, "x", (UPLINK,), decisions=(row(0.5, scene="simple", shown_t=0.6),)))
    decisions = recorder.report(ready_s=1, processes=()).decisions
    assert [(one.t, one.scene, one.shown_t) for one in decisions] == [(0.5, "simple", 0.6), (0.5, None, None)]


def test_decisions_before_the_drive_are_left_out() -> None:
    """What was decided while everything started is not part of the drive."""
    recorder = Recorder()
    recorder.see(Snapshot(1.0, "x", (UPLINK,), decisions=(row(-3.0), row(0.5))))
    assert [one.t for one in recorder.report(ready_s=1, processes=()).decisions] == [0.5]


def test_unknown_stays_unknown() -> None:
    """A second in which a part did not answer has null for it, and the log line says unknown."""
    recorder = Recorder()
    snapshot = Snapshot(1.0, "start", (UPLINK,))
    recorder.see(snapshot)
    second = recorder.report(ready_s=1, processes=()).seconds[0]
    assert (second.target_bps, second.state, second.picture_age_ingest_s) == (None, None, None)
    assert "target unknown" in recorder.line(snapshot)
