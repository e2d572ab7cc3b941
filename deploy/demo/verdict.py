"""Judge a report: was each promise of the scripted drive kept, and by how much.

`python -m deploy.demo.verdict out.json` prints one line a promise with the figures behind it; the
exit code is 1 when one was broken, 2 when the report cannot be read. Everything is computed from the
report's own ground truth: the emulator's capacities and the ages stamped into the picture.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from deploy.demo import report as reports
from deploy.demo.report import DecisionRow, Report, Second

COMMAND_WITHIN_S = 3.0
LATE_S = 2.0
SIMPLE_WITHIN_S = 3.0
MAIN_WITHIN_S = 5.0
READY_WITHIN_S = 60.0
CORES = 2.0
# Seconds are written once a second: a run of late seconds may have begun up to one second earlier.
GRAIN_S = 1.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One promise: whether it was kept (None: the drive gave no occasion), and the figures."""

    promise: str
    kept: bool | None
    figures: str


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the drive, in seconds since its start."""

    start_t: float
    end_t: float


def falls(seconds: Sequence[Second]) -> Iterator[tuple[float, int]]:
    """Moments at which the true capacity falls below the encoder's target, with that target in bit/s.

    Target and time are those of the second before: within one second the controller may have answered
    already, and counting from the earliest possible moment never flatters it. A target that climbs above
    a capacity which stays as it is, is no fall of the capacity.
    """
    for before, now in pairwise(seconds):
        was_bps, is_bps = sum(before.capacity_bps.values()), sum(now.capacity_bps.values())
        if before.target_bps is not None and is_bps < min(was_bps, before.target_bps):
            yield before.t, before.target_bps


def command_delays(report: Report) -> list[float | None]:
    """For each fall, at most how many seconds until a lower bitrate was commanded; None when it never was."""
    delays: list[float | None] = []
    for fall_t, target_bps in falls(report.seconds):
        orders = [
            row.commanded_t
            for row in report.decisions
            if row.commanded_t is not None
            and row.commanded_t >= fall_t
            and row.target_bps is not None
            and row.target_bps < target_bps
        ]
        delays.append(min(orders) - fall_t if orders else None)
    return delays


def late_spans(seconds: Sequence[Second]) -> list[Span]:
    """Stretches in which the newest picture at the ingest is more than 2 s late, or gone."""
    spans: list[Span] = []
    start: float | None = None
    for second in seconds:
        age = second.picture_age_ingest_s
        if age is None or age > LATE_S:
            if start is None:
                # a frozen picture ages one second a second, so its age says when it became late
                start = second.t if age is None else max(second.t - GRAIN_S, second.t - (age - LATE_S))
        elif start is not None:
            spans.append(Span(start, second.t))
            start = None
    if start is not None:
        spans.append(Span(start, seconds[-1].t))
    return spans


def shown(decisions: Sequence[DecisionRow]) -> list[tuple[float, str]]:
    """(time, scene) of each scene change that OBS was read to show."""
    rows = [(row.shown_t, row.scene) for row in decisions if row.shown_t is not None and row.scene is not None]
    return sorted(rows)


def _scene_at(changes: Sequence[tuple[float, str]], at_t: float) -> str:
    past = [scene for time, scene in changes if time <= at_t]
    return past[-1] if past else "main"


def _delay_until(changes: Sequence[tuple[float, str]], from_t: float, *, main: bool) -> float | None:
    if (_scene_at(changes, from_t) == "main") is main:
        return 0.0
    later = [time for time, scene in changes if time > from_t and (scene == "main") is main]
    return min(later) - from_t if later else None


def scene_delays(report: Report) -> tuple[list[float | None], list[float | None]]:
    """Seconds from "late or gone" to another scene, and from "back" to the main scene, per stretch.

    A stretch shorter than the promise gives no occasion for the first; one whose good time after it is
    shorter than the promise gives none for the second.
    """
    changes, spans, away, back = shown(report.decisions), late_spans(report.seconds), [], []
    end = report.seconds[-1].t if report.seconds else 0.0
    for index, span in enumerate(spans):
        if span.end_t - span.start_t >= SIMPLE_WITHIN_S:
            away.append(_delay_until(changes, span.start_t, main=False))
        until = spans[index + 1].start_t if index + 1 < len(spans) else end
        if until - span.end_t >= MAIN_WITHIN_S:
            back.append(_delay_until(changes, span.end_t, main=True))
    return away, back


def _timed(promise: str, delays: Sequence[float | None], within_s: float) -> Finding:
    figures = ", ".join("never" if delay is None else f"{delay:.1f} s" for delay in delays) or "no occasion"
    kept = all(delay is not None and delay <= within_s for delay in delays) if delays else None
    return Finding(f"{promise} within {within_s:.0f} s", kept, figures)


RUNGS = ("ERROR", "VERY_LOW", "LOW", "MEDIUM", "HIGH")


def climbs(decisions: Sequence[DecisionRow]) -> list[str]:
    """Climbs through RECOVERY that reached a higher rung, as "from -> to"."""
    found, before = [], None
    for row in decisions:
        if row.to == "RECOVERY" and row.from_ != "RECOVERY":
            before = row.from_
        elif row.from_ == "RECOVERY" and row.to in RUNGS and before in RUNGS:
            if RUNGS.index(row.to) > RUNGS.index(before):
                found.append(f"{before} -> {row.to}")
            before = None
    return found


def _cores(report: Report) -> float | None:
    """Cores in use over the drive; None where that of one process is not known."""
    spent = [process.cpu_s for process in report.processes]
    known = [one for one in spent if one is not None]
    length = report.seconds[-1].t if report.seconds else 0.0
    return sum(known) / length if length and known and len(known) == len(spent) else None


def judge(report: Report) -> tuple[Finding, ...]:
    """Every promise of the drive, with its figures."""
    away, back = scene_delays(report)
    climbed = climbs(report.decisions)
    restarted = [f"{process.name} {process.restarts}x" for process in report.processes if process.restarts]
    cores = _cores(report)
    return (
        Finding("everything is ready within 60 s", report.ready_s <= READY_WITHIN_S, f"{report.ready_s:.1f} s"),
        _timed("a lower bitrate is commanded", command_delays(report), COMMAND_WITHIN_S),
        _timed("a late or lost picture is covered", away, SIMPLE_WITHIN_S),
        _timed("the main scene is back", back, MAIN_WITHIN_S),
        Finding("it climbs through RECOVERY", bool(climbed), ", ".join(climbed) or "never"),
        Finding("no process restarts by itself", not restarted, ", ".join(restarted) or "none"),
        Finding(
            "two cores carry it",
            None if cores is None else cores <= CORES,
            "unknown" if cores is None else f"{cores:.2f} cores",
        ),
    )


def main(argv: Sequence[str]) -> int:
    """Judge the report named on the command line."""
    if len(argv) != 1 or argv[0].startswith("-"):
        sys.stderr.write("usage: python -m deploy.demo.verdict REPORT.json\n")
        return 2
    try:
        findings = judge(reports.read(Path(argv[0])))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"vvlive: {error}\n")
        return 2
    for finding in findings:
        word = {True: "kept", False: "BROKEN", None: "no occasion"}[finding.kept]
        sys.stdout.write(f"{word:<12}{finding.promise}: {finding.figures}\n")
    return 1 if any(finding.kept is False for finding in findings) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
