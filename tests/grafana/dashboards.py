"""What the written dashboards hold: panels, queries, variables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.prometheus import history
from tests.prometheus.promql import ROOT

DIRECTORY = ROOT / "grafana" / "dashboards"
MAIN = sorted((DIRECTORY / "VVLIVE").glob("*.json"))
EVERY = sorted(DIRECTORY.rglob("*.json"))
# As Grafana fills them in for a range of ten minutes at a scrape interval of one second.
FILLED = {
    "$__rate_interval": "5s",
    "$__interval": "1s",
    "$__range_s": "600",
    "$__range": "600s",
    "${rig}": history.RIG,
    "$rig": history.RIG,
    "$uplink": ".+",
}


def load(path: Path) -> dict[str, Any]:
    """One dashboard."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def panels(dashboard: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every panel, rows included, folded ones too."""
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", [])


def filled(expression: str) -> str:
    """The expression as Grafana sends it."""
    for name, value in FILLED.items():
        expression = expression.replace(name, value)
    return expression


@dataclass(frozen=True, slots=True)
class Asked:
    """One query of a dashboard; `instant` for tables and single numbers."""

    dashboard: str
    panel: str
    expression: str
    legend: str
    instant: bool

    @property
    def name(self) -> str:
        """For a test's id."""
        return f"{self.dashboard}: {self.panel}: {self.legend or self.expression[:30]}"


def asked() -> tuple[Asked, ...]:
    """Every query of every dashboard."""
    return tuple(
        Asked(path.stem, panel["title"], target["expr"], target.get("legendFormat", ""), bool(target.get("instant")))
        for path in MAIN
        for panel in panels(load(path))
        for target in panel.get("targets", [])
    )


def marks() -> tuple[Asked, ...]:
    """Every annotation's query."""
    return tuple(
        Asked(path.stem, one["name"], one["expr"], "", instant=False)
        for path in MAIN
        for one in load(path)["annotations"].get("list", [])
    )
