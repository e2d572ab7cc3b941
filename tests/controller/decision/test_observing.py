"""From raw windows to an observation: ages, sites, and what is unknown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.decision.model import Freshness, Observation, Quality, Sample, Series
from controller.decision.observing import METRICS
from controller.decision.policies import LOCKED
from exporters.catalog import BY_NAME
from tests.controller.decision.world import Conditions, World


def streaming(seconds: int = 15, **conditions: object) -> World:
    """A world that has streamed for a while under the given conditions."""
    world = World(conditions=replace(Conditions(), **conditions))  # type: ignore[arg-type] # named by each test
    for _ in range(seconds):
        world.advance()
    return world


def later(world: World, seconds: float) -> Observation:
    """What is seen that long after the last scrape."""
    world.steps += round(seconds * 10)
    return world.observe(LOCKED)


def test_every_metric_it_reads_is_in_the_catalogue() -> None:
    """The catalogue is the contract with the exporters."""
    assert set(METRICS) <= set(BY_NAME)


def test_a_healthy_stream_is_read_whole() -> None:
    """Delivered rate, queue, bounds, loss, RTT, uplinks and picture."""
    seen = streaming(loss_ratio=0.01).observe(LOCKED)

    assert seen.freshness is Freshness.FRESH
    assert seen.delivered_bps == pytest.approx(2.5e6)
    assert seen.drain_time_s == pytest.approx(0.05)
    assert seen.capacity.upper_bps is None
    assert seen.capacity.lower_bps == pytest.approx(2.625e6)
    assert seen.loss_ratio == pytest.approx(0.01)
    assert seen.min_rtt_s == pytest.approx(0.05)
    assert [(one.name, one.dead) for one in seen.uplinks] == [("att", False), ("verizon", False)]
    assert seen.ingest.publishing is True
    assert seen.ingest.lag_s == pytest.approx(0.0, abs=0.2)


@pytest.mark.parametrize(
    ("age_s", "freshness"),
    [(0.0, Freshness.FRESH), (2.0, Freshness.FRESH), (3.0, Freshness.LATE), (9.0, Freshness.BLIND)],
)
def test_age_decides_how_far_the_data_is_trusted(age_s: float, freshness: Freshness) -> None:
    """Judged from the samples' own timestamps."""
    seen = later(streaming(), age_s)

    assert seen.freshness is freshness
    assert (seen.delivered_bps is None) == (freshness is Freshness.BLIND)


def test_an_exporter_that_repeats_itself_is_as_old_as_its_source() -> None:
    """Fresh scrapes of a source that fell silent 5 s before are late."""
    world = streaming()
    for metric, value in (
        ("mptcp_exporter_clock_timestamp_seconds", 1_000.0),
        ("mptcp_scrape_collector_last_success_timestamp_seconds", 995.0),
    ):
        world._tell(metric, value)  # noqa: SLF001 - what this exporter says of itself

    assert world.observe(LOCKED).freshness is Freshness.LATE


@pytest.mark.parametrize(("drain_time_s", "held_up_bps"), [(0.9, None), (1.0, 2.5e6)])
def test_what_arrives_is_known_as_held_up_while_a_long_queue_stands(
    drain_time_s: float, held_up_bps: float | None
) -> None:
    """A second of queue, wherever it stands; below it nothing is said."""
    world = streaming()
    world._tell("mptcp_connection_drain_time_seconds", drain_time_s)  # noqa: SLF001 - one gauge of this scrape alone

    seen = world.observe(LOCKED)
    assert seen.held_up_bps == (None if held_up_bps is None else pytest.approx(held_up_bps))


@pytest.mark.parametrize(("after_s", "loss_ratio"), [(0, 0.1), (1, 0.0)])
def test_losses_are_forgotten_before_a_rule_has_run_out(after_s: int, loss_ratio: float) -> None:
    """A tenth is lost for two seconds: a second later nothing of it is seen."""
    world = _lossy_for_two_seconds(4.5e6)
    for _ in range(after_s):
        world.advance()

    assert world.observe(LOCKED).loss_ratio == pytest.approx(loss_ratio)


def test_few_segments_are_counted_for_longer() -> None:
    """At 600 kbit/s two seconds hold a hundred: the two of losses count for two of three, one second later."""
    world = _lossy_for_two_seconds(6e5)
    world.advance()

    assert world.observe(LOCKED).loss_ratio == pytest.approx(0.1 * 2 / 3)


