"""The `locked` policy: the user's table, each wish with its own clock.

Downwards: every rung's floor runs its own clocks in every state, so that a collapse goes straight to the
highest rung whose floor still holds; a capacity that is unknown for a blink stops none of them. Upwards: 60 s of
stable conditions lead to RECOVERY, which must see the capacity that the next rung demands before it takes one step.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from controller.decision.memory import Recovery
from controller.decision.model import Quality, Reason
from controller.decision.move import Move
from controller.decision.wording import mbit, percent

if TYPE_CHECKING:
    from controller.decision.clocks import Clocks
    from controller.decision.memory import State
    from controller.decision.model import Observation
    from controller.decision.policy import Climb, Floor, Policy, Rung

_STABLE = "stable"
_CAPACITY = "capacity"

_FLOWS = 0.7
"""Share of the bitrate that must arrive for a stream to count as flowing: a quiet picture needs no more."""

_MOMENT = 0.5
"""Share of a loss limit that a moment must still lose for a loss that lasts to go on. Where 3 % are lost one second in
ten loses less than 2, and five seconds in a row would take nine."""


def step_locked(state: State, seen: Observation, policy: Policy) -> tuple[Move, Clocks]:
    """One step of the table on fresh data."""
    base = policy.rung(state.base)
    conditions = _conditions(base, seen, policy)
    bears_s = {f"{_CAPACITY}:{rung.quality}": rung.floor.capacity_gap_s for rung in policy.rungs if rung.floor}
    clocks = state.clocks.run(conditions, at_s=seen.at_s, bears_s=bears_s)
    move = (
        _downwards(base, seen, policy, clocks)
        or _recovering(state, base, seen, policy)
        or _upwards(state, base, seen, policy, clocks)
        or _settle(base, Reason("hold", f"Nothing speaks for a change of {base.quality}."))
    )
    if state.quality is Quality.RECOVERY and move.quality is not Quality.RECOVERY:
        conditions[f"{_STABLE}:{base.quality}"] = None  # a climb that failed is not tried again before another minute
        clocks = clocks.run(conditions, at_s=seen.at_s, bears_s=bears_s)
    return move, clocks


def _conditions(base: Rung, seen: Observation, policy: Policy) -> dict[str, bool | None]:
    conditions: dict[str, bool | None] = {}
    for rung in policy.rungs:
        if rung.floor is not None:
            conditions[f"{_CAPACITY}:{rung.quality}"] = _capacity_below(seen, rung.floor.capacity_below_bps)
            conditions[f"loss:{rung.quality}"] = _loss_above(seen, rung.floor.loss_above_ratio)
    if base.climb is not None:
        conditions[f"{_STABLE}:{base.quality}"] = _stable(seen, base.climb)
    return conditions


def _capacity_below(seen: Observation, threshold_bps: float) -> bool | None:
    most = _most(seen)
    return None if most is None else most < threshold_bps


def _most(seen: Observation) -> float | None:
    """What the links carry at most: all of them busy, or else the stream held up by one while the others idle."""
    return seen.held_up_bps if seen.capacity.upper_bps is None else seen.capacity.upper_bps


def _loss_above(seen: Observation, threshold: float | None) -> bool | None:
    """More is lost now, or in a moment somewhat less of a loss that lasts: chance, where no queue overflows.

    A queue that does loses in bursts, which end.
    """
    if threshold is None or seen.loss_ratio is None:
        return None
    by_chance = _most(seen) is None and seen.lasting_loss_ratio is not None and seen.lasting_loss_ratio > threshold
    return seen.loss_ratio > threshold * (_MOMENT if by_chance else 1.0)


def _below(limit: float | None, now: float | None, lasting: float | None) -> bool:
    """Whether it is known to be below the limit, now or over a longer time.

    So neither two stray segments nor one slow round trip refute a minute, and no burst lingers.
    """
    known = [value for value in (now, lasting) if value is not None]
    return limit is None or (bool(known) and min(known) < limit)


def _stable(seen: Observation, climb: Climb) -> bool:
    """Nothing known speaks against the next rung, and what must be known is known.

    An upper bound at or below the demand refutes it. A missing one does not prove it: RECOVERY does.
    """
    upper, lower = seen.capacity.upper_bps, seen.capacity.lower_bps
    if lower is None or (upper is not None and upper <= climb.capacity_above_bps):
        return False
    return _below(climb.loss_below_ratio, seen.loss_ratio, seen.lasting_loss_ratio) and _below(
        climb.rtt_below_s, seen.min_rtt_s, seen.lasting_rtt_s
    )


def _downwards(base: Rung, seen: Observation, policy: Policy, clocks: Clocks) -> Move | None:
    why: Reason | None = None
    for rung in policy.downwards_from(base.quality):
        broken = None if rung.floor is None else _broken(rung, rung.floor, seen, clocks)
        if broken is None:
            return None if why is None else Move(rung.quality, rung.quality, rung.preset.bitrate_bps, why)
        why = why or broken
    return None


def _broken(rung: Rung, floor: Floor, seen: Observation, clocks: Clocks) -> Reason | None:
    if clocks.matured(f"{_CAPACITY}:{rung.quality}", floor.capacity_for_s, at_s=seen.at_s):
        return Reason(
            "capacity-below-floor",
            f"The links carried {mbit(_most(seen))} with a queue standing; {rung.quality} "
            f"needs {mbit(floor.capacity_below_bps)} and has had less for {floor.capacity_for_s:.0f} s.",
            (("capacity_upper_bps", _most(seen)), ("floor_bps", floor.capacity_below_bps)),
        )
    if clocks.matured(f"loss:{rung.quality}", floor.loss_for_s, at_s=seen.at_s):
        return Reason(
            "loss-above-limit",
            f"{percent(seen.loss_ratio)} of the segments were sent again; {rung.quality} bears "
            f"{percent(floor.loss_above_ratio)} and has had more for {floor.loss_for_s:.0f} s.",
            (("loss_ratio", seen.loss_ratio), ("limit_ratio", floor.loss_above_ratio)),
        )
    return None


def _upwards(state: State, base: Rung, seen: Observation, policy: Policy, clocks: Clocks) -> Move | None:
    wish = f"{_STABLE}:{base.quality}"
    if state.quality is Quality.RECOVERY or not clocks.matured(wish, policy.stable_s, at_s=seen.at_s):
        return None
    above = policy.next_up(base.quality)
    if above is None:
        return None
    rate_bps = float(base.preset.bitrate_bps)
    recovery = Recovery(since_s=seen.at_s, probe_bps=rate_bps, probe_since_s=seen.at_s)
    text = f"Stable for {policy.stable_s:.0f} s: RECOVERY finds out whether {above.quality} is safe."
    return Move(Quality.RECOVERY, base.quality, rate_bps, Reason("stable", text), recovery)


def _recovering(state: State, base: Rung, seen: Observation, policy: Policy) -> Move | None:
    recovery, climb, above = state.recovery, base.climb, policy.next_up(base.quality)
    if state.quality is not Quality.RECOVERY or recovery is None or climb is None or above is None:
        return None
    refuted = not _stable(seen, climb)
    if refuted:
        text = f"RECOVERY met a limit of {above.quality}: back to {base.quality}."
        return _settle(base, Reason("recovery-refuted", text, _evidence(seen, climb)))
    recovery = _probed(recovery, base, seen, policy, climb)
    left_s = policy.recovery_s - (seen.at_s - recovery.since_s)
    if left_s > 0:
        text = f"Proving that {above.quality} is safe: {left_s:.0f} s to go, {'proved' if recovery.proved else 'open'}."
        rate_bps = float(base.preset.bitrate_bps) if recovery.proved else recovery.probe_bps
        return Move(
            Quality.RECOVERY, base.quality, rate_bps, Reason("recovery", text, _evidence(seen, climb)), recovery
        )
    if recovery.proved:
        text = f"The links were seen to carry more than {mbit(climb.capacity_above_bps)}: one step up."
        return _settle(above, Reason("recovery-proved", text, _evidence(seen, climb)))
    text = f"{mbit(climb.capacity_above_bps)} were not seen in {policy.recovery_s:.0f} s: back to {base.quality}."
    return _settle(base, Reason("recovery-unproved", text, _evidence(seen, climb)))


def _probed(recovery: Recovery, base: Rung, seen: Observation, policy: Policy, climb: Climb) -> Recovery:
    """RECOVERY after one look: proof found, or the next step of the probe due.

    Where a change of bitrate costs picture nothing is probed; a minute of the stream as it is, without a
    queue and within the limits, must do for proof, and the rung above has its own floor.
    """
    free = seen.encoder_traits.bitrate_cost_s == 0
    lower = seen.capacity.lower_bps or 0.0
    playing = base.preset.bitrate_bps if seen.encoder.confirmed is None else seen.encoder.confirmed.bitrate_bps
    flows = seen.delivered_bps is not None and seen.delivered_bps >= _FLOWS * min(playing, base.preset.bitrate_bps)
    proved = recovery.proved or lower > climb.capacity_above_bps or (not free and flows)
    recovery = replace(recovery, proved=proved)
    if proved or not free or seen.at_s - recovery.probe_since_s < policy.probe.every_s:
        return recovery
    top = climb.capacity_above_bps * policy.probe.headroom
    probe_bps = min(top, recovery.probe_bps * policy.probe.factor)
    return replace(recovery, probe_bps=probe_bps, probe_since_s=seen.at_s)


def _settle(rung: Rung, reason: Reason) -> Move:
    return Move(rung.quality, rung.quality, rung.preset.bitrate_bps, reason)


def _evidence(seen: Observation, climb: Climb) -> tuple[tuple[str, float | str | None], ...]:
    return (
        ("capacity_lower_bps", seen.capacity.lower_bps),
        ("capacity_upper_bps", seen.capacity.upper_bps),
        ("demand_bps", climb.capacity_above_bps),
        ("loss_ratio", seen.loss_ratio),
        ("lasting_loss_ratio", seen.lasting_loss_ratio),
        ("min_rtt_s", seen.min_rtt_s),
        ("lasting_rtt_s", seen.lasting_rtt_s),
    )
