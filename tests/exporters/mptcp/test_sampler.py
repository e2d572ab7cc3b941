"""The stream's estimates: drain time, totals, stuck, and the receiver's gap."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.mptcp.capacity import UplinkEstimate, UplinkSample
from exporters.mptcp.sampler import ConnectionSample, DrainTime, Estimate, HeadOfLineGap, Progress, Sampler

STEP_S = 0.1


def paced(pace: float | None, *, moved: bool = True, busy: bool = False) -> list[UplinkEstimate]:
    """One uplink with this pace."""
    return [UplinkEstimate("a", pace=pace, moved=moved, busy=busy)]


def grown() -> DrainTime:
    """Of a connection that began 2 s before 0."""
    drain = DrainTime()
    drain.feed(-2.0, 0, paced(None, moved=False), None)
    return drain


def sample(name: str, step: int, rate: float, *, outstanding: float) -> UplinkSample:
    """An uplink that delivers at `rate`, acknowledging right at each sample."""
    return UplinkSample(name, rate * STEP_S * step, outstanding, rate, 0.05, 0.05, 0.0, 0.25, 0)


def stream(steps: int, *rates: float, backlog: float = 1e6, stalled: bool = False) -> Estimate:
    """A stream over busy uplinks of these rates; `stalled` stops its acknowledgements end to end."""
    sampler = Sampler()
    for step in range(steps):
        uplinks = [sample(f"u{n}", step, rate, outstanding=1e6) for n, rate in enumerate(rates)]
        acknowledged = 0.0 if stalled else sum(rates) * STEP_S * step
        estimate = sampler.send(step * STEP_S, uplinks, ConnectionSample(backlog, acknowledged))
    return estimate


def test_drain_time_is_backlog_over_pace() -> None:
    """100 kB at 50 kB/s take two seconds."""
    assert grown().feed(0, 100_000, paced(50_000), 0) == 2


def test_no_backlog_drains_at_once() -> None:
    """Without a backlog the drain time is 0; without a connection there is none."""
    assert grown().feed(0, 0, paced(50_000), None) == 0
    assert grown().feed(0, None, paced(None), None) is None


def test_backlog_without_any_pace_grows_with_time() -> None:
    """A connection that never delivered anything shows the time that its backlog has been standing."""
    drain = grown()
    drain.feed(0, 0, paced(None, moved=False), None)

    assert [drain.feed(t, 5000, paced(None, moved=False), t - 1.0) for t in (1.0, 2.0, 4.0)] == [1, 2, 4]


@given(
    pace=st.floats(1_000, 1e7),
    backlogs=st.lists(st.floats(0, 1e5), min_size=1, max_size=30),
)
def test_drain_time_never_falls_while_nothing_moves(pace: float, backlogs: list[float]) -> None:
    """While no uplink delivers and the backlog grows, the drain time grows by at least the time that passes."""
    drain = grown()
    backlog = 1000.0
    before = drain.feed(0, backlog, paced(pace), 0)
    for step, more in enumerate(backlogs, start=1):
        backlog += more
        now = drain.feed(step * STEP_S, backlog, paced(0.0 if step > 3 else pace, moved=False), step * STEP_S)

        assert before is not None
        assert now is not None
        assert now >= before + STEP_S - 1e-9
        before = now


def test_drain_time_is_never_below_the_connections_own_silence() -> None:
    """Uplinks that deliver only repetitions of a hole's data do not make a stuck connection look quick."""
    assert grown().feed(0, 1000, paced(1e6), 7.5) == 7.5


def test_new_connection_starts_without_the_old_ones_silence() -> None:
    """Time without a connection is not waited time."""
    drain = grown()
    drain.feed(0, 1000, paced(1000), 0)
    drain.feed(50, None, paced(None, moved=False), None)

    assert drain.feed(50.1, 1000, paced(1000, busy=True), 0) == 1
    assert drain.feed(50.2, 1000, paced(1000, busy=True), 0) == 1


