"""The `adaptive` policy: the bitrate follows the links each tick, the state follows the bitrate."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from controller.decision.clocks import Clocks
from controller.decision.locked import Move
from controller.decision.memory import State, TrimMemory
from controller.decision.model import Freshness, Observation, Quality, Reason

if TYPE_CHECKING:
    from controller.decision.policy import Policy, Trim


def step_adaptive(state: State, seen: Observation, policy: Policy) -> tuple[Move, Clocks]:
    """One step: trim the bitrate, then let the state follow it."""
    trim = policy.trim
    if trim is None:
        raise ValueError(f"policy {policy.name!r} has no trim parameters: it is not adaptive")
    top_bps = float(policy.rungs[-1].preset.bitrate_bps)
    memory, reason = _trimmed(state.trim, seen, trim, top_bps=top_bps)
    quality = _fitting(memory.rate_bps, policy, trim)
    return Move(quality, quality, memory.rate_bps, reason, trim=memory), Clocks()


def _fitting(rate_bps: float, policy: Policy, trim: Trim) -> Quality:
    for rung in reversed(policy.rungs):
        if rate_bps >= trim.band * rung.preset.bitrate_bps:
            return rung.quality
    return policy.rungs[0].quality


def _trimmed(memory: TrimMemory, seen: Observation, trim: Trim, *, top_bps: float) -> tuple[TrimMemory, Reason]:
    drain_s, at_s = seen.drain_time_s, seen.at_s
    if seen.freshness is not Freshness.FRESH or drain_s is None:
        return memory, Reason("late-hold", "The data is late: the bitrate is held.")
    if drain_s > trim.queue_s:
        return _cut(memory, seen, trim, drain_s=drain_s)
    if memory.first_cut_s is not None and at_s - memory.first_cut_s < trim.spike_s and memory.before_cut_bps:
        rate = trim.cut * memory.before_cut_bps
        restored = replace(memory, rate_bps=rate, first_cut_s=None, before_cut_bps=None, changed_s=at_s)
        return restored, Reason("spike-over", f"The queue emptied at once: back to {rate / 1e6:.1f} Mbit/s.")
    since = at_s if memory.clean_since_s is None else memory.clean_since_s
    memory = replace(memory, clean_since_s=since, first_cut_s=None)
    if at_s - since < trim.clean_s:
        return memory, Reason("clean-waiting", "No queue stands: waiting for it to stay so.")
    rate = min(top_bps, memory.rate_bps + trim.climb_bps_per_s)
    return replace(memory, rate_bps=rate, changed_s=at_s), Reason("climb", f"Room found: {rate / 1e6:.1f} Mbit/s.")


def _cut(memory: TrimMemory, seen: Observation, trim: Trim, *, drain_s: float) -> tuple[TrimMemory, Reason]:
    memory = replace(memory, clean_since_s=None)
    if memory.cut_s is not None and seen.at_s - memory.cut_s < trim.rest_s:
        return memory, Reason("cut-resting", f"A queue of {drain_s:.1f} s stands: the last cut is taking effect.")
    carried = trim.undershoot * (seen.delivered_bps or 0.0)
    rate = max(trim.bottom_bps, trim.deepest * memory.rate_bps, min(trim.cut * memory.rate_bps, carried))
    first = seen.at_s if memory.first_cut_s is None else memory.first_cut_s
    before = memory.rate_bps if memory.first_cut_s is None else memory.before_cut_bps
    cut = replace(memory, rate_bps=rate, cut_s=seen.at_s, first_cut_s=first, before_cut_bps=before, changed_s=seen.at_s)
    return cut, Reason("cut", f"A queue of {drain_s:.1f} s stands: down to {rate / 1e6:.1f} Mbit/s.")
