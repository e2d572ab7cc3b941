"""Whether bitrate and picture size are what the quality state says: the state is what people read.

They may lag: the state follows a trimmed bitrate after a while, and a size whose change costs picture is borne
until that has cost as much. Meanwhile it is reported, so that HIGH over half a megabit misleads nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.decision.following import cap_bps
from controller.decision.model import Quality

if TYPE_CHECKING:
    from controller.decision.memory import State
    from controller.decision.policy import Policy

BITRATE, PICTURE_SIZE = "bitrate", "picture_size"
# Rounding to the encoder's steps is no departure.
_ROUNDING = 1.01


def out_of_band(state: State, policy: Policy) -> dict[str, bool]:
    """By part, whether what plays departs from `state`; a part of which nothing was ever read back is left out.

    A bitrate belongs to a state from the share of its preset that the policy calls its band to the preset, in
    RECOVERY to that of the rung above.
    """
    preset, target = policy.rung(state.base).preset, state.target
    wrong_size = (target.width_px, target.height_px) != (preset.width_px, preset.height_px)
    # Audio only has no picture whose size could be wrong.
    found = {PICTURE_SIZE: wrong_size and state.base is not Quality.ERROR}
    if state.in_force_bps is not None:
        low_bps, high_bps = policy.following.band * preset.bitrate_bps, cap_bps(state, policy)
        found[BITRATE] = not low_bps <= state.in_force_bps * _ROUNDING <= high_bps * _ROUNDING * _ROUNDING
    return found
