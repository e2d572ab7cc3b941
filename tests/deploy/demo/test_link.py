"""The queue model: what goes in comes out, at the rate, in order, and nothing is invented."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.link import Change, Link, Shape
from deploy.demo.trace import Trace

SHAPE = Shape(rate_bps=1_000_000, delay_s=0.02, queue_bytes=150_000)
PACKET = bytes(1250)  # 10 ms at 1 Mbit/s


def never() -> float:
    """A chance that spares every packet."""
    return 1.0


def link(shape: Shape = SHAPE, *, now: float = 0.0) -> Link:
    """A link without random loss."""
    return Link(shape, now, never)


def numbered(number: int, size: int) -> bytes:
    """A packet that can be told from others."""
    return number.to_bytes(4, "big") + bytes(size - 4)


def drained(line: Link, until: float) -> list[tuple[float, bytes]]:
    """Everything that comes out up to `until`, each with the time at which it was due."""
    out = []
    while (wake := line.wake_at()) <= until:
        out += [(wake, packet) for packet in line.collect(wake)]
    return out


def test_single_packet_takes_its_transmission_time_and_the_delay() -> None:
    """A packet on an idle link arrives after size over rate plus the one-way delay."""
    line = link()
    line.offer(PACKET, 5.0)

    [(due, packet)] = drained(line, 10.0)

    assert packet == PACKET
    assert due == pytest.approx(5.0 + 0.010 + 0.020)


def test_departures_are_chained_on_departures() -> None:
    """A caller that wakes late delivers late, but the packets behind lose nothing."""
    line = link()
    for _ in range(10):
        line.offer(PACKET, 0.0)

    late = line.collect(0.1205)

    assert len(late) == 10
    assert line.counters.late_max_s == pytest.approx(0.1205 - 0.030)


def test_idle_time_is_not_saved_up() -> None:
    """A link that stood idle sends the next packet at its rate, not in a burst."""
    line = link()
    line.offer(PACKET, 0.0)
    drained(line, 1.0)
    line.offer(PACKET, 3.0)

    assert line.wake_at() == pytest.approx(3.010)


def test_full_queue_drops_the_newcomer() -> None:
    """The queue holds whole packets up to its bytes; what would exceed it is dropped and counted."""
    line = link(replace(SHAPE, queue_bytes=2 * len(PACKET)))
    for _ in range(3):
        line.offer(PACKET, 0.0)

    assert line.queued_bytes == 2 * len(PACKET)
    assert line.counters.queue_dropped_packets == 1
    assert line.counters.queue_dropped_bytes == len(PACKET)


def test_rate_zero_holds_everything_and_a_rate_frees_it() -> None:
    """At rate 0 nothing departs and nothing is lost; the rest follows when the rate returns."""
    line = link(replace(SHAPE, rate_bps=0))
    line.offer(PACKET, 0.0)
    assert line.wake_at() == math.inf

    line.reshape(Change(rate_bps=1_000_000), 7.0)

    assert [due for due, _ in drained(line, 10.0)] == pytest.approx([7.030])


def test_rate_change_keeps_the_share_already_sent() -> None:
    """Half a packet sent at the old rate leaves half a packet for the new rate."""
    line = link()
    line.offer(PACKET, 0.0)

    line.reshape(Change(rate_bps=100_000), 0.005)

    assert line.wake_at() == pytest.approx(0.005 + 0.050)


def test_rate_of_zero_keeps_the_share_already_sent() -> None:
    """A link that stops in mid-packet goes on with the rest of it."""
    line = link()
    line.offer(PACKET, 0.0)
    line.reshape(Change(rate_bps=0), 0.004)
    line.reshape(Change(rate_bps=1_000_000), 1.0)

    assert line.wake_at() == pytest.approx(1.006)


def test_lower_delay_does_not_reorder() -> None:
    """A packet sent under a shorter delay waits for the one in front of it."""
    line = link(replace(SHAPE, delay_s=0.5))
    line.offer(numbered(1, 1250), 0.0)
    line.advance(0.010)
    line.reshape(Change(delay_s=0.0), 0.010)
    line.offer(numbered(2, 1250), 0.010)

    assert [packet[:4] for _, packet in drained(line, 1.0)] == [b"\0\0\0\1", b"\0\0\0\2"]


def test_hole_swallows_arrivals_and_what_is_due_in_it() -> None:
    """A hole loses what arrives and what would have come out, and says so in the counters."""
    line = link()
    line.offer(PACKET, 0.0)
    line.reshape(Change(hole=True), 0.015)
    line.offer(PACKET, 0.016)

    assert line.collect(1.0) == []
    assert line.counters.lost_packets == 2


def test_packet_that_outlives_the_hole_arrives() -> None:
    """What is still under way when the hole ends comes out."""
    line = link()
    line.offer(PACKET, 0.0)
    line.reshape(Change(hole=True), 0.015)
    line.reshape(Change(hole=False), 0.020)

    assert line.collect(1.0) == [PACKET]


def test_loss_follows_the_chance() -> None:
    """A packet is lost when its number is below the ratio, and only then."""
    chances = iter([0.04, 0.05, 0.9])
    line = Link(replace(SHAPE, loss_ratio=0.05), 0.0, lambda: next(chances))
    for _ in range(3):
        line.offer(PACKET, 0.0)

    assert line.counters.lost_packets == 1
    assert len(line.collect(1.0)) == 2


def test_trace_steps_at_its_own_times() -> None:
    """A trace changes the rate at its steps, exactly, whenever the link is looked at."""
    line = link(replace(SHAPE, rate_bps=0))
    line.play(Trace(0.1, (1e6, 0.0, 2e6)), 0.0)

    assert line.capacity_bits(0.25) == pytest.approx(100_000 + 0 + 100_000)
    assert line.shape.rate_bps == 2e6


def test_trace_repeats() -> None:
    """After its last step a repeating trace begins anew."""
    line = link()
    line.play(Trace(0.1, (1e6, 3e6)), 0.0)
    line.advance(0.45)

    assert line.shape.rate_bps == 1e6


def test_trace_that_does_not_repeat_keeps_its_last_rate() -> None:
    """Without repetition the last rate holds for ever."""
    line = link()
    line.play(Trace(0.1, (1e6, 3e6), repeats=False), 0.0)
    line.advance(100.0)

    assert line.shape.rate_bps == 3e6
    assert line.wake_at() == math.inf


def test_setting_a_rate_ends_the_trace() -> None:
    """A rate given by hand stays, even one equal to the trace's present rate."""
    line = link()
    line.play(Trace(0.1, (1e6, 3e6)), 0.0)
    line.reshape(Change(rate_bps=1e6), 0.05)
    line.advance(10.0)

    assert line.shape.rate_bps == 1e6


