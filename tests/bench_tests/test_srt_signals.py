"""The bench tells of SRT what the exporters of an SRTLA bond tell: names, labels, and what the numbers mean."""

from __future__ import annotations

import pytest

from controller.decision.model import Transport as Carrier
from controller.decision.observing import metrics
from exporters.catalog import BY_NAME, Kind
from tests.bench.history import NOT_PRODUCED, History
from tests.bench.link import Transport
from tests.bench.policies.product import VPS_SITE, Windows
from tests.bench.signals import EPOCH_S, PATH_RTT_S, UPLINKS
from tests.bench.simulation import BUDGET_S
from tests.bench.srt_signals import SrtIngestSignals, SrtReceiverSignals, SrtSenderSignals
from tests.bench_tests.roads import blacked_out, flat
from tests.bench_tests.test_signals import ran, values

MISSING = "srtla_connection_missing_segments_total"
WHOLE = "srtla_connection_whole_timestamp_seconds"
ACKNOWLEDGED = "srtla_connection_acknowledged_bytes_total"
Source = SrtSenderSignals | SrtIngestSignals | SrtReceiverSignals
SOURCES = (SrtSenderSignals, SrtIngestSignals, SrtReceiverSignals)


def dark(for_s: float) -> History:
    """A run at 4.5 Mbit/s over 9 that stops at 20 s for a while."""
    rates = blacked_out(5_000.0, 60, at_s=20, for_s=for_s)
    return ran(rates, rates, transport=Transport.SRT)


def told_at(source: Source, step: int) -> dict[str, float | None]:
    """What an exporter tells at the end of `step`."""
    source.advance(step)
    return values(source.told())


def test_every_signal_is_in_the_catalogue_and_everything_that_is_read_is_told() -> None:
    """The same contract as for MPTCP: no metric that no exporter has, and none that is judged blind."""
    history, told = dark(5.0), set()
    for source in (one(history) for one in SOURCES):
        source.advance(400)
        for metric, labels, _ in source.told():
            assert tuple(name for name, _ in labels) == BY_NAME[metric].labels, metric
            told.add(metric)
    windows = Windows(1.0)
    for exporter in ("srtla", "ingest"):
        windows.scrape(0.0, VPS_SITE, exporter, iter(()))
    told |= {one.metric for one in windows.series(0.0)}

    assert set(metrics([Carrier.SRTLA])) - told == {"vvlive_quality_state"}


def test_counters_never_fall() -> None:
    """Over a black-out every counter of all three exporters only rises."""
    history = dark(6.0)
    for source in (one(history) for one in SOURCES):
        before: dict[str, float | None] = {}
        for step in range(0, 600, 7):
            now = told_at(source, step)
            for name, value in now.items():
                if BY_NAME[name.split()[0]].kind is Kind.COUNTER:
                    assert (value or 0.0) >= (before.get(name) or 0.0), name
            before = now


def test_what_is_given_up_is_acknowledged_with_what_comes_after_it() -> None:
    """In the dark nothing is acknowledged and the backlog grows; then the ACK passes the lost part, too."""
    history = dark(5.0)
    sender = SrtSenderSignals(history)
    before, during, after = (told_at(sender, step) for step in (199, 245, 290))

    assert during[ACKNOWLEDGED] == before[ACKNOWLEDGED]
    assert during["srtla_connection_backlog_bytes"] == pytest.approx(4_500_000 / 8 * 4.6, rel=0.05)
    drain_s = during["srtla_connection_drain_time_seconds"]
    assert drain_s is not None
    assert drain_s > 4.5
    assert after[ACKNOWLEDGED] == pytest.approx((history.accepted[290] - history.backlog[290]) * 125)
    assert sum(after[f"srtla_uplink_acknowledged_bytes_total {name}"] or 0.0 for name in UPLINKS) == pytest.approx(
        history.delivered[290] * 125
    )


def test_what_is_given_up_is_lost_on_its_uplink() -> None:
    """Three seconds of stream are charged to the uplinks half a second after they carry again, none before."""
    history = dark(5.0)
    sender = SrtSenderSignals(history)

    def lost(step: int) -> float:
        told = told_at(sender, step)
        return sum(told[f"srtla_uplink_lost_segments_total {name}"] or 0.0 for name in UPLINKS)

    before = lost(248)
    assert lost(260) - before == pytest.approx(history.dropped[260] * 125 / 1_332, rel=0.05)


