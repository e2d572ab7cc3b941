"""The report of a drive: what happened per second, which decisions, what it cost.

Values only. `None` means that it is not known, and is written as null. Times `*_t` and `t` are
seconds since the start of the drive; ages are seconds; rates bit/s.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Second:
    """One second of ground truth. `received_bps` is counted at the ingest, ages are read from the picture."""

    t: float
    capacity_bps: dict[str, int]
    target_bps: int | None
    received_bps: int | None
    state: str | None
    scene: str | None
    picture_age_ingest_s: float | None
    picture_age_platform_s: float | None


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One decision that changed something, and what became of it."""

    t: float
    from_: str | None
    to: str | None
    target_bps: int | None
    scene: str | None
    reason: str
    commanded_t: float | None
    applied_t: float | None
    shown_t: float | None


@dataclass(frozen=True, slots=True)
class ProcessRow:
    """What one process of the demo cost, and how often it restarted without being told to."""

    name: str
    restarts: int
    cpu_s: float | None
    max_rss_bytes: int | None


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that `--report` writes."""

    ready_s: float
    seconds: tuple[Second, ...]
    decisions: tuple[DecisionRow, ...]
    processes: tuple[ProcessRow, ...]

    def as_dict(self) -> dict[str, object]:
        """The report as JSON-ready values, with the field names that readers of the file expect."""
        decisions = [
            {("from" if key == "from_" else key): value for key, value in asdict(row).items()} for row in self.decisions
        ]
        return {
            "ready_s": self.ready_s,
            "seconds": [asdict(second) for second in self.seconds],
            "decisions": decisions,
            "processes": [asdict(process) for process in self.processes],
        }


def write(report: Report, path: Path) -> None:
    """Write the report as JSON; raises OSError when the path cannot be written."""
    path.write_text(json.dumps(report.as_dict(), indent=1, allow_nan=False) + "\n", encoding="utf-8")


def read(path: Path) -> Report:
    """Read a report back; raises OSError, or ValueError when the file is not a report."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return Report(
            ready_s=raw["ready_s"],
            seconds=tuple(Second(**second) for second in raw["seconds"]),
            decisions=tuple(
                DecisionRow(**{("from_" if key == "from" else key): value for key, value in row.items()})
                for row in raw["decisions"]
            ),
            processes=tuple(ProcessRow(**process) for process in raw["processes"]),
        )
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is not a report of the demo ({error}); write one with --report") from error
