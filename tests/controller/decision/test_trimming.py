"""The bitrate law on constant roads."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.decision.links import Links
from controller.decision.machine import decide
from controller.decision.memory import TrimMemory
from controller.decision.model import Quality, Reason, Transport, UplinkReading
from controller.decision.policies import ADAPTIVE
from controller.decision.trimming import CUT, Moment, trim_rate
from tests.controller.decision.roads import Road, at_rung

TOP = 4.5e6


def looked(
    memory: TrimMemory, *, queue_s: float, carried_bps: float = TOP, at_s: float = 1_000.25
) -> tuple[float, Reason]:
    """The rate after one look of a fast loop, and why."""
    links = Links(queue_s=queue_s, queued_bits=queue_s * carried_bps, carried_bps=carried_bps)
    moment = Moment(at_s=at_s, bottom_bps=0.3e6, cap_bps=TOP, latency_s=0.2)
    after, why = trim_rate(memory, links, moment, ADAPTIVE.trim)
    return after.rate_bps, why


@pytest.mark.parametrize(
    ("before_s", "queue_s", "carried_bps", "cut"),
    [
        (0.06, 0.15, 3.6e6, True),
        (0.0, 0.15, 3.6e6, False),
        (0.2, 0.15, 3.6e6, False),
        (0.06, 0.15, 4.2e6, False),
        (0.0, 0.3, 3.6e6, True),
    ],
    ids=["grows", "comes at once", "shrinks", "hardly less is carried", "is long"],
)
def test_a_queue_that_grows_is_answered_before_it_is_long(
    before_s: float, queue_s: float, carried_bps: float, *, cut: bool
) -> None:
    """A keyframe's comes at once and shrinks, and a rate that is nearly carried may wait."""
    rate_bps, why = looked(
        TrimMemory(rate_bps=TOP, at_s=1_000.0, queue_s=before_s), queue_s=queue_s, carried_bps=carried_bps
    )

    assert (why.rule == CUT, rate_bps < TOP) == (cut, cut)


def test_the_first_cut_goes_a_part_of_the_way() -> None:
    """At 3.6 carried of 4.5 Mbit/s a queue that begins takes half of what a long one does, and makes no ceiling."""
    memory = TrimMemory(rate_bps=TOP, at_s=1_000.0, queue_s=0.06)
    links = Links(queue_s=0.15, queued_bits=0.54e6, carried_bps=3.6e6)
    after, _ = trim_rate(memory, links, Moment(1_000.25, 0.3e6, TOP, 0.0), ADAPTIVE.trim)

    assert after.rate_bps == pytest.approx((TOP + ADAPTIVE.trim.usable * 3.6e6) / 2)
    assert after.ceiling_bps is None


def test_a_queue_seen_before_a_gap_says_nothing_of_how_it_grew() -> None:
    """Between two stretches of data anything may have been."""
    assert looked(TrimMemory(rate_bps=TOP, queue_s=0.06), queue_s=0.15, carried_bps=3.6e6)[0] == TOP


@pytest.mark.parametrize("period_s", [0.25, 1.0, 2.0])
def test_a_climb_overshoots_by_no_more_than_it_may(period_s: float) -> None:
    """Until too much shows, and an order has taken effect, a slow loop has not gone further than a fast one."""
    memory = TrimMemory(rate_bps=1e6, at_s=1_000.0, empty_since_s=900.0)
    rate_bps, _ = looked(memory, queue_s=0.0, at_s=1_000.0 + period_s)
    unseen_s = ADAPTIVE.trim.shows_s + period_s + 0.2

    assert (rate_bps - 1e6) / period_s * unseen_s == pytest.approx(ADAPTIVE.trim.climb_bps)


def test_it_does_not_saw_at_a_constant_ceiling() -> None:
    """On 1.9 Mbit/s the old 4.5 do not come back; after the first tries the rate stays near the ceiling."""
    state, road, rates = at_rung(ADAPTIVE, Quality.HIGH), Road(1.9e6), []
    for _ in range(120):
        state = decide(state, road.see(state), ADAPTIVE).state
        rates.append(state.target.bitrate_bps)

    assert max(rates[40:]) < 2_700_000
    assert sum(rates[40:]) / 80 > 1_500_000


def emptied(*, dip_s: float, lossless: bool = True, bereft: bool = False) -> tuple[TrimMemory, Reason]:
    """The first look without a queue, `dip_s` after a cut from the top to 1.5 Mbit/s; 3 were carried last."""
    memory = TrimMemory(
        rate_bps=1.5e6,
        at_s=1_000.0,
        carried_bps=2e6,
        shown_bps=3e6,
        dip_since_s=1_000.25 - dip_s,
        before_dip_bps=TOP,
        queue_s=0.15,
    )
    links = Links(queue_s=0.0, queued_bits=0.0, carried_bps=1.5e6)
    moment = Moment(1_000.25, 0.3e6, TOP, 0.2, lossless=lossless, bereft=bereft)
    return trim_rate(memory, links, moment, ADAPTIVE.trim)


