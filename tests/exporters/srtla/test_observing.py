"""From datagrams to links, bonds and totals per uplink."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.srtla.model import Datagram, Role
from exporters.srtla.naming import parse_uplink
from exporters.srtla.observing import MAX_GROUPS, MAX_LINKS, SILENT_S, Observer
from exporters.srtla.picture import Painter
from tests.exporters.srtla import packets
from tests.exporters.srtla.packets import ONE, TWO, down, up

if TYPE_CHECKING:
    from collections.abc import Iterable

BY_ADDRESS = ("verizon=198.51.100.7", "att=203.0.113.9")


def observer(*uplinks: str, role: Role = Role.RECEIVER) -> Observer:
    """An observer with these uplinks."""
    return Observer(role, [parse_uplink(text) for text in uplinks or BY_ADDRESS])


def peer(number: int) -> bytes:
    """The sender's end of a stranger."""
    return struct.pack(">IH", 0x0A000000 + number, 9)


def registered(observed: Observer, *peers: bytes, group_id: bytes = packets.GROUP_ID) -> None:
    """A sender registers links at second 0."""
    for one in peers:
        observed.feed([up(0, packets.registration(0x9201, group_id), one), down(0, packets.registration(0x9202), one)])


def test_bytes_and_datagrams_by_uplink() -> None:
    """Both directions are counted with the uplink that the address belongs to."""
    observed = observer()
    observed.feed([up(1, packets.data(1)), up(1, packets.data(2), TWO), down(1.1, packets.srtla_ack(1))])

    one, two = observed.tally("verizon"), observed.tally("att")
    assert (one.up_bytes, one.up_datagrams, one.down_bytes, one.down_datagrams) == (1332, 1, 8, 1)
    assert (two.up_bytes, two.down_bytes) == (1332, 0)


def test_registered_links_are_one_group() -> None:
    """Links that register with one id belong together before any data flows."""
    observed = observer()
    registered(observed, ONE, TWO)

    assert len({link.group for link in observed.links.values()}) == 1
    assert observed.events.registrations == {"join_group": 2, "joined": 2}


def test_refused_registration_makes_no_group() -> None:
    """A group exists once the receiver has said so."""
    observed = observer()
    observed.feed([up(0, packets.registration(0x9201, packets.GROUP_ID)), down(0, packets.registration(0x9211))])

    assert observed.groups == {}
    assert observed.events.registrations == {"join_group": 1, "no_group": 1}


def test_links_seen_in_mid_stream_are_one_group() -> None:
    """Without a registration the destination socket of the data says who belongs together."""
    observed = observer()
    observed.feed([up(1, packets.data(1)), up(1, packets.data(2), TWO), up(1, packets.data(9, to=99), peer(1))])

    groups = [observed.links[one].group for one in (ONE, TWO, peer(1))]
    assert groups[0] == groups[1] != groups[2]


def test_link_that_registers_later_joins_the_stream() -> None:
    """A link that comes back with the group's id is part of the group that was first known by its socket."""
    observed = observer()
    observed.feed([up(1, packets.data(1))])
    registered(observed, TWO)
    observed.feed([up(2, packets.data(2), TWO)])

    assert len(observed.groups) == 1
    assert observed.links[ONE].group == observed.links[TWO].group


def test_restarted_encoder_keeps_the_counts() -> None:
    """A new SRT connection begins its numbers anew; what was counted stays."""
    observed = observer()
    observed.feed([up(1, packets.data(number)) for number in range(10)])
    observed.feed([up(2, packets.data(5_000_000 + number, to=7)) for number in range(10)])

    group = next(iter(observed.groups.values()))
    assert group.counts()[:2] == (20 * 1332, 18)


