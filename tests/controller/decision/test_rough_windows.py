"""The controller among raw windows as they really come: late, doubled, reordered, reset, cut, lying clocks."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from math import inf, nan

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from controller.decision.machine import Decision, State, decide
from controller.decision.model import (
    EncoderTraits,
    Freshness,
    Override,
    Quality,
    Sample,
    Scene,
    Series,
    Transport,
)
from controller.decision.policy import Policy
from tests.controller.decision.examples import THOROUGH, law
from tests.controller.decision.roads import POLICIES, RUNGS, TRAITS, at_rung
from tests.controller.decision.world import Conditions, World

_TO_THE_BOTTOM_S = 60
_HAND = Override(0.0, "by hand")
ORDERS = (
    *(replace(_HAND, state=quality) for quality in RUNGS),
    *(replace(_HAND, scene=scene) for scene in Scene),
    replace(_HAND, state=Quality.LOW, scene=Scene.OFFLINE),
    replace(_HAND, hold=True),
    replace(_HAND, emergency=True),
    replace(_HAND, audio_only=True),
    replace(_HAND, bitrate_cap_bps=700_000),
)


class RoughWindows(RuleBasedStateMachine):
    """Seconds of a stream, and everything that can be wrong with what is told of it."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.state: State | None = None
        self.policy: Policy = POLICIES[0]
        self.traits = TRAITS[0]
        self.override: Override | None = None
        self.last: Decision | None = None
        self.told: Override | None = None
        self.before: State | None = None
        self.freshness = Freshness.FRESH

    @initialize(policy=st.sampled_from(POLICIES), traits=st.sampled_from(TRAITS), start=st.sampled_from(RUNGS))
    def begin(self, policy: Policy, traits: object, start: Quality) -> None:
        """A fresh machine on some rung."""
        self.policy, self.state = policy, at_rung(policy, start)
        self.traits = next(one for one in TRAITS if one == traits)
        self.world.obey(self.state.target)

    @rule(
        capacity_bps=st.sampled_from([0.0, 0.2e6, 1e6, 3e6, 6e6, 40e6]),
        loss_ratio=st.sampled_from([0.0, 0.01, 0.04, 0.3]),
        rtt_s=st.sampled_from([0.03, 0.09, 0.6]),
        dead=st.sampled_from([frozenset(), frozenset({"att"}), frozenset({"verizon", "att"})]),
    )
    def change_the_road(self, capacity_bps: float, loss_ratio: float, rtt_s: float, dead: frozenset[str]) -> None:
        """The links become better or worse."""
        now = self.world.conditions
        self.world.conditions = replace(now, capacity_bps=capacity_bps, loss_ratio=loss_ratio, rtt_s=rtt_s, dead=dead)

    @rule(scraped=st.booleans(), publishing=st.booleans(), obeys=st.booleans())
    def break_something(self, *, scraped: bool, publishing: bool, obeys: bool) -> None:
        """The exporter falls silent, the publisher leaves, the encoder ignores orders; or all is well again."""
        now = self.world.conditions
        self.world.conditions = replace(now, scraped=scraped, publishing=publishing, obeys=obeys)

    @rule(seconds=st.integers(1, 15), mischief=st.sampled_from(["none", "twice", "reversed", "holes", "nan", "inf"]))
    def stream(self, seconds: int, mischief: str) -> None:
        """Some seconds pass, a decision each."""
        for _ in range(seconds):
            self.world.advance()
            self._decide(mischief)

    @rule(jump_s=st.sampled_from([-86_400.0, -3.0, 3.0, 5_000.0]))
    def jump_the_clock(self, jump_s: float) -> None:
        """The box's clock is set."""
        self.world.start_s += jump_s
        self.world.advance()
        self._decide("none")

    @rule()
    def reset_the_counters(self) -> None:
        """The exporter restarts."""
        self.world.delivered_bits = 0.0
        self.world.carried = dict.fromkeys(self.world.carried, 0.0)
        self.world.sent = dict.fromkeys(self.world.sent, 0.0)
        self.world.resent = dict.fromkeys(self.world.resent, 0.0)

    @rule(order=st.sampled_from(ORDERS), for_s=st.integers(1, 60))
    def order_by_hand(self, order: Override, for_s: int) -> None:
        """An override begins."""
        self.override = replace(order, until_s=self.world.now + for_s)

    @rule(keeps_memory=st.booleans(), down_s=st.integers(0, 40))
    def crash_and_restart(self, down_s: int, *, keeps_memory: bool) -> None:
        """The controller dies, and starts again with or without what it wrote to disk."""
        for _ in range(down_s):
            self.world.advance()
        if keeps_memory and self.state is not None:
            self.state = State.from_plain(json.loads(json.dumps(self.state.to_plain())))
        else:
            self.state = State.initial(self.policy)
        self.last = None

    def teardown(self) -> None:
        """Whatever was told before: once it is told in order that nothing is carried, the bottom is near."""
        if self.state is None:
            return
        self.override, self.world.conditions = None, Conditions(capacity_bps=0.0)
        for _ in range(_TO_THE_BOTTOM_S):
            self.world.advance()
            self._decide("none")
            if self.state.quality is Quality.ERROR:
                return
        raise AssertionError(f"{self.state.quality} on links that carry nothing for {_TO_THE_BOTTOM_S} s")

    def _decide(self, mischief: str) -> None:
        assert self.state is not None
        original = self.world.windows()
        spoilt = replace_windows(self.world, [spoil(one, mischief) for one in original])
        seen = spoilt.observe(self.policy, traits=self.traits, override=self.override)
        assert not re.search(r"\b(nan|inf)\b", repr(seen)), "what is no number is no reading"
        assert (seen.delivered_bps or 0.0) >= 0.0, "a counter that began again has lost nothing"
        if mischief in {"twice", "reversed"} and all(told_once(one) for one in original):
            whole = replace_windows(self.world, original)
            assert seen == whole.observe(self.policy, traits=self.traits, override=self.override)
        self.before, self.last, self.told = self.state, decide(self.state, seen, self.policy), self.override
        self.state, self.freshness = self.last.state, seen.freshness
        self.world.obey(self.last.target)

    @invariant()
    def the_target_can_be_played(self) -> None:
        """Never outside the ladder's range."""
        if self.last is not None:
            assert 300_000 <= self.last.target.bitrate_bps <= 7_350_000
            assert self.last.quality in Quality
            assert self.last.reason.text

    @invariant()
    def silence_raised_nothing(self) -> None:
        """What is not fresh never moved the rung upwards."""
        if self.last is None or self.before is None or self.freshness is Freshness.FRESH or self._ordered():
            return
        assert self.policy.height(self.last.state.base) <= self.policy.height(self.before.base)

    @invariant()
    def climbs_are_single(self) -> None:
        """One rung at a time, unless ordered by hand."""
        if self.last is None or self.before is None or self._ordered():
            return
        assert self.policy.height(self.last.state.base) <= self.policy.height(self.before.base) + 1

    @invariant()
    def orders_win(self) -> None:
        """An override in force is obeyed."""
        if self.last is None or self.before is None or self.told is None or not self._ordered():
            return
        assert self.told.state in {None, self.last.quality}
        assert self.told.scene in {None, self.last.scene}
        assert not self.told.emergency or self.last.scene is Scene.SIMPLE
        assert not self.told.audio_only or self.last.quality is Quality.ERROR
        assert not self.told.hold or self.last.state.base is self.before.base
        assert self.last.target.bitrate_bps <= (self.told.bitrate_cap_bps or 7_350_000)

    def _ordered(self) -> bool:
        at_s = None if self.last is None else self.last.state.at_s
        return self.told is not None and at_s is not None and at_s < self.told.until_s


