"""The oracle is a bound: nothing scores above it, and its plans are worth what they promise."""

from __future__ import annotations

from functools import cache
from random import Random

import numpy as np
import pytest

from tests.bench.link import Transport
from tests.bench.oracle import Planned, menus, plan
from tests.bench.running import LADDER_ORACLE, ORACLE, POLICIES, run
from tests.bench.score import Scored
from tests.bench.simulation import ChangeCost, simulate
from tests.bench.traces import Pair
from tests.bench_tests.roads import Script, blacked_out, flat, road

# The plan is exact on a grid of half seconds and 40 kbit.
GRID_QOE = 0.03


@cache
def walk(seed: int) -> Pair:
    """Two uplinks that wander at random, 150 s, with deaths."""
    random = Random(seed)  # noqa: S311 - a simulation, not a secret
    rows = []
    for _ in range(2):
        level, rates = 2_500.0, []
        for _ in range(300):
            level = min(8_000.0, max(0.0, level + random.gauss(0, 700)))
            rates.extend([level if random.random() > 0.01 else 0.0] * 5)
        rows.append(np.array(rates))
    return Pair(f"walk {seed}", rows[0], rows[1])


@pytest.mark.parametrize("seed", [1, 3])
@pytest.mark.parametrize("cost", [ChangeCost.LIVE, ChangeCost.RESTART])
@pytest.mark.parametrize("transport", list(Transport))
def test_no_policy_scores_above_the_oracle(transport: Transport, cost: ChangeCost, seed: int) -> None:
    """On a random walk every policy, the ladder's oracle included, stays below the oracle."""
    pair = walk(seed)
    bound = run(ORACLE, pair, transport, cost=cost).qoe
    for policy in POLICIES:
        assert run(policy, pair, transport, cost=cost).qoe <= bound + GRID_QOE, policy


@pytest.mark.parametrize("seed", [2, 4, 5, 6])
@pytest.mark.parametrize("transport", list(Transport))
def test_the_unscored_minute_never_decides_what_follows(transport: Transport, seed: int) -> None:
    """A rate kept from the start needs no restart after the first minute, whatever froze in it: it is no better."""
    pair = walk(seed)
    bound = run(ORACLE, pair, transport, cost=ChangeCost.RESTART).qoe
    for policy in ("fixed 4.5", "fixed 2.5", LADDER_ORACLE):
        assert run(policy, pair, transport, cost=ChangeCost.RESTART).qoe <= bound + GRID_QOE, policy


def test_with_room_to_spare_the_plan_is_the_top() -> None:
    """On a flat 9 Mbit/s the plan is 4.5 Mbit/s from the start to the end."""
    for menu in menus(ChangeCost.LIVE):
        assert {setting.rate_kbps for setting in plan(road(flat(9_000.0, 60)), menu, Transport.TCP)} == {4_500.0}


def test_a_coming_black_out_is_prepared_for() -> None:
    """A black-out of 3 s costs the oracle about the second that no queue can hide."""
    dark = road(blacked_out(5_000.0, 120, at_s=90, for_s=3))
    planned = plan(dark, menus(ChangeCost.LIVE)[0], Transport.TCP)
    assert min(setting.rate_kbps for setting in planned[160:190]) < 4_500.0
    pair = Pair("dark", dark.capacity_kbps / 0.95 / 0.97, np.zeros(1_200))
    assert run(ORACLE, pair, Transport.TCP).measures.frozen_s_per_h * 60 / 3_600 == pytest.approx(1.1, abs=0.3)


def test_a_restart_is_not_planned_into_the_same_setting() -> None:
    """A pause without a change cannot be ordered: the oracle uses a black-out for one, whose queue then drains."""
    dark = road(blacked_out(4_600.0, 150, at_s=90, for_s=8))
    for menu in menus(ChangeCost.RESTART):
        planned = plan(dark, menu, Transport.TCP)
        assert len(set(planned)) > 1
        replayed = simulate(dark, Planned(planned), Transport.TCP, ChangeCost.RESTART)
        assert not Scored(replayed).frozen[-400:].any()


def test_a_plan_replays_as_planned() -> None:
    """The replay's settings are the plan's, each in force from its own half second on."""
    pair = walk(1)
    dips = road(np.minimum(pair.first, pair.second))
    planned = plan(dips, menus(ChangeCost.LIVE)[0], Transport.TCP)
    changes = [(index, new) for index, new in enumerate(planned) if index and new != planned[index - 1]]
    script = Script(*((index * 5 - 1, new) for index, new in changes), start=planned[0], latency_s=0.0)
    by_hand = simulate(dips, script, Transport.TCP, ChangeCost.LIVE)
    assert by_hand.settings[1:] == [(index * 5, new) for index, new in changes]
