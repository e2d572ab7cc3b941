"""The table on the terminal, and rows as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from tests.bench.rows import Row

_HEAD = (
    f"{'policy':26} {'S':>5} {'deliv':>5} {'util':>5} {'frozen':>6} {'p95/p99 s':>10} {'sw/h':>5} {'rst/h':>5} "
    f"{'react p50/p90 never':>20} {'QoE':>6} {'cover':>6} {'fine':>5} {'band':>5}  worst pair over fixed 2.5"
)
LEGEND = (
    "S: 0 = fixed 2.5 Mbit/s, 100 = the oracle. deliv: Mbit/s on time. frozen: s/h. sw/h, rst/h: switches and restarts "
    "per hour.\nreact: s from a deficit to the first lower command. cover: of pictures frozen for more than 2 s, the "
    "share behind a scene.\nfine: s/h of a scene over a fine picture. band: s/h with the bitrate outside of its state "
    "for more than 20 s."
)


def table(rows: Sequence[Row]) -> str:
    """The rows as text, grouped by set, model and cost, best first."""
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.set, row.model, row.change_cost), []).append(row)
    blocks = []
    for (name, model, cost), group in groups.items():
        head = f"== {name}, {model}, change cost {cost}, {group[0].hours:.1f} h"
        lines = [_line(row) for row in sorted(group, key=lambda one: -one.s)]
        blocks.append("\n".join((head, _HEAD, *lines)))
    return "\n\n".join((*blocks, LEGEND))


def _line(row: Row) -> str:
    react = "-"
    if row.react_p50_s is not None and row.react_p90_s is not None and row.react_never is not None:
        react = f"{row.react_p50_s:.1f}/{row.react_p90_s:.1f} {row.react_never:.0%}"
    worst = f"{row.worst_pair} {row.worst_pair_qoe_over_fixed_2_5:+.2f}"
    return (
        f"{row.policy:26} {row.s:5.1f} {row.delivered_mbps:5.2f} {_shown(row.utilisation, '5.2f')} "
        f"{row.frozen_s_per_h:6.0f} {_shown(row.p95_s, '5.1f')}/{_shown(row.p99_s, '4.1f')} "
        f"{row.switches_per_h:5.0f} {row.restarts_per_h:5.0f} {react:>20} "
        f"{row.qoe:6.2f} {_shown(row.covered_within_2s, '6.0%')} {_shown(row.shown_while_fine_s_per_h, '5.0f')} "
        f"{_shown(row.out_of_band_s_per_h, '5.0f')}  {worst}"
    )


def _shown(value: float | None, form: str) -> str:
    """`value` in `form`, which begins with one digit of width; "-" of that width where there is none."""
    return f"{'-':>{form[0]}}" if value is None else f"{value:{form}}"


def write_json(path: Path, rows: Iterable[Row]) -> None:
    """Write the rows as a list of objects."""
    path.write_text(json.dumps([_rounded(row) for row in rows], indent=1) + "\n", encoding="utf-8")


def _rounded(row: Row) -> dict[str, object]:
    return {name: round(value, 4) if isinstance(value, float) else value for name, value in asdict(row).items()}