@pytest.mark.parametrize(
    ("dip_s", "lossless", "bereft", "rate_bps"),
    [
        (1.0, True, False, ADAPTIVE.trim.restore * TOP),
        (1.0, True, True, ADAPTIVE.trim.returns * 3e6),
        (9.0, True, False, ADAPTIVE.trim.returns * 3e6),
        (9.0, True, True, ADAPTIVE.trim.returns * 3e6),
        (1.0, False, False, 1.5e6),
        (9.0, False, False, 1.5e6),
    ],
    ids=["short", "short, an uplink dead", "long", "long, an uplink dead", "short, thrown away", "long, thrown away"],
)
def test_where_a_dip_ends(dip_s: float, rate_bps: float, *, lossless: bool, bereft: bool) -> None:
    """A short one at the old rate; else at what the queue showed, unless it was thrown away and showed nothing."""
    memory, _ = emptied(dip_s=dip_s, lossless=lossless, bereft=bereft)

    assert memory.rate_bps == pytest.approx(rate_bps)


def test_the_old_rate_waits_for_the_uplink_that_died() -> None:
    """It comes back when the uplink does, as long as that makes a short dip, and is forgotten then."""
    memory, _ = emptied(dip_s=1.0, bereft=True)
    links = Links(queue_s=0.0, queued_bits=0.0, carried_bps=memory.rate_bps)
    soon, why = trim_rate(memory, links, Moment(1_001.0, 0.3e6, TOP, 0.2), ADAPTIVE.trim)
    late, _ = trim_rate(memory, links, Moment(1_009.0, 0.3e6, TOP, 0.2), ADAPTIVE.trim)

    assert (soon.rate_bps, why.rule) == (ADAPTIVE.trim.restore * TOP, "trim-restore")
    assert late.rate_bps < 1.5 * memory.rate_bps
    assert soon.dip_since_s is None
    assert late.dip_since_s is None


@pytest.mark.parametrize(("least_bps", "climbs"), [(0.0, False), (1.4e6, False), (1.5e6, True)])
def test_a_climb_waits_less_where_the_links_have_shown_more(least_bps: float, *, climbs: bool) -> None:
    """After 0.3 s without a queue 1 Mbit/s are left only where clearly more has just been seen."""
    memory = TrimMemory(rate_bps=1e6, at_s=1_000.0, empty_since_s=999.95)
    links = Links(queue_s=0.0, queued_bits=0.0, carried_bps=1e6)
    moment = Moment(1_000.25, 0.3e6, TOP, 0.2, least_bps=least_bps)
    after, why = trim_rate(memory, links, moment, ADAPTIVE.trim)

    assert (after.rate_bps > 1e6, why.rule) == (climbs, "trim-climb" if climbs else "trim-waiting")


def test_what_an_uplink_took_with_it_is_not_tried_again() -> None:
    """One of two dies, 3 of 6 Mbit/s remain: after the first cut no more than a climb's overshoot is sent."""
    state, road, rates = at_rung(ADAPTIVE, Quality.HIGH), Road(6e6), []
    for second in range(40):
        road.capacity_bps = 6e6 if second < 10 else 3e6
        seen = road.see(state)
        gone = UplinkReading("vz", delivered_bps=0.0, min_rtt_s=0.05, dead=second >= 10)
        state = decide(state, replace(seen, uplinks=(*seen.uplinks, gone)), ADAPTIVE).state
        rates.append(state.target.bitrate_bps)

    assert rates[9] == TOP
    assert max(rates[12:]) < 3e6 + ADAPTIVE.trim.climb_bps


@pytest.mark.parametrize(
    ("carrier", "loss_ratio", "comes_back"),
    [
        (Transport.SRTLA, 0.0, True),
        (Transport.SRTLA, None, True),
        (Transport.SRTLA, 0.3, False),
        (Transport.MPTCP, 0.3, True),
    ],
)
def test_a_queue_thrown_away_is_no_dip_that_is_over(
    carrier: Transport, loss_ratio: float | None, *, comes_back: bool
) -> None:
    """After 2 s at 1 Mbit/s the old rate comes back at once, unless SRT may have given up what the queue held."""
    state, road = at_rung(ADAPTIVE, Quality.HIGH), Road(20e6)
    rates = []
    for second in range(12):
        road.capacity_bps = 1e6 if second in {4, 5} else 20e6
        seen = replace(road.see(state), carrier=carrier, loss_ratio=loss_ratio)
        state = decide(state, seen, ADAPTIVE).state
        rates.append(state.target.bitrate_bps)

    assert min(rates[4:7]) < 1_500_000
    assert (max(rates[6:9]) > 4_000_000) is comes_back
