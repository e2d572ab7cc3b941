"""What a policy wants of the encoder: the value that every rule returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from controller.decision.memory import Patience, Recovery, TrimMemory
    from controller.decision.model import Quality, Reason


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
