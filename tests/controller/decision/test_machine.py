"""The machine: what comes before what, and what a gap leaves of the memory."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.decision.clocks import Clocks
from controller.decision.machine import State, decide
from controller.decision.memory import Account, Patience, Recovery, Trial
from controller.decision.model import (
    EncoderReading,
    EncoderTarget,
    Freshness,
    Observation,
    Override,
    Quality,
    Scene,
)
from controller.decision.policies import ADAPTIVE
from controller.decision.restarting import climbing_rates
from tests.controller.decision.roads import RESTARTS, Road, at_rung

FINE = replace(Road(50e6).see(at_rung(ADAPTIVE, Quality.MEDIUM)), at_s=1_000.0)
ORDERED = Override(until_s=2_000.0, reason="test", state=Quality.LOW)
MIRRORS = EncoderReading(driven=False)


@pytest.mark.parametrize(
    ("seen", "rule"),
    [
        (replace(FINE, override=ORDERED, encoder=MIRRORS, freshness=Freshness.BLIND), "override-state"),
        (replace(FINE, encoder=MIRRORS, freshness=Freshness.BLIND, edge_state=Quality.LOW), "edge-state"),
        (replace(FINE, freshness=Freshness.BLIND), "blind-hold"),
        (replace(FINE, freshness=Freshness.LATE), "late-hold"),
        (FINE, "trim-cap"),
    ],
    ids=["an order by hand", "the edge's state", "blindness", "late data", "the policy"],
)
def test_what_comes_first_decides(seen: Observation, rule: str) -> None:
    """An order by hand, then the edge where no encoder is driven, then silence, then the policy."""
    assert decide(at_rung(ADAPTIVE, Quality.MEDIUM), seen, ADAPTIVE).reason.rule == rule


def busy() -> State:
    """A memory at 1,000 s in which everything that may run runs."""
    return replace(
        at_rung(ADAPTIVE, Quality.LOW),
        quality=Quality.RECOVERY,
        recovery=Recovery(since_s=990.0, probe_bps=1.2e6, probe_since_s=990.0),
        patience=Patience(rate_bps=1.2e6, calm_s=20.0),
        clocks=Clocks((("band:LOW", 985.0),)),
        at_s=1_000.0,
        since_s=990.0,
    )


@pytest.mark.parametrize(("at_s", "goes_on"), [(1_008.0, True), (1_000.0, True), (1_008.1, False), (999.9, False)])
def test_a_gap_or_a_clock_set_back_ends_what_was_running(at_s: float, *, goes_on: bool) -> None:
    """Beyond the age at which data is late nobody knows what held in between; RECOVERY falls back to its rung."""
    after = decide(busy(), replace(FINE, at_s=at_s, freshness=Freshness.LATE), ADAPTIVE).state

    assert (after.quality is Quality.RECOVERY) is goes_on
    assert (after.patience is not None and after.patience.calm_s > 0.0) is goes_on
    assert after.base is Quality.LOW


@pytest.mark.parametrize(
    "seen",
    [
        replace(FINE, at_s=1_060.0),
        replace(FINE, at_s=1_001.0, override=Override(until_s=2_000.0, reason="test", hold=True)),
    ],
    ids=["a gap", "held by hand"],
)
def test_what_rates_have_shown_outlives_a_gap_and_an_order(seen: Observation) -> None:
    """Which rates failed, and what changes have cost, is as true after it; what the links showed just then is not."""
    known = Patience(
        rate_bps=2.5e6,
        at_s=1_000.0,
        calm_s=20.0,
        trials=(Trial(held_s=30.0, failures=2.0, shown_s=4.0),) * len(climbing_rates(ADAPTIVE)),
        account=Account(won_bits=-5e6, still_bits=1e6),
    )
    after = decide(replace(busy(), patience=known), replace(seen, encoder_traits=RESTARTS), ADAPTIVE).state.patience

    assert after is not None
    assert after.trials[0].failures == pytest.approx(2.0, abs=0.1)
    assert after.account.won_bits < 0.0
    assert after.calm_s < 20.0
    assert after.trials[0].shown_s == 0.0


def test_blindness_is_timed_from_its_first_look() -> None:
    """Late data ends it."""
    state, since = at_rung(ADAPTIVE, Quality.LOW), []
    for at_s, freshness in [
        (1.0, Freshness.BLIND),
        (2.0, Freshness.BLIND),
        (3.0, Freshness.LATE),
        (4.0, Freshness.BLIND),
    ]:
        state = decide(state, Observation(at_s=at_s, freshness=freshness), ADAPTIVE).state
        since.append(state.blind_since_s)

    assert since == [1.0, 1.0, None, 4.0]


def test_a_change_says_what_it_came_from_and_since_when() -> None:
    """`since_s` is the last change's time; a look without one leaves it."""
    first = decide(at_rung(ADAPTIVE, Quality.MEDIUM), replace(FINE, override=ORDERED), ADAPTIVE)
    second = decide(first.state, replace(FINE, at_s=1_001.0, override=ORDERED), ADAPTIVE)

    assert (first.changed_from, second.changed_from) == (Quality.MEDIUM, None)
    assert second.state.since_s == 1_000.0


def test_the_bitrate_in_force_is_the_last_that_was_read_back() -> None:
    """While an order is under way nothing is confirmed, and the old one counts."""
    played = EncoderTarget(1_500_000, 1280, 720, 30)
    first = decide(busy(), replace(FINE, encoder=EncoderReading(confirmed=played)), ADAPTIVE)
    second = decide(first.state, replace(FINE, at_s=1_001.0, encoder=EncoderReading(changing=True)), ADAPTIVE)

    assert (first.state.in_force_bps, second.state.in_force_bps) == (1_500_000.0, 1_500_000.0)


@pytest.mark.parametrize(("freshness", "scene"), [(Freshness.FRESH, Scene.AUDIO_ONLY), (Freshness.BLIND, Scene.MAIN)])
def test_the_scene_follows_the_state_only_while_that_is_known(freshness: Freshness, scene: Scene) -> None:
    """A fine picture in ERROR is audio only; a blind controller does not know that it is in ERROR."""
    ingest = replace(FINE.ingest, publishing=True, lag_s=0.2)
    seen = replace(Road(0.0).see(at_rung(ADAPTIVE, Quality.ERROR)), freshness=freshness, ingest=ingest)

    assert decide(at_rung(ADAPTIVE, Quality.ERROR), seen, ADAPTIVE).scene is scene
