"""What manual overrides order of the encoder. They win over every rule until their end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.decision.model import Quality, Reason
from controller.decision.move import Move

if TYPE_CHECKING:
    from controller.decision.memory import State
    from controller.decision.model import Observation, Override
    from controller.decision.policy import Policy


def in_force(seen: Observation) -> Override | None:
    """The override, while it lasts."""
    override = seen.override
    return override if override is not None and seen.at_s < override.until_s else None


def capped(rate_bps: float, seen: Observation) -> float:
    """The rate, or the cap that was ordered by hand."""
    override = in_force(seen)
    if override is None or override.bitrate_cap_bps is None:
        return rate_bps
    return min(rate_bps, float(override.bitrate_cap_bps))


def step_ordered(state: State, seen: Observation, policy: Policy) -> Move | None:
    """What is ordered of the encoder by hand; None leaves it to the policy. RECOVERY cannot be ordered."""
    override = in_force(seen)
    if override is None:
        return None
    left = (("override_left_s", round(override.until_s - seen.at_s, 1)),)
    wanted = Quality.ERROR if override.audio_only else override.state
    if wanted is not None and wanted is not Quality.RECOVERY:
        rate_bps = float(policy.rung(wanted).preset.bitrate_bps)
        return Move(wanted, wanted, rate_bps, Reason("override-state", f"{wanted} by hand: {override.reason}.", left))
    if override.hold:
        return Move(
            state.quality,
            state.base,
            float(state.target.bitrate_bps),
            Reason("override-hold", f"Held by hand: {override.reason}.", left),
            recovery=state.recovery,
            geometry=state.geometry,
        )
    return None


def step_mirrored(state: State, seen: Observation) -> Move:
    """Where no encoder is driven: the edge's state as it arrives here."""
    quality = seen.edge_state or state.quality
    base = state.base if quality is Quality.RECOVERY else quality
    known = "The edge is in" if seen.edge_state else "Nothing fresh is known of the edge, which was last in"
    reason = Reason("edge-state", f"{known} {quality}.")
    return Move(quality, base, float(state.target.bitrate_bps), reason, geometry=state.geometry)