def test_other_changes_leave_the_trace_running() -> None:
    """A hole or a delay does not end a trace."""
    line = link()
    line.play(Trace(0.1, (1e6, 3e6)), 0.0)
    line.reshape(Change(hole=True, delay_s=0.1), 0.05)
    line.advance(0.15)

    assert line.shape.rate_bps == 3e6


def test_hole_has_no_capacity() -> None:
    """The integral of the capacity stands still in a hole."""
    line = link()
    line.reshape(Change(hole=True), 1.0)
    line.reshape(Change(hole=False), 3.0)

    assert line.capacity_bits(4.0) == pytest.approx(2 * 1_000_000)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (Change(rate_bps=-1), "rate_bps -1"),
        (Change(rate_bps=math.inf), "rate_bps inf"),
        (Change(rate_bps=math.nan), "rate_bps nan"),
        (Change(delay_s=-0.1), "delay_s -0.1"),
        (Change(queue_bytes=-1), "queue_bytes -1"),
        (Change(loss_ratio=1.5), "loss_ratio 1.5"),
    ],
)
def test_impossible_change_is_refused_and_changes_nothing(change: Change, message: str) -> None:
    """A shape that no link can have is refused by the field's name."""
    line = link()

    with pytest.raises(ValueError, match=message):
        line.reshape(change, 1.0)

    assert line.shape == SHAPE


sizes = st.integers(min_value=20, max_value=1500)
gaps = st.floats(min_value=0, max_value=0.2)
changes = st.builds(
    Change,
    rate_bps=st.none() | st.sampled_from([0.0, 1e4, 1e6, 2e7]),
    delay_s=st.none() | st.floats(min_value=0, max_value=0.3),
    queue_bytes=st.none() | st.integers(min_value=0, max_value=20_000),
    hole=st.none() | st.booleans(),
)
events = st.lists(st.tuples(gaps, sizes | changes), max_size=120)


@given(events, st.lists(st.floats(min_value=0, max_value=0.999), min_size=1))
def test_nothing_is_created_or_forgotten(story: list[tuple[float, int | Change]], luck: list[float]) -> None:
    """At any moment: in = out + dropped + lost + inside, in packets and in bytes, and order is kept."""
    turn = iter(range(10**9))
    line = Link(replace(SHAPE, loss_ratio=0.1), 0.0, lambda: luck[next(turn) % len(luck)])
    now, out = 0.0, list[bytes]()
    for number, (gap, event) in enumerate(story):
        now += gap
        if isinstance(event, Change):
            line.reshape(event, now)
        else:
            line.offer(numbered(number, event), now)
        out += line.collect(now)

        counters, (packets, octets) = line.counters, line.inside
        gone = counters.out_packets + counters.queue_dropped_packets + counters.lost_packets
        gone_bytes = counters.out_bytes + counters.queue_dropped_bytes + counters.lost_bytes
        assert counters.in_packets == gone + packets
        assert counters.in_bytes == gone_bytes + octets

    assert sorted(out) == out
    assert len(out) == line.counters.out_packets


@given(st.lists(sizes, min_size=1, max_size=60), st.floats(min_value=1e4, max_value=1e8), gaps)
def test_busy_link_sends_exactly_its_rate(packets: list[int], rate_bps: float, late: float) -> None:
    """Packets that stand in a queue leave in their total size over the rate, however the caller wakes."""
    line = link(Shape(rate_bps, 0.0, 10**9))
    for size in packets:
        line.offer(bytes(size), 0.0)
    done = sum(packets) * 8 / rate_bps

    line.collect(done * 0.4 + late)
    out_early = line.counters.out_bytes

    assert out_early * 8 <= rate_bps * (done * 0.4 + late) * (1 + 1e-9)
    line.collect(done * (1 + 1e-9))
    assert line.counters.out_packets == len(packets)


@given(st.lists(st.sampled_from([0.0, 2e5, 1e6, 5e6]), min_size=1, max_size=20))
def test_trace_never_carries_more_than_its_integral(rates: list[float]) -> None:
    """A saturated link under a trace delivers the integral of its rates, to within one packet."""
    line = link(Shape(0.0, 0.0, 10**9))
    line.play(Trace(0.1, tuple(rates)), 0.0)
    for _ in range(2000):
        line.offer(PACKET, 0.0)
    until = 0.1 * len(rates)
    drained(line, until)

    short = line.capacity_bits(until) - line.counters.out_bytes * 8

    assert -1e-3 <= short <= len(PACKET) * 8 + 1e-3
