"""The bytes of SRTLA, held against packets written out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.srtla import wire
from deploy.demo.srtla.wire import Form, LinkNews

DATA = bytes.fromhex("0000000a e0000001 00000005 12345678") + b"payload"
ACK = bytes.fromhex("80020000 00000007 00000009 12345678 0000000b")
NAK = bytes.fromhex("80030000 00000000 00000009 12345678 00000003 80000005 00000007")
NEWS = LinkNews(number=1, window=20_000, in_flight=3, rtt_ms=45, naks=2, bytes_per_s=500_000)


def test_data() -> None:
    """A packet whose first bit is clear is data, and begins with its sequence number."""
    assert (wire.is_data(DATA), wire.sequence(DATA)) == (True, 10)
    assert not wire.is_data(ACK)
    assert not wire.is_data(DATA[:15])


def test_acknowledgement() -> None:
    """An SRT acknowledgement says up to where everything has arrived; no other packet does."""
    assert [wire.acknowledged(packet) for packet in (ACK, NAK, DATA, ACK[:19])] == [11, None, None, None]


def test_missing() -> None:
    """A NAK lists single packets and ranges; a range cut short is left out."""
    assert list(wire.missing(NAK)) == [(3, 3), (5, 7)]
    assert list(wire.missing(NAK[:-4])) == [(3, 3)]


def test_srtla_acknowledgement() -> None:
    """Ten sequence numbers follow a type word, 44 bytes in all; padding after them is no sequence number."""
    packet = wire.srtla_ack(range(10))

    assert packet[:8] == bytes.fromhex("91000000 00000000")
    assert len(packet) == 44
    assert wire.srtla_acked(packet + bytes(8)) == tuple(range(10))
    assert wire.srtla_acked(packet[:13]) == (0, 1)


@pytest.mark.parametrize(
    ("form", "packet"),
    [
        (Form.SHORT, "9000"),
        (Form.TIMED, "9000 000000000001e240"),
        (
            Form.EXTENDED,
            "9000 000000000001e240 c01f 0001 00000001 00004e20 00000003 0000002d 00000002 0007a120",
        ),
    ],
)
def test_keepalives(form: Form, packet: str) -> None:
    """Each form has the bytes and the length that its name says."""
    made = wire.keepalive(form, 123_456, NEWS)

    assert made == bytes.fromhex(packet)
    assert len(made) == int(form)


def test_padded_echo_has_no_clock() -> None:
    """The echo of a two-byte keepalive tells no time, however long padding made it."""
    echo = wire.padded(wire.keepalive(Form.SHORT, 5, NEWS))

    assert len(echo) == 32
    assert wire.echoed_clock_ms(echo, Form.SHORT) is None
    assert wire.echoed_clock_ms(wire.padded(wire.keepalive(Form.TIMED, 5, NEWS)), Form.TIMED) == 5


def test_registration() -> None:
    """REG1 and REG2 carry 256 bytes behind their type; a shorter one has no identity."""
    packet = wire.registration(wire.REG1, bytes(range(256)))

    assert (packet[:3].hex(), len(packet)) == ("920000", 258)
    assert wire.identity(packet) == bytes(range(256))
    assert wire.identity(packet[:-1]) is None


def test_order_over_the_wrap() -> None:
    """Sequence numbers are compared across their wrap at 31 bits."""
    assert wire.is_before(wire.SEQUENCES - 1, 0)
    assert not wire.is_before(0, wire.SEQUENCES - 1)
    assert not wire.is_before(7, 7)


@given(st.binary(max_size=80))
def test_anything_can_be_read(packet: bytes) -> None:
    """No packet, however short or wrong, raises."""
    list(wire.missing(packet))
    wire.srtla_acked(packet)
    wire.acknowledged(packet)
    wire.echoed_clock_ms(packet, Form.EXTENDED)
    wire.identity(packet)
    assert wire.is_data(packet) == (len(packet) >= 16 and wire.kind(packet) < 0x8000)
