"""Observations without windows, for laws that need many: a queue in seconds, and arbitrary readings."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import strategies as st

from controller.decision.machine import Decision, State, decide
from controller.decision.model import (
    EncoderReading,
    EncoderTraits,
    Freshness,
    IngestReading,
    Interval,
    Observation,
    Override,
    Quality,
    Scene,
    SceneReading,
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


def maybe(strategy: st.SearchStrategy[float]) -> st.SearchStrategy[float | None]:
    """The value, or unknown."""
    return st.none() | strategy


rates = st.floats(0.0, 50e6)
times = st.floats(0.0, 60.0)
ratios = st.floats(0.0, 1.0)

uplinks = st.builds(
    UplinkReading,
    name=st.sampled_from(["verizon", "att"]),
    delivered_bps=maybe(rates),
    rtt_s=maybe(st.floats(0.0, 3.0)),
    min_rtt_s=maybe(st.floats(0.0, 1.0)),
    dead=st.sampled_from([None, True, False]),
    loss_ratio=maybe(ratios),
)

ingests = st.builds(
    IngestReading,
    age_s=maybe(st.floats(0.0, 10.0)),
    publishing=st.sampled_from([None, True, False]),
    received_bps=maybe(rates),
    lag_s=maybe(times),
)


@st.composite
def readings(draw: st.DrawFn, freshness: tuple[Freshness, ...] = tuple(Freshness)) -> Observation:
    """Anything that `observe` could ever say, at 0 s; consistent or not."""
    return Observation(
        at_s=0.0,
        freshness=draw(st.sampled_from(freshness)),
        age_s=draw(maybe(st.floats(0.0, 10.0))),
        capacity=Interval(draw(maybe(rates)), draw(maybe(rates))),
        delivered_bps=draw(maybe(rates)),
        drain_time_s=draw(maybe(times)),
        backlog_bytes=draw(maybe(st.floats(0.0, 5e6))),
        ahead_bytes=draw(maybe(st.floats(0.0, 5e6))),
        loss_ratio=draw(maybe(ratios)),
        min_rtt_s=draw(maybe(st.floats(0.0, 3.0))),
        uplinks=tuple(draw(st.lists(uplinks, max_size=2, unique_by=lambda one: one.name))),
        ingest=draw(ingests),
        scene=SceneReading(draw(st.sampled_from([None, True, False])), draw(st.none() | st.sampled_from(Scene))),
        edge_state=draw(st.none() | st.sampled_from(Quality)),
    )


@dataclass(frozen=True, slots=True)
class Past:
    """Where a machine came from: its policy, its encoder, its first rung, and (seconds since the last, reading)."""

    policy: Policy
    traits: EncoderTraits
    start: Quality
    log: tuple[tuple[float, Observation], ...] = ()

    def told(self, override: Override) -> Past:
        """The same past under an override."""
        return replace(self, log=tuple((passed_s, replace(seen, override=override)) for passed_s, seen in self.log))

    def then(self, passed_s: float, seen: Observation) -> Past:
        """The same past, one reading longer."""
        return replace(self, log=(*self.log, (passed_s, seen)))

    @property
    def first(self) -> State:
        """The memory before the first decision."""
        return at_rung(self.policy, self.start)

    def decisions(self) -> list[Decision]:
        """The decisions that it led to; the encoder does what it is told."""
        state, made, at_s = self.first, [], 1_000.0
        for passed_s, seen in self.log:
            at_s += passed_s
            encoder = EncoderReading(reachable=True, confirmed=state.target)
            made.append(
                decide(state, replace(seen, at_s=at_s, encoder=encoder, encoder_traits=self.traits), self.policy)
            )
            state = made[-1].state
        return made


steps_s = st.floats(0.1, 30.0) | st.sampled_from([0.2, 1.0, 1.0, 1.0])
"""Between two decisions: mostly a period, now and then a gap."""


pasts = st.builds(
    Past,
    policy=st.sampled_from(POLICIES),
    traits=st.sampled_from((*TRAITS, UNCALIBRATED)),
    start=st.sampled_from(RUNGS),
    log=st.lists(st.tuples(steps_s, readings()), max_size=30).map(tuple),
)
"""Any past: consistent or not, with gaps, on any encoder."""