def test_modems_behind_one_address_are_told_apart_by_id() -> None:
    """With a carrier's NAT both links have one address; the connection id of the keepalive names them."""
    shared = [ONE, ONE[:4] + b"\x12\x34"]
    observed = observer("verizon=conn:11", "att=conn:12")
    for number, one in enumerate(shared):
        observed.feed(
            [up(1, packets.keepalive("extended", connection=11 + number), one), up(1, packets.data(number), one)]
        )

    assert observed.tally("verizon").segments == observed.tally("att").segments == 1


def test_what_came_before_the_id_counts_too() -> None:
    """Data that arrived before the first keepalive is the uplink's once the link is known."""
    observed = observer("verizon=conn:11")
    observed.feed([up(1, packets.data(number)) for number in range(5)])
    assert observed.tally(None).segments == 5

    observed.feed([up(2, packets.keepalive("extended", connection=11))])
    assert (observed.tally("verizon").segments, observed.tally(None).segments) == (5, 0)


def test_rebound_link_is_the_same_uplink() -> None:
    """A NAT that gives the link a new port: one rebinding, no second link, and the counts go on."""
    observed = observer("verizon=conn:11")
    registered(observed, ONE)
    observed.feed([up(1, packets.keepalive("extended", connection=11)), up(1, packets.data(1))])
    new = ONE[:4] + b"\x99\x99"
    observed.feed([up(1.5, packets.data(2), new)])
    observed.feed([up(3, packets.keepalive("extended", connection=11), new), up(3, packets.data(3), new)])

    assert list(observed.links) == [new]
    assert (observed.totals["verizon"].rebinds, observed.totals["verizon"].closed) == (1, 1)
    assert observed.tally("verizon").segments == 3


def test_links_that_share_an_id_stay_two() -> None:
    """A sender that gives all links one id: both are alive, so neither took the other's place."""
    observed = observer("verizon=conn:0")
    for second in range(5):
        observed.feed([up(second, packets.keepalive("extended", connection=0), one) for one in (ONE, TWO)])

    assert len(observed.links) == 2
    assert observed.totals["verizon"].rebinds == 0


def test_rebound_link_without_id_is_found_when_the_old_falls_silent() -> None:
    """Where only addresses tell, a younger link of the uplink took the place of one that has died."""
    observed = observer()
    observed.feed([up(1, packets.data(1))])
    new = ONE[:4] + b"\x99\x99"
    observed.feed([up(2, packets.data(2), new)])
    observed.tidy(1.5 + SILENT_S)

    assert observed.totals["verizon"].rebinds == 1


def test_counts_survive_the_link() -> None:
    """What a silent link counted stays with its uplink, to the byte."""
    observed = observer()
    observed.feed([up(1, packets.data(number)) for number in range(7)])
    before = observed.tally("verizon")
    observed.tidy(2 + SILENT_S)

    assert observed.links == {}
    assert observed.tally("verizon") == before


def test_losses_as_the_sender_reports_them() -> None:
    """At the receiver the growth of the keepalive's NAK count is the link's loss; its first value is history."""
    observed = observer()
    for naks in (500, 507, 507, 510):
        observed.feed([up(1, packets.keepalive("extended", naks=naks))])

    assert observed.tally("verizon").lost == 10


def test_nak_on_all_links_is_one() -> None:
    """Receivers that broadcast NAKs send one loss several times."""
    observed = observer()
    observed.feed([up(1, packets.data(9)), up(1, packets.data(10), TWO)])
    copies = [down(2, packets.nak((5, 7), stamp_us=3), one) for one in (ONE, TWO)]
    observed.feed([*copies, down(3, packets.nak((5, 7), stamp_us=4))])

    group = next(iter(observed.groups.values()))
    assert (group.counts()[2], group.naks) == (3, 2)


def test_drop_request_counts_its_numbers_once() -> None:
    """What the sender gives up is counted once, though it says so on several links and again."""
    observed = observer()
    observed.feed([up(1, packets.data(9)), up(1, packets.data(10), TWO)])
    observed.feed([up(2, packets.drop_request(3, 5), one) for one in (ONE, TWO, ONE)])

    assert next(iter(observed.groups.values())).dropped == 3


