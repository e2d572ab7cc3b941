"""The bench tells what the exporters tell: names, labels, units, and what the numbers mean."""

from __future__ import annotations

import numpy as np
import pytest

from controller.decision.observing import METRICS
from exporters.catalog import BY_NAME, Kind
from tests.bench.history import History, Setting
from tests.bench.link import Transport, link
from tests.bench.policies.product import VPS_SITE, Windows
from tests.bench.signals import PATH_RTT_S, UPLINKS, IngestSignals, SenderSignals, Told
from tests.bench.simulation import ChangeCost, simulate
from tests.bench.traces import Pair
from tests.bench_tests.roads import Script, blacked_out, flat

HIGH = Setting(4_500.0, 1080)


def ran(first: object, second: object, *, transport: Transport = Transport.TCP, start: Setting = HIGH) -> History:
    """A run of a fixed bitrate over two uplinks."""
    pair = Pair("pair", np.array(first, dtype=float), np.array(second, dtype=float))
    return simulate(link(pair, transport), Script(start=start), transport, ChangeCost.LIVE)


def values(told: Told) -> dict[str, float | None]:
    """What was told, by metric and uplink."""
    return {metric + "".join(f" {value}" for _, value in labels): value for metric, labels, value in told}


def told_at(history: History, step: int) -> dict[str, float | None]:
    """What the sender's exporter tells at the end of `step`."""
    signals = SenderSignals(history)
    signals.advance(step)
    return values(signals.told())


Signal = tuple[str, tuple[tuple[str, str], ...], float | None]


def _everything() -> list[Signal]:
    history = ran(flat(3_000.0, 20), flat(3_000.0, 20))
    sender, ingest = SenderSignals(history), IngestSignals(history)
    sender.advance(150)
    ingest.advance(150)
    return [*sender.told(), *ingest.told()]


def test_every_signal_is_in_the_catalogue_with_its_labels() -> None:
    """A metric that no exporter has, or with other labels, would be a second product."""
    for metric, labels, _ in _everything():
        assert tuple(name for name, _ in labels) == BY_NAME[metric].labels, metric


def test_the_bench_tells_everything_that_the_core_reads() -> None:
    """What `observe` reads and the bench does not tell would be judged blind."""
    assert _read_and_not_told(_everything(), "mptcp", METRICS) == _SHIPPED


_SHIPPED = {"vvlive_quality_state"}  # the edge controller's own, shipped by the product row


def _read_and_not_told(everything: list[Signal], exporter: str, read: tuple[str, ...]) -> set[str]:
    windows = Windows(1.0)
    for one in (exporter, "ingest"):
        windows.scrape(0.0, VPS_SITE, one, iter(()))
    return set(read) - {metric for metric, _, _ in everything} - {one.metric for one in windows.series(0.0)}


def test_counters_never_fall() -> None:
    """Over a run with deaths and black-outs every counter only rises."""
    first = blacked_out(4_000.0, 60, at_s=20, for_s=10)
    history = ran(first, flat(2_000.0, 60), transport=Transport.TCP_HOL)
    signals = SenderSignals(history)
    before: dict[str, float | None] = {}
    for step in range(0, 600, 7):
        signals.advance(step)
        now = values(signals.told())
        for name, value in now.items():
            if BY_NAME[name.split()[0]].kind is Kind.COUNTER:
                assert (value or 0.0) >= (before.get(name) or 0.0), name
        before = now


def test_without_a_queue_no_upper_bound_is_told() -> None:
    """Capacity is never told, only what flowed: without a queue there is no upper bound."""
    told = told_at(ran(flat(20_000.0, 30), flat(20_000.0, 30)), 250)
    assert told["mptcp_connection_capacity_upper_bytes_per_second"] is None


def test_without_a_queue_the_lower_bound_is_between_what_flows_and_what_would() -> None:
    """Keyframes travel as trains that show more than the stream's own rate, and less than the uplinks'."""
    told = told_at(ran(flat(10_000.0, 30), flat(10_000.0, 30)), 250)
    lower = told["mptcp_connection_capacity_lower_bytes_per_second"]
    assert lower is not None
    assert 4_500_000 < lower * 8 < 0.95 * 20_000_000


def test_with_a_queue_the_bounds_meet_at_the_capacity() -> None:
    """4.5 Mbit/s on links that carry 2.57: both bounds say so once the queue has stood."""
    told = told_at(ran(flat(1_500.0, 30), flat(1_500.0, 30)), 250)
    for bound in ("lower", "upper"):
        value = told[f"mptcp_connection_capacity_{bound}_bytes_per_second"]
        assert value is not None
        assert value * 8 == pytest.approx(0.95 * 0.90 * 3_000_000, rel=0.02)


def test_the_backlog_is_the_queue_and_what_is_in_flight() -> None:
    """With a standing queue the backlog told is the queue plus 60 ms in flight."""
    history = ran(flat(1_500.0, 20), flat(1_500.0, 20))
    backlog = told_at(history, 150)["mptcp_connection_backlog_bytes"]
    in_flight = 0.95 * 0.90 * 3_000.0 * PATH_RTT_S
    assert backlog == pytest.approx((history.backlog[150] + in_flight) * 125)


