"""SRTLA and SRT headers as values."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.srtla import wire
from exporters.srtla.wire import Acknowledgement, Handshake, Keepalive
from tests.exporters.srtla import packets

SEQUENCES = st.integers(0, wire.SEQUENCE_MASK)


@given(SEQUENCES, st.integers(-(2**30) + 1, 2**30 - 1))
def test_distance_survives_the_wrap(sequence: int, distance: int) -> None:
    """How far one number is ahead of another is the same across the wrap at 2^31."""
    assert wire.ahead((sequence + distance) & wire.SEQUENCE_MASK, sequence) == distance


@pytest.mark.parametrize("form", ["plain", "timed", "extended"])
def test_keepalive_tells_the_sender(form: str) -> None:
    """The three lengths are three kinds of sender."""
    assert wire.keepalive_form(packets.keepalive(form)) == form


def test_extended_keepalive_is_read() -> None:
    """The 38-byte form says what its sender knows of the link."""
    said = packets.keepalive("extended", connection=7, window=18_000, in_flight=9, rtt_ms=83, naks=4)

    assert len(said) == 38
    assert wire.extended_keepalive(said) == Keepalive(7, 18_000, 9, 0.083, 4)


@pytest.mark.parametrize(
    "altered",
    [
        packets.keepalive("extended")[:37],
        packets.keepalive("extended")[:10] + b"\xc0\x1e" + packets.keepalive("extended")[12:],
        packets.keepalive("extended")[:12] + b"\x00\x02" + packets.keepalive("extended")[14:],
        packets.keepalive("timed").ljust(38, b"\0"),
    ],
    ids=["short", "magic", "version", "padded"],
)
def test_other_long_keepalives_are_not_extended(altered: bytes) -> None:
    """Length alone is no evidence: magic and version have to be right too."""
    assert wire.extended_keepalive(altered) is None


def test_extended_keepalive_with_impossible_numbers_says_nothing() -> None:
    """A negative window is no reading."""
    assert wire.extended_keepalive(packets.keepalive("extended", window=-1)) is None


def test_srtla_ack_names_ten() -> None:
    """Ten sequence numbers, also when padding follows."""
    sequences = tuple(range(100, 110))

    assert wire.srtla_acknowledged(packets.srtla_ack(*sequences)) == sequences
    assert wire.srtla_acknowledged(packets.srtla_ack(*sequences, 0, 0)) == sequences


def test_full_ack_has_the_round_trip() -> None:
    """A full ACK tells number, what follows, and the round trip in microseconds."""
    assert wire.acknowledgement(packets.ack(3, 500, rtt_us=40_000, variation_us=9_000)) == Acknowledgement(
        3, 500, 0.04, 0.009
    )


@pytest.mark.parametrize("padding", [0, 12])
def test_light_ack_has_no_round_trip(padding: int) -> None:
    """A light ACK has none, and zeros that pad it are not one."""
    assert wire.acknowledgement(packets.light_ack(500) + bytes(padding)) == Acknowledgement(0, 500, None, None)


def test_nak_ranges() -> None:
    """Single numbers and ranges, in the order of the list."""
    assert wire.lost_ranges(packets.nak(5, (8, 11), 20)) == [(5, 5), (8, 11), (20, 20)]


def test_broken_nak_ranges_are_left_out() -> None:
    """A range that runs backwards or has no end is no range; the rest of the list counts."""
    backwards = packets.nak((9, 3), 20)
    endless = packets.nak(4) + struct.pack(">I", 6 | 0x80000000)

    assert wire.lost_ranges(backwards) == [(20, 20)]
    assert wire.lost_ranges(endless) == [(4, 4)]


@pytest.mark.parametrize(
    ("word", "reason"),
    [(1, None), (0xFFFFFFFF, None), (1010, "bad_secret"), (1403, "forbidden"), (1777, "other"), (0x7FFFFFFF, "other")],
)
def test_rejections_are_a_closed_set(word: int, reason: str | None) -> None:
    """The handshake's type word is a reason from 1000 on; unknown reasons have one name."""
    assert wire.rejection(packets.handshake(word)) == reason


def test_the_end_of_a_handshake_says_when_the_stream_is_played() -> None:
    """The caller's message has the stamp, the server's the latency and the socket that data goes to."""
    called = packets.handshake(packets.CONCLUSION, socket=7, stamp_us=900)
    answered = packets.handshake(packets.CONCLUSION, socket=9, to=7, stamp_us=5, latency_ms=1_500)

    assert wire.handshake(called) == Handshake(900, 7, 0, None)
    assert wire.handshake(answered[:80]) == Handshake(5, 9, 7, 1.5)


@pytest.mark.parametrize("said", [packets.handshake(1), packets.handshake(1010), packets.handshake(0xFFFFFFFF)[:63]])
def test_other_handshakes_say_nothing_of_it(said: bytes) -> None:
    """The first message, a rejection, and one that is cut short."""
    assert wire.handshake(said) is None


def test_drop_request_is_a_range() -> None:
    """First and last number; a range that runs backwards is none."""
    assert wire.dropped_range(packets.drop_request(4, 9)) == (4, 9)
    assert wire.dropped_range(packets.drop_request(9, 4)) is None


@given(st.binary(max_size=600))
def test_no_bytes_break_a_decoder(noise: bytes) -> None:
    """Whatever arrives: a value or None, and as much as the packet has room for."""
    assert len(wire.srtla_acknowledged(noise)) <= 10
    assert len(wire.lost_ranges(noise)) <= len(noise) // 4
    assert wire.keepalive_form(noise) in {"plain", "timed", "extended"}
    for decode in (wire.extended_keepalive, wire.acknowledgement, wire.dropped_range, wire.rejection, wire.handshake):
        decode(noise)


@given(st.binary(max_size=40), st.sampled_from([0, 2, 3, 7]))
def test_no_truncation_breaks_a_decoder(body: bytes, kind: int) -> None:
    """A control packet cut anywhere gives a value or None."""
    whole = packets.control(kind, body=body)
    for length in range(len(whole) + 1):
        for decode in (wire.acknowledgement, wire.dropped_range, wire.rejection, wire.lost_ranges, wire.handshake):
            decode(whole[:length])