def test_rejection_is_counted_by_reason() -> None:
    """A wrong passphrase is one rejection, on however many links the answer goes out."""
    observed = observer()
    observed.feed([up(1, packets.keepalive(), one) for one in (ONE, TWO)])
    observed.feed([down(1, packets.handshake(1010), one) for one in (ONE, TWO)])

    assert observed.events.rejections == {"bad_secret": 1}


def test_round_trip_by_ack_and_its_answer() -> None:
    """A sender that reports nothing: the ACKACK that comes back over a link times it."""
    observed = observer()
    observed.feed([up(1, packets.data(9)), up(1, packets.data(10), TWO)])
    observed.feed([down(2, packets.ack(1, 10), one) for one in (ONE, TWO)])
    observed.feed([up(2.07, packets.ackack(1), TWO), up(2.09, packets.ackack(1))])

    assert observed.links[TWO].rtt.smoothed_s == pytest.approx(0.07)
    assert observed.links[ONE].rtt.smoothed_s is None


@pytest.mark.parametrize("form", ["plain", "timed", "extended"])
def test_round_trip_by_keepalive_beside_the_sender(form: str) -> None:
    """The echo of a keepalive times an idle link, padded or not."""
    observed = observer(role=Role.SENDER)
    said = packets.keepalive(form)
    observed.feed([up(1, said), down(1.06, said.ljust(32, b"\0"))])

    assert observed.links[ONE].rtt.smoothed_s == pytest.approx(0.06)


@pytest.mark.parametrize("noise", [b"\x90", b"\x00\x01\x02", b"\xff\xff\xff\xff", packets.control(0x55), b"\x80\x02"])
def test_what_is_neither_is_counted(noise: bytes) -> None:
    """Datagrams of no known kind are bytes of the link, and malformed."""
    observed = observer()
    observed.feed([up(1, packets.keepalive()), up(1, noise)])

    assert observed.events.malformed == 1
    assert observed.tally("verizon").up_datagrams == 2


def test_strangers_cannot_fill_the_tables() -> None:
    """Thousands of senders that nobody knows: links and groups stay few, evictions are counted, the bond stays."""
    observed = observer()
    for number in range(5000):
        observed.feed(
            [up(number / 1000, packets.data(number)), up(number / 1000, packets.data(1, to=number + 1), peer(number))]
        )

    assert len(observed.links) <= MAX_LINKS
    assert len(observed.groups) <= MAX_GROUPS
    assert observed.events.evictions["links"] > 4000
    assert observed.tally("verizon").segments == 5000
    assert observed.tally(None).segments == 5000


def test_data_that_nobody_acknowledges_is_no_stream() -> None:
    """A stranger's data to the public port is bytes of a stray link, and neither a bond nor part of the stream."""
    observed, painter = observer(), Painter()
    observed.feed([up(1, packets.data(1)), down(1.01, packets.ack(1, 2)), up(1, packets.data(1, to=5), peer(1))])
    bond = painter.paint(observed, 1.1).bond

    assert (bond.groups, bond.stream_bytes, bond.stray_bytes) == (1, 1332, 1332)


def test_other_names_move_the_links() -> None:
    """A mapping that changes while the exporter runs tells known links apart anew."""
    observed = observer("verizon=198.51.100.7")
    observed.feed([up(1, packets.data(1)), up(1, packets.data(2), TWO)])
    observed.name([parse_uplink("att=203.0.113.9"), parse_uplink("verizon=198.51.100.7")])

    assert (observed.tally("att").segments, observed.tally("verizon").segments) == (1, 1)
    assert observed.tally(None).segments == 0


