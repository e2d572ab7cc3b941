"""The receiving side of SRTLA: groups, acknowledgements, what goes to whom, what ends when."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.srtla import receiving, wire
from deploy.demo.srtla.receiving import Address, Habits, Receiver
from tests.deploy.demo.srtla.packets import IDENTITY, ack, control, data, nak

A, B, C = ("100.64.0.1", 1), ("100.64.0.2", 2), ("100.64.0.3", 3)
GROUP = IDENTITY[:128] + b"r" * 128


def made(habits: Habits | None = None) -> Receiver:
    """A receiver whose random bytes are known."""
    return Receiver(habits or Habits(), random=lambda count: b"r" * count)


def grouped(habits: Habits | None = None, *, addresses: tuple[Address, ...] = (A, B), at_s: float = 0.0) -> Receiver:
    """A receiver with one group, number 1, that has these links."""
    receiver = made(habits)
    receiver.from_uplink(A, wire.registration(wire.REG1, IDENTITY), at_s)
    for address in addresses:
        receiver.from_uplink(address, wire.registration(wire.REG2, GROUP), at_s)
    receiver.outbox.clear()
    return receiver


def said(receiver: Receiver) -> list[tuple[Address, int]]:
    """To whom it says what kind of thing, taken out of its outbox."""
    told = [(address, wire.kind(packet)) for address, packet in receiver.outbox]
    receiver.outbox.clear()
    return told


def test_registration_story() -> None:
    """A stranger's group is unknown; REG1 makes one named half by either side; REG2 joins a link to it."""
    receiver = made()
    receiver.from_uplink(A, wire.registration(wire.REG2, IDENTITY), 0.0)
    assert said(receiver) == [(A, wire.REG_NGP)]
    receiver.from_uplink(A, wire.registration(wire.REG1, IDENTITY), 0.1)
    assert receiver.outbox == [(A, wire.registration(wire.REG2, GROUP))]
    receiver.outbox.clear()
    for address in (A, B):
        receiver.from_uplink(address, wire.registration(wire.REG2, GROUP), 0.2)

    assert said(receiver) == [(A, wire.REG3), (B, wire.REG3)]
    assert receiver.links(1) == (A, B)


def test_strangers_are_not_heard() -> None:
    """What comes from an address that never registered goes nowhere."""
    receiver = grouped()

    assert receiver.from_uplink(C, data(1), 0.1) is None
    assert receiver.from_uplink(C, wire.short(wire.KEEPALIVE), 0.1) is None
    assert said(receiver) == []


def test_ten_packets_make_an_acknowledgement() -> None:
    """Every ten data packets of one link are acknowledged on that link, by their numbers."""
    receiver = grouped()
    for number in range(19):
        assert receiver.from_uplink(A if number % 2 == 0 else B, data(number), 0.1) == 1
    assert receiver.outbox == [(A, wire.srtla_ack(range(0, 20, 2)))]


def test_who_gets_what() -> None:
    """Acknowledgements go out on every link; a NAK and the rest on the link last heard."""
    receiver = grouped()
    receiver.from_uplink(A, data(1), 0.1)
    receiver.from_uplink(B, data(2), 0.1)
    receiver.from_uplink(A, wire.short(wire.KEEPALIVE), 0.2)
    said(receiver)

    assert receiver.from_server(1, ack(2)) == (A, B)
    assert receiver.from_server(1, nak(1)) == (B,)
    assert receiver.from_server(1, control()) == (B,)
    assert receiver.from_server(2, control()) == ()


def test_broadcast_naks() -> None:
    """A receiver of that habit sends NAKs on every link."""
    receiver = grouped(Habits(broadcasts_naks=True))
    receiver.from_uplink(B, data(1), 0.1)

    assert receiver.from_server(1, nak(0)) == (A, B)
    assert receiver.from_server(1, control()) == (B,)