def test_without_a_queue_the_round_trip_is_the_way_and_no_upper_bound_is_told() -> None:
    """Nothing stands in front of the uplinks but keyframes."""
    told = told_at(SrtSenderSignals(dark(5.0)), 190)

    assert told["srtla_uplink_rtt_seconds first"] == pytest.approx(PATH_RTT_S, abs=0.08)
    assert told["srtla_connection_capacity_upper_bytes_per_second"] is None
    assert told["srtla_uplink_dead first"] == 0.0


def test_with_a_queue_the_upper_bound_is_the_capacity() -> None:
    """4.5 Mbit/s on links that carry 2.57: the queue of two seconds is seen in the round trip, and the rate with it."""
    rates = flat(1_500.0, 40)
    told = told_at(SrtSenderSignals(ran(rates, rates, transport=Transport.SRT)), 350)
    upper = told["srtla_connection_capacity_upper_bytes_per_second"]

    assert upper is not None
    assert upper * 8 == pytest.approx(0.95 * 0.90 * 3_000_000, rel=0.02)
    assert (told["srtla_uplink_rtt_seconds first"] or 0.0) > 1.5


def test_a_dead_uplink_is_told_within_a_second_and_a_half() -> None:
    """Packets go up and nothing comes down."""
    history = ran(blacked_out(3_000.0, 60, at_s=20, for_s=20), flat(3_000.0, 60), transport=Transport.SRT)
    told = told_at(SrtSenderSignals(history), 216)

    assert (told["srtla_uplink_dead first"], told["srtla_uplink_dead second"]) == (1.0, 0.0)


def test_the_ingest_is_late_once_the_buffer_is_empty() -> None:
    """SRT's two seconds hide the first two of a black-out; then the lateness grows with time."""
    ingest = SrtIngestSignals(dark(5.0))
    lags = [told_at(ingest, step)["ingest_stream_lag_seconds cam"] for step in (199, 215, 239, 300)]

    assert lags == [pytest.approx(0.0), pytest.approx(0.0), pytest.approx(2.0, abs=0.3), pytest.approx(0.0)]


def test_a_hole_is_missing_when_what_comes_after_it_is_due() -> None:
    """Of five seconds of darkness three are lost; they are counted at once when the first part after them plays."""
    history = dark(5.0)
    receiver = SrtReceiverSignals(history)
    counted = [told_at(receiver, step)[MISSING] or 0.0 for step in (245, 252, 300)]
    lost = history.dropped[300] * 125 / 1_332

    assert counted == [0.0, pytest.approx(lost, rel=0.05), pytest.approx(lost, rel=0.05)]
    assert BUDGET_S == 2.0


def test_the_picture_is_whole_from_the_first_keyframe_after_the_hole() -> None:
    """It lies at 24 s, since all up to 23.1 s is lost; what is to be played at 26 s is known when the hole is."""
    history = dark(5.0)
    receiver = SrtReceiverSignals(history)
    told = {step: told_at(receiver, step)[WHOLE] for step in (199, 245, 258, 300)}
    first_s, _, ahead_s, after_s = (None if one is None else one - EPOCH_S for one in told.values())

    assert first_s == pytest.approx(2.1, abs=0.1)
    assert ahead_s == pytest.approx(26.1, abs=0.1)
    assert after_s == ahead_s


def test_a_keyframe_may_be_overlooked() -> None:
    """Then the picture is told to be whole a GOP later: it is never told too early."""
    history, told = dark(5.0), set()
    for seed in range(200):
        receiver = SrtReceiverSignals(history, seed=seed)
        whole_s = told_at(receiver, 300)[WHOLE]
        assert whole_s is not None
        assert whole_s - EPOCH_S >= 26.1
        told.add(round((whole_s - EPOCH_S) / 2) * 2)

    assert told == {26, 28}


def test_an_encoder_that_restarts_is_mended_by_a_keyframe_once_it_is_known_when_things_are_played() -> None:
    """A pause of two seconds from 30 s on: its keyframe lies at 32 s; the exporter has learned at a hole before it."""
    history = dark(5.0)
    history.latency[290:310] = [NOT_PRODUCED] * 20
    told = told_at(SrtReceiverSignals(history), 340)[WHOLE]

    assert told == pytest.approx(EPOCH_S + 34.1, abs=0.1)
