"""Keyframes in MPEG-TS, when they are played, and since when a picture is whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.srtla.keyframes import Timings, Wholeness, begins_keyframe
from exporters.srtla.wire import SEQUENCE_MASK, Handshake
from tests.exporters.srtla import packets


@pytest.mark.parametrize("place", range(7))
def test_a_keyframe_begins_in_any_of_the_seven_packets(place: int) -> None:
    """Encoders do not begin a datagram with each picture."""
    assert begins_keyframe(packets.data(1, payload=packets.transport_stream(place=place)))


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (packets.transport_stream(stream=0xC0), "sound"),
        (packets.transport_stream(flags=0x10), "another picture"),
        (packets.transport_stream(begins=False), "the middle of one"),
        (packets.transport_stream(place=0)[:187], "cut short"),
        (bytes(1316), "no MPEG-TS"),
        (b"", "nothing"),
    ],
)
def test_what_is_no_keyframe(payload: bytes, why: str) -> None:
    """Decoders may begin with sound, too; it brings no picture back."""
    assert not begins_keyframe(packets.data(1, size=0, payload=payload)), why


def test_what_is_encrypted_shows_nothing() -> None:
    """Whatever its bytes look like."""
    packet = bytearray(packets.data(1, payload=packets.transport_stream()))
    packet[4] |= 0x08

    assert not begins_keyframe(bytes(packet))


@given(st.binary(max_size=400))
def test_any_bytes_can_be_asked(payload: bytes) -> None:
    """The port is public; 400 random bytes are a keyframe as good as never, and never an error."""
    assert not begins_keyframe(payload[:15])
    assert begins_keyframe(payload) in {False, True}


SENT_S, STAMP = 1_000.0, 2**32 - 3_000_000
LATENCY_S = 2.0


def stamp(after_s: float) -> int:
    """The stamp of what is sent so long after `SENT_S`; stamps come round after three seconds."""
    return (STAMP + round(after_s * 1e6)) & 0xFFFFFFFF


def stream(*, agreed: bool) -> Wholeness:
    """Keyframes at 0, 2 and 4 s, which are numbers 0, 200 and 400; the handshake was seen or not."""
    wholeness = Wholeness()
    wholeness.plays((STAMP, SENT_S + LATENCY_S) if agreed else None)
    for second in (0, 2, 4):
        wholeness.keyframe(second * 100, stamp(second), SENT_S + second)
    return wholeness


@pytest.mark.parametrize("agreed", [True, False])
def test_whole_is_the_picture_from_the_first_keyframe_after_the_hole(*, agreed: bool) -> None:
    """Numbers 30 to 129 are given up when 130 is played: number 200 is played 0.7 s after that."""
    wholeness = stream(agreed=agreed)
    wholeness.hole(129, stamp(1.3), SENT_S + 1.3 + LATENCY_S)

    assert wholeness.whole_s == pytest.approx(SENT_S + 2 + LATENCY_S)


def test_before_any_hole_the_picture_is_whole_from_the_first_keyframe_seen() -> None:
    """An exporter that begins in mid-stream has not seen what is before it."""
    wholeness = Wholeness()
    for number, at_s in ((7, 50.0), (207, 52.0)):
        wholeness.keyframe(number, 0, at_s)

    assert (wholeness.whole_s, wholeness.keyframes) == (50.0, 2)


def test_no_keyframe_after_the_hole_is_no_whole_picture_until_one_comes() -> None:
    """Also one that comes late, behind its successor, counts: it is played in its place."""
    wholeness = stream(agreed=True)
    wholeness.hole(450, stamp(4.51), SENT_S + 4.51 + LATENCY_S)
    assert wholeness.whole_s is None

    for second in (8, 6):
        wholeness.keyframe(second * 100, stamp(second), SENT_S + 9)
    assert wholeness.whole_s == pytest.approx(SENT_S + 6 + LATENCY_S)


def test_a_keyframe_with_a_part_missing_mends_nothing() -> None:
    """The hole that reaches into it ends behind its begin."""
    wholeness = stream(agreed=True)
    wholeness.hole(205, stamp(2.06), SENT_S + 2.06 + LATENCY_S)

    assert wholeness.whole_s == pytest.approx(SENT_S + 4 + LATENCY_S)


def test_the_earliest_hole_of_late_tells_best_when_things_are_played() -> None:
    """What came too late is played at once, so a hole's end may be told too late, and never too early."""
    wholeness = stream(agreed=False)
    wholeness.hole(20, stamp(0.21), SENT_S + 0.21 + LATENCY_S)
    wholeness.hole(129, stamp(1.3), SENT_S + 1.3 + LATENCY_S + 0.4)
    assert wholeness.whole_s == pytest.approx(SENT_S + 2 + LATENCY_S)

    later_s = 1_000.0
    wholeness.hole(99_999, stamp(later_s), SENT_S + later_s + LATENCY_S + 0.4)
    wholeness.keyframe(100_100, stamp(later_s + 1), SENT_S + later_s + 1)
    assert wholeness.whole_s == pytest.approx(SENT_S + later_s + 1 + LATENCY_S + 0.4)


