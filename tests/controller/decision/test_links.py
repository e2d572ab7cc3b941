"""The queue before the links and what they carry, from one observation."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from controller.decision.links import read_links
from controller.decision.machine import decide
from controller.decision.model import Freshness, Interval, Observation, Quality, Transport, UplinkReading
from controller.decision.policies import ADAPTIVE
from tests.controller.decision.examples import law
from tests.controller.decision.pasts import readings
from tests.controller.decision.roads import Road, at_rung

SEEN = Observation(
    at_s=0.0,
    freshness=Freshness.FRESH,
    delivered_bps=3e6,
    drain_time_s=0.55,
    backlog_bytes=206_250.0,
    uplinks=(
        UplinkReading("verizon", delivered_bps=2e6, min_rtt_s=0.05, dead=False),
        UplinkReading("att", delivered_bps=1e6, min_rtt_s=0.08, dead=False),
    ),
)


def test_the_way_itself_is_no_queue() -> None:
    """The shortest round trip is taken off the drain time, and its bits off the backlog."""
    links = read_links(SEEN)

    assert links is not None
    assert links.queue_s == pytest.approx(0.5)
    assert links.queued_bits == pytest.approx(206_250 * 8 - 0.05 * 3e6)


@pytest.mark.parametrize(("upper_bps", "carried_bps"), [(None, 3e6), (2.4e6, 2.4e6)])
def test_what_was_delivered_while_a_queue_stood_is_preferred(upper_bps: float | None, carried_bps: float) -> None:
    """The upper bound is what the links carry; without one, what the uplinks deliver in sum."""
    links = read_links(replace(SEEN, capacity=Interval(upper_bps=upper_bps)))

    assert links is not None
    assert links.carried_bps == carried_bps


@pytest.mark.parametrize(
    "unknown",
    [
        replace(SEEN, drain_time_s=None),
        replace(SEEN, delivered_bps=None, uplinks=(UplinkReading("att", min_rtt_s=0.05),)),
        replace(SEEN, delivered_bps=None, uplinks=(*SEEN.uplinks, UplinkReading("starlink"))),
        replace(SEEN, uplinks=(UplinkReading("verizon", delivered_bps=2e6),)),
    ],
    ids=["drain time", "rate", "one uplink's rate", "round trip"],
)
def test_without_a_queue_or_a_rate_nothing_is_said(unknown: Observation) -> None:
    """Unknown is no reading of zero."""
    assert read_links(unknown) is None


@pytest.mark.parametrize(
    ("third", "carried_bps"),
    [
        (UplinkReading("starlink", delivered_bps=0.5e6), 3.5e6),
        (UplinkReading("starlink", dead=True), 3e6),
        (UplinkReading("starlink"), 4e6),
    ],
    ids=["known", "dead", "unknown"],
)
def test_an_uplink_that_is_not_known_is_no_uplink_that_carries_nothing(
    third: UplinkReading, carried_bps: float
) -> None:
    """Where more than the dead are unknown the connection as a whole says what is carried: here 4 Mbit/s."""
    links = read_links(replace(SEEN, delivered_bps=4e6, uplinks=(*SEEN.uplinks, third)))

    assert links is not None
    assert links.carried_bps == carried_bps


@pytest.mark.parametrize("drain_s", [0.0, 60.0])
def test_where_no_round_trip_is_known_nothing_and_far_too_much_still_are(drain_s: float) -> None:
    """An empty queue is empty over any way; and when the uplinks have gone with theirs, a minute is no round trip."""
    links = read_links(replace(SEEN, drain_time_s=drain_s, uplinks=()))

    assert links is not None
    assert links.queue_s == drain_s


def test_a_long_way_that_nobody_has_measured_is_not_fled() -> None:
    """300 ms to the ingest and a link that carries all: no cut for two minutes, although the drain time is long."""
    state, road = at_rung(ADAPTIVE, Quality.MEDIUM), Road(20e6, rtt_s=0.3)
    for _ in range(120):
        seen = replace(road.see(state), uplinks=(), backlog_bytes=state.target.bitrate_bps * 0.3 / 8)
        state = decide(state, seen, ADAPTIVE).state
        assert state.target.bitrate_bps >= 2_500_000


def test_a_dead_path_leaves_its_data_waiting_and_the_rest_is_no_queue() -> None:
    """In-order delivery stands while the other path still delivers: what came ahead is not in the queue."""
    waits = replace(SEEN, delivered_bps=0.2e6, ahead_bytes=180_000.0, capacity=Interval(upper_bps=3e6))
    links = read_links(waits)

    assert links is not None
    assert links.queue_s < 0.1
    assert not links.disordered


def test_order_is_lost_while_it_catches_up() -> None:
    """More acknowledged in order than the uplinks deliver is a burst of what had waited."""
    links = read_links(replace(SEEN, delivered_bps=9e6))

    assert links is not None
    assert links.disordered


@law
@given(readings())
def test_a_queue_is_never_negative(seen: Observation) -> None:
    """Whatever is seen, consistent or not."""
    links = read_links(seen)

    assert links is None or (links.queue_s >= 0 and links.queued_bits >= 0)


def test_nothing_under_way_is_no_empty_queue() -> None:
    """An SRTLA sender whose links all died swallows the stream: without queue and without delivery nothing is known."""
    swallowed = replace(SEEN, carrier=Transport.SRTLA, drain_time_s=0.0, delivered_bps=0.0)

    assert read_links(swallowed) is None
    assert read_links(replace(swallowed, drain_time_s=0.3)) is not None
    assert read_links(replace(swallowed, delivered_bps=1e6)) is not None
    assert read_links(replace(swallowed, carrier=Transport.MPTCP)) is not None


def test_srt_acknowledges_what_it_gives_up_and_that_is_no_disorder() -> None:
    """The bond acknowledges thrice what the uplinks deliver: the rest was dropped, and the queue is what it is."""
    links = read_links(replace(SEEN, delivered_bps=9e6, carrier=Transport.SRTLA))

    assert links is not None
    assert not links.disordered
