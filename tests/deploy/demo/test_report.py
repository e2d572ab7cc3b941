"""The report file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy.demo.report import DecisionRow, ProcessRow, Report, Second, read, write

REPORT = Report(
    ready_s=12.5,
    seconds=(Second(0.0, {"att": 8_000_000}, 4_500_000, None, "HIGH", "main", 0.4, None),),
    decisions=(DecisionRow(1.0, "HIGH", "LOW", 1_200_000, "main", "queue", 1.1, None, None),),
    processes=(ProcessRow("obs", 0, 3.5, 250_000_000),),
)


def test_round_trip(tmp_path: Path) -> None:
    """What was written is read back equal."""
    write(REPORT, tmp_path / "out.json")
    assert read(tmp_path / "out.json") == REPORT


def test_names_and_nulls(tmp_path: Path) -> None:
    """The file says `from`, not `from_`, and null where nothing is known."""
    write(REPORT, tmp_path / "out.json")
    raw = json.loads((tmp_path / "out.json").read_text())
    assert raw["decisions"][0]["from"] == "HIGH"
    assert raw["seconds"][0]["received_bps"] is None
    assert set(raw) == {"ready_s", "seconds", "decisions", "processes"}


@pytest.mark.parametrize("text", ["", "[]", '{"ready_s": 1}', '{"ready_s": 1, "seconds": [{"x": 1}]}'])
def test_not_a_report(tmp_path: Path, text: str) -> None:
    """A file that is not a report is refused by name, with the remedy."""
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"other\.json is not a report.*--report"):
        read(path)
