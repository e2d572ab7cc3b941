"""From a move to the encoder's target."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.decision.model import (
    EncoderReading,
    EncoderTarget,
    EncoderTraits,
    Freshness,
    Observation,
    Override,
    Quality,
    Reason,
)
from controller.decision.move import Move
from controller.decision.policies import ADAPTIVE
from controller.decision.shaping import choose_geometry, shape
from tests.controller.decision.examples import law
from tests.controller.decision.roads import at_rung

BEFORE = EncoderTarget(2_500_000, 1280, 720, 30)


def moved(rate_bps: float, base: Quality = Quality.MEDIUM) -> Move:
    """A move to a rung at a rate."""
    return Move(base, base, rate_bps, Reason("test", "Test."))


def seen_with(traits: EncoderTraits, confirmed: EncoderTarget | None = None) -> Observation:
    """An observation of an encoder with these traits."""
    reading = EncoderReading(confirmed=confirmed)
    return Observation(at_s=0.0, freshness=Freshness.FRESH, encoder=reading, encoder_traits=traits)


@law
@given(st.floats(0.0, 100e6), st.integers(1, 1_000_000), st.integers(1, 2_000_000), st.integers(2_000_000, 30_000_000))
def test_the_bitrate_is_one_of_the_encoders_steps(rate_bps: float, step: int, least: int, most: int) -> None:
    """Within its range, and never more than was wanted unless its least is."""
    traits = EncoderTraits(geometry_cost_s=0.0, step_bps=step, min_bitrate_bps=least, max_bitrate_bps=most)
    shaped = shape(BEFORE, moved(rate_bps), Quality.MEDIUM, seen_with(traits), ADAPTIVE).bitrate_bps

    assert least <= shaped <= most
    assert shaped == least or (shaped % step == 0 and shaped <= rate_bps)


def test_a_cap_by_hand_bounds_the_target() -> None:
    """The rate of the move is above the cap: the cap is ordered."""
    capped = Override(until_s=60.0, reason="data plan", bitrate_cap_bps=800_000)
    seen = replace(seen_with(EncoderTraits(geometry_cost_s=0.0)), override=capped)

    assert shape(BEFORE, moved(2.5e6), Quality.MEDIUM, seen, ADAPTIVE).bitrate_bps == 800_000


def test_what_is_not_calibrated_stays_as_it_was_read_back() -> None:
    """Neither bitrate nor size are ordered of a unit of which nobody knows what a change costs."""
    plays = EncoderTarget(3_000_000, 1920, 1080, 60)
    seen = seen_with(EncoderTraits(bitrate_cost_s=None, geometry_cost_s=None), confirmed=plays)

    assert shape(BEFORE, moved(600_000, Quality.VERY_LOW), Quality.VERY_LOW, seen, ADAPTIVE) == plays


@pytest.mark.parametrize(("cost_s", "audio_only"), [(0.0, True), (0.5, True), (2.0, False), (None, False)])
def test_the_video_is_dropped_only_where_that_is_a_glitch(cost_s: float | None, *, audio_only: bool) -> None:
    """A restart to say nothing is worse than a small picture."""
    traits = EncoderTraits(geometry_cost_s=0.0, audio_only_cost_s=cost_s)

    assert (
        shape(BEFORE, moved(300_000, Quality.ERROR), Quality.ERROR, seen_with(traits), ADAPTIVE).audio_only
        is audio_only
    )


@pytest.mark.parametrize(("cost_s", "expected"), [(None, Quality.HIGH), (2.0, Quality.HIGH), (0.0, Quality.ERROR)])
def test_audio_only_is_not_worth_a_restart(cost_s: float | None, expected: Quality) -> None:
    """In ERROR the picture's size changes only where that costs nothing."""
    move = moved(300_000, Quality.ERROR)

    assert (
        choose_geometry(at_rung(ADAPTIVE, Quality.HIGH), move, seen_with(EncoderTraits(geometry_cost_s=cost_s)))
        is expected
    )


def test_an_encoder_with_a_loop_of_its_own_gets_a_floor() -> None:
    """The lowest that it may fall to is its own least bitrate."""
    traits = EncoderTraits(own_abr=True, min_bitrate_bps=400_000)

    assert shape(BEFORE, moved(2.5e6), Quality.MEDIUM, seen_with(traits), ADAPTIVE).floor_bps == 400_000
