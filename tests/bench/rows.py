"""Rows of the table: one policy over one set of pairs, against its two anchors.

S = 100 * (QoE - QoE[fixed 2.5]) / (QoE[oracle] - QoE[fixed 2.5]), each QoE averaged over the set's
pairs with scored seconds as weights; same transport, same cost of a change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tests.bench.link import Transport
from tests.bench.running import Result
from tests.bench.simulation import ChangeCost


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table, as written to JSON. None: the policy has no such thing, or nothing tells of it."""

    set: str
    model: str
    change_cost: str
    policy: str
    s: float
    qoe: float
    delivered_mbps: float
    delivered_of_oracle: float | None
    utilisation: float | None
    frozen_s_per_h: float
    freezes_per_h: float
    p95_s: float | None
    p99_s: float | None
    switches_per_h: float
    restarts_per_h: float
    outage_s_per_h: float
    react_p50_s: float | None
    react_p90_s: float | None
    react_never: float | None
    exposed_s_per_h: float | None
    covered_within_2s: float | None
    shown_while_fine_s_per_h: float | None
    out_of_band_s_per_h: float | None
    trimmed_s_per_h: float | None
    worst_pair: str
    worst_pair_qoe_over_fixed_2_5: float
    hours: float


def row(
    *,
    set_name: str,
    model: Transport,
    cost: ChangeCost,
    policy: str,
    results: Sequence[Result],
    base: Sequence[Result],
    oracle: Sequence[Result],
) -> Row:
    """The row of `results`; `base` and `oracle` are fixed 2.5 and the oracle on the same pairs, in order."""
    qoe, low, high = (_mean(some, lambda one: one.qoe) for some in (results, base, oracle))
    p50, p90, never = _reaction(results)
    delivered = _mean(results, lambda one: one.measures.delivered_mbps)
    gains = {one.pair: one.qoe - fixed.qoe for one, fixed in zip(results, base, strict=True)}
    worst = min(gains, key=lambda pair: gains[pair])
    return Row(
        set=set_name,
        model=model.value,
        change_cost=cost.value,
        policy=policy,
        s=100.0 * (qoe - low) / (high - low) if high > low else 0.0,
        qoe=qoe,
        delivered_mbps=delivered,
        delivered_of_oracle=_share(delivered, _mean(oracle, lambda one: one.measures.delivered_mbps)),
        utilisation=_share(delivered, _mean(results, lambda one: one.measures.usable_mbps)),
        frozen_s_per_h=_mean(results, lambda one: one.measures.frozen_s_per_h),
        freezes_per_h=_mean(results, lambda one: one.measures.freezes_per_h),
        p95_s=_known_mean(results, lambda one: one.measures.p95_s),
        p99_s=_known_mean(results, lambda one: one.measures.p99_s),
        switches_per_h=_mean(results, lambda one: one.measures.switches_per_h),
        restarts_per_h=_mean(results, lambda one: one.measures.restarts_per_h),
        outage_s_per_h=_mean(results, lambda one: one.measures.outage_s_per_h),
        react_p50_s=p50,
        react_p90_s=p90,
        react_never=never,
        exposed_s_per_h=_scenes(results, lambda one: one.scenes.exposed_s_per_h if one.scenes else 0.0),
        covered_within_2s=_covered(results),
        shown_while_fine_s_per_h=_scenes(
            results, lambda one: one.scenes.shown_while_fine_s_per_h if one.scenes else 0.0
        ),
        out_of_band_s_per_h=_scenes(results, lambda one: one.scenes.out_of_band_s_per_h if one.scenes else 0.0),
        trimmed_s_per_h=_scenes(results, lambda one: one.scenes.trimmed_s_per_h if one.scenes else 0.0),
        worst_pair=worst,
        worst_pair_qoe_over_fixed_2_5=gains[worst],
        hours=sum(one.measures.scored_s for one in results) / 3_600.0,
    )


def _mean(results: Sequence[Result], of: Callable[[Result], float]) -> float:
    total = sum(one.measures.scored_s for one in results)
    return sum(of(one) * one.measures.scored_s for one in results) / total


def _known_mean(results: Sequence[Result], of: Callable[[Result], float | None]) -> float | None:
    """The mean over the pairs that have a figure; None when none has."""
    known = [(value, one.measures.scored_s) for one in results if (value := of(one)) is not None]
    return sum(value * scored_s for value, scored_s in known) / sum(part for _, part in known) if known else None


def _share(part: float, whole: float) -> float | None:
    """`part` of `whole`; None over links that carry nothing."""
    return part / whole if whole else None


def _reaction(results: Sequence[Result]) -> tuple[float | None, float | None, float | None]:
    """The pairs' percentiles, weighted with their numbers of deficits, and the share that never reacted."""
    reactions = [one.measures.reaction for one in results if one.measures.reaction.times_s]
    count = sum(len(one.times_s) for one in reactions)
    if not count:
        return None, None, None
    p50, p90 = (
        sum(float(np.percentile(one.times_s, percent)) * len(one.times_s) for one in reactions) / count
        for percent in (50, 90)
    )
    return p50, p90, sum(one.never for one in reactions) / count


def _scenes(results: Sequence[Result], of: Callable[[Result], float]) -> float | None:
    return _mean(results, of) if any(one.scenes for one in results) else None


def _covered(results: Sequence[Result]) -> float | None:
    """Of the time that pictures were frozen for more than 2 s, the share behind a scene."""
    due = _scenes(results, lambda one: one.scenes.due_s_per_h if one.scenes else 0.0)
    done = _scenes(results, lambda one: one.scenes.covered_due_s_per_h if one.scenes else 0.0)
    return done / due if due and done is not None else None
