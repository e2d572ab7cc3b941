"""From a move to the encoder's target: in its range, in its steps, never by an uncalibrated change."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from controller.decision.memory import target_of
from controller.decision.model import Quality
from controller.decision.ordering import capped

if TYPE_CHECKING:
    from controller.decision.memory import State
    from controller.decision.model import EncoderTarget, Observation
    from controller.decision.move import Move
    from controller.decision.policy import Policy

GLITCH_S = 0.5
"""A change that costs no more picture than this is a glitch: audio-only may use it."""


def choose_geometry(before: State, move: Move, seen: Observation) -> Quality:
    """The rung whose picture size shall play. Audio only is not worth a restart."""
    cost_s = seen.encoder_traits.geometry_cost_s
    if cost_s is None or (move.base is Quality.ERROR and cost_s > 0):
        return before.geometry
    return move.geometry or move.base


def shape(before: EncoderTarget, move: Move, geometry: Quality, seen: Observation, policy: Policy) -> EncoderTarget:
    """The target for a move. What the encoder is not calibrated to change stays as it was read back."""
    traits, confirmed = seen.encoder_traits, seen.encoder.confirmed
    target = target_of(policy.rung(geometry).preset)
    if traits.geometry_cost_s is None:
        target = confirmed or before
    bitrate_bps = (confirmed or before).bitrate_bps
    if traits.bitrate_cost_s is not None:
        bitrate_bps = _in_steps(capped(move.rate_bps, seen), seen)
    cost_s = traits.audio_only_cost_s
    return replace(
        target,
        bitrate_bps=bitrate_bps,
        audio_only=move.base is Quality.ERROR and cost_s is not None and cost_s <= GLITCH_S,
        floor_bps=traits.min_bitrate_bps if traits.own_abr else None,
    )


def _in_steps(rate_bps: float, seen: Observation) -> int:
    """The rate within the encoder's range, rounded down to its steps."""
    traits = seen.encoder_traits
    inside = max(traits.min_bitrate_bps, min(traits.max_bitrate_bps, rate_bps))
    step_bps = max(1, traits.step_bps)
    return max(traits.min_bitrate_bps, int(inside // step_bps) * step_bps)
