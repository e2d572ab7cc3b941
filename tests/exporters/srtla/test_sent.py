"""What leaves the sender, and which link is charged with its loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.srtla.link import Link
from exporters.srtla.sent import WINDOW, Sent
from exporters.srtla.wire import SEQUENCE_MASK
from tests.exporters.srtla import packets

if TYPE_CHECKING:
    from collections.abc import Iterable

SIZE = 1332


def links() -> tuple[Link, Link]:
    """Two links that have nothing yet."""
    return Link(packets.ONE, 0.0, "a"), Link(packets.TWO, 0.0, "b")


def leave(stream: Sent, link: Link, at_s: float, numbers: Iterable[int], *, again: bool = False) -> None:
    """Data packets leave over a link at once."""
    for number in numbers:
        packet = packets.data(number & SEQUENCE_MASK, again=again)
        stream.data(link, at_s, len(packet), packet[:68])


def test_srtla_ack_credits_its_link() -> None:
    """What a link's SRTLA ACK names was delivered by it, is in flight no more, and tells the round trip."""
    stream, (one, other) = Sent(), links()
    leave(stream, one, 1.0, range(10))
    leave(stream, other, 1.0, range(10, 15))
    stream.landed(one, 1.08, tuple(range(10)))

    assert (one.tally.acknowledged_bytes, one.in_flight_bytes, one.in_flight) == (10 * SIZE, 0, 0)
    assert (other.tally.acknowledged_bytes, other.in_flight_bytes, other.in_flight) == (0, 5 * SIZE, 5)
    assert one.rtt.smoothed_s == pytest.approx(0.08)


def test_srt_ack_delivers_where_there_are_no_srtla_acks() -> None:
    """Plain SRT over one link: what the SRT ACK has passed has arrived."""
    stream, (one, _) = Sent(), links()
    leave(stream, one, 1.0, range(10))
    stream.acknowledged(1.1, 10)

    assert one.tally.acknowledged_bytes == stream.acknowledged_bytes == 10 * SIZE
    assert stream.backlog_bytes == one.in_flight_bytes == 0


def test_srt_ack_is_no_proof_where_there_are_srtla_acks() -> None:
    """It also passes what the receiver gave up: that was not delivered, and after a while it is in flight no more."""
    stream, (one, _) = Sent(), links()
    for second in range(3):
        leave(stream, one, second, range(second * 10, second * 10 + 10))
        if second < 2:
            stream.landed(one, second + 0.1, tuple(range(second * 10, second * 10 + 10)))
    stream.acknowledged(2.1, 30)
    stream.settle(2.1)
    assert (one.tally.acknowledged_bytes, one.in_flight_bytes, stream.backlog_bytes) == (20 * SIZE, 10 * SIZE, 0)

    stream.settle(9.0)
    assert (one.tally.acknowledged_bytes, one.in_flight_bytes) == (20 * SIZE, 0)


def test_backlog_is_what_the_srt_ack_has_not_passed() -> None:
    """SRTLA ACKs do not shorten it: a hole in front of them holds the stream up."""
    stream, (one, _) = Sent(), links()
    leave(stream, one, 1.0, range(10))
    stream.acknowledged(1.1, 3)
    stream.landed(one, 1.2, tuple(range(4, 10)))

    assert stream.backlog_bytes == 7 * SIZE
    assert stream.oldest_s() == 1.0


def test_copies_of_an_srt_ack_change_nothing() -> None:
    """It goes out on all links; and one that is overtaken by a later one says nothing."""
    stream, (one, _) = Sent(), links()
    leave(stream, one, 1.0, range(10))
    for following in (8, 8, 5):
        stream.acknowledged(1.1, following)

    assert stream.acknowledged_bytes == 8 * SIZE


def test_loss_is_charged_to_the_carrier() -> None:
    """The link that carried the packet pays, not the one that repeats it."""
    stream, (one, other) = Sent(), links()
    leave(stream, one, 1.0, range(0, 10, 2))
    leave(stream, other, 1.0, range(1, 10, 2))
    stream.naks(1.1, [(4, 4)])
    leave(stream, other, 1.11, [4], again=True)
    stream.acknowledged(1.2, 10)
    stream.settle(2.0)

    assert (one.tally.lost, other.tally.lost, stream.lost) == (1, 0, 1)
    assert (one.tally.retransmitted, other.tally.retransmitted) == (0, 1)
    assert one.tally.acknowledged_bytes == 4 * SIZE
    assert other.tally.acknowledged_bytes == 6 * SIZE


def test_late_packet_is_no_loss() -> None:
    """A NAK that was sent because the other uplink was faster: the packet arrives, and its link tells so."""
    stream, (one, other) = Sent(), links()
    leave(stream, one, 1.0, [0])
    leave(stream, other, 1.0, [1])
    stream.naks(1.05, [(0, 0)])
    stream.landed(one, 1.15, (0,))
    stream.settle(2.0)

    assert (one.tally.lost, one.tally.late) == (0, 1)
    assert one.tally.acknowledged_bytes == SIZE


def test_late_packet_that_was_repeated_elsewhere_is_no_loss() -> None:
    """The repetition went over the other link, so an acknowledgement on this one is of the first transmission."""
    stream, (one, other) = Sent(), links()
    leave(stream, one, 1.0, [0])
    leave(stream, other, 1.0, [1])
    stream.naks(1.05, [(0, 0)])
    leave(stream, other, 1.06, [0], again=True)
    stream.landed(one, 1.15, (0,))
    stream.settle(2.0)

    assert (one.tally.lost, one.tally.late) == (0, 1)


