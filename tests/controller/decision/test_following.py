"""State and geometry follow the bitrate."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.decision.following import Followed, Trimmed, cap_bps, fit_geometry, fitting, follow
from controller.decision.memory import Recovery, State
from controller.decision.model import Quality
from controller.decision.policies import ADAPTIVE
from tests.controller.decision.examples import law
from tests.controller.decision.roads import RUNGS, at_rung


def followed_for(state: State, rate_bps: float, seconds: int, *, queue_s: float = 0.0) -> tuple[State, Followed]:
    """The state after the rate held for so many seconds, and the last step; ends at the first change."""
    result = follow(state, Trimmed(0.0, rate_bps, queue_s), ADAPTIVE)
    for second in range(1, seconds + 1):
        if result.reason is not None:
            break
        state = replace(state, quality=result.quality, base=result.base, recovery=result.recovery, clocks=result.clocks)
        result = follow(state, Trimmed(float(second), rate_bps, queue_s), ADAPTIVE)
    return state, result


def in_recovery(base: Quality) -> State:
    """RECOVERY that began at 0 s."""
    recovery = Recovery(since_s=0.0, probe_bps=0.0, probe_since_s=0.0)
    return replace(at_rung(ADAPTIVE, base), quality=Quality.RECOVERY, recovery=recovery)


@pytest.mark.parametrize(
    ("rate_bps", "goes_to"),
    [(2.6e6, Quality.MEDIUM), (1.4e6, Quality.LOW), (0.7e6, Quality.VERY_LOW), (0.31e6, Quality.ERROR)],
)
def test_below_its_band_for_20_s_the_state_goes_straight_to_what_fits(rate_bps: float, goes_to: Quality) -> None:
    """60 % of HIGH's preset is 2.7 Mbit/s; each rung's own band counts."""
    _, after = followed_for(at_rung(ADAPTIVE, Quality.HIGH), rate_bps, 20)

    assert after.quality is goes_to
    assert after.reason is not None
    assert after.reason.rule == "band-below"


def test_19_seconds_below_the_band_are_borne() -> None:
    """A dip is not a new place."""
    _, after = followed_for(at_rung(ADAPTIVE, Quality.HIGH), 1.0e6, 19)

    assert after.quality is Quality.HIGH


def played(*rates_bps: float) -> list[Quality]:
    """The states of a machine that begins in HIGH, at one rate each second."""
    state, states = at_rung(ADAPTIVE, Quality.HIGH), []
    for second, rate_bps in enumerate(rates_bps):
        after = follow(state, Trimmed(float(second), rate_bps), ADAPTIVE)
        state = replace(state, quality=after.quality, base=after.base, clocks=after.clocks)
        states.append(after.quality)
    return states


@pytest.mark.parametrize(
    ("of_late", "goes_to"),
    [([1.0e6] * 3, Quality.LOW), ([0.3e6] * 3, Quality.ERROR), ([0.3e6], Quality.MEDIUM)],
    ids=["less", "next to nothing", "a moment of it"],
)
def test_a_fall_goes_to_what_fits_now(of_late: list[float], goes_to: Quality) -> None:
    """However long the rate was higher before, but not to what a path's death makes of it for a second."""
    assert played(*[2.0e6] * (21 - len(of_late)), *of_late)[-2:] == [Quality.HIGH, goes_to]


def test_a_state_that_the_rate_leaves_while_it_falls_is_left_at_once() -> None:
    """The 20 s count from when the rate left its state, not from each fall."""
    states = played(*[2.0e6] * 21, *[1.0e6] * 3)

    assert states[-4:] == [Quality.MEDIUM, Quality.MEDIUM, Quality.MEDIUM, Quality.LOW]


def test_a_rate_back_in_its_band_is_given_another_20_s() -> None:
    """Each stay below the state is one of its own."""
    assert set(played(*[2.0e6] * 19, 2.8e6, *[2.0e6] * 20)) == {Quality.HIGH}


@pytest.mark.parametrize(("queue_s", "expected"), [(0.0, Quality.RECOVERY), (0.5, Quality.LOW)])
def test_the_rungs_own_rate_without_a_queue_leads_to_recovery(queue_s: float, expected: Quality) -> None:
    """With a queue the rate is not proved."""
    _, after = followed_for(at_rung(ADAPTIVE, Quality.LOW), 1.2e6, 2, queue_s=queue_s)

    assert after.quality is expected


