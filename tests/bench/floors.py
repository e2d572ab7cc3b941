"""The ratchet: scores on the synthetic set that may not fall.

`floors.json` holds one S per model, cost and product policy, of the whole set and again of one drive of it, which
takes a fifth of the time. A run below a floor fails; raising them is a commit that shows in review.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path

from tests.bench.link import Transport
from tests.bench.rows import Row
from tests.bench.running import PRODUCT
from tests.bench.simulation import ChangeCost

PATH = Path(__file__).with_name("floors.json")
SLACK = 0.5  # floating point differs between machines by far less; a change of behaviour by more
WHOLE = "synthetic"
DRIVE = "crowd 2"  # no other has as many restarts of both policies in both models of a pipe
ALONE = f"{WHOLE}: {DRIVE}"  # its set
_BEFORE = {WHOLE: "", ALONE: f"{DRIVE}/"}


def key(row: Row) -> str | None:
    """How a row is called in the file; None for a set that has no floors."""
    before = _BEFORE.get(row.set)
    return None if before is None else f"{before}{row.model}/{row.change_cost}/{row.policy}"


def read(path: Path = PATH) -> dict[str, float]:
    """The floors, by key; empty when there is no file yet."""
    if not path.is_file():
        return {}
    floors: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))
    return floors


def held(floors: Iterable[str]) -> list[tuple[Transport, ChangeCost]]:
    """The models and costs that the keys name, each once."""
    parts = [key.split("/") for key in floors]
    return list(dict.fromkeys((Transport(model), ChangeCost(cost)) for *_, model, cost, _ in parts))


def fallen(rows: Iterable[Row], floors: dict[str, float]) -> list[str]:
    """One line for each row below its floor."""
    named = [(key(row), row.s) for row in rows]
    return [
        f"{name}: S {s:.1f} is below its floor {floors[name]:.1f}; "
        "undo what cost it, or lower the floor in floors.json and say why"
        for name, s in named
        if name in floors and s < floors[name]
    ]


def raised(rows: Iterable[Row], floors: dict[str, float]) -> dict[str, float]:
    """The floors after a run: never lower, and half a point below what the product's policies reached."""
    new = dict(floors)
    for row in rows:
        name = key(row)
        if name is not None and row.policy in PRODUCT:
            reached = math.floor((row.s - SLACK) * 10) / 10
            new[name] = max(new.get(name, -math.inf), reached)
    return dict(sorted(new.items()))


def write(floors: dict[str, float], path: Path = PATH) -> None:
    """Write the floors."""
    path.write_text(json.dumps(floors, indent=1) + "\n", encoding="utf-8")