def test_repetition_on_the_same_link_does_not_hide_the_loss() -> None:
    """An acknowledgement a round trip after the repetition is of the repetition."""
    stream, (one, _) = Sent(), links()
    leave(stream, one, 0.0, [0])
    stream.landed(one, 0.1, (0,))
    leave(stream, one, 1.0, [1, 2])
    stream.naks(1.1, [(1, 1)])
    leave(stream, one, 1.11, [1], again=True)
    stream.landed(one, 1.21, (1,))
    stream.settle(2.0)

    assert (one.tally.lost, one.tally.late) == (1, 0)


def test_both_copies_on_one_link_are_no_loss() -> None:
    """A link that acknowledges the number twice has brought the first transmission too."""
    stream, (one, _) = Sent(), links()
    leave(stream, one, 0.0, [0])
    stream.landed(one, 0.1, (0,))
    leave(stream, one, 1.0, [1, 2])
    stream.naks(1.05, [(1, 1)])
    leave(stream, one, 1.06, [1], again=True)
    stream.landed(one, 1.2, (1,))
    stream.landed(one, 1.3, (1,))
    stream.settle(5.0)

    assert (one.tally.lost, one.tally.late) == (0, 1)
    assert one.tally.acknowledged_bytes == 3 * SIZE


def test_two_repetitions_hide_no_loss() -> None:
    """SRT may repeat a packet twice over the same link: two acknowledgements are of the two, and the first is lost."""
    stream, (one, _) = Sent(), links()
    leave(stream, one, 0.0, [0])
    stream.landed(one, 0.1, (0,))
    leave(stream, one, 1.0, [1, 2])
    stream.naks(1.05, [(1, 1)])
    for again_s in (1.06, 1.1):
        leave(stream, one, again_s, [1], again=True)
    for at_s in (1.2, 1.3):
        stream.landed(one, at_s, (1,))
    stream.settle(5.0)

    assert (one.tally.lost, one.tally.late) == (1, 0)


def test_lost_repetition_is_another_loss() -> None:
    """A NAK that comes after the repetition could have arrived charges the link that repeated."""
    stream, (one, other) = Sent(), links()
    leave(stream, one, 1.0, [0, 1])
    stream.naks(1.1, [(0, 0)])
    leave(stream, other, 1.11, [0], again=True)
    stream.naks(1.3, [(0, 0)])
    stream.settle(3.0)

    assert (one.tally.lost, other.tally.lost, stream.lost) == (1, 1, 1)


def test_repeated_nak_before_the_repetition_can_arrive_is_no_loss() -> None:
    """SRT repeats its NAKs; one that crosses the repetition on its way says nothing of it."""
    stream, (one, _) = Sent(), links()
    leave(stream, one, 0.0, [0])
    stream.landed(one, 0.2, (0,))
    leave(stream, one, 1.0, [1, 2])
    stream.naks(1.2, [(1, 1)])
    leave(stream, one, 1.21, [1], again=True)
    stream.naks(1.25, [(1, 1)])
    stream.acknowledged(1.42, 3)
    stream.settle(3.0)

    assert one.tally.lost == 1


def test_slow_link_is_given_time() -> None:
    """Ten packets of a link that carries 20 a second take half a second: an SRTLA ACK that late still acquits."""
    stream, (one, other) = Sent(), links()
    for second in range(20):
        leave(stream, one, second / 2, range(second * 10, second * 10 + 10))
        stream.landed(one, second / 2 + 0.1, tuple(range(second * 10, second * 10 + 10)))
    leave(stream, one, 10.0, [200])
    leave(stream, other, 10.0, [201])
    stream.naks(10.05, [(200, 200)])
    leave(stream, other, 10.06, [200], again=True)
    stream.settle(10.6)
    stream.landed(one, 10.61, (200,))
    stream.settle(20.0)

    assert (one.tally.lost, one.tally.late) == (0, 1)


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.integers(0, 60), st.booleans(), st.booleans()),
        st.tuples(st.just("land"), st.integers(0, 60), st.booleans(), st.booleans()),
        st.tuples(st.just("ack"), st.integers(0, 60), st.booleans(), st.booleans()),
        st.tuples(st.just("nak"), st.integers(0, 60), st.booleans(), st.booleans()),
    ),
    max_size=80,
)


@given(OPERATIONS, st.sampled_from([0, SEQUENCE_MASK - 30]))
def test_books_balance(operations: list[tuple[str, int, bool, bool]], start: int) -> None:
    """Whatever happens in whatever order: nothing is negative, and no more is delivered than was sent."""
    stream, both = Sent(), links()
    for place, (deed, number, second, again) in enumerate(operations):
        at_s, sequence = place / 20, (start + number) & SEQUENCE_MASK
        if deed == "send":
            leave(stream, both[second], at_s, [sequence], again=again)
        elif deed == "land":
            stream.landed(both[second], at_s, (sequence,))
        elif deed == "ack":
            stream.acknowledged(at_s, sequence)
        else:
            stream.naks(at_s, [(sequence, (sequence + 3) & SEQUENCE_MASK)])
        stream.settle(at_s)
    stream.settle(1e6)

    sent = sum(link.tally.segments for link in both) * SIZE
    assert 0 <= stream.backlog_bytes + stream.acknowledged_bytes <= sent
    assert all(0 <= link.in_flight_bytes <= sent for link in both)
    assert sum(link.tally.acknowledged_bytes + link.tally.lost * SIZE + link.in_flight_bytes for link in both) <= sent


def test_claimed_losses_are_bounded() -> None:
    """A NAK of numbers that were never sent charges nobody, and costs no more than the window."""
    stream, (one, _) = Sent(), links()
    leave(stream, one, 1.0, range(10))
    stream.naks(1.1, [(10, 2**30), (SEQUENCE_MASK - WINDOW, SEQUENCE_MASK)])
    stream.settle(9.0)

    assert (one.tally.lost, stream.lost) == (0, 0)
