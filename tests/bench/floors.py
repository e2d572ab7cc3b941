"""The ratchet: scores on the synthetic set that may not fall.

`floors.json` holds one S per model, cost and product policy. A run below a floor fails; raising them is a
commit that shows in review.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path

from tests.bench.rows import Row
from tests.bench.running import PRODUCT

PATH = Path(__file__).with_name("floors.json")
SLACK = 0.5  # floating point differs between machines by far less; a change of behaviour by more


def key(row: Row) -> str:
    """How a row is called in the file."""
    return f"{row.model}/{row.change_cost}/{row.policy}"


def read(path: Path = PATH) -> dict[str, float]:
    """The floors, by key; empty when there is no file yet."""
    if not path.is_file():
        return {}
    floors: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))
    return floors


def fallen(rows: Iterable[Row], floors: dict[str, float]) -> list[str]:
    """One line for each row below its floor."""
    return [
        f"{key(row)}: S {row.s:.1f} is below its floor {floors[key(row)]:.1f}; "
        "undo what cost it, or lower the floor in floors.json and say why"
        for row in rows
        if key(row) in floors and row.s < floors[key(row)]
    ]


def raised(rows: Iterable[Row], floors: dict[str, float]) -> dict[str, float]:
    """The floors after a run: never lower, and half a point below what the product's policies reached."""
    new = dict(floors)
    for row in rows:
        if row.policy in PRODUCT:
            reached = math.floor((row.s - SLACK) * 10) / 10
            new[key(row)] = max(new.get(key(row), -math.inf), reached)
    return dict(sorted(new.items()))


def write(floors: dict[str, float], path: Path = PATH) -> None:
    """Write the floors."""
    path.write_text(json.dumps(floors, indent=1) + "\n", encoding="utf-8")
