"""What a policy wants of the encoder: the value that every rule returns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from controller.decision.model import Reason

if TYPE_CHECKING:
    from controller.decision.memory import Patience, Recovery, State, TrimMemory
    from controller.decision.model import Quality


@dataclass(frozen=True, slots=True)
class Move:
    """Where a policy wants to be: the state, the rung that plays, its bitrate, and why.

    `geometry` is the rung whose picture size shall play; None is that of `base`. `trim` and `patience`
    are the bitrate laws' memories; None begins them anew at `rate_bps`.
    """

    quality: Quality
    base: Quality
    rate_bps: float
    reason: Reason
    recovery: Recovery | None = None
    trim: TrimMemory | None = None
    patience: Patience | None = None
    geometry: Quality | None = None
    misfit_bits: float = 0.0


def waiting(state: State, unknown: str) -> Move:
    """Nothing moves, since `unknown` is not known; no time passes for the bitrate laws."""
    return Move(
        quality=state.quality,
        base=state.base,
        rate_bps=float(state.target.bitrate_bps),
        reason=Reason("hold", f"{unknown} is not known: {state.quality} is held."),
        recovery=state.recovery,
        trim=replace(state.trim, at_s=None, empty_since_s=None),
        patience=state.patience,
        geometry=state.geometry,
        misfit_bits=state.misfit_bits,
    )