@law
@given(
    policy=st.sampled_from(POLICIES),
    traits=st.sampled_from(TRAITS),
    carrier=st.sampled_from(Transport),
    capacity_bps=st.sampled_from([0.5e6, 40e6]),
    seconds=st.lists(
        st.tuples(st.integers(0, 2**40 - 1), st.floats(3.0, 307.0), st.booleans()), min_size=1, max_size=24
    ),
)
def test_no_number_is_too_large_to_decide_from(
    policy: Policy,
    traits: EncoderTraits,
    carrier: Transport,
    capacity_bps: float,
    seconds: list[tuple[int, float, bool]],
) -> None:
    """Each second some readings are of any size that a number can have: each second is decided, and can be kept."""
    world, state = World(carrier, conditions=Conditions(capacity_bps)), at_rung(policy, Quality.MEDIUM)
    world.advance()
    for which, magnitude, growing in seconds:
        world.advance()
        for at, row in enumerate(world.rows.values()):
            if which >> at & 1:
                row[-1] = Sample(row[-1].t_s, 10.0 ** (magnitude + growing * at / 40))
        made = decide(state, world.observe(policy, traits=traits), policy)
        assert 300_000 <= made.target.bitrate_bps <= 7_350_000
        assert not re.search(r"\b(nan|inf)\b", repr(made)), "memory and reasons hold numbers"
        state = made.state
        world.obey(state.target)


def told_once(series: Series) -> bool:
    """Whether each instant has one value: after a clock was set back two may claim it, and the last told counts."""
    return len({one.t_s for one in series.samples}) == len(series.samples)


def spoil(series: Series, mischief: str) -> Series:
    """One window with one thing wrong."""
    samples = series.samples
    if mischief == "twice":
        samples = tuple(one for one in samples for _ in range(2))
    elif mischief == "reversed":
        samples = samples[::-1]
    elif mischief == "holes":
        samples = samples[::3]
    elif mischief in {"nan", "inf"}:
        bad = nan if mischief == "nan" else inf
        samples = (*samples[:-1], Sample(samples[-1].t_s, bad))
    return Series(series.metric, series.labels, samples)


class _Spoilt(World):
    """A world whose windows were fetched already."""

    __slots__ = ("fetched",)
    fetched: list[Series]

    def windows(self) -> list[Series]:
        """What was fetched."""
        return self.fetched


def replace_windows(world: World, fetched: list[Series]) -> World:
    """The same moment, seen through other windows."""
    spoilt = _Spoilt(start_s=world.start_s, steps=world.steps, playing=world.playing)
    spoilt.fetched = fetched
    return spoilt


TestRoughWindows = RoughWindows.TestCase
TestRoughWindows.settings = settings(law, max_examples=10_000 if THOROUGH else 8, stateful_step_count=15)
