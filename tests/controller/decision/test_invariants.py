"""The laws of the decision, over policies, encoders and whatever may be seen."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import example, given
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
from tests.controller.decision.pasts import Past, pasts, readings, steps_s
from tests.controller.decision.roads import (
    GEOMETRY_RESTARTS,
    LIVE,
    OWN_LOOP,
    POLICIES,
    RESTARTS,
    RUNGS,
    TRAITS,
    UNCALIBRATED,
    Road,
    at_rung,
)

policies = st.sampled_from(POLICIES)
rungs = st.sampled_from(RUNGS)


def play(state: State, road: Road, policy: Policy, *, for_s: int, ends_at: Quality | None = None) -> Decision:
    """The last of `for_s` decisions, one a second; fewer, once the rung `ends_at` has been kept longer than any dwell.

    On a road that never changes nothing is waited for then.
    """
    kept_s = 0
    decision = decide(state, road.see(state), policy)
    for _ in range(for_s - 1):
        kept_s = kept_s + 1 if decision.quality is ends_at else 0
        if kept_s > policy.stable_s + 5:
            break
        decision = decide(decision.state, road.see(decision.state), policy)
    return decision


def resumed(past: Past, state: State, capacity_bps: float, *, after_s: float = 1.0) -> Road:
    """A constant road for the machine of `past`, from so many seconds after its last decision on."""
    at_s = 1_000.0 if state.at_s is None else state.at_s
    return Road(capacity_bps, past.traits, at_s=at_s + after_s - 1.0)


@long_law
@given(pasts)
def test_a_link_that_carries_nothing_reaches_the_bottom(past: Past) -> None:
    """After any past, with any encoder, ERROR is reached within a minute."""
    state = past.decisions()[-1].state
    decision = play(state, resumed(past, state, 0.0), past.policy, for_s=60)

    assert decision.quality is Quality.ERROR
    if past.traits.bitrate_cost_s is not None:
        assert 300_000 <= decision.target.bitrate_bps <= lowest_bps(past)


def lowest_bps(past: Past) -> float:
    """How low the bitrate of `past` must fall: to 300 kbit/s, but for what its policy has reasons not to order."""
    if past.policy is ADAPTIVE and past.traits.own_abr:
        return 600_000  # it is only capped, and the cap leaves room to climb
    if past.policy is ADAPTIVE and past.traits is RESTARTS:
        return 300_000 / 0.9  # for less than a tenth no picture is interrupted
    return 300_000


@long_law
@example(LOCKED, LIVE, Quality.ERROR, 20e6, 0.05)
@example(ADAPTIVE, LIVE, Quality.ERROR, 20e6, 0.05)
@example(ADAPTIVE, GEOMETRY_RESTARTS, Quality.ERROR, 20e6, 0.05)
@example(ADAPTIVE, OWN_LOOP, Quality.ERROR, 20e6, 0.05)
@example(ADAPTIVE, RESTARTS, Quality.ERROR, 50e6, 0.05)  # seven climbs, the last for a rate that nothing has shown
@example(ADAPTIVE, RESTARTS, Quality.MEDIUM, 12e6, 0.01)  # HIGH at 3.5 Mbit/s, and half a minute later at its preset
@given(policies, st.sampled_from(TRAITS), rungs, st.floats(12e6, 200e6), st.floats(0.01, 0.07))
def test_a_perfect_link_reaches_the_top(
    policy: Policy, traits: EncoderTraits, start: Quality, capacity_bps: float, rtt_s: float
) -> None:
    """From any rung HIGH is reached: in five minutes, in ten by the table."""
    for_s = 600 if policy is LOCKED else 300
    road = Road(capacity_bps, traits, rtt_s=rtt_s)
    decision = play(at_rung(policy, start), road, policy, for_s=for_s, ends_at=Quality.HIGH)

    assert decision.quality is Quality.HIGH
    assert decision.target.bitrate_bps == 4_500_000


@cache
def begun_anew(policy: Policy, traits: EncoderTraits, capacity_bps: float, ends_at: Quality) -> Quality:
    """Where a machine without memory ends on a constant road: always the same, so it is played once."""
    return play(State.initial(policy), Road(capacity_bps, traits), policy, for_s=900, ends_at=ends_at).quality


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
@pytest.mark.parametrize("start", RUNGS)
def test_no_state_is_terminal(policy: Policy, start: Quality) -> None:
    """Every rung is left for another one, upwards or downwards, when the links change enough."""
    capacity_bps = 0.0 if start is Quality.HIGH else 50e6

    assert play(at_rung(policy, start), Road(capacity_bps), policy, for_s=200).quality is not start


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_recovery_ends(policy: Policy) -> None:
    """Held short of proof by a cap, on a road that refutes nothing, it gives up after its time."""
    state, road = at_rung(policy, Quality.LOW), Road(50e6)
    in_recovery_s, longest_s = 0, 0
    for _ in range(300):
        seen = replace(road.see(state), override=Override(1e9, "roaming", bitrate_cap_bps=1_300_000))
        state = decide(state, seen, policy).state
        in_recovery_s = in_recovery_s + 1 if state.quality is Quality.RECOVERY else 0
        longest_s = max(longest_s, in_recovery_s)

    assert policy.recovery_s - 5 < longest_s <= policy.recovery_s + 1


@law
@given(pasts, readings((Freshness.LATE, Freshness.BLIND)), steps_s)
def test_silence_is_never_health(past: Past, silent: Observation, passed_s: float) -> None:
    """Wherever in a past, data that is late or gone raises neither the rung nor the bitrate."""
    for look in past.then(passed_s, silent).looks():
        if look.seen.freshness is Freshness.FRESH:
            continue
        assert past.policy.height(look.made.state.base) <= past.policy.height(look.before.base)
        if past.traits.bitrate_cost_s is not None:
            assert look.made.target.bitrate_bps <= max(look.before.target.bitrate_bps, past.traits.min_bitrate_bps)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
@pytest.mark.parametrize("freshness", [Freshness.LATE, Freshness.BLIND])
def test_the_best_readings_raise_nothing_once_they_are_old(policy: Policy, freshness: Freshness) -> None:
    """Minutes of a perfect road, told late, leave rung and bitrate where they were, whatever a change costs."""
    for traits in TRAITS:
        state, road = at_rung(policy, Quality.LOW), Road(50e6, traits)
        for _ in range(200):
            decision = decide(state, replace(road.see(state), freshness=freshness, age_s=5.0), policy)
            assert decision.state.base is Quality.LOW
            assert decision.target.bitrate_bps <= state.target.bitrate_bps
            state = decision.state


@law
@given(pasts, st.sampled_from([0.25, 1.0, 4.0]))
def test_readings_that_are_all_unknown_raise_nothing(past: Past, passed_s: float) -> None:
    """Scrapes without a single reading in them, however many and fresh, are no reason for more."""
    empty = Observation(at_s=0.0, freshness=Freshness.FRESH, capacity=Interval())
    for look in past.then(passed_s, empty, times=32).looks():
        if look.seen.capacity == Interval() and look.seen.drain_time_s is None and look.seen.delivered_bps is None:
            assert past.policy.height(look.made.state.base) <= past.policy.height(look.before.base)


@law
@given(pasts, readings(), st.sampled_from([None, 0.0]), st.sampled_from([0.25, 1.0, 4.0]))
def test_what_is_unknown_of_the_links_is_no_reason_for_less(
    past: Past, seen: Observation, delivered_bps: float | None, passed_s: float
) -> None:
    """However long nothing is known of them, or of a stream: no rung is left downwards while the data is fresh.

    Otherwise only for the safe one once blind for long, or because the picture is seen to be late.
    """
    untold = Observation(0.0, seen.freshness, seen.age_s, delivered_bps=delivered_bps, ingest=seen.ingest)
    for look in list(past.then(passed_s, untold, times=64).looks())[len(past.log) :]:
        before, after = look.before.base, look.made.state.base
        if past.policy.height(after) >= past.policy.height(before):
            continue
        assert look.seen.freshness is not Freshness.FRESH
        if after is past.policy.safe and look.made.reason.rule == "blind-safe":
            continue
        assert look.made.reason.rule == "late-picture"
        assert (look.seen.ingest.lag_s or 0.0) > past.policy.scenes.late_s


@law
@given(pasts)
def test_it_climbs_one_rung_at_a_time_and_through_recovery(past: Past) -> None:
    """Whatever is seen, a step up is one rung, and RECOVERY came before it."""
    for look in past.looks():
        before, now = look.before, look.made.state
        if past.policy.height(now.base) > past.policy.height(before.base):
            assert before.quality is Quality.RECOVERY
            assert past.policy.height(now.base) == past.policy.height(before.base) + 1


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
@pytest.mark.parametrize("traits", TRAITS, ids=["live", "geometry restarts", "restarts", "own loop"])
def test_the_whole_climb_is_taken_rung_by_rung(policy: Policy, traits: EncoderTraits) -> None:
    """From the bottom to the top of a perfect road: every rung in its order, RECOVERY before each."""
    state, road, climbed = at_rung(policy, Quality.ERROR), Road(50e6, traits), [Quality.ERROR]
    for _ in range(600):
        before, state = state, decide(state, road.see(state), policy).state
        if state.base is not before.base:
            climbed.append(state.base)
            assert before.quality is Quality.RECOVERY

    assert climbed == list(RUNGS)


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
@given(pasts, rungs, st.sampled_from(Scene), st.floats(1.0, 200.0))
def test_an_override_wins_until_its_end(past: Past, wanted: Quality, scene: Scene, for_s: float) -> None:
    """While it lasts state and scene are those ordered, whatever is seen; from its end on no rule of it speaks."""
    override = Override(until_s=1_000.0 + for_s, reason="soundcheck", state=wanted, scene=scene)
    for look in past.told(override).looks():
        if look.seen.at_s < override.until_s:
            assert (look.made.quality, look.made.scene) == (wanted, scene)
        else:
            assert not look.made.reason.rule.startswith("override")
            assert not look.made.scene_reason.rule.startswith("override")


@law
@given(pasts, st.sampled_from(["emergency", "audio_only"]), st.floats(1.0, 200.0))
def test_emergency_and_audio_only_win_until_their_end(past: Past, order: str, for_s: float) -> None:
    """Whatever is seen, the simple scene at once, or sound alone on the bottom rung; then no rule of them speaks."""
    override = Override(1_000.0 + for_s, "fall", emergency=order == "emergency", audio_only=order == "audio_only")
    for look in past.told(override).looks():
        if look.seen.at_s >= override.until_s:
            assert not look.made.scene_reason.rule.startswith("override")
        elif override.emergency:
            assert look.made.scene is Scene.SIMPLE
        else:
            assert (look.made.scene, look.made.quality) == (Scene.AUDIO_ONLY, Quality.ERROR)


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
@given(pasts, st.integers(0, 100))
def test_a_memory_read_back_from_disk_goes_on_as_if_nothing_had_happened(past: Past, at: int) -> None:
    """Killed after any decision and started anew with what was written, all later ones are what they were."""
    looks = list(past.looks())[at:]
    state = State.from_plain(json.loads(json.dumps(looks[0].before.to_plain()))) if looks else past.first
    for look in looks:
        made = decide(state, look.seen, past.policy)
        assert made == look.made
        state = made.state


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
@pytest.mark.parametrize("capacity_bps", [0.0, 1e6, 50e6])
def test_a_controller_that_dies_after_every_decision_decides_the_same(policy: Policy, capacity_bps: float) -> None:
    """Whatever runs for a minute, a floor's time or RECOVERY, is on disk, and no start begins it anew."""
    survivor, road = at_rung(policy, Quality.MEDIUM), Road(capacity_bps)
    reborn, told = survivor, Road(capacity_bps)
    for _ in range(200):
        made = decide(survivor, road.see(survivor), policy)
        again = decide(State.from_plain(json.loads(json.dumps(reborn.to_plain()))), told.see(reborn), policy)
        assert again == made
        survivor, reborn = made.state, again.state


