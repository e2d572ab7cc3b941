"""The decision: `decide(state, observation, policy) -> Decision`. Pure; time is in the observation.

In this order: a manual override; where no encoder is driven, the edge's state; data that is not fresh; the
policy. The scene is chosen beside it, from the picture at the ingest and from the state.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from controller.decision.adaptive import step_adaptive
from controller.decision.clocks import Clocks
from controller.decision.locked import step_locked
from controller.decision.memory import Patience, State, TrimMemory
from controller.decision.model import Freshness
from controller.decision.ordering import step_mirrored, step_ordered
from controller.decision.scene import choose_scene
from controller.decision.shaping import choose_geometry, shape
from controller.decision.trust import watch
from controller.decision.unsure import step_unsure

if TYPE_CHECKING:
    from controller.decision.model import EncoderTarget, Observation, Quality, Reason, Scene
    from controller.decision.move import Move
    from controller.decision.policy import Policy

__all__ = ["Decision", "State", "decide"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What shall be, and why. `scene` is None while there is nothing to order."""

    state: State
    quality: Quality
    target: EncoderTarget
    scene: Scene | None
    reason: Reason
    scene_reason: Reason
    changed_from: Quality | None = None


def decide(state: State, observation: Observation, policy: Policy) -> Decision:
    """The next decision from the memory `state` and what is seen now. Never raises on what `observe` says."""
    before = _continued(state, observation.at_s, gap_s=policy.ages.late_s)
    blind_since_s = _blind_since(before, observation)
    move, clocks = _choose(before, observation, policy, blind_since_s)
    geometry = choose_geometry(before, move, observation)
    target = shape(before.target, move, geometry, observation, policy)
    scene, scene_clocks, scene_reason = choose_scene(
        before.scene or observation.scene.scene,
        observation,
        quality=_known_quality(move, observation),
        clocks=before.scene_clocks,
        rules=policy.scenes,
    )
    changed, confirmed = move.quality is not before.quality, observation.encoder.confirmed
    after = State(
        quality=move.quality,
        base=move.base,
        geometry=geometry,
        target=target,
        trim=move.trim or TrimMemory(rate_bps=move.rate_bps),
        patience=move.patience or _resting(before.patience, float(target.bitrate_bps)),
        scene=scene,
        at_s=observation.at_s,
        since_s=observation.at_s if changed or before.since_s is None else before.since_s,
        blind_since_s=blind_since_s,
        recovery=move.recovery,
        misfit_bits=move.misfit_bits,
        in_force_bps=before.in_force_bps if confirmed is None else float(confirmed.bitrate_bps),
        clocks=clocks,
        scene_clocks=scene_clocks,
        uplinks=watch(before.uplinks, observation.uplinks, at_s=observation.at_s),
    )
    return Decision(
        state=after,
        quality=move.quality,
        target=target,
        scene=scene,
        reason=move.reason,
        scene_reason=scene_reason,
        changed_from=before.quality if changed else None,
    )


def _continued(state: State, at_s: float, *, gap_s: float) -> State:
    """The memory, fit for `at_s`: after a gap or a jump of the clock no condition has held without a break."""
    if state.at_s is None or state.at_s <= at_s <= state.at_s + gap_s:
        return state
    return replace(
        state,
        quality=state.base,
        recovery=None,
        clocks=Clocks(),
        scene_clocks=Clocks(),
        at_s=None,
        since_s=None,
        blind_since_s=None,
        trim=TrimMemory(rate_bps=state.trim.rate_bps),
        patience=_resting(state.patience, float(state.target.bitrate_bps)),
    )


def _resting(patience: Patience | None, rate_bps: float) -> Patience | None:
    """What stays true while nobody looks or an order is in force: how rates have done, and what changes have won."""
    if patience is None:
        return None
    trials = tuple(replace(one, shown_s=0.0) for one in patience.trials)
    account = replace(patience.account, still_bits=0.0)
    return Patience(rate_bps=rate_bps, at_s=patience.at_s, trials=trials, account=account)


def _blind_since(state: State, seen: Observation) -> float | None:
    if seen.freshness is not Freshness.BLIND:
        return None
    return seen.at_s if state.blind_since_s is None else state.blind_since_s


def _choose(state: State, seen: Observation, policy: Policy, blind_since_s: float | None) -> tuple[Move, Clocks]:
    if (ordered := step_ordered(state, seen, policy)) is not None:
        return ordered, Clocks()
    if not seen.encoder.driven:
        return step_mirrored(state, seen), Clocks()
    if seen.freshness is not Freshness.FRESH:
        return step_unsure(state, seen, policy, blind_s=None if blind_since_s is None else seen.at_s - blind_since_s)
    return (step_adaptive if policy.adapts else step_locked)(state, seen, policy)


def _known_quality(move: Move, seen: Observation) -> Quality | None:
    """The quality state as far as the scene may rely on it: the edge's, or our own unless we are blind."""
    if not seen.encoder.driven:
        return seen.edge_state
    return None if seen.freshness is Freshness.BLIND else move.quality