def test_padding() -> None:
    """A padding receiver fills everything short to 32 bytes except SRT's acknowledgements and NAKs."""
    receiver = grouped(Habits(pads=True))
    receiver.from_uplink(A, wire.short(wire.KEEPALIVE), 0.1)
    receiver.from_uplink(A, wire.registration(wire.REG2, GROUP), 0.1)
    receiver.from_server(1, control())
    receiver.from_server(1, nak(1))

    assert [len(packet) for _, packet in receiver.outbox] == [32, 32, 32, 20]


def test_silent_link_leaves() -> None:
    """A link leaves after its time-out; the others carry on, and the group ends when none has come back."""
    receiver = grouped(Habits(link_timeout_s=4.0, group_timeout_s=6.0))
    receiver.from_uplink(B, data(1), 3.0)
    assert receiver.expire(4.0) == ()
    assert receiver.links(1) == (B,)
    assert receiver.from_uplink(A, data(2), 4.1) is None
    assert receiver.expire(7.0) == ()
    assert receiver.expire(12.9) == ()
    assert receiver.expire(13.0) == (1,)
    receiver.from_uplink(A, wire.registration(wire.REG2, GROUP), 13.1)

    assert said(receiver) == [(A, wire.REG_NGP)]


def test_rebound_link() -> None:
    """A link that comes back from another port joins the same group; the old one is heard out to its time-out."""
    receiver = grouped()
    receiver.from_uplink(C, wire.registration(wire.REG2, GROUP), 1.0)
    assert receiver.from_uplink(C, data(1), 1.1) == 1
    receiver.from_uplink(B, data(2), 9.0)
    receiver.from_uplink(C, data(3), 9.0)
    receiver.expire(10.0)

    assert receiver.links(1) == (B, C)


def test_limits() -> None:
    """A group has so many links and a receiver so many groups; what is too much is refused."""
    receiver = grouped(Habits(links_most=2))
    receiver.from_uplink(C, wire.registration(wire.REG2, GROUP), 0.1)
    assert said(receiver) == [(C, wire.REG_NAK)]
    assert receiver.links(1) == (A, B)

    for number in range(receiving.GROUPS_MOST + 1):
        receiver.from_uplink(("100.64.1.1", number), wire.registration(wire.REG1, IDENTITY), 0.1)
    assert said(receiver)[-2:] == [
        (("100.64.1.1", receiving.GROUPS_MOST - 1), wire.REG_ERR),
        (("100.64.1.1", receiving.GROUPS_MOST), wire.REG_ERR),
    ]


def test_one_group_to_a_link() -> None:
    """An address of one group neither makes nor joins another."""
    receiver = grouped()
    receiver.from_uplink(A, wire.registration(wire.REG1, IDENTITY), 0.1)
    assert said(receiver) == [(A, wire.REG_ERR)]
    other = bytes(128) + IDENTITY[128:]
    receiver.from_uplink(C, wire.registration(wire.REG1, other), 0.1)
    named = wire.identity(receiver.outbox.pop()[1])
    assert named is not None
    receiver.from_uplink(A, wire.registration(wire.REG2, named), 0.2)

    assert said(receiver) == [(A, wire.REG_ERR)]


def test_short_registration() -> None:
    """A registration that is cut short is an error, and makes nothing."""
    receiver = made()
    receiver.from_uplink(A, wire.registration(wire.REG1, IDENTITY)[:100], 0.0)

    assert said(receiver) == [(A, wire.REG_ERR)]


@pytest.mark.parametrize("pads", [False, True])
@given(packet=st.binary(max_size=300), known=st.booleans())
def test_anything_can_come(packet: bytes, *, known: bool, pads: bool) -> None:
    """Whatever comes in, nothing raises, and only SRT from a known link goes to the server."""
    receiver = grouped(replace(Habits(), pads=pads))
    forwarded = receiver.from_uplink(A if known else C, packet, 0.1)

    is_srt = len(packet) >= 16 and wire.kind(packet) < wire.KEEPALIVE
    assert forwarded == (1 if known and is_srt else None)
    receiver.from_server(1, packet)
