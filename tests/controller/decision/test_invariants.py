"""The laws of the decision, over policies, encoders and whatever may be seen."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.decision.machine import Decision, State, decide
from controller.decision.model import (
    EncoderTraits,
    Freshness,
    Interval,
    Observation,
    Override,
    Quality,
    Scene,
)
from controller.decision.policies import ADAPTIVE, LOCKED
from controller.decision.policy import Policy
from tests.controller.decision.examples import law, long_law
from tests.controller.decision.roads import (
    POLICIES,
    RUNGS,
    TRAITS,
    UNCALIBRATED,
    Past,
    Road,
    at_rung,
    pasts,
    readings,
    steps_s,
)

policies = st.sampled_from(POLICIES)
rungs = st.sampled_from(RUNGS)


def play(state: State, road: Road, policy: Policy, *, for_s: int) -> Decision:
    """The last of `for_s` decisions, one a second."""
    decision = decide(state, road.see(state), policy)
    for _ in range(for_s - 1):
        decision = decide(decision.state, road.see(decision.state), policy)
    return decision


@long_law
@given(policies, st.sampled_from(TRAITS), rungs)
def test_a_link_that_carries_nothing_reaches_the_bottom(policy: Policy, traits: EncoderTraits, start: Quality) -> None:
    """From any rung, with any encoder, ERROR is reached within a minute."""
    decision = play(at_rung(policy, start), Road(0.0, traits), policy, for_s=60)

    assert decision.quality is Quality.ERROR
    # An encoder with a loop of its own is only capped, and the cap leaves room to climb.
    assert decision.target.bitrate_bps == (600_000 if traits.own_abr and policy is ADAPTIVE else 300_000)


@long_law
@given(policies, st.sampled_from(TRAITS), rungs, st.floats(12e6, 200e6), st.floats(0.01, 0.07))
def test_a_perfect_link_reaches_the_top(
    policy: Policy, traits: EncoderTraits, start: Quality, capacity_bps: float, rtt_s: float
) -> None:
    """From any rung, with any encoder, HIGH is reached: in ten minutes by the table, in five by trimming."""
    for_s = 600 if policy is LOCKED else 300
    decision = play(at_rung(policy, start), Road(capacity_bps, traits, rtt_s=rtt_s), policy, for_s=for_s)

    assert decision.quality is Quality.HIGH
    assert decision.target.bitrate_bps == 4_500_000


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
@pytest.mark.parametrize("start", RUNGS)
def test_no_state_is_terminal(policy: Policy, start: Quality) -> None:
    """Every rung is left for another one, upwards or downwards, when the links change enough."""
    capacity_bps = 0.0 if start is Quality.HIGH else 50e6

    assert play(at_rung(policy, start), Road(capacity_bps), policy, for_s=200).quality is not start


@law
@given(pasts, readings((Freshness.LATE, Freshness.BLIND)), steps_s)
def test_silence_is_never_health(past: Past, silent: Observation, passed_s: float) -> None:
    """After any past, data that is late or gone raises neither the rung nor the bitrate."""
    *before, after = past.then(passed_s, silent).decisions()
    old = before[-1].state if before else past.first

    assert past.policy.height(after.state.base) <= past.policy.height(old.base)
    if past.traits.bitrate_cost_s is not None:
        assert after.target.bitrate_bps <= max(old.target.bitrate_bps, past.traits.min_bitrate_bps)


@law
@given(pasts, steps_s)
def test_readings_that_are_all_unknown_raise_nothing(past: Past, passed_s: float) -> None:
    """A fresh scrape without a single reading in it is no reason for more."""
    empty = Observation(at_s=0.0, freshness=Freshness.FRESH, capacity=Interval())
    *before, after = past.then(passed_s, empty).decisions()
    old = before[-1].state if before else past.first

    assert past.policy.height(after.state.base) <= past.policy.height(old.base)


@law
@given(pasts)
def test_it_climbs_one_rung_at_a_time_and_through_recovery(past: Past) -> None:
    """Whatever is seen, a step up is one rung, and RECOVERY came before it."""
    state = past.first
    for decision in past.decisions():
        if past.policy.height(decision.state.base) > past.policy.height(state.base):
            assert state.quality is Quality.RECOVERY
            assert past.policy.height(decision.state.base) == past.policy.height(state.base) + 1
        state = decision.state


@law
@given(pasts)
def test_an_uncalibrated_encoder_is_never_ordered_to_change(past: Past) -> None:
    """Without a calibration neither bitrate nor geometry is touched; the state still tells the truth."""
    past = replace(past, traits=UNCALIBRATED)

    assert all(decision.target == past.first.target for decision in past.decisions())


@law
@given(pasts)
def test_the_target_is_always_one_that_the_encoder_can_play(past: Past) -> None:
    """Within the encoder's range and steps, in the size of a preset."""
    narrow = EncoderTraits(geometry_cost_s=2.0, min_bitrate_bps=400_000, max_bitrate_bps=3_000_000, step_bps=50_000)
    sizes = {(rung.preset.width_px, rung.preset.height_px) for rung in past.policy.rungs}
    for decision in replace(past, traits=narrow).decisions():
        assert 400_000 <= decision.target.bitrate_bps <= 3_000_000
        assert decision.target.bitrate_bps % 50_000 == 0
        assert (decision.target.width_px, decision.target.height_px) in sizes


