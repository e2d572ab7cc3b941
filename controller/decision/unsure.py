"""What to do while the data is late or gone: hold, never climb, and fall to the safe state when blind for long.

The one evidence that still counts is nearer than the links: what arrives at the ingest. When its picture stays
late while the links' data is not fresh, the encoder is taken down one rung at a time.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from controller.decision.model import Freshness, Reason
from controller.decision.move import Move
from controller.decision.wording import seconds

if TYPE_CHECKING:
    from controller.decision.clocks import Clocks
    from controller.decision.memory import State
    from controller.decision.model import Observation, Quality
    from controller.decision.policy import Policy

_LATE_PICTURE = "late-picture"


def step_unsure(state: State, seen: Observation, policy: Policy, *, blind_s: float | None) -> tuple[Move, Clocks]:
    """One step on data that is not fresh; `blind_s` is for how long there has been none at all."""
    ingest, ages = seen.ingest, policy.ages
    near = ingest.age_s is not None and ingest.age_s <= ages.fresh_s and ingest.lag_s is not None
    late = near and ingest.lag_s is not None and ingest.lag_s > policy.scenes.late_s
    clocks = state.clocks.run({_LATE_PICTURE: late}, at_s=seen.at_s)
    below = policy.next_down(state.base)
    if below is not None and clocks.matured(_LATE_PICTURE, ages.late_picture_s, at_s=seen.at_s):
        text = f"The links' data is {seen.freshness} and the picture is {seconds(ingest.lag_s)} late: one rung down."
        reason = Reason("late-picture", text, (("lag_s", ingest.lag_s), ("age_s", seen.age_s)))
        return _at_most(state, below.quality, policy, reason), clocks.run({}, at_s=seen.at_s)
    if blind_s is not None and blind_s >= ages.blind_hold_s and policy.height(state.base) > policy.height(policy.safe):
        reason = Reason("blind-safe", f"No data for {blind_s:.0f} s: the safe state is {policy.safe}.")
        return _at_most(state, policy.safe, policy, reason), clocks
    return _held(state, seen, blind_s), clocks


def _at_most(state: State, quality: Quality, policy: Policy, reason: Reason) -> Move:
    """Down to a rung without a change of geometry: nobody can see what a restart would do now."""
    rate_bps = min(float(state.target.bitrate_bps), float(policy.rung(quality).preset.bitrate_bps))
    return Move(quality, quality, rate_bps, reason, geometry=state.geometry)


def _held(state: State, seen: Observation, blind_s: float | None) -> Move:
    if blind_s is None:
        reason = Reason("late-hold", f"The data is {seconds(seen.age_s)} old: {state.base} is held.")
    else:
        reason = Reason("blind-hold", f"No data for {blind_s:.0f} s: {state.base} is held.")
    recovery = state.recovery if seen.freshness is Freshness.LATE else None
    quality = state.quality if recovery is not None else state.base
    return Move(
        quality,
        state.base,
        float(state.target.bitrate_bps),
        reason,
        recovery=recovery,
        trim=replace(state.trim, at_s=None, empty_since_s=None),
        patience=state.patience,
        geometry=state.geometry,
        misfit_bits=state.misfit_bits,
    )
