"""Which law moves the bitrate, and from which readings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.decision.adaptive import step_adaptive
from controller.decision.clocks import Clocks
from controller.decision.following import fitting
from controller.decision.machine import decide
from controller.decision.memory import TrimMemory
from controller.decision.model import EncoderReading, EncoderTraits, Override, Quality
from controller.decision.policies import ADAPTIVE
from tests.controller.decision.roads import LIVE, OWN_LOOP, RESTARTS, UNCALIBRATED, Road, at_rung

GLITCHES = EncoderTraits(bitrate_cost_s=0.05, geometry_cost_s=2.0)
STUTTERS = EncoderTraits(bitrate_cost_s=0.06, geometry_cost_s=2.0)


@pytest.mark.parametrize(
    ("traits", "rule"),
    [
        (LIVE, "trim-cap"),
        (GLITCHES, "trim-cap"),
        (UNCALIBRATED, "trim-cap"),
        (STUTTERS, "restart-calm"),
        (RESTARTS, "restart-calm"),
        (OWN_LOOP, "own-loop"),
    ],
)
def test_the_price_of_a_change_chooses_the_law(traits: EncoderTraits, rule: str) -> None:
    """Two frames are nothing; more is weighed; an encoder with a loop of its own is bounded."""
    state = at_rung(ADAPTIVE, Quality.HIGH)
    move, _ = step_adaptive(state, Road(20e6, traits).see(state), ADAPTIVE)

    assert move.reason.rule == rule


def test_without_queue_and_rate_everything_stays() -> None:
    """The climb's clock and the calm begin anew: nobody knows what was there."""
    state = replace(
        at_rung(ADAPTIVE, Quality.LOW),
        trim=TrimMemory(rate_bps=1e6, at_s=999.0, empty_since_s=990.0),
        clocks=Clocks((("climb:LOW", 999.0),)),
    )
    move, clocks = step_adaptive(state, replace(Road(9e6).see(state), drain_time_s=None), ADAPTIVE)

    assert (move.quality, move.rate_bps, move.reason.rule) == (Quality.LOW, 1_200_000, "hold")
    assert move.trim == TrimMemory(rate_bps=1e6)
    assert clocks == Clocks()


@pytest.mark.parametrize("traits", [LIVE, RESTARTS])
def test_a_cap_by_hand_is_where_a_climb_ends(traits: EncoderTraits) -> None:
    """The law's own rate, too: when the cap goes, it goes on from there."""
    state = at_rung(ADAPTIVE, Quality.HIGH)
    capped = Override(1e9, "roaming", bitrate_cap_bps=2_000_000)
    move, _ = step_adaptive(state, replace(Road(20e6, traits).see(state), override=capped), ADAPTIVE)

    assert move.rate_bps == 2_000_000


@pytest.mark.parametrize(
    ("confirmed_bps", "falls"),
    [(1_000_000, True), (None, True), (4_500_000, False)],
    ids=["obeyed", "unread", "refused"],
)
def test_the_state_follows_what_plays_and_not_what_is_wished(confirmed_bps: int | None, *, falls: bool) -> None:
    """An encoder that does not obey keeps its state, since that is what viewers see."""
    low = replace(at_rung(ADAPTIVE, Quality.HIGH), trim=TrimMemory(rate_bps=1e6), in_force_bps=1e6)
    state = replace(low, clocks=Clocks((("outside", 900.0), ("band:HIGH", 900.0), ("band:MEDIUM", 900.0))))
    played = None if confirmed_bps is None else replace(state.target, bitrate_bps=confirmed_bps)
    seen = replace(Road(1.02e6).see(low), encoder=EncoderReading(reachable=True, confirmed=played))
    move, _ = step_adaptive(state, seen, ADAPTIVE)

    assert (move.quality is Quality.LOW) is falls


def test_a_restart_changes_bitrate_and_size_together() -> None:
    """Two interruptions would cost twice: the size is that of the new rate's rung, and never changes alone."""
    state, road, changes = at_rung(ADAPTIVE, Quality.HIGH), Road(0.5e6, RESTARTS), []
    for _ in range(60):
        after = decide(state, road.see(state), ADAPTIVE).state
        if after.target.bitrate_bps != state.target.bitrate_bps:
            changes.append(after.geometry)
            assert after.geometry is fitting(after.target.bitrate_bps, ADAPTIVE)
        else:
            assert after.geometry is state.geometry
        state = after

    assert len(set(changes)) > 1