def test_young_connection_has_no_drain_time_until_a_queue_tells_its_pace() -> None:
    """Slow start's first samples would make 60 kB take a minute; a queue, or 2 s, tell better."""
    drain = DrainTime()

    assert [drain.feed(t, 60_000, paced(1_000), 0.05) for t in (0.0, 0.1, 1.9)] == [None, None, None]
    assert drain.feed(1.95, 60_000, paced(60_000, busy=True), 0.05) == 1
    assert drain.feed(2.0, 60_000, paced(120_000), 0.05) == 0.5
    assert DrainTime().feed(0, 0, paced(None), None) == 0


def test_young_connection_that_says_nothing_tells_its_silence() -> None:
    """An uplink that dies at the start must not hide behind the connection's youth."""
    drain = DrainTime()

    assert [drain.feed(t, 5_000, paced(1_000, moved=False), t) for t in (0.0, 0.9, 1.0, 1.5)] == [None, None, 1.0, 1.5]


def maxima(backlogs: list[float]) -> list[float | None]:
    """The largest drain time after each of these backlogs, on an uplink of 100 kB/s."""
    sampler = Sampler()
    return [
        sampler.send(
            step * STEP_S, [sample("a", step, 1e5, outstanding=1e6)], ConnectionSample(backlog, 1e4 * step)
        ).drain_time_max_s
        for step, backlog in enumerate(backlogs)
    ]


def test_largest_drain_time_of_a_second_is_kept() -> None:
    """The maximum covers one second, so that a scrape each second misses no peak."""
    shown = maxima([1e4] * 5 + [5e4] * 2 + [1e4] * 13)

    assert shown[6:16] == [pytest.approx(0.5)] * 10
    assert shown[17] == pytest.approx(0.1)


def test_single_peak_is_not_the_largest_drain_time() -> None:
    """One sample alone may have caught a keyframe just handed over: it takes two in a row."""
    assert max(value for value in maxima([1e4] * 5 + [5e4] + [1e4] * 13) if value) == pytest.approx(0.1)


def test_totals_are_sums_over_busy_uplinks() -> None:
    """With every uplink busy, both bounds of the stream are the sums of theirs."""
    estimate = stream(10, 1e5, 3e5)

    assert estimate.capacity_lower == pytest.approx(4e5)
    assert estimate.capacity_upper == pytest.approx(4e5)
    assert estimate.drain_time_s == pytest.approx(1e6 / 4e5)


def test_one_uplink_with_room_leaves_the_total_open() -> None:
    """While one uplink in use has no upper bound the stream has none; its lower bound is still a sum."""
    sampler = Sampler()
    for step in range(10):
        busy, easy = sample("a", step, 1e5, outstanding=1e6), sample("b", step, 1e5, outstanding=100)
        estimate = sampler.send(step * STEP_S, [busy, easy], ConnectionSample(1e5, 2e4 * step))

    assert estimate.uplinks[0].capacity_upper == pytest.approx(1e5)
    assert estimate.uplinks[1].capacity_upper is None
    assert estimate.capacity_upper is None
    assert estimate.capacity_lower == pytest.approx(2e5)


def test_idle_uplink_does_not_count_as_in_use() -> None:
    """An uplink of which nothing is known leaves the others' upper bound as the stream's."""
    sampler = Sampler()
    for step in range(10):
        idle = UplinkSample("b", 0.0, 0.0, None, 0.05, 0.05, 60.0)
        uplinks = [sample("a", step, 1e5, outstanding=1e6), idle]
        estimate = sampler.send(step * STEP_S, uplinks, ConnectionSample(1e5, 1e4 * step))

    assert estimate.capacity_upper == pytest.approx(1e5)


def test_nothing_known_gives_nothing() -> None:
    """Without connection and subflows every estimate is absent."""
    estimate = Sampler().send(0, [UplinkSample("a", 0)], ConnectionSample(None, 0))

    assert estimate == Estimate(uplinks=(UplinkEstimate("a"),))


def test_new_subflow_starts_afresh() -> None:
    """What was known of an uplink is dropped with its last subflow: the next one uses another cell."""
    sampler = Sampler()
    for step in range(10):
        sampler.send(step * STEP_S, [sample("a", step, 1e5, outstanding=1e6)], ConnectionSample(1e5, 1e4 * step))
    sampler.send(1.0, [UplinkSample("a", 9e4)], ConnectionSample(1e5, 9e4))

    estimate = sampler.send(1.1, [UplinkSample("a", 9e4, 0.0, None, 0.05, 0.05, 0.0)], ConnectionSample(1e5, 9e4))

    assert estimate.uplinks[0] == UplinkEstimate("a")


