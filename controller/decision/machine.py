"""The decision: `decide(state, observation, policy) -> Decision`. Pure; time is in the observation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from controller.decision.adaptive import step_adaptive
from controller.decision.clocks import Clocks
from controller.decision.locked import Move, step_locked
from controller.decision.memory import State, TrimMemory, target_of
from controller.decision.model import EncoderTarget, Freshness, Observation, Quality, Reason, Scene
from controller.decision.scene import choose_scene

if TYPE_CHECKING:
    from controller.decision.policy import Policy

__all__ = ["Decision", "State", "decide"]

GLITCH_S = 0.5
"""A change that costs no more picture than this is a glitch: audio-only may use it."""


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
    """The next decision from the memory `state` and what is seen now. Never raises on odd readings."""
    seen = observation
    before = _set_clock(state, seen.at_s, gap_s=policy.ages.late_s)
    move, clocks, blind_since_s = _choose(before, seen, policy)
    geometry = _geometry(before, move, seen)
    target = _shape(before.target, move, geometry, seen, policy)
    shown = seen.edge_state if not seen.encoder.driven else move.quality
    scene, scene_clocks, scene_reason = choose_scene(
        before.scene or seen.scene.scene,
        seen,
        quality=shown if seen.edge_state is not None or seen.freshness is not Freshness.BLIND else None,
        clocks=before.scene_clocks,
        rules=policy.scenes,
    )
    changed = move.quality is not before.quality
    after = replace(
        before,
        quality=move.quality,
        base=move.base,
        geometry=geometry,
        misfit_bits=move.misfit_bits,
        target=target,
        scene=scene,
        at_s=seen.at_s,
        since_s=seen.at_s if changed or before.since_s is None else before.since_s,
        blind_since_s=blind_since_s,
        recovery=move.recovery,
        trim=move.trim or TrimMemory(rate_bps=move.rate_bps),
        clocks=clocks,
        scene_clocks=scene_clocks,
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


def _set_clock(state: State, at_s: float, *, gap_s: float) -> State:
    """The memory, fit for `at_s`: after a gap or a jump of the clock no condition has held without a break."""
    if state.at_s is None or state.at_s <= at_s <= state.at_s + gap_s:
        return state
    return replace(
        state,
        quality=state.base,
        recovery=None,
        clocks=Clocks(),
        scene_clocks=Clocks(),
        since_s=None,
        blind_since_s=None,
        trim=TrimMemory(rate_bps=state.trim.rate_bps),
    )


def _choose(state: State, seen: Observation, policy: Policy) -> tuple[Move, Clocks, float | None]:
    blind = seen.freshness is Freshness.BLIND
    blind_since_s = (seen.at_s if state.blind_since_s is None else state.blind_since_s) if blind else None
    ordered = _ordered(state, seen, policy)
    if ordered is not None:
        return ordered, Clocks(), blind_since_s
    if not seen.encoder.driven:
        return _mirrored(state, seen), Clocks(), blind_since_s
    if blind_since_s is not None:
        return _blind(state, policy, for_s=seen.at_s - blind_since_s), Clocks(), blind_since_s
    move, clocks = (step_locked if policy.trim is None else step_adaptive)(state, seen, policy)
    return move, clocks, None


def _ordered(state: State, seen: Observation, policy: Policy) -> Move | None:
    """What a manual override orders of the encoder, while it lasts."""
    override = seen.override
    if override is None or seen.at_s >= override.until_s:
        return None
    left = (("override_left_s", round(override.until_s - seen.at_s, 1)),)
    wanted = Quality.ERROR if override.audio_only else override.state
    if wanted is not None and wanted is not Quality.RECOVERY:
        rung = policy.rung(wanted)
        reason = Reason("override-state", f"{wanted} by hand: {override.reason}.", left)
        return Move(wanted, wanted, rung.preset.bitrate_bps, reason)
    if override.hold:
        reason = Reason("override-hold", f"Held by hand: {override.reason}.", left)
        return Move(state.quality, state.base, state.target.bitrate_bps, reason, state.recovery)
    return None


def _mirrored(state: State, seen: Observation) -> Move:
    quality = seen.edge_state or state.quality
    base = state.base if quality is Quality.RECOVERY else quality
    known = "The edge is in" if seen.edge_state else "Nothing fresh is known of the edge; it was last in"
    return Move(quality, base, state.target.bitrate_bps, Reason("edge-state", f"{known} {quality}."))


def _blind(state: State, policy: Policy, *, for_s: float) -> Move:
    """Blind: hold what stands, then fall to the safe state. Never upwards."""
    left_s = policy.ages.blind_hold_s - for_s
    if left_s <= 0 and policy.height(state.base) > policy.height(policy.safe):
        rung = policy.rung(policy.safe)
        reason = Reason("blind-safe", f"No data for {for_s:.0f} s: the safe state is {policy.safe}.")
        return Move(rung.quality, rung.quality, rung.preset.bitrate_bps, reason)
    reason = Reason("blind-hold", f"No data for {for_s:.0f} s: {state.base} is held.")
    rate_bps = min(state.target.bitrate_bps, policy.rung(state.base).preset.bitrate_bps)
    return Move(state.base, state.base, rate_bps, reason)


def _geometry(before: State, move: Move, seen: Observation) -> Quality:
    """The rung whose picture size shall play. Audio only is not worth a restart."""
    cost_s = seen.encoder_traits.geometry_cost_s
    if cost_s is None or (move.base is Quality.ERROR and cost_s > 0):
        return before.geometry
    return move.geometry or move.base


def _shape(before: EncoderTarget, move: Move, geometry: Quality, seen: Observation, policy: Policy) -> EncoderTarget:
    """The target for a move: within the encoder's range, never by a change that it is not calibrated for."""
    traits, confirmed = seen.encoder_traits, seen.encoder.confirmed
    target = target_of(policy.rung(geometry).preset)
    if traits.geometry_cost_s is None:
        target = confirmed or before
    bitrate_bps = (confirmed or before).bitrate_bps if traits.bitrate_cost_s is None else _rounded(move.rate_bps, seen)
    audio_only_cost_s = traits.audio_only_cost_s
    audio_only = move.base is Quality.ERROR and audio_only_cost_s is not None and audio_only_cost_s <= GLITCH_S
    return replace(target, bitrate_bps=bitrate_bps, audio_only=audio_only, floor_bps=None)


def _rounded(rate_bps: float, seen: Observation) -> int:
    traits, override = seen.encoder_traits, seen.override
    if override is not None and override.bitrate_cap_bps is not None and seen.at_s < override.until_s:
        rate_bps = min(rate_bps, override.bitrate_cap_bps)
    step_bps = max(1, traits.step_bps)
    steps = int(max(traits.min_bitrate_bps, min(traits.max_bitrate_bps, rate_bps)) // step_bps)
    return max(traits.min_bitrate_bps, steps * step_bps)