def test_a_pause_needs_a_keyframe_once_it_is_known_when_things_are_played() -> None:
    """The encoder's first packet after it is mostly that keyframe."""
    knowing, ignorant = stream(agreed=True), stream(agreed=False)
    for wholeness in (knowing, ignorant):
        wholeness.pause(500)
        wholeness.keyframe(500, stamp(9), SENT_S + 9)

    assert knowing.whole_s == pytest.approx(SENT_S + 9 + LATENCY_S)
    assert ignorant.whole_s == SENT_S


@given(st.lists(st.integers(-3_000, 3_000), max_size=30), st.integers(-3_000, 3_000), st.integers(0, SEQUENCE_MASK))
def test_whole_never_is_the_picture_before_its_hole(numbers: list[int], missing: int, zero: int) -> None:
    """In whatever order keyframes and hole come, and wherever numbers come round; then it is the first one's time."""
    wholeness = Wholeness()
    half = len(numbers) // 2
    for place, number in enumerate(numbers):
        if place == half:
            wholeness.hole((zero + missing) & SEQUENCE_MASK, stamp(missing / 100), SENT_S + missing / 100)
        wholeness.keyframe((zero + number) & SEQUENCE_MASK, stamp(number / 100), SENT_S)
    if not numbers:
        wholeness.hole(zero, STAMP, SENT_S)

    after = [number for number in numbers if number > missing]
    expected = SENT_S + min(after) / 100 if after else None
    assert wholeness.whole_s == (expected if expected is None else pytest.approx(expected, abs=1e-3))


def test_the_handshake_tells_when_things_are_played() -> None:
    """The latency after the caller's last message, of which repetitions change nothing."""
    timings = Timings()
    timings.called(Handshake(stamp=500, socket=7, destination=0, latency_s=None), 50.0)
    timings.called(Handshake(stamp=900, socket=7, destination=0, latency_s=None), 50.4)
    timings.answered(Handshake(stamp=3, socket=9, destination=7, latency_s=1.5))

    assert timings.of(9) == (500, 51.5)
    assert timings.of(7) is None


def test_no_handshake_and_half_a_one_tell_nothing() -> None:
    """A server that answers a caller nobody saw, or does not say its latency."""
    timings = Timings()
    timings.called(None, 50.0)
    timings.answered(None)
    timings.answered(Handshake(stamp=3, socket=9, destination=7, latency_s=1.5))
    timings.called(Handshake(stamp=500, socket=7, destination=0, latency_s=None), 50.0)
    timings.answered(Handshake(stamp=3, socket=9, destination=7, latency_s=None))

    assert timings.of(9) is None


def test_however_many_call_only_the_last_are_remembered() -> None:
    """The port is public."""
    timings = Timings()
    for socket in range(1, 200):
        timings.called(Handshake(stamp=0, socket=socket, destination=0, latency_s=None), socket)
        timings.answered(Handshake(stamp=0, socket=1_000 + socket, destination=socket, latency_s=1.0))

    known = [socket for socket in range(1_000, 1_200) if timings.of(socket) is not None]
    assert known == list(range(1_184, 1_200))
