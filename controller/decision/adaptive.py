"""The `adaptive` policy: the bitrate follows the links each tick, state and geometry follow the bitrate."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from controller.decision.following import Trimmed, cap_bps, fit_geometry, follow
from controller.decision.links import read_links
from controller.decision.model import Reason
from controller.decision.move import Move
from controller.decision.ordering import capped
from controller.decision.trimming import CUT, Moment, trim_rate

if TYPE_CHECKING:
    from controller.decision.clocks import Clocks
    from controller.decision.memory import State
    from controller.decision.model import Observation
    from controller.decision.policy import Policy


def step_adaptive(state: State, seen: Observation, policy: Policy) -> tuple[Move, Clocks]:
    """One step on fresh data."""
    trim = policy.trim
    if trim is None:
        raise ValueError(f"policy {policy.name!r} has no trim parameters: it is not adaptive")
    links = read_links(seen)
    if links is None:
        return _waiting(state), state.clocks.run({}, at_s=seen.at_s)
    moment = Moment(
        at_s=seen.at_s,
        bottom_bps=max(trim.bottom_bps, float(seen.encoder_traits.min_bitrate_bps)),
        cap_bps=capped(cap_bps(state, policy), seen),
        latency_s=seen.encoder_traits.latency_s,
    )
    memory, why = trim_rate(state.trim, links, moment, trim)
    in_force_bps = _in_force(state, seen, memory.rate_bps)
    trimmed = Trimmed(seen.at_s, in_force_bps, queue_s=links.queue_s, cut=why.rule == CUT)
    followed = follow(state, trimmed, policy)
    geometry, misfit_bits, remark = fit_geometry(
        state, followed.base, trimmed, policy, cost_s=seen.encoder_traits.geometry_cost_s
    )
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


def _in_force(state: State, seen: Observation, wanted_bps: float) -> float:
    """The bitrate that plays: as read back, or as last read back while an order is under way."""
    if seen.encoder.confirmed is not None:
        return float(seen.encoder.confirmed.bitrate_bps)
    return wanted_bps if state.in_force_bps is None else state.in_force_bps


def _waiting(state: State) -> Move:
    return Move(
        quality=state.quality,
        base=state.base,
        rate_bps=state.trim.rate_bps,
        reason=Reason("hold", f"The queue before the links is not known: {state.quality} is held."),
        recovery=state.recovery,
        trim=replace(state.trim, at_s=None, empty_since_s=None),
        geometry=state.geometry,
        misfit_bits=state.misfit_bits,
    )
