"""The sending side of SRTLA: registration, choice of a link, windows, keepalives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.srtla import sending, wire
from deploy.demo.srtla.sending import Sender
from deploy.demo.srtla.wire import Form
from tests.deploy.demo.srtla.packets import IDENTITY, ack, control, data, nak

GROUP = IDENTITY[:128] + bytes(128)
REG3 = wire.short(wire.REG3)


def said(sender: Sender) -> list[tuple[int, int, int]]:
    """Link, kind and length of what the sender says by itself, taken out of its outbox."""
    told = [(number, wire.kind(packet), len(packet)) for number, packet in sender.outbox]
    sender.outbox.clear()
    return told


def registered(count: int = 2, *, form: Form = Form.EXTENDED, at_s: float = 0.0) -> Sender:
    """A sender whose links are all registered, and that has said its first keepalives."""
    sender = Sender(count, identity=IDENTITY, form=form)
    for number in range(count):
        sender.from_link(number, REG3, at_s)
    sender.tick(at_s)
    sender.outbox.clear()
    return sender


def test_registration_story() -> None:
    """It asks with an identity of its own, makes a group when there is none, and joins it on every link."""
    sender = Sender(2, identity=IDENTITY)

    sender.tick(0.0)
    assert said(sender) == [(0, wire.REG2, 258), (1, wire.REG2, 258)]
    sender.from_link(0, wire.short(wire.REG_NGP), 0.1)
    sender.from_link(1, wire.short(wire.REG_NGP), 0.1)
    assert said(sender) == [(0, wire.REG1, 258)]
    sender.from_link(0, wire.registration(wire.REG2, GROUP), 0.2)
    assert [(number, wire.identity(packet)) for number, packet in sender.outbox] == [(0, GROUP), (1, GROUP)]
    sender.outbox.clear()
    assert sender.from_encoder(data(1), 0.25) is None
    sender.from_link(0, REG3, 0.3)
    sender.from_link(1, wire.padded(REG3), 0.3)
    sender.tick(0.3)

    assert said(sender) == [(0, wire.KEEPALIVE, 38), (1, wire.KEEPALIVE, 38)]
    assert sender.from_encoder(data(1), 0.3) is not None


def test_foreign_group() -> None:
    """A group named after somebody else's identity is not joined."""
    sender = Sender(1, identity=IDENTITY)
    sender.from_link(0, wire.registration(wire.REG2, bytes(256)), 0.0)

    assert said(sender) == []


def test_refusal_waits() -> None:
    """After a refusal a link asks again, but not for five seconds."""
    sender = Sender(1, identity=IDENTITY)
    sender.tick(0.0)
    sender.from_link(0, wire.short(wire.REG_ERR), 0.1)
    said(sender)
    sender.tick(5.0)
    assert said(sender) == []
    sender.tick(5.2)

    assert said(sender) == [(0, wire.REG2, 258)]


def test_late_answer_makes_no_second_group() -> None:
    """While a link works, "no such group" is the late answer to an old question."""
    sender = registered(2)
    sender.from_link(1, wire.short(wire.REG_NGP), 1.0)

    assert said(sender) == []
    assert all(link.registered for link in sender.links)


def test_silent_link_registers_again() -> None:
    """After 4 s of silence a link carries nothing more, asks for its group, and starts with a fresh window."""
    sender = registered(2)
    for moment in (1.0, 2.0, 3.0, 4.0):
        sender.from_link(1, control(), moment)
    sender.links[0].window = 1_000
    sender.tick(4.1)

    assert (0, wire.REG2, 258) in said(sender)
    assert {sender.from_encoder(data(number), 4.2) for number in range(10)} == {1}
    assert sender.links[0].window == sending.WINDOW_START


def test_packets_spread_by_room() -> None:
    """With equal windows the links take turns; a link with a quarter of the window gets a fifth of the packets."""
    sender = registered(2)
    turns = [sender.from_encoder(data(number), 0.1) for number in range(6)]
    assert turns == [0, 1, 0, 1, 0, 1]

    sender = registered(2)
    sender.links[1].window = sending.WINDOW_START // 4
    assert sum(sender.from_encoder(data(number), 0.1) or 0 for number in range(100)) == 20


def test_acknowledgements_empty_the_flight() -> None:
    """An SRT acknowledgement takes everything before it out of flight on all links, an SRTLA one what it names."""
    sender = registered(2)
    for number in range(30):
        sender.from_encoder(data(number), 0.1)
    assert sender.from_link(0, wire.srtla_ack(range(0, 20, 2)), 0.2) is None
    assert [len(link.in_flight) for link in sender.links] == [5, 15]
    forwarded = sender.from_link(0, ack(25), 0.2)

    assert forwarded == ack(25)
    assert [sorted(link.in_flight) for link in sender.links] == [[26, 28], [25, 27, 29]]


