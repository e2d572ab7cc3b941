"""What arrives at the receiver: each number once, gaps, NAKs, jitter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.srtla.link import Link
from exporters.srtla.received import WINDOW, Received
from exporters.srtla.wire import SEQUENCE_MASK
from tests.exporters.srtla import packets


def arrive(stream: Received, link: Link, at_s: float, packet: bytes) -> None:
    """One data packet arrives, of which the capture has shown what it shows of such a packet."""
    stream.data(link, at_s, len(packet), packets.up(at_s, packet).head)


def link() -> Link:
    """A link that has nothing yet."""
    return Link(packets.ONE, 0.0, None)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=60), st.sampled_from([0, SEQUENCE_MASK - 20]))
def test_each_number_counts_once(order: list[int], start: int) -> None:
    """Unique bytes are those of distinct numbers, the rest are duplicates, in whatever order and across the wrap."""
    stream, one = Received(), link()
    for place, number in enumerate(order):
        arrive(stream, one, place / 100, packets.data((start + number) & SEQUENCE_MASK))

    assert stream.unique_bytes == len(set(order)) * 1332
    assert one.tally.duplicates == len(order) - len(set(order))
    assert one.tally.segments == len(order)


def test_numbers_gone_through() -> None:
    """Expected is how far the highest number moved: a packet out of order adds nothing."""
    stream = Received()
    for number in (SEQUENCE_MASK - 1, 2, 0, 5):
        arrive(stream, link(), 0, packets.data(number & SEQUENCE_MASK))

    assert stream.expected == 7


def test_one_stray_number_moves_nothing() -> None:
    """A leap beyond the window counts only when a second packet confirms it, and then as a new beginning."""
    stream = Received()
    for number in (100, 900_000, 101, 102):
        arrive(stream, link(), 0, packets.data(number))
    assert stream.expected == 2

    for number in (900_000, 900_001, 900_002):
        arrive(stream, link(), 0, packets.data(number))
    assert stream.expected == 3


def test_retransmissions_are_told_apart() -> None:
    """The flag R counts as retransmission, with its bytes, and gives no jitter: its stamp is old."""
    stream, one = Received(), link()
    arrive(stream, one, 10.0, packets.data(1, stamp_us=10_000_000))
    arrive(stream, one, 12.0, packets.data(2, stamp_us=10_000_000, again=True))

    assert (one.tally.retransmitted, one.tally.retransmitted_bytes) == (1, 1332)
    assert one.jitter_s == 0


def test_jitter_is_that_of_rfc_3550() -> None:
    """Each packet moves it by a sixteenth of the change of transit time."""
    stream, one = Received(), link()
    for number, late_s in enumerate((0.0, 0.016, 0.0)):
        arrive(stream, one, number + late_s, packets.data(number, stamp_us=number * 1_000_000))

    assert one.jitter_s == pytest.approx(0.001 + (0.016 - 0.001) / 16)


def test_transit_survives_the_wrap_of_stamps() -> None:
    """Stamps come round after 71 minutes; the delay does not jump."""
    stream, one = Received(), link()
    for number in range(100):
        arrive(stream, one, number / 10, packets.data(number, stamp_us=(2**32 - 5_000_000) + number * 100_000))

    assert one.jitter_s == pytest.approx(0, abs=1e-5)


def test_delays_of_links_compare() -> None:
    """The link that is 80 ms behind the other shows it, whatever the sender's clock says."""
    stream, fast, slow = Received(), link(), link()
    for number in range(200):
        late_s, one = (0.0, fast) if number % 2 else (0.08, slow)
        arrive(stream, one, 5000 + number / 100 + late_s, packets.data(number, stamp_us=number * 10_000))

    assert fast.transit_s is not None
    assert slow.transit_s is not None
    assert slow.transit_s - fast.transit_s == pytest.approx(0.08, abs=1e-3)


def test_naked_numbers_count_once() -> None:
    """A NAK that repeats itself names the same losses."""
    stream = Received()
    arrive(stream, link(), 0, packets.data(1000))
    for _ in range(3):
        stream.naks([(990, 992), (995, 995)])

    assert stream.lost == 4


def test_claimed_losses_are_bounded() -> None:
    """However long a range is claimed to be, no more than the windows around the highest number are looked at."""
    stream = Received()
    stream.naks([(0, 2**30)])
    assert stream.lost == 0

    arrive(stream, link(), 0, packets.data(5))
    stream.naks([(0, 2**30 - 1)])

    assert stream.lost <= 2 * WINDOW


