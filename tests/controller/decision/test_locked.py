"""The user's table, row by row: what leaves a rung, where it goes, and what lets it climb."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from controller.decision.machine import State, decide
from controller.decision.model import Freshness, Interval, Observation, Quality
from controller.decision.policies import LOCKED
from tests.controller.decision.roads import Road, at_rung


def seen(road: Road, state: State, *, upper_bps: float | None = None, lower_bps: float = 50e6) -> Observation:
    """A second of an otherwise perfect road with the capacity known as told."""
    return replace(road.see(state), capacity=Interval(lower_bps, upper_bps))


def seconds_to_leave(start: Quality, *, upper_bps: float | None = None, loss_ratio: float = 0.0) -> tuple[int, Quality]:
    """After how many seconds of a condition the rung is left, and for which."""
    state, road = at_rung(LOCKED, start), Road(50e6, loss_ratio=loss_ratio)
    for second in range(60):
        decision = decide(state, seen(road, state, upper_bps=upper_bps, lower_bps=0.0), LOCKED)
        if decision.changed_from is not None:
            return second, decision.quality
        state = decision.state
    return 60, state.quality


@pytest.mark.parametrize(
    ("start", "below_bps", "after_s", "goes_to"),
    [
        (Quality.HIGH, 4.9e6, 10, Quality.MEDIUM),
        (Quality.HIGH, 2.9e6, 10, Quality.LOW),
        (Quality.HIGH, 1.4e6, 10, Quality.VERY_LOW),
        (Quality.MEDIUM, 2.9e6, 10, Quality.LOW),
        (Quality.LOW, 1.4e6, 10, Quality.VERY_LOW),
        (Quality.VERY_LOW, 0.49e6, 20, Quality.ERROR),
    ],
)
def test_too_little_bandwidth_leaves_a_rung(start: Quality, below_bps: float, after_s: int, goes_to: Quality) -> None:
    """After the table's time, straight to the rung that fits."""
    assert seconds_to_leave(start, upper_bps=below_bps) == (after_s, goes_to)


def test_a_stream_held_up_by_one_uplink_has_too_little() -> None:
    """The other uplink idles, so that nothing bounds the sum: what arrives in order does, across both kinds of look."""
    state, road = at_rung(LOCKED, Quality.HIGH), Road(50e6)
    for second in range(11):
        busy = second % 3 == 0
        look = seen(road, state, upper_bps=3.5e6 if busy else None)
        decision = decide(state, replace(look, held_up_bps=None if busy else 0.2e6), LOCKED)
        state = decision.state
    assert (decision.changed_from, decision.quality) == (Quality.HIGH, Quality.MEDIUM)
    assert "3.5 Mbit/s" not in decision.reason.text


def _looks(upper_bps: Sequence[float | None], *, start: Quality = Quality.HIGH) -> list[tuple[float, Quality]]:
    """When, in seconds, and whereto a rung is left, where the capacity is looked at four times a second."""
    state, road, changes = at_rung(LOCKED, start), Road(50e6), []
    for place, bound_bps in enumerate(upper_bps):
        look = replace(seen(road, state, upper_bps=bound_bps, lower_bps=0.0), at_s=1_000.0 + place / 4)
        decision = decide(state, look, LOCKED)
        state = decision.state
        if decision.changed_from is not None:
            changes.append((place / 4, decision.quality))
    return changes


def test_a_blink_in_which_the_bound_is_unknown_saves_no_rung() -> None:
    """2 Mbit/s with gaps of 0.75 s: LOW after ten seconds, at a look that knows it."""
    assert _looks(([2e6] + [None] * 3) * 11) == [(10.0, Quality.LOW)]
    assert _looks([2e6] + ([None] * 3 + [2e6]) * 9 + [None] * 3) == []


def test_a_second_without_a_bound_begins_the_wait_anew() -> None:
    """As does a blink of enough: what is known is of weight, however short."""
    assert _looks([2e6] * 39 + [None] * 4 + [2e6] * 41) == [(20.75, Quality.LOW)]
    assert _looks([2e6] * 39 + [5e6] + [2e6] * 41) == [(20.0, Quality.LOW)]


def test_late_data_begins_the_wait_anew() -> None:
    """Nothing was seen in it, however short it was."""
    state, road, quality = at_rung(LOCKED, Quality.HIGH), Road(50e6), []
    for place in range(60):
        fresh = Freshness.LATE if place == 39 else Freshness.FRESH
        look = replace(seen(road, state, upper_bps=2e6, lower_bps=0.0), at_s=1_000.0 + place / 4, freshness=fresh)
        state = decide(state, look, LOCKED).state
        quality.append(state.quality)
    assert set(quality) == {Quality.HIGH}