PAYLOADS = st.one_of(
    st.binary(max_size=80),
    st.builds(packets.data, st.integers(0, 2**31 - 1), to=st.integers(0, 3), stamp_us=st.integers(0, 2**32)),
    st.builds(packets.nak, st.tuples(st.integers(0, 2**31 - 1), st.integers(0, 2**32 - 1)), st.integers(0, 2**32 - 1)),
    st.builds(packets.ack, st.integers(0, 9), st.integers(0, 2**32 - 1), rtt_us=st.integers(0, 2**32 - 1)),
    st.builds(packets.ackack, st.integers(0, 9)),
    st.builds(packets.drop_request, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)),
    st.builds(packets.srtla_ack, *[st.integers(0, 2**32 - 1)] * 3),
    st.builds(packets.keepalive, st.just("extended"), connection=st.integers(0, 2), naks=st.integers(0, 2**32 - 1)),
    st.builds(packets.registration, st.integers(0x9200, 0x9213), st.sampled_from([b"", packets.GROUP_ID, bytes(256)])),
)
TRAFFIC = st.lists(
    st.builds(
        lambda at_s, upward, number, payload: (up if upward else down)(at_s, payload, peer(number)),
        st.floats(0, 100),
        st.booleans(),
        st.integers(0, 4),
        PAYLOADS,
    ),
    max_size=40,
)


@settings(max_examples=60)
@given(TRAFFIC, st.sampled_from(Role))
def test_no_traffic_breaks_the_observer(traffic: Iterable[Datagram], role: Role) -> None:
    """Whatever is on the wire, in whatever order: a picture comes of it, and its counts only rise."""
    observed, painter = observer("a=10.0.0.0/30", "b=conn:1", role=role), Painter()
    before = 0
    for at_s, datagram in enumerate(traffic):
        observed.feed([datagram])
        picture = painter.paint(observed, 100.0 + at_s)
        counted = sum(observed.tally(name).up_bytes for name in observed.totals)
        assert counted >= before
        assert picture.bond.stream_bytes >= 0
        before = counted


def test_what_the_server_went_on_without_outlives_its_connection() -> None:
    """The second of three packets never came; the count stays when the encoder calls anew."""
    observed = Observer(Role.RECEIVER, [])
    observed.feed([up(1, packets.data(1)), down(1.1, packets.ack(1, 2)), up(1.1, packets.data(3), TWO)])
    observed.feed([down(1.2, packets.ack(2, 4), link) for link in (ONE, TWO)])
    observed.feed([up(2, packets.data(7, to=99)), down(2.1, packets.ack(1, 8))])

    assert observed.counts()[4] == 1


def whole_s(observed: Observer) -> list[float | None]:
    """Since when what each bond carries is whole."""
    return [group.received.wholeness.whole_s for group in observed.groups.values() if group.received is not None]


def with_a_hole(observed: Observer) -> Observer:
    """Number 2 is given up, which is told at 13.5 s; the keyframe in 3 was sent 0.9 s after the stamp of one second."""
    keyframe = packets.data(3, stamp_us=1_900_000, payload=packets.transport_stream())
    observed.feed([up(10.6, packets.data(1, stamp_us=1_500_000)), down(10.7, packets.ack(1, 2))])
    observed.feed([up(11, keyframe), down(13.5, packets.ack(2, 4))])
    return observed


def test_the_handshake_of_a_connection_tells_when_its_keyframes_are_played() -> None:
    """The latency after they were sent, by the stamp and the time of the caller's last message."""
    observed = observer()
    observed.feed([up(10, packets.handshake(packets.CONCLUSION, socket=7, stamp_us=1_000_000))])
    answer = packets.handshake(packets.CONCLUSION, socket=packets.STREAM, to=7, latency_ms=2_000)
    observed.feed([down(10.1, answer), down(10.1, answer, TWO)])

    assert whole_s(with_a_hole(observed)) == [pytest.approx(10 + 2 + 0.9)]


def test_without_a_handshake_the_end_of_a_hole_tells_it() -> None:
    """Seen by an exporter that began after the stream did."""
    assert whole_s(with_a_hole(observer())) == [13.5]