def test_the_next_band_held_ends_recovery_upwards() -> None:
    """1.5 Mbit/s for 2 s is MEDIUM's band."""
    _, after = followed_for(in_recovery(Quality.LOW), 1.5e6, 2)

    assert (after.quality, after.reason and after.reason.rule) == (Quality.MEDIUM, "recovery-proved")


def test_a_cut_to_the_old_rate_ends_recovery_back() -> None:
    """The next rung does not fit."""
    after = follow(in_recovery(Quality.LOW), Trimmed(5.0, 1.1e6, queue_s=0.4, cut=True), ADAPTIVE)

    assert (after.quality, after.reason and after.reason.rule) == (Quality.LOW, "recovery-refuted")


def test_recovery_ends_after_its_time() -> None:
    """60 s between the bands prove nothing."""
    _, after = followed_for(in_recovery(Quality.LOW), 1.4e6, 60)

    assert (after.quality, after.reason and after.reason.rule) == (Quality.LOW, "recovery-unproved")


@pytest.mark.parametrize(("state", "cap"), [(at_rung(ADAPTIVE, Quality.LOW), 1.2e6), (in_recovery(Quality.LOW), 2.5e6)])
def test_only_recovery_may_send_the_next_rungs_rate(state: State, cap: float) -> None:
    """Otherwise the preset is the cap."""
    assert cap_bps(state, ADAPTIVE) == cap


@law
@given(st.floats(0.0, 10e6))
def test_the_fitting_rung_is_the_highest_whose_band_is_reached(rate_bps: float) -> None:
    """Below all bands it is the bottom."""
    rung = ADAPTIVE.rung(fitting(rate_bps, ADAPTIVE))
    above = ADAPTIVE.next_up(rung.quality)

    assert rung is ADAPTIVE.rungs[0] or rate_bps >= 0.6 * rung.preset.bitrate_bps
    assert above is None or rate_bps < 0.6 * above.preset.bitrate_bps


def test_a_size_that_costs_nothing_changes_at_once() -> None:
    """The first second of misfit is enough."""
    state = replace(at_rung(ADAPTIVE, Quality.HIGH), at_s=0.0)
    geometry, _, _ = fit_geometry(state, Quality.LOW, Trimmed(1.0, 1.2e6), ADAPTIVE, cost_s=0.0)

    assert geometry is Quality.LOW


@pytest.mark.parametrize(
    ("rate_bps", "queue_s", "expected"),
    [(1.2e6, 0.0, Quality.HIGH), (1.2e6, 5.0, Quality.LOW)],
    ids=["seen by everybody", "late anyway"],
)
def test_a_size_that_costs_picture_waits_unless_nobody_sees_it(
    rate_bps: float, queue_s: float, expected: Quality
) -> None:
    """Two seconds of picture are more than one second of misfit, and nothing while the picture is late."""
    state = replace(at_rung(ADAPTIVE, Quality.HIGH), at_s=0.0)
    geometry, _, _ = fit_geometry(state, Quality.LOW, Trimmed(1.0, rate_bps, queue_s), ADAPTIVE, cost_s=2.0)

    assert geometry is expected


@law
@given(st.sampled_from(RUNGS[1:]), st.sampled_from(RUNGS[1:]), st.floats(0.3e6, 4.5e6))
def test_bearing_a_wrong_size_ends_when_it_has_cost_as_much_as_the_change(
    plays: Quality, fits: Quality, rate_bps: float
) -> None:
    """Second by second the misfit adds up, and the change comes at its price, not before and not a second later."""
    price_bits = ADAPTIVE.following.freeze_bps * 2.0
    state, spent = replace(at_rung(ADAPTIVE, plays), at_s=0.0), 0.0
    for second in range(1, 200):
        geometry, bits, _ = fit_geometry(state, fits, Trimmed(float(second), rate_bps), ADAPTIVE, cost_s=2.0)
        if geometry is not plays:
            assert spent < price_bits <= spent + ADAPTIVE.following.misfit_share * 4.5e6
            return
        state, spent = replace(state, at_s=float(second), misfit_bits=bits), bits

    assert spent < price_bits


def test_no_size_is_changed_for_audio_only() -> None:
    """Nor where nobody knows the price."""
    state = replace(at_rung(ADAPTIVE, Quality.LOW), at_s=0.0)

    assert fit_geometry(state, Quality.ERROR, Trimmed(1.0, 0.3e6, 9.0), ADAPTIVE, cost_s=0.0)[0] is Quality.LOW
    assert fit_geometry(state, Quality.HIGH, Trimmed(1.0, 4.5e6, 9.0), ADAPTIVE, cost_s=None)[0] is Quality.LOW