def test_no_blink_of_silence_is_borne_upwards() -> None:
    """A look that knows nothing, half a minute into the stable one: a whole minute is to wait from there."""
    state, road, climbed = at_rung(LOCKED, Quality.LOW), Road(50e6), []
    for place in range(4 * 91):
        look = replace(seen(road, state, lower_bps=50e6), at_s=1_000.0 + place / 4)
        look = replace(look, capacity=Interval()) if place == 4 * 30 else look
        state = decide(state, look, LOCKED).state
        climbed.append(state.quality is Quality.RECOVERY)
    assert climbed.index(True) == 4 * 90 + 1


def test_busy_uplinks_tell_more_than_what_arrives_in_order() -> None:
    """Enough capacity, measured: what is held up for a while comes, and the rung stays."""
    state, road = at_rung(LOCKED, Quality.HIGH), Road(50e6)
    for _ in range(30):
        state = decide(state, replace(seen(road, state, upper_bps=6e6), held_up_bps=0.2e6), LOCKED).state
    assert state.quality is Quality.HIGH


@pytest.mark.parametrize(
    ("start", "enough_bps"),
    [(Quality.HIGH, 5e6), (Quality.MEDIUM, 3e6), (Quality.LOW, 1.5e6), (Quality.VERY_LOW, 0.5e6)],
)
def test_bandwidth_at_the_threshold_keeps_a_rung(start: Quality, enough_bps: float) -> None:
    """The table says "below"."""
    assert seconds_to_leave(start, upper_bps=enough_bps) == (60, start)


@pytest.mark.parametrize(
    ("start", "loss_ratio", "goes_to"),
    [
        (Quality.HIGH, 0.021, Quality.MEDIUM),
        (Quality.HIGH, 0.04, Quality.LOW),
        (Quality.HIGH, 0.06, Quality.VERY_LOW),
        (Quality.MEDIUM, 0.031, Quality.LOW),
        (Quality.LOW, 0.051, Quality.VERY_LOW),
    ],
)
def test_too_much_loss_leaves_a_rung(start: Quality, loss_ratio: float, goes_to: Quality) -> None:
    """After 5 s, straight to the rung that bears it."""
    assert seconds_to_leave(start, loss_ratio=loss_ratio) == (5, goes_to)


def _left_after(looks: list[tuple[float, float]], *, upper_bps: float | None = None) -> int | None:
    """After how many seconds of looks of loss, now and over ten seconds, HIGH is left."""
    state, road = at_rung(LOCKED, Quality.HIGH), Road(50e6)
    for second, (loss_ratio, lasting) in enumerate(looks):
        look = replace(seen(road, state, upper_bps=upper_bps), loss_ratio=loss_ratio, lasting_loss_ratio=lasting)
        decision = decide(state, look, LOCKED)
        if decision.changed_from is not None:
            return second
        state = decision.state
    return None


def test_a_loss_that_lasts_goes_on_through_a_second_that_loses_less() -> None:
    """3 % with a second of 1.1 %: five seconds all the same; below half of the limit it is over."""
    assert _left_after([(0.03, 0.03)] * 3 + [(0.011, 0.03)] + [(0.03, 0.03)] * 4) == 5
    assert _left_after([(0.03, 0.03)] * 3 + [(0.009, 0.03)] + [(0.03, 0.03)] * 4) is None


def test_a_burst_ends_when_a_second_loses_less() -> None:
    """Where it does not last, and where a queue stands, which overflows in bursts."""
    assert _left_after([(0.03, 0.015)] * 3 + [(0.015, 0.015)] + [(0.03, 0.015)] * 4) is None
    assert _left_after([(0.03, 0.03)] * 3 + [(0.015, 0.03)] + [(0.03, 0.03)] * 4, upper_bps=6e6) is None


@pytest.mark.parametrize(("start", "loss_ratio"), [(Quality.HIGH, 0.02), (Quality.MEDIUM, 0.03), (Quality.LOW, 0.05)])
def test_loss_at_the_limit_is_borne(start: Quality, loss_ratio: float) -> None:
    """The table says "above"; VERY_LOW has no limit at all."""
    assert seconds_to_leave(start, loss_ratio=loss_ratio) == (60, start)
    assert seconds_to_leave(Quality.VERY_LOW, loss_ratio=0.5) == (60, Quality.VERY_LOW)


