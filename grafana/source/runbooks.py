"""Runbooks as dashboards: a notification's link opens the text on a phone, wherever the repository is."""

from __future__ import annotations

from pathlib import Path

from grafana.source.board import Board, Row
from grafana.source.panels import words

RUNBOOKS = Path(__file__).resolve().parents[2] / "prometheus" / "runbooks"


def boards() -> list[Board]:
    """One per file of `prometheus/runbooks`."""
    return [
        Board(
            uid=f"runbook-{path.stem}",
            title=f"Runbook: {path.stem}",
            description=f"What to do when {path.stem} fires.",
            variables=(),
            events=False,
            refresh="",
            tags=["vvlive-runbook"],
            rows=[Row("", [words(path.stem, path.read_text(encoding="utf-8"), height=24)])],
        )
        for path in sorted(RUNBOOKS.glob("*.md"))
    ]