def test_what_the_receiver_went_on_without_is_missing() -> None:
    """An ACK that passes numbers that never came has given them up; those that came late in time have not."""
    stream, one = Received(), link()
    arrive(stream, one, 0, packets.data(10))
    stream.passed(11, 0)
    for number in (11, 14, 15, 12, 18):
        arrive(stream, one, 0, packets.data(number))
    for following in (13, 13, 16, 12, 19):
        stream.passed(following, 0)

    assert stream.missing == 3  # 13, 16 and 17


def test_before_the_first_packet_seen_nothing_is_missing() -> None:
    """An exporter that starts in mid-stream has not seen what the ACKs of its first moment pass."""
    stream = Received()
    stream.passed(900, 0)
    arrive(stream, link(), 0, packets.data(1000))
    for following in (995, 1001):
        stream.passed(following, 0)

    assert stream.missing == 0


def test_an_acknowledgement_of_what_is_not_seen_yet_waits() -> None:
    """Nothing claimed beyond the highest number is looked at, however far it is; later the packets speak."""
    stream, one = Received(), link()
    arrive(stream, one, 0, packets.data(SEQUENCE_MASK))
    stream.passed(0, 0)
    arrive(stream, one, 0, packets.data(0))
    for following in (1, 2**30, 5):
        stream.passed(following, 0)
    assert stream.missing == 0

    for number in (2, 4):
        arrive(stream, one, 0, packets.data(number))
    stream.passed(5, 0)
    assert stream.missing == 2  # 1 and 3


def test_a_long_hole_is_counted_as_far_as_the_window_reaches() -> None:
    """A black-out of minutes costs no more than the window to count."""
    stream, one = Received(), link()
    arrive(stream, one, 0, packets.data(5))
    stream.passed(6, 0)
    for number in (3 * WINDOW, 3 * WINDOW + 1):
        arrive(stream, one, 0, packets.data(number))
    stream.passed(3 * WINDOW + 2, 0)

    assert WINDOW - 2 <= stream.missing <= WINDOW


def keyframe(number: int, *, stamp_us: int) -> bytes:
    """A packet in which a keyframe begins."""
    return packets.data(number, stamp_us=stamp_us, payload=packets.transport_stream())


def test_the_picture_is_whole_from_the_first_keyframe_after_what_is_missing() -> None:
    """Number 2 is given up at 102 s, when 3 is played; the keyframe in 4 is played as much later as it was sent."""
    stream, one = Received(), link()
    arrive(stream, one, 100.0, keyframe(1, stamp_us=0))
    stream.passed(2, 100.0)
    assert stream.wholeness.whole_s == 100.0

    arrive(stream, one, 101.0, packets.data(3, stamp_us=1_000_000))
    arrive(stream, one, 101.3, keyframe(4, stamp_us=1_300_000))
    stream.passed(5, 102.0)
    assert stream.missing == 1
    assert stream.wholeness.whole_s == pytest.approx(102.3)


def test_a_hole_before_what_was_not_seen_tells_no_time() -> None:
    """A packet that the capture has not shown has no stamp by which the keyframe's time could be known."""
    stream, one = Received(), link()
    arrive(stream, one, 100.0, keyframe(1, stamp_us=0))
    stream.passed(2, 100.0)
    arrive(stream, one, 101.3, keyframe(4, stamp_us=1_300_000))
    stream.passed(3, 102.0)
    assert stream.wholeness.whole_s is None

    stream.passed(5, 102.2)
    assert stream.wholeness.whole_s == pytest.approx(102.2)


def test_a_keyframe_that_comes_twice_counts_once() -> None:
    """The second copy is a duplicate."""
    stream, one = Received(), link()
    for _ in range(2):
        arrive(stream, one, 100.0, keyframe(1, stamp_us=0))

    assert stream.wholeness.keyframes == 1


@pytest.mark.parametrize(("pause_us", "whole_s"), [(900_000, 100.0), (1_100_000, 103.1)])
def test_an_encoder_that_begins_anew_needs_a_keyframe(pause_us: int, whole_s: float) -> None:
    """It sends nothing for more than a second, and nothing is missing; one that is only busy does not stop as long."""
    stream, one = Received(), link()
    stream.wholeness.plays((0, 102.0))
    for number, stamp_us in enumerate((0, pause_us), start=1):
        arrive(stream, one, 100.0 + stamp_us * 1e-6, keyframe(number, stamp_us=stamp_us))

    assert stream.wholeness.whole_s == pytest.approx(whole_s)