@law
@given(pasts, rungs, st.floats(1.0, 200.0))
def test_an_override_wins_until_its_end(past: Past, wanted: Quality, for_s: float) -> None:
    """While it lasts the state is the one ordered, whatever is seen; from its end on no rule of it speaks."""
    override = Override(until_s=1_000.0 + for_s, reason="soundcheck", state=wanted, scene=Scene.SIMPLE)
    for decision in past.told(override).decisions():
        at_s = decision.state.at_s
        assert at_s is not None
        if at_s < override.until_s:
            assert (decision.quality, decision.scene) == (wanted, Scene.SIMPLE)
        else:
            assert not decision.reason.rule.startswith("override")
            assert not decision.scene_reason.rule.startswith("override")


@law
@given(pasts, st.integers(300_000, 4_000_000))
def test_a_cap_by_hand_is_never_exceeded(past: Past, cap_bps: int) -> None:
    """A calibrated encoder is never ordered above the cap while it lasts."""
    calibrated = replace(past.traits, bitrate_cost_s=past.traits.bitrate_cost_s or 0.0)
    capped = replace(past, traits=calibrated).told(Override(1e9, "roaming", bitrate_cap_bps=cap_bps))
    for decision in capped.decisions():
        assert decision.target.bitrate_bps <= cap_bps


@law
@given(pasts)
def test_hold_holds(past: Past) -> None:
    """Under hold, state and target stay what they are, whatever is seen."""
    for decision in past.told(Override(1e9, "interview", hold=True)).decisions():
        assert decision.quality is past.start
        assert replace(decision.target, floor_bps=None) == past.first.target


@law
@given(pasts)
def test_the_same_log_gives_the_same_decisions(past: Past) -> None:
    """Nothing but the arguments decides."""
    assert past.decisions() == past.decisions()


@law
@given(pasts)
def test_a_memory_read_back_from_disk_goes_on_as_if_nothing_had_happened(past: Past) -> None:
    """Written as JSON after any decision and read back, the memory is the same value."""
    for decision in past.decisions()[-3:]:
        assert State.from_plain(json.loads(json.dumps(decision.state.to_plain()))) == decision.state


@long_law
@given(pasts, st.floats(1.0, 300.0), st.sampled_from([0.0, 50e6]))
def test_a_crash_and_restart_converges(past: Past, down_s: float, capacity_bps: float) -> None:
    """Killed after any past and started anew without memory, it ends on the rung of one that never stopped."""
    made = past.decisions()
    survivor = made[-1].state if made else past.first
    at_s = (survivor.at_s or 1_000.0) + down_s
    ends = [
        play(state, Road(capacity_bps, past.traits, at_s=at_s), past.policy, for_s=900).quality
        for state in (survivor, State.initial(past.policy))
    ]

    assert ends[0] is ends[1]


@pytest.mark.parametrize("toggled", ["loss", "rtt", "both"])
def test_one_wish_never_clears_the_clock_of_another(toggled: str) -> None:
    """Loss and RTT that come and go each second do not delay a fall that the capacity has earned."""
    state, road = at_rung(LOCKED, Quality.MEDIUM), Road(2.8e6)
    road.backlog_bits = 5e6
    for second in range(1, 12):
        road.loss_ratio = 0.04 if toggled != "rtt" and second % 2 else 0.0
        road.rtt_s = 0.3 if toggled != "loss" and second % 2 else 0.05
        state = decide(state, replace(road.see(state), capacity=Interval(None, 2.8e6)), LOCKED).state

    assert state.quality is Quality.LOW


def test_adaptive_falls_while_the_table_still_waits() -> None:
    """After four seconds of a collapse the two policies differ: that is what the bench decides between."""
    ends = [play(at_rung(p, Quality.HIGH), Road(1e6), p, for_s=4).target.bitrate_bps for p in (LOCKED, ADAPTIVE)]

    assert ends[0] == 4_500_000
    assert ends[1] < 1_000_000
