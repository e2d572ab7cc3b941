"""The table on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tests.bench.rig.agreement import Comparison, Verdict, against_itself, lasting, told_by_any, verdict
from tests.bench.rig.outcome import Outcome
from tests.bench.rig.segments import Segment

_HEAD = (
    f"{'':2} {'policy':9} {'on time':>15} {'error':>6} {'p95 s':>13} {'ratio':>6} {'pic/s':>5}  "
    "transitions: rig | model | alike"
)


def table(segments: Sequence[Segment], runs: Sequence[Sequence[Comparison]], found: Verdict) -> str:
    """Every segment, every take of every run with the rig before the model, and the figures below."""
    described = (
        f"{one.number:2d} {one.pair.name:28} {one.deaths:2d} deaths of an uplink, least {one.least_kbps / 1e3:4.2f} "
        f"Mbit/s, {one.tight:4.0%} of the time too little for the top"
        for one in segments
    )
    figures = f"rig / model. {_figures(found)}: {'; '.join(found.misses()) or 'every target is met'}"
    lines = (_line(one) for takes in runs for one in takes)
    return "\n".join((*described, "", _HEAD, *lines, "", figures, *repeated(runs))) + "\n"


def repeated(runs: Sequence[Sequence[Comparison]]) -> Iterable[str]:
    """How far the rig repeats itself where something was played more than once: what a model can be asked for."""
    again = [takes for takes in runs if len(takes) > 1]
    if not again:
        return
    pairs = [pair for takes in again for pair in against_itself(takes)]
    yield f"the rig against itself, {len(pairs)} pairs of runs: {_figures(verdict(pairs))}"
    once = [one for takes in again for one in takes]
    yield f"the model against these {len(once)} runs: {_figures(verdict(once))}"
    locked = [takes for takes in again if takes[0].policy == "locked"]
    by_model = _share([(one.model, [other.rig for other in takes]) for takes in locked for one in takes])
    by_rig = _share([(one.rig, [o.rig for o in takes if o is not one]) for takes in locked for one in takes])
    yield f"`locked` transitions that some other run of the rig has: the rig's {by_rig}, the model's {by_model}"


def _share(asked: Iterable[tuple[Outcome, Sequence[Outcome]]]) -> str:
    counts = [(told_by_any(one.transitions, others), len(lasting(one.transitions))) for one, others in asked]
    of = sum(count for _, count in counts)
    return f"{sum(told for told, _ in counts)} of {of}"


def _figures(found: Verdict) -> str:
    return (
        f"Median error of the share on time {_shown(found.on_time_error, '.1%')}, "
        f"median ratio of p95 {_shown(found.p95_ratio, '.2f')}, transitions alike {_shown(found.matched, '.0%')}"
    )


def _shown(value: float | None, form: str) -> str:
    return "unknown" if value is None else format(value, form)


def _line(one: Comparison) -> str:
    rig, said = one.rig, one.model
    return (
        f"{one.segment:2d} {one.policy:9} {rig.on_time:6.1%} / {said.on_time:6.1%} {one.on_time_error:6.1%} "
        f"{rig.p95_s:5.2f} / {said.p95_s:5.2f} {one.p95_ratio:6.2f} {_shown(one.pictures_per_s, '5.1f')}  "
        f"{_moves(rig)} | {_moves(said)} | {one.matched}"
    )


def _moves(outcome: Outcome) -> str:
    return " ".join(f"{move.t_s:.0f}:{move.old}>{move.new}" for move in outcome.transitions) or "none"