def test_the_drain_time_follows_the_queue() -> None:
    """The drain time told is near the age of the queue, and small without one."""
    history = ran(flat(1_500.0, 20), flat(1_500.0, 20))
    drain = told_at(history, 100)["mptcp_connection_drain_time_seconds"]
    assert drain == pytest.approx(history.backlog[100] / (0.95 * 0.90 * 3_000.0), rel=0.15)
    idle = told_at(ran(flat(20_000.0, 20), flat(20_000.0, 20)), 100)["mptcp_connection_drain_time_seconds"]
    assert idle is not None
    assert idle < 0.3


def test_a_dead_uplink_is_told_within_a_second() -> None:
    """When the first uplink dies under load, its verdict is 1 a second later and the other's is not."""
    told = told_at(
        ran(blacked_out(3_000.0, 60, at_s=20, for_s=30), flat(3_000.0, 60), transport=Transport.TCP_HOL), 210
    )
    assert told["mptcp_uplink_dead first"] == 1.0
    assert told["mptcp_uplink_dead second"] != 1.0


def test_in_a_pause_the_survivor_delivers_and_the_connection_does_not() -> None:
    """Head-of-line blocking: the survivor's counter rises, the connection's stands, and both agree again after."""
    history = ran(blacked_out(3_000.0, 60, at_s=20, for_s=30), flat(3_000.0, 60), transport=Transport.TCP_HOL)
    early, late, after = (told_at(history, step) for step in (201, 213, 240))
    connection, survivor = "mptcp_connection_acknowledged_bytes_total", "mptcp_uplink_acknowledged_bytes_total second"
    assert early[connection] == late[connection]
    assert (late[survivor] or 0) > (early[survivor] or 0)
    total = (after[survivor] or 0) + (after["mptcp_uplink_acknowledged_bytes_total first"] or 0)
    assert total == pytest.approx(after[connection], rel=0.01)


def test_the_ingest_tells_how_late_the_newest_picture_is() -> None:
    """During a black-out the lag grows with time; before it, it is nothing."""
    history = ran(blacked_out(9_000.0, 60, at_s=20, for_s=10), flat(0.0, 60))
    signals = IngestSignals(history)
    signals.advance(150)
    assert values(signals.told())["ingest_stream_lag_seconds cam"] == 0.0
    signals.advance(250)
    assert values(signals.told())["ingest_stream_lag_seconds cam"] == pytest.approx(5.0, abs=0.3)


def test_the_same_run_tells_the_same() -> None:
    """The jitter is seeded: two tellings of one run are equal."""
    history = ran(flat(3_000.0, 20), flat(3_000.0, 20))
    assert told_at(history, 150) == told_at(history, 150)


def test_where_the_model_has_subflows_they_are_told() -> None:
    """Under overload the subflows' own losses, queues and round trips come out, and a backlog with a limit."""
    history = ran(flat(1_000.0, 30), flat(800.0, 30), transport=Transport.MPTCP)
    told = told_at(history, 250)
    for path, name in zip(history.paths, UPLINKS, strict=True):
        assert told[f"mptcp_uplink_acknowledged_bytes_total {name}"] == pytest.approx(path.delivered[250] * 125)
        assert told[f"mptcp_uplink_rtt_seconds {name}"] == path.rtt_s[250] > 0.5
        again = told[f"mptcp_uplink_retransmitted_segments_total {name}"]
        assert again is not None
        assert again * 1_400 / 125 > path.resent[250] > 0.0
    assert told["mptcp_connection_backlog_bytes"] == pytest.approx(min(history.backlog[250], 9_000.0) * 125)
    upper = told["mptcp_connection_capacity_upper_bytes_per_second"]
    assert upper is not None
    assert upper * 8 == pytest.approx(0.95 * 0.97 * 1_800_000, rel=0.1)


def _resent_share(history: History) -> float:
    """The largest share of what an uplink sent that it had to send again, over the whole run."""
    told = told_at(history, len(history.delivered) - 1)
    shares = []
    for uplink in UPLINKS:
        again = told[f"mptcp_uplink_retransmitted_segments_total {uplink}"]
        sent = told[f"mptcp_uplink_transmit_segments_total {uplink}"]
        assert again is not None
        assert sent is not None
        shares.append(again / sent)
    return max(shares)


def test_only_the_model_with_subflows_has_losses_to_tell() -> None:
    """When an uplink dies under a stream the one pipe tells a stray loss of 0.1 %, two subflows tell what is resent."""
    roads = (blacked_out(4_000.0, 30, at_s=10, for_s=10), flat(3_000.0, 30))
    assert _resent_share(ran(*roads, transport=Transport.TCP_HOL)) == pytest.approx(0.001, rel=0.01)
    assert _resent_share(ran(*roads, transport=Transport.MPTCP)) > 0.003
