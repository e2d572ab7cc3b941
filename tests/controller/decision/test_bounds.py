"""Bounds for an encoder that trims itself: the cap follows the state, the state follows what is delivered."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.decision.bounds import step_bounds
from controller.decision.machine import decide
from controller.decision.model import Freshness, IngestReading, Observation, Override, Quality, Scene, Transport
from controller.decision.policies import ADAPTIVE
from tests.controller.decision.examples import law
from tests.controller.decision.roads import OWN_LOOP, RUNGS, Road, at_rung


@pytest.mark.parametrize("start", RUNGS)
def test_the_cap_leaves_room_to_climb(start: Quality) -> None:
    """It is the preset of the rung above, so that the encoder's loop finds out; at the top the rung's own."""
    state = at_rung(ADAPTIVE, start)
    move, _ = step_bounds(state, Road(20e6, OWN_LOOP).see(state), ADAPTIVE)
    above = ADAPTIVE.next_up(start) or ADAPTIVE.rung(start)

    assert move.rate_bps == above.preset.bitrate_bps


def test_the_floor_is_the_lowest_that_the_encoder_can_do() -> None:
    """Between floor and cap its own loop is not fought."""
    state, road = at_rung(ADAPTIVE, Quality.MEDIUM), Road(20e6, replace(OWN_LOOP, min_bitrate_bps=450_000))

    assert decide(state, road.see(state), ADAPTIVE).target.floor_bps == 450_000


@law
@given(st.sampled_from(RUNGS), st.floats(0.1e6, 20e6), st.integers(1, 120))
def test_the_cap_is_always_that_of_the_state(start: Quality, capacity_bps: float, for_s: int) -> None:
    """Whatever is delivered: never lower than the state's preset, never above the rung over it."""
    state, road = at_rung(ADAPTIVE, start), Road(capacity_bps, OWN_LOOP)
    for _ in range(for_s):
        state = decide(state, road.see(state), ADAPTIVE).state
    above = ADAPTIVE.next_up(state.base) or ADAPTIVE.rung(state.base)

    assert ADAPTIVE.rung(state.base).preset.bitrate_bps <= state.target.bitrate_bps == above.preset.bitrate_bps


@pytest.mark.parametrize(("capacity_bps", "ends"), [(0.9e6, Quality.LOW), (2e6, Quality.MEDIUM), (9e6, Quality.HIGH)])
def test_the_state_follows_what_is_delivered(capacity_bps: float, ends: Quality) -> None:
    """In two minutes, from MEDIUM, the rung is the one in whose band the encoder's loop has settled."""
    state, road = at_rung(ADAPTIVE, Quality.MEDIUM), Road(capacity_bps, OWN_LOOP)
    for _ in range(120):
        state = decide(state, road.see(state), ADAPTIVE).state

    assert state.base is ends


def test_a_dip_shorter_than_the_policys_patience_moves_neither_state_nor_cap() -> None:
    """The encoder's loop answers it; a new cap would only come late."""
    state, road = at_rung(ADAPTIVE, Quality.HIGH), Road(9e6, OWN_LOOP)
    for second in range(40):
        road.capacity_bps = 0.5e6 if 10 <= second < 10 + ADAPTIVE.following.band_for_s - 2 else 9e6
        state = decide(state, road.see(state), ADAPTIVE).state
        assert (state.base, state.target.bitrate_bps) == (Quality.HIGH, 4_500_000)


def test_a_cap_by_hand_is_the_encoders_cap() -> None:
    """An order by hand wins over the room to climb."""
    state = at_rung(ADAPTIVE, Quality.HIGH)
    seen = replace(Road(9e6, OWN_LOOP).see(state), override=Override(1e9, "roaming", bitrate_cap_bps=1_500_000))

    assert decide(state, seen, ADAPTIVE).target.bitrate_bps == 1_500_000


@pytest.mark.parametrize("start", [rung for rung in RUNGS if rung is not Quality.ERROR])
@pytest.mark.parametrize(
    ("carrier", "delivered_bps"),
    [(None, None), (Transport.MPTCP, None), (Transport.SRTLA, 0.0)],
    ids=["nothing told", "no connection yet", "a counter that begins at nothing"],
)
def test_a_rig_that_waits_for_its_stream_stays_where_it_is(
    start: Quality, carrier: Transport | None, delivered_bps: float | None
) -> None:
    """A stream that has not begun is no dead link: after minutes state and cap are what they were."""
    state, fresh = at_rung(ADAPTIVE, start), Freshness.FRESH
    for second in range(200):
        seen = Observation(second, fresh, carrier=carrier, delivered_bps=delivered_bps, encoder_traits=OWN_LOOP)
        made = decide(state, seen, ADAPTIVE)
        assert (made.quality, made.reason.rule) == (start, "hold")
        assert made.target.bitrate_bps == state.target.bitrate_bps
        state = made.state


def test_a_fine_picture_is_not_covered_because_the_links_say_nothing() -> None:
    """While the ingest has the stream in time and the exporter knows nothing of it, the scene is the camera's."""
    state, arrives = at_rung(ADAPTIVE, Quality.HIGH), IngestReading(0.1, publishing=True, received_bps=4e6, lag_s=0.1)
    for second in range(60):
        seen = Observation(second, Freshness.FRESH, ingest=arrives, encoder_traits=OWN_LOOP)
        made = decide(state, seen, ADAPTIVE)
        assert made.scene is Scene.MAIN
        state = made.state


def test_a_cut_off_encoder_that_still_sends_goes_to_the_bottom() -> None:
    """Nothing is delivered and a queue stands: that is known, and half a minute of it is ERROR."""
    state, road = at_rung(ADAPTIVE, Quality.HIGH), Road(0.0, OWN_LOOP)
    for _ in range(30):
        state = decide(state, road.see(state), ADAPTIVE).state

    assert state.quality is Quality.ERROR
