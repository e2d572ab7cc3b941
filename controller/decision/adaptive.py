"""The `adaptive` policy: the bitrate follows the links, state and geometry follow the bitrate.

Which law moves the bitrate depends on what a change costs the encoder: nothing, then it moves each tick; a
restart, then each change must be worth it; and an encoder with a fast loop of its own gets bounds.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from controller.decision.bounds import step_bounds
from controller.decision.following import Trimmed, cap_bps, fit_geometry, fitting, follow
from controller.decision.links import read_links
from controller.decision.memory import Patience
from controller.decision.model import Transport
from controller.decision.move import Move, waiting
from controller.decision.ordering import capped
from controller.decision.restarting import FALL, RAISE, Occasion, restart_rate
from controller.decision.trimming import CUT, Moment, trim_rate
from controller.decision.trust import wariness

if TYPE_CHECKING:
    from controller.decision.clocks import Clocks
    from controller.decision.links import Links
    from controller.decision.memory import State
    from controller.decision.model import Observation
    from controller.decision.policy import Policy

_FREE_S = 0.05
"""A change that costs less than two frames costs nothing."""
_LOSSLESS = 0.02
"""Radio loses less by itself, and the table of `locked` leaves HIGH at more."""


def step_adaptive(state: State, seen: Observation, policy: Policy) -> tuple[Move, Clocks]:
    """One step on fresh data."""
    traits = seen.encoder_traits
    if traits.own_abr:
        return step_bounds(state, seen, policy)
    links = read_links(seen)
    if links is None:
        return waiting(state, "The queue before the links"), state.clocks.run({}, at_s=seen.at_s)
    if traits.bitrate_cost_s is None or traits.bitrate_cost_s <= _FREE_S:
        return _trimming(state, seen, links, policy)
    return _restarting(state, seen, links, policy, change_s=traits.bitrate_cost_s + traits.latency_s)


def _trimming(state: State, seen: Observation, links: Links, policy: Policy) -> tuple[Move, Clocks]:
    moment = Moment(
        at_s=seen.at_s,
        bottom_bps=_bottom_bps(seen, policy),
        cap_bps=capped(cap_bps(state, policy), seen),
        latency_s=seen.encoder_traits.latency_s,
        patience=wariness(state.uplinks, at_s=seen.at_s),
        lossless=not _throws_away(seen),
        bereft=any(uplink.dead for uplink in seen.uplinks),
        least_bps=seen.capacity.lower_bps or 0.0,
    )
    memory, why = trim_rate(state.trim, links, moment, policy.trim)
    rate_bps = _in_force_bps(state, seen, memory.rate_bps)
    trimmed = Trimmed(seen.at_s, rate_bps, queue_s=links.queue_s, cut=why.rule == CUT)
    followed = follow(state, trimmed, policy)
    cost_s = seen.encoder_traits.geometry_cost_s
    geometry, misfit_bits, remark = fit_geometry(state, followed.base, trimmed, policy, cost_s=cost_s)
    reason = followed.reason or why
    move = Move(
        quality=followed.quality,
        base=followed.base,
        rate_bps=memory.rate_bps,
        reason=replace(reason, text=reason.text + remark),
        recovery=followed.recovery,
        trim=memory,
        geometry=geometry,
        misfit_bits=misfit_bits,
    )
    return move, followed.clocks


def _throws_away(seen: Observation) -> bool:
    """Whether late packets are given up: SRT does that, and a link whose queue overflows shows it as loss."""
    lost = seen.loss_ratio
    return seen.carrier is Transport.SRTLA and lost is not None and lost > _LOSSLESS


def _restarting(
    state: State, seen: Observation, links: Links, policy: Policy, *, change_s: float
) -> tuple[Move, Clocks]:
    occasion = Occasion(
        at_s=seen.at_s,
        bottom_bps=_bottom_bps(seen, policy),
        cap_bps=capped(float(policy.rungs[-1].preset.bitrate_bps), seen),
        change_s=change_s,
        restart_s=change_s - seen.encoder_traits.latency_s,
        least_bps=seen.capacity.lower_bps or 0.0,  # without a lower bound nothing is shown
    )
    memory = state.patience or Patience(rate_bps=float(state.target.bitrate_bps))
    memory, why = restart_rate(memory, links, occasion, policy)
    changes = why.rule in {FALL, RAISE}
    rate_bps = _in_force_bps(state, seen, memory.rate_bps)
    followed = follow(state, Trimmed(seen.at_s, rate_bps, queue_s=links.queue_s), policy)
    move = Move(
        quality=followed.quality,
        base=followed.base,
        rate_bps=memory.rate_bps,
        reason=why if changes or followed.reason is None else followed.reason,
        recovery=followed.recovery,
        patience=memory,
        # The picture's size changes only together with the bitrate: one restart for both.
        geometry=fitting(memory.rate_bps, policy) if changes else state.geometry,
    )
    return move, followed.clocks


def _bottom_bps(seen: Observation, policy: Policy) -> float:
    return float(max(policy.rungs[0].preset.bitrate_bps, seen.encoder_traits.min_bitrate_bps))


def _in_force_bps(state: State, seen: Observation, wanted_bps: float) -> float:
    """The bitrate that plays: as read back, or as last read back while an order is under way."""
    if seen.encoder_traits.bitrate_cost_s is None:
        return wanted_bps
    if seen.encoder.confirmed is not None:
        return float(seen.encoder.confirmed.bitrate_bps)
    return wanted_bps if state.in_force_bps is None else state.in_force_bps
