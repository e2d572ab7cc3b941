"""What is ordered by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.decision.model import Freshness, Observation, Override, Quality
from controller.decision.ordering import capped, in_force, step_mirrored, step_ordered
from controller.decision.policies import ADAPTIVE
from tests.controller.decision.roads import at_rung

SEEN = Observation(at_s=100.0, freshness=Freshness.FRESH)


def told(**orders: object) -> Observation:
    """An observation with an override until 160 s."""
    return replace(SEEN, override=Override(until_s=160.0, reason="test", **orders))  # type: ignore[arg-type] # by name


@pytest.mark.parametrize(("at_s", "wins"), [(100.0, True), (159.9, True), (160.0, False), (500.0, False)])
def test_an_order_ends_at_its_end(at_s: float, *, wins: bool) -> None:
    """Until 160 s means that at 160 s it is over."""
    assert (in_force(replace(told(hold=True), at_s=at_s)) is not None) is wins


@pytest.mark.parametrize(("rate_bps", "expected"), [(4e6, 1e6), (0.5e6, 0.5e6)])
def test_a_cap_only_lowers(rate_bps: float, expected: float) -> None:
    """More than the cap becomes the cap, less stays."""
    assert capped(rate_bps, told(bitrate_cap_bps=1_000_000)) == expected


def test_an_ordered_state_plays_its_preset() -> None:
    """LOW by hand is LOW's bitrate, and the reason names who wanted it and for how long."""
    move = step_ordered(at_rung(ADAPTIVE, Quality.HIGH), told(state=Quality.LOW), ADAPTIVE)

    assert move is not None
    assert (move.quality, move.rate_bps, move.reason.rule) == (Quality.LOW, 1_200_000, "override-state")
    assert move.reason.evidence == (("override_left_s", 60.0),)


def test_audio_only_is_the_bottom_state() -> None:
    """It wins over a state that was ordered with it."""
    move = step_ordered(at_rung(ADAPTIVE, Quality.HIGH), told(audio_only=True, state=Quality.HIGH), ADAPTIVE)

    assert move is not None
    assert move.quality is Quality.ERROR


def test_hold_keeps_state_and_bitrate() -> None:
    """What played goes on."""
    state = at_rung(ADAPTIVE, Quality.MEDIUM)
    move = step_ordered(state, told(hold=True), ADAPTIVE)

    assert move is not None
    assert (move.quality, move.rate_bps) == (Quality.MEDIUM, state.target.bitrate_bps)


@pytest.mark.parametrize("orders", [{}, {"state": Quality.RECOVERY}, {"emergency": True}, {"bitrate_cap_bps": 1}])
def test_what_orders_nothing_of_the_state_leaves_it_to_the_policy(orders: dict[str, object]) -> None:
    """RECOVERY is no order, emergency is the scene's, and a cap bounds whatever the policy wants."""
    assert step_ordered(at_rung(ADAPTIVE, Quality.HIGH), told(**orders), ADAPTIVE) is None


@pytest.mark.parametrize(("edge", "expected"), [(Quality.LOW, Quality.LOW), (None, Quality.HIGH)])
def test_beside_obs_the_edge_state_is_shown(edge: Quality | None, expected: Quality) -> None:
    """What the edge says, and while nothing fresh is known of it, what it last said."""
    move = step_mirrored(at_rung(ADAPTIVE, Quality.HIGH), replace(SEEN, edge_state=edge))

    assert move.quality is expected
