"""For an encoder that trims its bitrate itself, in milliseconds: a cap and a floor, and no fight.

The cap is the preset of the rung above the state's, so that the encoder's own loop finds out whether more
fits; what it then delivers moves the state. The floor is the encoder's own lowest rate.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from controller.decision.following import Trimmed, fit_geometry, follow
from controller.decision.model import Reason
from controller.decision.move import Move, waiting
from controller.decision.wording import mbit

if TYPE_CHECKING:
    from controller.decision.clocks import Clocks
    from controller.decision.memory import State
    from controller.decision.model import Observation
    from controller.decision.policy import Policy


def step_bounds(state: State, seen: Observation, policy: Policy) -> tuple[Move, Clocks]:
    """One step: the state follows what is delivered, the cap follows the state.

    Both stay where that is unknown, and where nothing is under way: without a stream a counter stands still, too.
    """
    if seen.delivered_bps is None or not (seen.delivered_bps or seen.drain_time_s):
        return waiting(state, "What the links carry"), state.clocks.run({}, at_s=seen.at_s)
    trimmed = Trimmed(seen.at_s, seen.delivered_bps)
    followed = follow(state, trimmed, policy)
    above = policy.next_up(followed.base)
    cap_bps = float((above or policy.rung(followed.base)).preset.bitrate_bps)
    text = f"The encoder trims itself and delivers {mbit(seen.delivered_bps)}: its cap is {mbit(cap_bps)}."
    reason = followed.reason or Reason("own-loop", text, (("delivered_bps", seen.delivered_bps), ("cap_bps", cap_bps)))
    cost_s = seen.encoder_traits.geometry_cost_s
    geometry, misfit_bits, remark = fit_geometry(state, followed.base, trimmed, policy, cost_s=cost_s)
    move = Move(
        quality=followed.quality,
        base=followed.base,
        rate_bps=cap_bps,
        reason=replace(reason, text=reason.text + remark),
        recovery=followed.recovery,
        geometry=geometry,
        misfit_bits=misfit_bits,
    )
    return move, followed.clocks
