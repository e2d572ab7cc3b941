"""What the product promises of its bitrate and scene policy, and how far the rows of a run keep it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tests.bench.link import Transport
from tests.bench.rows import Row
from tests.bench.simulation import ChangeCost
from tests.bench.targets import Result

POLICY = "adaptive"
TCP, TCP_HOL, SRT = Transport.TCP.value, Transport.TCP_HOL.value, Transport.SRT.value
LIVE, RESTART = ChangeCost.LIVE.value, ChangeCost.RESTART.value
_LIVE = ((TCP, LIVE), (TCP_HOL, LIVE), (SRT, LIVE))
_TCP_LIVE = _LIVE[:2]
_TCP_RESTART = ((TCP, RESTART), (TCP_HOL, RESTART))


@dataclass(frozen=True, slots=True)
class Goal:
    """One promise: the column of a row, its floor and its goal, and for which (model, change cost) it is given.

    Where the goal is the smaller of the two, less is better.
    """

    name: str
    of: Callable[[Row], float | None]
    floor: float
    goal: float
    given_for: tuple[tuple[str, str], ...] = _LIVE
    form: str = "{:.1f}"

    def kept(self, value: float | None, limit: float) -> bool:
        """Whether `value` is on the right side of the floor or the goal; what is unknown is not."""
        if value is None:
            return False
        return value <= limit if self.goal < self.floor else value >= limit


GOALS = (
    Goal("S", lambda row: row.s, 74, 85, _TCP_LIVE),
    Goal("S", lambda row: row.s, 45, 65, _TCP_RESTART),
    Goal("S", lambda row: row.s, 77, 85, ((SRT, LIVE),)),
    Goal("delivered, of the oracle's", lambda row: row.delivered_of_oracle, 0.92, 0.97, form="{:.3f}"),
    Goal("frozen, s/h", lambda row: row.frozen_s_per_h, 105, 50, _TCP_LIVE, "{:.0f}"),
    Goal("reaction p50, s", lambda row: row.react_p50_s, 2.6, 1.5, form="{:.2f}"),
    Goal("reaction p90, s", lambda row: row.react_p90_s, 3.9, 2.5, form="{:.2f}"),
    Goal("deficits without reaction", lambda row: row.react_never, 0.05, 0.03, form="{:.1%}"),
    Goal("frozen picture covered within 2 s", lambda row: row.covered_within_2s, 0.90, 0.97, form="{:.1%}"),
    Goal("scene over a fine picture, s/h", lambda row: row.shown_while_fine_s_per_h, 20, 5),
    Goal("bitrate out of the state's band, s/h", lambda row: row.out_of_band_s_per_h, 60, 10),
)
WORST_PAIR = -0.1  # QoE over fixed 2.5 Mbit/s; no pair of traces may be worse off by more


def held(rows: Iterable[Row]) -> Iterator[Result]:
    """The rows of the product's policy against what is promised for them."""
    for row in rows:
        if row.policy == POLICY:
            where = f"{row.set}, {row.model}, {row.change_cost}"
            yield from (_held(goal, row, where) for goal in _promised(row))
            yield _worst(row, where)


def _promised(row: Row) -> Iterator[Goal]:
    """One goal for each column: that of the row's model and cost, or any, to be told without a target."""
    for name in dict.fromkeys(goal.name for goal in GOALS):
        of_column = [goal for goal in GOALS if goal.name == name]
        yield next((goal for goal in of_column if (row.model, row.change_cost) in goal.given_for), of_column[0])


def _held(goal: Goal, row: Row, where: str) -> Result:
    value, name = goal.of(row), f"{where}: {goal.name}"
    shown = "unknown" if value is None else goal.form.format(value)
    if (row.model, row.change_cost) not in goal.given_for:
        return Result(name, shown, "-", holds=True)
    more = "<=" if goal.goal < goal.floor else ">="
    reached = "reached" if goal.kept(value, goal.goal) else "missed"
    target = f"{more} {goal.form.format(goal.floor)}; goal {goal.form.format(goal.goal)} {reached}"
    return Result(name, shown, target, holds=goal.kept(value, goal.floor))


def _worst(row: Row, where: str) -> Result:
    value = row.worst_pair_qoe_over_fixed_2_5
    name = f"{where}: worst pair over fixed 2.5, {row.worst_pair}"
    return Result(name, f"{value:+.2f}", f">= {WORST_PAIR}", holds=value >= WORST_PAIR)