def test_probe_is_taken_for_a_live_uplink_only() -> None:
    """A probe's result counts for the uplink it was sent over; without a subflow there is nobody to tell."""
    sampler = Sampler()
    idle = UplinkSample("a", 0.0, 0.0, None, 0.05, 0.05, 60.0)
    sampler.probed("a", 0, 5e5)
    sampler.send(0, [idle], ConnectionSample(0, 0))
    for _ in range(3):
        sampler.probed("a", 0.1, 1e5)

    assert sampler.send(0.1, [idle], ConnectionSample(0, 0)).capacity_lower == 1e5
    sampler.padded("b", 0.2, 9e5)
    sampler.padded("a", 0.2, 3e5)
    assert sampler.send(0.2, [idle], ConnectionSample(0, 0)).capacity_lower == 3e5


def test_connection_is_stuck_when_only_the_uplinks_move() -> None:
    """Nothing acknowledged end to end for 2 s although an uplink delivers: stuck; before, and when it moves, not."""
    assert stream(20, 1e5, stalled=True).stuck is False
    assert stream(23, 1e5, stalled=True).stuck is True
    assert stream(40, 1e5).stuck is False


def test_dead_uplinks_are_not_a_stuck_connection() -> None:
    """When no uplink delivers either, the links are dead and the connection can recover."""
    assert stream(40, 0.0, stalled=True).stuck is False


def test_idle_connection_is_not_stuck() -> None:
    """Without a backlog there is nothing to acknowledge."""
    assert stream(40, 1e5, backlog=0.0, stalled=True).stuck is False


def test_stuck_is_unknown_without_a_connection() -> None:
    """No connection, no verdict; a later one starts with a clean slate."""
    progress = Progress()
    progress.feed(0, ConnectionSample(5, 0))
    assert progress.stuck(0, 0) is False
    progress.feed(5, ConnectionSample(None, 0))
    assert progress.stuck(5, 9) is None
    progress.feed(9, ConnectionSample(5, 0))
    assert progress.stuck(9, 20) is False


def gaps(samples: list[tuple[float, float]]) -> list[float | None]:
    """The gap after each pair of received and in-order bytes, 100 ms apart."""
    gap = HeadOfLineGap()
    return [gap.feed(step * STEP_S, received, in_order) for step, (received, in_order) in enumerate(samples)]


def test_gap_is_what_waits_for_an_earlier_byte() -> None:
    """Bytes that arrived and were not delivered in order are the gap; it closes when they are."""
    assert gaps([(100, 100), (250, 200), (400, 200), (500, 500)]) == [0, 50, 200, 0]


def test_gap_does_not_count_what_arrived_twice() -> None:
    """Repetitions, and what was received before the exporter started, are not waiting."""
    assert gaps([(1000, 100), (1100, 200), (1350, 300), (1450, 400)]) == [0, 0, 150, 150]
    late = [(1450.0 + 100 * n, 400.0 + 100 * n) for n in range(120)]
    assert gaps([(1000, 100), (1100, 200), (1350, 300), *late])[-1] == 0


def test_standing_gap_does_not_wear_off() -> None:
    """While nothing is delivered in order the gap stays, however long."""
    assert gaps([(100, 100), *[(300.0, 100.0)] * 300])[-1] == 200


def test_gap_is_unknown_without_bonding() -> None:
    """Plain TCP has no subflows to wait for; the next bonded connection starts afresh."""
    gap = HeadOfLineGap()
    gap.feed(0, 100, 100)

    assert gap.feed(1, 500, None) is None
    assert gap.feed(2, 900, 100) == 0


def test_receiver_estimates_only_the_gap() -> None:
    """At the receiver nothing is said of capacity or drain time."""
    assert Sampler().receive(0, 100, 100) == Estimate(head_of_line_gap_bytes=0)
