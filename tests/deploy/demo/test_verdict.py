"""The judge of a report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deploy.demo.report import DecisionRow, ProcessRow, Report, Second, write
from deploy.demo.verdict import command_delays, falls, judge, late_spans, main


def second(t: float, capacity: int = 16, target: int | None = 4, age: float | None = 0.5) -> Second:
    """A second with capacity and target in Mbit/s."""
    target_bps = None if target is None else target * 1_000_000
    return Second(t, {"a": capacity * 1_000_000}, target_bps, None, "HIGH", "main", age, age)


def decision(
    t: float,
    *,
    from_: str = "HIGH",
    to: str = "HIGH",
    target: int | None = None,
    scene: str | None = None,
    shown_t: float | None = None,
) -> DecisionRow:
    """A decision commanded at `t`, target in Mbit/s."""
    return DecisionRow(t, from_, to, None if target is None else target * 1_000_000, scene, "why", t, None, shown_t)


def report(seconds: list[Second], decisions: list[DecisionRow], restarts: int = 0) -> Report:
    """A report with one process."""
    return Report(10.0, tuple(seconds), tuple(decisions), (ProcessRow("obs", restarts, 1.0, 1),))


def kept(of: Report) -> dict[str, bool | None]:
    """Verdicts by the first words of the promise."""
    return {" ".join(finding.promise.split()[:3]): finding.kept for finding in judge(of)}


def test_a_fall_counts_once() -> None:
    """A fall is the moment the capacity passes below the target, not each second that it stays there."""
    seconds = [second(0), second(1), second(2, capacity=2), second(3, capacity=2), second(4), second(5, capacity=0)]
    assert [time for time, _ in falls(seconds)] == [1, 4]


def test_unknown_target_is_no_fall() -> None:
    """After a second without a known target nothing falls: there is nothing to have fallen below."""
    assert not list(falls([second(0, target=None), second(1, capacity=0), second(2)]))


def test_an_answer_within_the_second_is_a_fall_too() -> None:
    """A target that is lowered before the next second is written does not hide the fall."""
    assert list(falls([second(0), second(1, capacity=2, target=1)])) == [(0, 4_000_000)]


def test_a_climb_is_no_fall() -> None:
    """A target that climbs above a steady capacity is not the network's doing."""
    assert not list(falls([second(0, capacity=2, target=1), second(1, capacity=2, target=3), second(2, capacity=3)]))


def test_each_step_down_counts() -> None:
    """A capacity that falls below the target, and then again, has fallen twice."""
    assert [t for t, _ in falls([second(0), second(1, capacity=3), second(2, capacity=1)])] == [0, 1]


@pytest.mark.parametrize(
    ("orders", "expected"),
    [
        ([decision(3.5, target=2)], [2.5]),
        ([decision(3.5, target=5)], [None]),
        ([decision(0.5, target=2)], [None]),
        ([], [None]),
        ([decision(1.5, target=2)], [0.5]),
    ],
)
def test_command_delay(orders: list[DecisionRow], expected: list[float | None]) -> None:
    """The delay runs from the fall to the first lower order after it; a higher or earlier order is none."""
    seconds = [second(t, capacity=2 if t >= 2 else 16) for t in range(8)]
    assert command_delays(report(seconds, orders)) == expected


def test_late_spans_start_when_the_age_passes_the_limit() -> None:
    """A frozen picture ages one second a second, so the span starts where its age was 2 s."""
    seconds = [second(0), second(1, age=1.4), second(2, age=2.4), second(3, age=None), second(4, age=0.3)]
    spans = late_spans(seconds)
    assert [(round(span.start_t, 3), span.end_t) for span in spans] == [(1.6, 4)]


def story(shown_away: float | None, shown_back: float | None) -> Report:
    """A picture late from 10 s to 20 s, and two scene changes."""
    seconds = [second(t, age=9.0 if 10 <= t < 20 else 0.5) for t in range(40)]
    rows = []
    if shown_away is not None:
        rows.append(decision(shown_away, scene="simple", shown_t=shown_away))
    if shown_back is not None:
        rows.append(decision(shown_back, scene="main", shown_t=shown_back))
    return report(seconds, rows)


@pytest.mark.parametrize(
    ("away", "back", "verdict"),
    [
        (11.0, 22.0, (True, True)),
        (13.5, 22.0, (False, True)),
        (11.0, 26.0, (True, False)),
        (11.0, None, (True, False)),
        (None, None, (False, True)),
    ],
)
def test_scene_promises(away: float | None, back: float | None, verdict: tuple[bool, bool]) -> None:
    """Covered within 3 s and back within 5 s, measured from the age of the picture."""
    found = kept(story(away, back))
    assert (found["a late or"], found["the main scene"]) == verdict


def test_climb_must_gain_a_rung() -> None:
    """Going back to the state it came from is no climb; a rung higher is."""
    failed = [decision(1, from_="LOW", to="RECOVERY"), decision(2, from_="RECOVERY", to="LOW")]
    gained = [decision(3, from_="LOW", to="RECOVERY"), decision(4, from_="RECOVERY", to="MEDIUM")]
    seconds = [second(t) for t in range(10)]
    assert kept(report(seconds, failed))["it climbs through"] is False
    assert kept(report(seconds, failed + gained))["it climbs through"] is True


def test_cores_are_unknown_where_one_process_is() -> None:
    """A sum of the others would be too small, and pass."""
    of = report([second(0), second(10)], [])
    unknown = replace(of, processes=(*of.processes, ProcessRow("encoder", 0, None, None)))

    assert kept(of)["two cores carry"] is True
    assert kept(unknown)["two cores carry"] is None


def test_restarts_break_the_promise() -> None:
    """A process that restarted without being told to is named."""
    assert kept(report([second(0), second(1)], [], restarts=1))["no process restarts"] is False


@pytest.mark.parametrize(("restarts", "code"), [(0, 0), (1, 1)])
def test_exit_code(tmp_path: Path, restarts: int, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code is 1 exactly when a promise was broken."""
    rows = [decision(3, from_="LOW", to="RECOVERY"), decision(4, from_="RECOVERY", to="MEDIUM")]
    write(report([second(t) for t in range(5)], rows, restarts), tmp_path / "r.json")
    assert main([str(tmp_path / "r.json")]) == code
    assert ("BROKEN" in capsys.readouterr().out) is bool(restarts)


def test_unreadable_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is not there gives one line and exit code 2."""
    assert main([str(tmp_path / "none.json")]) == 2
    assert "none.json" in capsys.readouterr().err