@long_law
@given(pasts, st.floats(1.0, 300.0), st.sampled_from([(0.0, Quality.ERROR), (50e6, Quality.HIGH)]))
def test_a_crash_and_restart_converges(past: Past, down_s: float, ends: tuple[float, Quality]) -> None:
    """Killed after any past and started anew without memory, it ends on the rung of one that never stopped."""
    capacity_bps, rung = ends
    survivor = past.decisions()[-1].state
    road = resumed(past, survivor, capacity_bps, after_s=down_s)

    assert play(survivor, road, past.policy, for_s=900, ends_at=rung).quality is rung
    assert begun_anew(past.policy, past.traits, capacity_bps, rung) is rung


@law
@given(st.sampled_from(["capacity", "loss"]), st.lists(st.tuples(st.booleans(), st.booleans()), max_size=12))
def test_one_wish_never_clears_the_clock_of_another(wish: str, others: list[tuple[bool, bool]]) -> None:
    """A fall comes in its own time, 10 s for capacity and 5 s for loss, however the other wishes come and go."""
    state, road, due_s = at_rung(LOCKED, Quality.MEDIUM), Road(50e6), 10 if wish == "capacity" else 5
    falls_at_s = None
    for second, (other, distant) in enumerate([*others, *[(False, False)] * 12]):
        held = other and second % 4 != 3  # never long enough to fall for it
        seen = replace(
            road.see(state),
            capacity=Interval(None, 2.8e6 if wish == "capacity" or held else None),
            loss_ratio=0.04 if wish == "loss" or held else 0.0,
            min_rtt_s=0.3 if distant else 0.05,
        )
        state = decide(state, seen, LOCKED).state
        if state.quality is not Quality.MEDIUM and falls_at_s is None:
            falls_at_s = second

    assert falls_at_s == due_s


def test_adaptive_falls_while_the_table_still_waits() -> None:
    """After four seconds of a collapse the two policies differ: that is what the bench decides between."""
    ends = [play(at_rung(p, Quality.HIGH), Road(1e6), p, for_s=4).target.bitrate_bps for p in (LOCKED, ADAPTIVE)]

    assert ends[0] == 4_500_000
    assert ends[1] < 1_000_000