def test_a_loss_is_remembered_among_what_was_sent_in_ten_seconds() -> None:
    """A tenth is lost for two of them: 2 % over all, scrapes of a second making nine of ten, when all is well again."""
    world = _lossy_for_two_seconds(4.5e6)
    world.advance()

    seen = world.observe(LOCKED)
    assert seen.loss_ratio == 0.0
    assert seen.lasting_loss_ratio == pytest.approx(0.2 / 9)


@pytest.mark.parametrize(("slow_s", "lasting_rtt_s"), [(2, 0.05), (3, 0.3)])
def test_a_slow_round_trip_lasts_when_no_faster_one_was_seen_of_late(slow_s: int, lasting_rtt_s: float) -> None:
    """Over 2.5 s; the newest is told beside it."""
    world = streaming()
    world.conditions = replace(world.conditions, rtt_s=0.3)
    for _ in range(slow_s):
        world.advance()

    seen = world.observe(LOCKED)
    assert (seen.min_rtt_s, seen.lasting_rtt_s) == (0.3, lasting_rtt_s)


def test_an_uplink_that_died_lends_no_round_trip_to_those_that_live() -> None:
    """The fast one is dead now: what it had a second ago does not stand for the slow one."""
    world = streaming()
    world._tell("mptcp_uplink_rtt_seconds", 0.02, uplink="att")  # noqa: SLF001 - one uplink's gauge alone
    world.conditions = replace(world.conditions, dead=frozenset({"att"}))
    world.advance()

    assert world.observe(LOCKED).lasting_rtt_s == pytest.approx(0.05)


def _lossy_for_two_seconds(bitrate_bps: float) -> World:
    world = streaming(0)
    world.playing = replace(world.playing, bitrate_bps=round(bitrate_bps))
    for loss_ratio in [0.0] * 10 + [0.1] * 2:
        world.conditions = replace(world.conditions, loss_ratio=loss_ratio)
        world.advance()
    world.conditions = replace(world.conditions, loss_ratio=0.0)
    return world


def test_a_gauge_missing_from_the_newest_scrape_is_unknown() -> None:
    """The upper bound of an overload that is over must not linger."""
    world = streaming(capacity_bps=1e6)
    assert world.observe(LOCKED).capacity.upper_bps == pytest.approx(1e6)
    world.conditions = replace(world.conditions, capacity_bps=50e6)
    world.advance()
    world.advance()

    assert world.observe(LOCKED).capacity.upper_bps is None


def test_dead_uplinks_do_not_lend_their_last_good_rtt() -> None:
    """The best RTT is that of an uplink that lives; without one it is unknown."""
    assert streaming(dead=frozenset({"att"})).observe(LOCKED).min_rtt_s == pytest.approx(0.05)
    assert streaming(dead=frozenset({"att", "verizon"})).observe(LOCKED).min_rtt_s is None


def test_nothing_at_all_is_blind_and_without_a_single_reading() -> None:
    """No series, no values."""
    seen = World().observe(LOCKED)

    assert seen.freshness is Freshness.BLIND
    assert (seen.age_s, seen.delivered_bps, seen.ingest.age_s, seen.edge_state) == (None, None, None, None)


@pytest.mark.parametrize(("site", "expected"), [("edge", Quality.LOW), ("vps", None)])
def test_only_the_edge_tells_the_edge_state(site: str, expected: Quality | None) -> None:
    """Our own series, scraped from ourselves, is not the edge's."""
    world = World()
    world._tell("vvlive_quality_state", 1.0, site=site, state="LOW")  # noqa: SLF001 - a scrape of a controller
    world._tell("vvlive_quality_state", 0.0, site=site, state="HIGH")  # noqa: SLF001 - as above

    assert world.observe(LOCKED).edge_state is expected


def test_the_receiver_never_passes_for_the_sender() -> None:
    """The VPS exports the same metrics of its own end; the edge's count."""
    world = streaming()
    far = [
        Series(one.metric, tuple(sorted({**dict(one.labels), "site": "vps"}.items())), (Sample(world.now, 0.0),))
        for one in world.windows()
        if one.metric.startswith("mptcp_")
    ]
    for one in far:
        world.rows[one.metric, one.labels] = world.rows.get((one.metric, one.labels)) or type(
            next(iter(world.rows.values()))
        )(one.samples)

    assert world.observe(LOCKED).delivered_bps == pytest.approx(2.5e6)
