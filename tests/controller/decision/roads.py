"""Observations without windows, of a constant road: a queue in seconds, and an encoder that does what it is told."""

from __future__ import annotations

from dataclasses import dataclass, replace

from controller.decision.machine import State
from controller.decision.model import (
    EncoderReading,
    EncoderTraits,
    Freshness,
    Interval,
    Observation,
    Quality,
    UplinkReading,
)
from controller.decision.policies import ADAPTIVE, LOCKED
from controller.decision.policy import Policy
from exporters.units import octets

LIVE = EncoderTraits(bitrate_cost_s=0.0, geometry_cost_s=0.0)
GEOMETRY_RESTARTS = EncoderTraits(bitrate_cost_s=0.0, geometry_cost_s=2.0)
RESTARTS = EncoderTraits(bitrate_cost_s=2.0, geometry_cost_s=2.0)
UNCALIBRATED = EncoderTraits(bitrate_cost_s=None, geometry_cost_s=None)
OWN_LOOP = EncoderTraits(bitrate_cost_s=0.0, geometry_cost_s=2.0, own_abr=True)

POLICIES = (LOCKED, ADAPTIVE)
TRAITS = (LIVE, GEOMETRY_RESTARTS, RESTARTS, OWN_LOOP)
RUNGS = tuple(rung.quality for rung in LOCKED.rungs)


def at_rung(policy: Policy, quality: Quality) -> State:
    """A machine that has just begun on the rung `quality`."""
    return State.initial(replace(policy, start=quality))


@dataclass(slots=True)
class Road:
    """What a constant road shows of a stream, one second after the other."""

    capacity_bps: float
    traits: EncoderTraits = LIVE
    loss_ratio: float = 0.0
    rtt_s: float = 0.05
    at_s: float = 1_000.0
    backlog_bits: float = 0.0

    def see(self, state: State) -> Observation:
        """The next second with the encoder doing what the state's target says."""
        self.at_s += 1.0
        wanted_bps = float(state.target.bitrate_bps)
        sending_bps = min(wanted_bps, self.capacity_bps * 0.95) if self.traits.own_abr else wanted_bps
        offered = self.backlog_bits + sending_bps
        delivered_bps = min(offered, self.capacity_bps)
        self.backlog_bits = min(offered - delivered_bps, 30e6)
        queue_s = self.backlog_bits / self.capacity_bps if self.capacity_bps else 60.0
        return Observation(
            at_s=self.at_s,
            freshness=Freshness.FRESH,
            age_s=0.1,
            capacity=Interval(
                lower_bps=min(1.06 * delivered_bps, self.capacity_bps),
                upper_bps=delivered_bps if self.backlog_bits > 0 or self.capacity_bps == 0 else None,
            ),
            delivered_bps=delivered_bps,
            drain_time_s=queue_s + self.rtt_s,
            backlog_bytes=octets(self.backlog_bits),
            loss_ratio=self.loss_ratio,
            min_rtt_s=self.rtt_s,
            uplinks=(UplinkReading("att", delivered_bps=delivered_bps, rtt_s=self.rtt_s, min_rtt_s=0.05, dead=False),),
            encoder=EncoderReading(reachable=True, confirmed=state.target),
            encoder_traits=self.traits,
        )
