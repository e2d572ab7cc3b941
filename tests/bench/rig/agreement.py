"""How far model and rig agree, and whether that is far enough."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from statistics import median

from tests.bench.rig.outcome import Outcome, Transition

WITHIN_S = 3.0
LASTS_S = 1.0
ON_TIME_ERROR = 0.05
P95_RATIO = 1.5
MATCHED = 0.8


@dataclass(frozen=True, slots=True)
class Comparison:
    """One policy on one segment, in the rig and in the model, or in the rig and in the rig again.

    Attributes:
        pictures_per_s: what the rig's encoder made on good links before the segment.
    """

    segment: int
    policy: str
    rig: Outcome
    model: Outcome
    pictures_per_s: float | None = None

    @property
    def on_time_error(self) -> float:
        """Distance of the shares of picture on time."""
        return abs(self.rig.on_time - self.model.on_time)

    @property
    def p95_ratio(self) -> float:
        """The larger 95th percentile over the smaller."""
        low, high = sorted((self.rig.p95_s, self.model.p95_s))
        return high / low

    @property
    def matched(self) -> int:
        """How many transitions of the rig the model has, too, each within 3 s."""
        return matched(self.rig.transitions, self.model.transitions)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The three figures over all comparisons; None where there is nothing to tell it from."""

    on_time_error: float | None
    p95_ratio: float | None
    matched: float | None

    def misses(self) -> list[str]:
        """One line per target that is not met; what is unknown is not met."""
        found = []
        if self.on_time_error is None or self.on_time_error > ON_TIME_ERROR:
            found.append(f"the share on time may miss by {ON_TIME_ERROR:.0%} at most")
        if self.p95_ratio is None or self.p95_ratio > P95_RATIO:
            found.append(f"the ratio of p95 may be {P95_RATIO} at most")
        if self.matched is None or self.matched < MATCHED:
            found.append(f"{MATCHED:.0%} of `locked` transitions shall come within {WITHIN_S:g} s")
        return found


def verdict(comparisons: Sequence[Comparison]) -> Verdict:
    """Medians over all; transitions of `locked` alone, those that only the model has counting as missed."""
    locked = [one for one in comparisons if one.policy == "locked"]
    moves = sum(len(lasting(side.transitions)) for one in locked for side in (one.rig, one.model))
    return Verdict(
        on_time_error=_median(one.on_time_error for one in comparisons),
        p95_ratio=_median(one.p95_ratio for one in comparisons),
        matched=2 * sum(one.matched for one in locked) / moves if moves else None,
    )


def against_itself(takes: Sequence[Comparison]) -> list[Comparison]:
    """The rig's runs of one segment under one policy, each with each that was played later."""
    return [replace(one, model=other.rig) for one, other in combinations(takes, 2)]


def told_by_any(moves: Sequence[Transition], others: Sequence[Outcome]) -> int:
    """How many of the transitions at least one of the other runs has, too."""
    return sum(any(matched((move,), other.transitions) for other in others) for move in lasting(moves))


def lasting(moves: Sequence[Transition]) -> tuple[Transition, ...]:
    """The transitions, those through a state that lasts less than a second taken as one."""
    found: list[Transition] = []
    for move in moves:
        if found and move.t_s - found[-1].t_s < LASTS_S:
            found[-1] = Transition(found[-1].t_s, found[-1].old, move.new)
        else:
            found.append(move)
    return tuple(move for move in found if move.old != move.new)


def matched(rig: Sequence[Transition], model: Sequence[Transition]) -> int:
    """How many of the rig's transitions have one of the model's, alike and within 3 s, each used once."""
    left = list(lasting(model))
    found = 0
    for move in lasting(rig):
        near = [one for one in left if _alike(one, move) and abs(one.t_s - move.t_s) <= WITHIN_S]
        if near:
            left.remove(min(near, key=lambda one: abs(one.t_s - move.t_s)))
            found += 1
    return found


def _alike(one: Transition, other: Transition) -> bool:
    return (one.old, one.new) == (other.old, other.new)


def _median(values: Iterable[float]) -> float | None:
    known = list(values)
    return median(known) if known else None
