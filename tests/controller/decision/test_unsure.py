"""While the data is late or gone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from controller.decision.clocks import Clocks
from controller.decision.memory import Recovery, State
from controller.decision.model import Freshness, IngestReading, Observation, Quality
from controller.decision.policies import ADAPTIVE
from controller.decision.unsure import step_unsure
from tests.controller.decision.examples import law
from tests.controller.decision.pasts import Past, pasts
from tests.controller.decision.roads import at_rung

LATE_PICTURE = IngestReading(age_s=0.5, publishing=True, lag_s=3.0)
BLIND = Observation(at_s=100.0, freshness=Freshness.BLIND)


def test_a_short_blindness_holds_everything() -> None:
    """State and bitrate stay for 20 s without data."""
    move, _ = step_unsure(at_rung(ADAPTIVE, Quality.HIGH), BLIND, ADAPTIVE, blind_s=19.9)

    assert (move.quality, move.rate_bps, move.reason.rule) == (Quality.HIGH, 4_500_000, "blind-hold")


def test_a_long_blindness_leads_to_the_safe_state() -> None:
    """After 20 s it is LOW, with the picture's size as it was: nobody could see what a restart does."""
    move, _ = step_unsure(at_rung(ADAPTIVE, Quality.HIGH), BLIND, ADAPTIVE, blind_s=20.0)

    assert (move.quality, move.rate_bps, move.reason.rule) == (Quality.LOW, 1_200_000, "blind-safe")
    assert move.geometry is Quality.HIGH


@pytest.mark.parametrize("below", [Quality.VERY_LOW, Quality.ERROR])
def test_the_safe_state_is_no_way_up(below: Quality) -> None:
    """What plays less than the safe state stays where it is."""
    move, _ = step_unsure(at_rung(ADAPTIVE, below), BLIND, ADAPTIVE, blind_s=60.0)

    assert move.quality is below


def test_a_picture_that_stays_late_is_nearer_evidence() -> None:
    """The ingest is fresh and its picture late for 5 s: one rung down, then the clock begins anew."""
    state = at_rung(ADAPTIVE, Quality.HIGH)
    seen = replace(BLIND, freshness=Freshness.LATE, age_s=4.0, ingest=LATE_PICTURE)
    _, clocks = step_unsure(state, seen, ADAPTIVE, blind_s=None)
    move, after = step_unsure(replace(state, clocks=clocks), replace(seen, at_s=105.0), ADAPTIVE, blind_s=None)

    assert (move.quality, move.reason.rule) == (Quality.MEDIUM, "late-picture")
    assert after == Clocks()


def test_an_old_word_of_the_ingest_is_no_evidence() -> None:
    """A lateness told 4 s ago says nothing of now."""
    old = replace(LATE_PICTURE, age_s=4.0)
    _, clocks = step_unsure(at_rung(ADAPTIVE, Quality.HIGH), replace(BLIND, ingest=old), ADAPTIVE, blind_s=1.0)

    assert clocks == Clocks()


@pytest.mark.parametrize(("freshness", "goes_on"), [(Freshness.LATE, True), (Freshness.BLIND, False)])
def test_recovery_waits_for_late_data_and_ends_without(freshness: Freshness, *, goes_on: bool) -> None:
    """A late sample only delays the proof; with none the rung that plays is what remains."""
    state = replace(
        at_rung(ADAPTIVE, Quality.LOW),
        quality=Quality.RECOVERY,
        recovery=Recovery(since_s=90.0, probe_bps=1.2e6, probe_since_s=90.0),
    )
    blind_s = None if freshness is Freshness.LATE else 1.0
    move, _ = step_unsure(state, replace(BLIND, freshness=freshness, age_s=3.0), ADAPTIVE, blind_s=blind_s)

    assert move.quality is (Quality.RECOVERY if goes_on else Quality.LOW)


@law
@given(pasts)
def test_without_fresh_data_it_never_asks_for_more(past: Past) -> None:
    """Neither state nor bitrate rise, wherever it came from."""
    state: State = past.decisions()[-1].state if past.log else past.first
    move, _ = step_unsure(state, replace(BLIND, at_s=9e9), past.policy, blind_s=60.0)

    assert move.rate_bps <= state.target.bitrate_bps
    assert past.policy.height(move.base) <= past.policy.height(state.base)
