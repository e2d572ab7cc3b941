"""The bitrate law where every change is a restart: what it bears, when it falls, and what a climb must promise."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.decision.links import Links
from controller.decision.memory import Account, Patience, Trial
from controller.decision.model import Reason
from controller.decision.policies import ADAPTIVE
from controller.decision.restarting import FALL, RAISE, Occasion, climbing_rates, restart_rate
from tests.controller.decision.examples import law

RULES = ADAPTIVE.restart
RATES = climbing_rates(ADAPTIVE)
CALM = Links(queue_s=0.0, queued_bits=0.0, carried_bps=2_500_000.0)
CHANGE_S = 2.5


def standing(seconds: float, *, rate_bps: float, carried_bps: float) -> Links:
    """A queue of so many seconds of media at `rate_bps`, on links that carry `carried_bps`."""
    queued = seconds * rate_bps
    return Links(queue_s=queued / max(carried_bps, 1.0), queued_bits=queued, carried_bps=carried_bps)


def occasion(at_s: float, *, cap_bps: float = 4_500_000.0, least_bps: float = 0.0) -> Occasion:
    """A look at `at_s` with the whole ladder to choose from."""
    return Occasion(at_s=at_s, bottom_bps=300_000.0, cap_bps=cap_bps, change_s=CHANGE_S, least_bps=least_bps)


def look(memory: Patience, links: Links, at_s: float, *, least_bps: float = 0.0) -> tuple[Patience, Reason]:
    """One look under the shipped policy."""
    return restart_rate(memory, links, occasion(at_s, least_bps=least_bps), ADAPTIVE)


def at(rate_bps: float, *, won_bits: float = 1e9, **known: float) -> Patience:
    """A memory at `rate_bps` that looked at 0 s and has won enough; `known` are fields of every rate's trial."""
    trials = tuple(replace(Trial(), **known) for _ in RATES)
    return Patience(rate_bps=rate_bps, at_s=0.0, trials=trials, account=Account(won_bits=won_bits))


def calm_until_raise(memory: Patience, *, least_bps: float = 0.0, step_s: float = 1.0) -> float:
    """After how many calm seconds the rate is raised; 10,000 when it is not."""
    for step in range(1, 10_000):
        memory, why = look(memory, CALM, step * step_s, least_bps=least_bps)
        if why.rule == RAISE:
            return step * step_s
    return 10_000.0


def test_a_climb_may_reach_each_rung_and_half_way_between() -> None:
    """Half steps exist because the whole one from LOW to MEDIUM doubles the rate."""
    rungs = {float(rung.preset.bitrate_bps) for rung in ADAPTIVE.rungs}

    assert rungs <= set(RATES)
    assert len(RATES) == 2 * len(rungs) - 1
    assert list(RATES) == sorted(RATES)


@pytest.mark.parametrize("media_s", [0.2, 0.4])
def test_a_young_queue_is_borne(media_s: float) -> None:
    """What the viewer's budget hides costs less than a restart."""
    after, why = look(at(2.5e6), standing(media_s, rate_bps=2.5e6, carried_bps=2.2e6), 1.0)

    assert why.rule == "restart-bearing"
    assert after.rate_bps == 2.5e6


def test_a_queue_that_will_be_old_is_answered_by_what_the_links_carry() -> None:
    """Below what is carried, so that the queue drains."""
    after, why = look(at(2.5e6), standing(2.8, rate_bps=2.5e6, carried_bps=2.0e6), 1.0)

    assert why.rule == FALL
    assert after.rate_bps == max(RULES.usable * 2.0e6, RULES.deepest * 2.5e6)


def test_a_rate_that_holds_bears_an_older_queue_than_one_that_failed() -> None:
    """The same queue is borne where most went by themselves, and answered where they did not."""
    queue = standing((RULES.age_least_s + RULES.age_most_s) / 2, rate_bps=4.5e6, carried_bps=4.0e6)
    held, failed = at(4.5e6, held_s=1_000.0), at(4.5e6, held_s=1.0, failures=5.0)

    assert [look(memory, queue, 1.0)[1].rule for memory in (held, failed)] == ["restart-bearing", FALL]


