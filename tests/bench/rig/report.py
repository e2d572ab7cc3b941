"""The table on the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from tests.bench.rig.agreement import Comparison, Verdict
from tests.bench.rig.outcome import Outcome
from tests.bench.rig.segments import Segment


def table(segments: Sequence[Segment], comparisons: Sequence[Comparison], found: Verdict) -> str:
    """Every segment, rig before model, and the three figures below."""
    head = (
        f"{'':2} {'policy':9} {'on time':>15} {'error':>6} {'p95 s':>13} {'ratio':>6}  transitions: rig | model | alike"
    )
    figures = (
        f"rig / model. Median error of the share on time {_shown(found.on_time_error, '.1%')}, "
        f"median ratio of p95 {_shown(found.p95_ratio, '.2f')}, transitions alike {_shown(found.matched, '.0%')}: "
        f"{'; '.join(found.misses()) or 'every target is met'}"
    )
    described = (
        f"{one.number:2d} {one.pair.name:28} {one.deaths:2d} deaths of an uplink, least {one.least_kbps / 1e3:4.2f} "
        f"Mbit/s, {one.tight:4.0%} of the time too little for the top"
        for one in segments
    )
    return "\n".join((*described, "", head, *(_line(one) for one in comparisons), "", figures)) + "\n"


def _shown(value: float | None, form: str) -> str:
    return "unknown" if value is None else format(value, form)


def _line(one: Comparison) -> str:
    rig, said = one.rig, one.model
    return (
        f"{one.segment:2d} {one.policy:9} {rig.on_time:6.1%} / {said.on_time:6.1%} {one.on_time_error:6.1%} "
        f"{rig.p95_s:5.2f} / {said.p95_s:5.2f} {one.p95_ratio:6.2f}  {_moves(rig)} | {_moves(said)} | {one.matched}"
    )


def _moves(outcome: Outcome) -> str:
    return " ".join(f"{move.t_s:.0f}:{move.old}>{move.new}" for move in outcome.transitions) or "none"