@pytest.mark.parametrize(
    ("start", "above_bps", "loss_ratio", "rtt_s"),
    [
        (Quality.ERROR, 0.61e6, 0.5, 2.0),
        (Quality.VERY_LOW, 2.51e6, 0.0099, 0.099),
        (Quality.LOW, 4.51e6, 0.0049, 0.079),
        (Quality.MEDIUM, 7.01e6, 0.0049, 0.099),
    ],
)
def test_a_rung_is_climbed_after_a_stable_minute_and_a_minute_of_recovery(
    start: Quality, above_bps: float, loss_ratio: float, rtt_s: float
) -> None:
    """60 s, RECOVERY, 60 s, one step."""
    state, road = at_rung(LOCKED, start), Road(50e6, loss_ratio=loss_ratio, rtt_s=rtt_s)
    changes = []
    for second in range(121):
        decision = decide(state, seen(road, state, lower_bps=above_bps), LOCKED)
        state = decision.state
        if decision.changed_from is not None:
            changes.append((second, decision.quality))
    above = LOCKED.next_up(start)
    assert above is not None

    assert changes == [(60, Quality.RECOVERY), (120, above.quality)]


@pytest.mark.parametrize(
    ("start", "loss_ratio", "rtt_s"),
    [
        (Quality.VERY_LOW, 0.01, 0.05),
        (Quality.VERY_LOW, 0.0, 0.100),
        (Quality.LOW, 0.005, 0.05),
        (Quality.LOW, 0.0, 0.080),
        (Quality.MEDIUM, 0.005, 0.05),
        (Quality.MEDIUM, 0.0, 0.100),
    ],
)
def test_loss_or_rtt_at_the_limit_forbids_the_climb(start: Quality, loss_ratio: float, rtt_s: float) -> None:
    """Each of the two alone keeps the rung for ever."""
    state, road = at_rung(LOCKED, start), Road(50e6, loss_ratio=loss_ratio, rtt_s=rtt_s)
    for _ in range(200):
        state = decide(state, seen(road, state), LOCKED).state

    assert state.quality is start


def test_recovery_probes_for_what_a_small_stream_cannot_show_and_goes_back_without_proof() -> None:
    """On a road of 4 Mbit/s the bitrate rises in RECOVERY until a queue refutes HIGH, at MEDIUM's size."""
    state, road = at_rung(LOCKED, Quality.MEDIUM), Road(4e6)
    highest, rules = 0, []
    for _ in range(110):
        decision = decide(state, road.see(state), LOCKED)
        state = decision.state
        highest = max(highest, decision.target.bitrate_bps)
        rules.append(decision.reason.rule)
        assert decision.target.height_px == 720

    assert highest > 4_000_000
    assert "recovery-refuted" in rules
    assert state.quality in {Quality.MEDIUM, Quality.RECOVERY}


def test_every_change_says_why_with_numbers() -> None:
    """The sentence names the rung's need and what was seen; the evidence holds the values compared."""
    state, road = at_rung(LOCKED, Quality.HIGH), Road(50e6)
    decision = decide(state, seen(road, state, upper_bps=2.9e6), LOCKED)
    for _ in range(10):
        decision = decide(decision.state, seen(road, decision.state, upper_bps=2.9e6), LOCKED)

    assert decision.reason.rule == "capacity-below-floor"
    assert "2.9 Mbit/s" in decision.reason.text
    assert ("capacity_upper_bps", 2.9e6) in decision.reason.evidence


@pytest.mark.parametrize(
    ("loss_ratio", "lasting_loss_ratio", "rtt_s", "lasting_rtt_s", "goes_to"),
    [
        (0.02, 0.001, 0.05, 0.05, Quality.RECOVERY),
        (0.0, 0.02, 0.05, 0.05, Quality.RECOVERY),
        (0.02, 0.005, 0.05, 0.05, Quality.MEDIUM),
        (0.0, 0.0, 0.3, 0.05, Quality.RECOVERY),
        (0.0, 0.0, 0.3, 0.1, Quality.MEDIUM),
    ],
)
def test_only_what_lasts_refutes_a_stable_minute(
    loss_ratio: float, lasting_loss_ratio: float, rtt_s: float, lasting_rtt_s: float, goes_to: Quality
) -> None:
    """One look half a minute in: stray segments, a burst that is over, a slow round trip; or more than that."""
    state, road = at_rung(LOCKED, Quality.MEDIUM), Road(50e6)
    for second in range(61):
        look = seen(road, state, lower_bps=7.1e6)
        if second == 30:
            look = replace(look, loss_ratio=loss_ratio, min_rtt_s=rtt_s)
            look = replace(look, lasting_loss_ratio=lasting_loss_ratio, lasting_rtt_s=lasting_rtt_s)
        state = decide(state, look, LOCKED).state

    assert state.quality is goes_to


def test_a_climb_that_failed_waits_for_another_stable_minute() -> None:
    """RECOVERY proves nothing: the second begins a minute after the first has ended, and not with the next look."""
    state, road = at_rung(LOCKED, Quality.MEDIUM), Road(50e6)
    began = []
    for second in range(190):
        decision = decide(state, seen(road, state, lower_bps=6e6), LOCKED)
        state = decision.state
        if decision.changed_from is not None and decision.quality is Quality.RECOVERY:
            began.append(second)

    assert began == [60, 181]