@pytest.mark.parametrize(
    ("links", "case"),
    [
        (standing(6.0, rate_bps=2.5e6, carried_bps=2.6e6), "the links carry more than is sent"),
        (replace(standing(6.0, rate_bps=2.5e6, carried_bps=1e6), disordered=True), "a path died"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_old_queue_is_borne_when(links: Links, case: str) -> None:
    """A restart would not be what mends it."""
    assert look(at(2.5e6, failures=5.0), links, 1.0)[1].rule == "restart-bearing", case


def test_a_queue_that_drains_fast_is_left_alone() -> None:
    """Of 10 s only 4 are left a second later."""
    memory = replace(at(2.5e6, failures=5.0), queued_bits=10 * 2.5e6)

    assert look(memory, standing(4.0, rate_bps=2.5e6, carried_bps=2e6), 1.0)[1].rule == "restart-bearing"
    assert look(at(2.5e6), standing(4.0, rate_bps=2.5e6, carried_bps=2e6), 1.0)[1].rule == FALL


def test_a_second_fall_goes_to_what_drains_the_queue() -> None:
    """The first one is a step, as the fade may be short; when its queue still stands it is not."""
    first, _ = look(at(3.5e6), standing(2.0, rate_bps=3.5e6, carried_bps=1e6), 0.0)
    queue = standing(4.0, rate_bps=first.rate_bps, carried_bps=1e6)
    second, why = look(first, queue, 3.0)

    assert why.rule == FALL
    assert first.rate_bps == pytest.approx(RULES.deepest * 3.5e6)
    assert second.rate_bps == pytest.approx(RULES.usable * 1e6 - (queue.queued_bits - CHANGE_S * 1e6) / RULES.drain_s)


def test_nothing_is_decided_while_the_encoder_restarts() -> None:
    """From the order until the picture is back, neither queue nor calm says anything."""
    fallen, _ = look(at(2.5e6), standing(4.0, rate_bps=2.5e6, carried_bps=1e6), 10.0)
    for at_s in (11.0, 12.0):
        assert look(fallen, standing(9.0, rate_bps=2.5e6, carried_bps=1e5), at_s)[1].rule == "restart-settling"
    assert look(fallen, standing(9.0, rate_bps=2.5e6, carried_bps=1e6), 10.0 + CHANGE_S)[1].rule == FALL


def test_a_fall_counts_against_the_rate_and_all_above_but_not_below_what_is_carried() -> None:
    """Links that carry 2 Mbit/s would not have refused 1.2."""
    before = at(2.5e6)
    fallen, _ = look(before, standing(4.0, rate_bps=2.5e6, carried_bps=2e6), 0.0)
    failed = {rate for rate, trial in zip(RATES, fallen.trials, strict=True) if trial.failures > 0}

    assert failed == {rate for rate in RATES if rate > RULES.usable * 2e6}


def test_a_hole_is_no_failure() -> None:
    """That for a moment next to nothing was carried would have met any rate."""
    fallen, why = look(at(2.5e6), standing(4.0, rate_bps=2.5e6, carried_bps=0.2e6), 0.0)

    assert why.rule == FALL
    assert not any(trial.failures for trial in fallen.trials)


def test_while_nothing_is_carried_it_falls_once_and_after_a_while_to_the_bottom() -> None:
    """Each restart in an outage is one more connection that cannot be made."""
    memory, orders = at(3.5e6), []
    for second in range(20):
        memory, why = look(memory, standing(3.0 + second, rate_bps=3.5e6, carried_bps=0.0), float(second))
        if why.rule == FALL:
            orders.append((second, memory.rate_bps))

    assert orders == [(0, RULES.deepest * 3.5e6), (RULES.dark_s, 300_000.0)]


def test_the_first_climb_comes_after_a_calm() -> None:
    """Not before the policy's least calm, and on a rate without failures not long after it."""
    assert RULES.calm_s <= calm_until_raise(at(1.2e6)) <= RULES.calm_s + 1


def test_a_rate_that_the_links_have_shown_is_tried_much_sooner() -> None:
    """Keyframes that come through fast say in seconds what a calm says in minutes."""
    assert calm_until_raise(at(1.2e6), least_bps=4.5e6) < RULES.calm_s / 4
    assert calm_until_raise(at(1.2e6), least_bps=0.5e6) >= RULES.calm_s


@pytest.mark.parametrize(("won_bits", "after_s"), [(1e9, 30), (0.0, 180)])
def test_above_the_rate_of_the_start_a_climb_is_made_on_paper_first(won_bits: float, after_s: float) -> None:
    """Until what the links have shown, and what was won, would pay for two that fail."""
    took_s = calm_until_raise(at(2.5e6, won_bits=won_bits), least_bps=4.5e6)

    assert took_s == pytest.approx(after_s, abs=after_s / 4)
    assert calm_until_raise(at(2.5e6, won_bits=won_bits), least_bps=1e6) >= RULES.proof_calm_s


def test_what_was_shown_half_of_the_time_proves_nothing() -> None:
    """Links that carry the higher rate every other quarter of a minute would not hold it."""
    memory = at(2.5e6, won_bits=0.0)
    for second in range(1, int(RULES.proof_calm_s)):
        memory, why = look(memory, CALM, float(second), least_bps=4.5e6 if second // 15 % 2 else 1e6)
        assert why.rule != RAISE


def test_what_was_shown_is_soon_lost_and_ends_with_a_queue() -> None:
    """By halves while it is not shown any more; at once when a queue shows what the links really carry."""
    shown, _ = look(at(1.2e6), CALM, 1.0, least_bps=4.5e6)
    later, _ = look(shown, CALM, 2.0, least_bps=0.5e6)
    queued, _ = look(shown, standing(0.5, rate_bps=1.2e6, carried_bps=1e6), 2.0, least_bps=4.5e6)
    still = RATES.index(2.5e6)

    assert shown.trials[still].shown_s == shown.trials[-1].shown_s == 1.0
    assert later.trials[still].shown_s == pytest.approx(0.5 ** (1.0 / RULES.shown_half_life_s))
    assert later.trials[-1].shown_s == pytest.approx(0.5 ** (1.0 / RULES.proof_half_life_s))
    assert not any(trial.shown_s for trial in queued.trials)


@law
@given(st.floats(-2e8, 2e8), st.floats(1e6, 2e8))
def test_the_more_was_lost_the_longer_the_calm_before_the_rate_of_the_start_is_left(won: float, less: float) -> None:
    """Never shorter; and no debt is so deep that calm does not mend it."""
    rich, poor = (calm_until_raise(at(2.5e6, won_bits=bits), least_bps=4.5e6) for bits in (won, won - less))

    assert rich <= poor < 600


@pytest.mark.parametrize(("won_bits", "falls"), [(1e9, True), (-1e8, False)])
def test_who_has_lost_stands_still_through_a_short_fade(won_bits: float, *, falls: bool) -> None:
    """A fall from the rate of the start is a wager like a climb."""
    _, why = look(at(2.5e6, won_bits=won_bits), standing(2.8, rate_bps=2.5e6, carried_bps=1.5e6), 1.0)

    assert (why.rule == FALL) is falls


@pytest.mark.parametrize(("rate_bps", "won_bits"), [(4.5e6, 1e9), (3.2e6, -1e8)])
def test_a_fall_ends_at_the_rate_of_the_start(rate_bps: float, won_bits: float) -> None:
    """Where it would end near it, since nothing can be lost there; and where nothing may be lost."""
    memory, why = look(at(rate_bps, won_bits=won_bits), standing(2.8, rate_bps=rate_bps, carried_bps=1e6), 1.0)

    assert (memory.rate_bps, why.rule) == (2.5e6, FALL)


def test_a_picture_that_stays_late_is_answered_whatever_was_lost() -> None:
    """A fade that has lasted so long is not short, and standing still in it gains nothing."""
    memory, queue, fell_at = at(2.5e6, won_bits=-1e9), standing(4.0, rate_bps=2.5e6, carried_bps=1e6), None
    for second in range(1, 60):
        memory, why = look(memory, queue, float(second))
        if why.rule == FALL:
            fell_at = second
            break

    assert fell_at is not None
    assert RULES.patience_s <= fell_at <= RULES.patience_s + 2


def test_a_look_four_times_a_second_is_no_hastier() -> None:
    """Times are seconds and not looks."""
    raised = [calm_until_raise(at(2.5e6), least_bps=4.5e6, step_s=step_s) for step_s in (1.0, 0.25)]

    assert raised[1] == pytest.approx(raised[0], abs=1.0)


def test_a_fading_rate_is_judged_by_more_than_one_look() -> None:
    """One look at links that carry nothing, among good ones, is no reason."""
    good, bad = (standing(1.9, rate_bps=2.5e6, carried_bps=carried) for carried in (6e6, 1e3))
    memory, _ = look(at(2.5e6, failures=5.0), good, 0.25)

    assert look(memory, replace(bad, queued_bits=good.queued_bits), 0.5)[1].rule == "restart-bearing"


@law
@given(st.floats(0.0, 20.0), st.floats(0.1, 10.0))
def test_the_more_often_a_rate_has_failed_the_longer_the_calm_before_it_is_tried(failed: float, more: float) -> None:
    """Never shorter."""
    first, second = (calm_until_raise(at(1.2e6, failures=failures)) for failures in (failed, failed + more))

    assert first <= second


def test_a_failed_rate_is_forgotten_by_halves() -> None:
    """After the half-life half a failure is left."""
    memory, _ = look(at(4.5e6, failures=1.0), CALM, RULES.half_life_s)

    assert memory.trials[-1].failures == pytest.approx(0.5)


def test_a_dead_paths_retransmissions_do_not_end_a_calm() -> None:
    """On a bond whose paths die every few seconds no climb would ever come; a queue of the links' own ends it."""
    memory, queue = replace(at(1.2e6), calm_s=30.0), standing(0.5, rate_bps=1.2e6, carried_bps=1.1e6)
    after = [look(memory, replace(queue, disordered=disordered), 1.0)[0].calm_s for disordered in (True, False)]

    assert after == [30.0, 0.0]


def test_a_cap_is_obeyed_at_once() -> None:
    """An order by hand is worth a restart."""
    memory, why = restart_rate(at(4.5e6), CALM, occasion(1.0, cap_bps=1e6), ADAPTIVE)

    assert (memory.rate_bps, why.rule) == (1e6, FALL)


queues = st.builds(
    Links,
    queue_s=st.floats(0.0, 30.0),
    queued_bits=st.floats(0.0, 3e7),
    carried_bps=st.floats(0.0, 2e7),
    disordered=st.booleans(),
)


@law
@given(st.floats(300_000.0, 4_500_000.0), st.lists(st.tuples(queues, st.integers(1, 60)), max_size=40))
def test_the_rate_stays_in_range_and_moves_as_the_rule_says(start: float, seen: list[tuple[Links, int]]) -> None:
    """A fall lowers, a raise raises, anything else keeps; two changes are never closer than one takes."""
    memory, at_s, changed = at(start), 0.0, []
    for links, passed_s in seen:
        at_s += passed_s
        before = memory.rate_bps
        memory, why = look(memory, links, at_s)
        assert 300_000.0 <= memory.rate_bps <= 4_500_000.0
        assert (memory.rate_bps < before) == (why.rule == FALL)
        assert (memory.rate_bps > before) == (why.rule == RAISE)
        if memory.rate_bps != before:
            changed.append(at_s)
    assert all(later - sooner >= CHANGE_S for sooner, later in pairwise(changed))