def test_window_grows_where_it_is_filled() -> None:
    """Each acknowledged packet widens every window by one, and by 29 more that of a link which fills its own."""
    sender = registered(2)
    for number in range(60):
        sender.from_encoder(data(number), 0.1)
    sender.links[1].window = 60_000
    sender.from_link(0, wire.srtla_ack(range(0, 20, 2)), 0.2)

    assert sender.links[0].window == 20_000 + 9 * 30 + 1  # the tenth leaves 20 in flight, which fill nothing
    assert sender.links[1].window == sending.WINDOW_MOST


def test_nak_narrows_the_window_of_the_loser() -> None:
    """A lost packet costs the link that carried it a tenth of a packet of window, once, and never below one."""
    sender = registered(2)
    for number in range(10):
        sender.from_encoder(data(number), 0.1)
    assert sender.from_link(0, nak(0, 0x80000002, 4), 0.2) is not None
    sender.from_link(1, nak(0), 0.2)

    assert [(link.naks, link.window) for link in sender.links] == [(3, 19_700), (1, 19_900)]
    sender.links[0].window = 1_000
    sender.from_link(0, nak(6), 0.3)
    assert sender.links[0].window == sending.WINDOW_LEAST


def test_huge_range() -> None:
    """A NAK over all sequence numbers costs what is in flight, and no more time than that."""
    sender = registered(2)
    for number in range(10):
        sender.from_encoder(data(number), 0.1)
    sender.from_link(0, nak(0x80000000, 0x7FFFFFFF), 0.2)

    assert [len(link.in_flight) for link in sender.links] == [0, 0]


@pytest.mark.parametrize(
    ("form", "busy", "kept_alive_s"),
    [
        (Form.EXTENDED, True, [1.0, 2.0, 3.0]),
        (Form.TIMED, True, [1.0, 2.0, 3.0]),
        (Form.SHORT, True, []),
        (Form.SHORT, False, [2.0]),
    ],
)
def test_keepalive_times(form: Form, *, busy: bool, kept_alive_s: list[float]) -> None:
    """Keepalives with a clock go out each second, those of two bytes every other on an idle link only."""
    sender, found = registered(1, form=form), []
    for tenth in range(1, 31):
        now_s = tenth / 10
        sender.from_link(0, control(), now_s)
        if busy:
            sender.from_encoder(data(tenth), now_s)
        sender.tick(now_s)
        if (0, wire.KEEPALIVE, int(form)) in said(sender):
            found.append(now_s)

    assert found == kept_alive_s


def test_round_trip_by_echo() -> None:
    """The echo of a keepalive with a clock tells the link's round trip; it is not for the encoder."""
    sender = registered(1)
    sender.tick(1.0)
    (_, keepalive), *_ = sender.outbox

    assert sender.from_link(0, wire.padded(keepalive), 1.045) is None
    assert sender.links[0].rtt_s == pytest.approx(0.045)


def test_extended_keepalive_tells_the_link() -> None:
    """The long keepalive carries window, flight, NAKs and the last second's rate in bytes."""
    sender = registered(1)
    for number in range(50):
        sender.from_encoder(data(number), 0.5)
    sender.from_link(0, nak(3), 0.6)
    sender.tick(1.0)
    (_, keepalive), *_ = sender.outbox

    fields = [int.from_bytes(keepalive[at : at + 4], "big") for at in (14, 18, 22, 26, 30, 34)]
    assert fields == [0, 19_900, 49, 0, 1, 5_000]


packets = st.one_of(
    st.binary(max_size=60),
    st.integers(0, 0x92FF).map(lambda kind: wire.short(0x8000 | kind) + IDENTITY),
    st.integers(0, 40).map(ack),
    st.lists(st.integers(0, 2**32 - 1), max_size=4).map(lambda words: nak(*words)),
)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 1), packets), max_size=40))
def test_laws(events: list[tuple[bool, int, bytes]]) -> None:
    """Whatever comes, a window stays in its bounds, and an unregistered or silent link carries nothing."""
    sender = registered(2)
    for number, (from_encoder, link, packet) in enumerate(events):
        now_s = number / 4
        if from_encoder:
            chosen = sender.from_encoder(data(number), now_s)
            assert chosen is None or sender.links[chosen].usable(now_s)
        else:
            sender.from_link(link, packet, now_s)
        sender.tick(now_s)
        assert all(sending.WINDOW_LEAST <= one.window <= sending.WINDOW_MOST for one in sender.links)
