"""Packet trains: their format, what they say, and what they may cost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.mptcp import train
from exporters.mptcp.train import Arrivals, Budget, Packet, Report

KEY = b"a key of at least sixteen bytes"
OTHER = b"another key of sixteen bytes"
TRAIN = b"12345678"


def test_packets_are_read_by_who_has_the_key() -> None:
    """Every datagram of a train is full-sized and read back; with another key it is nothing."""
    sent = list(train.packets(TRAIN, 8, KEY))

    assert {len(data) for data in sent} == {train.PACKET_BYTES}
    assert [train.read_packet(data, KEY) for data in sent] == [Packet(TRAIN, 8, index) for index in range(8)]
    assert [train.read_packet(data, OTHER) for data in sent] == [None] * 8


def test_report_is_read_by_who_has_the_key() -> None:
    """So is the report; it is smaller than any datagram of a train."""
    report = Report(TRAIN, 8, 123_456_789)
    data = train.write_report(report, KEY)

    assert train.read_report(data, KEY) == report
    assert train.read_report(data, OTHER) is None
    assert len(data) < train.PACKET_BYTES


@given(st.data())
def test_changed_datagrams_are_nothing(data: st.DataObject) -> None:
    """A datagram that is changed where it counts, cut or lengthened is refused; a report is no packet."""
    for good, read in (
        (next(train.packets(TRAIN, 8, KEY)), train.read_packet),
        (train.write_report(Report(TRAIN, 8, 5), KEY), train.read_report),
    ):
        at = data.draw(st.integers(0, 31))
        changed = bytearray(good)
        changed[at] ^= data.draw(st.integers(1, 255))

        assert read(bytes(changed), KEY) is None
        assert read(good[: data.draw(st.integers(0, len(good) - 1))], KEY) is None
        assert read(good + b"\0", KEY) is None
    assert train.read_packet(train.write_report(Report(TRAIN, 8, 5), KEY), KEY) is None


@given(st.binary(max_size=1500))
def test_noise_is_nothing(data: bytes) -> None:
    """Whatever arrives, it is refused without an error."""
    assert train.read_packet(data, KEY) is None
    assert train.read_report(data, KEY) is None


def test_index_beyond_the_train_is_nothing() -> None:
    """A train longer than the longest, though with our tag, is refused: it would be remembered for long."""
    assert train.read_packet(next(train.packets(TRAIN, train.MOST_PACKETS + 1, KEY)), KEY) is None


@given(rate=st.floats(50_000, 5_000_000), count=st.integers(8, 24))
def test_dispersion_is_the_rate(rate: float, count: int) -> None:
    """Datagrams that leave a link one after the other at its rate say that rate, in TCP payload."""
    wire = rate / train.PAYLOAD_SHARE
    span_ns = (count - 1) * (train.PACKET_BYTES + train.IP_UDP_BYTES) / wire * 1e9

    assert Report(TRAIN, count, round(span_ns)).rate() == pytest.approx(rate, rel=1e-3)


@pytest.mark.parametrize("report", [Report(TRAIN, 3, 5_000_000), Report(TRAIN, 0, 0), Report(TRAIN, 8, 0)])
def test_too_little_says_nothing(report: Report) -> None:
    """A few datagrams, or all at one instant, are no measurement."""
    assert report.rate() is None


def test_loss_only_lowers_the_rate() -> None:
    """A train that lost datagrams in the middle says less, never more."""
    whole, holed = Report(TRAIN, 16, 50_000_000).rate(), Report(TRAIN, 12, 50_000_000).rate()

    assert whole is not None
    assert holed is not None
    assert holed < whole


@pytest.mark.parametrize(("rate", "count"), [(None, 8), (0, 8), (50_000, 8), (200_000, 14), (5_000_000, 24)])
def test_train_is_as_long_as_the_uplink_can_bear(rate: float | None, count: int) -> None:
    """A train takes a tenth of a second at the rate known, within its bounds; the shortest where nothing is known."""
    assert train.length(rate) == count


def test_key_is_the_first_line() -> None:
    """A key file may end in a newline; a short key is refused without being quoted."""
    assert train.parse_key(KEY + b"\nrest\n") == KEY
    with pytest.raises(ValueError, match="fewer than 16 bytes") as refused:
        train.parse_key(b"short\n")
    assert "short" not in str(refused.value)


def test_budget_is_spent_and_filled_again() -> None:
    """An hour's bytes may be spent at once, then as fast as they come back, and never pile up."""
    budget = Budget(3600)

    assert budget.spend(0, 3600)
    assert not budget.spend(9, 10)
    assert budget.spend(10, 10)
    assert budget.left(1e6) == 3600


@given(st.lists(st.tuples(st.floats(0, 600), st.floats(0, 5000)), max_size=50))
def test_budget_holds_over_any_time(steps: list[tuple[float, float]]) -> None:
    """Whatever is asked when, no more is spent than the first hour's bytes and what came back since."""
    budget, at_s, spent = Budget(3600), 0.0, 0.0
    for waited_s, amount in steps:
        at_s += waited_s
        spent += amount if budget.spend(at_s, amount) else 0

        assert spent <= 3600 + at_s + 1e-6


def test_train_is_reported_when_its_last_datagram_arrives() -> None:
    """In whatever order, twice or once: when all are there, the report says how many and from when to when."""
    arrivals = Arrivals()
    order = [0, 2, 1, 2, 3]
    reports = [arrivals.add(Packet(TRAIN, 4, index), 1000 + 10 * n, "rig") for n, index in enumerate(order)]

    assert reports == [None, None, None, None, Report(TRAIN, 4, 40)]
    assert arrivals.overdue(10**12) == []


def test_train_without_its_tail_is_reported_late() -> None:
    """When the rest does not come, what came is reported to its sender, once."""
    arrivals = Arrivals()
    for index in range(3):
        arrivals.add(Packet(TRAIN, 8, index), 100 * index, "rig")

    assert arrivals.overdue(Arrivals.PATIENCE_NS) == []
    assert arrivals.overdue(Arrivals.PATIENCE_NS + 1) == [(Report(TRAIN, 3, 200), "rig")]
    assert arrivals.overdue(10**12) == []


def test_memory_is_bounded() -> None:
    """Beyond the most trains at once, new ones are not begun; those that are there end as usual."""
    arrivals = Arrivals()
    for number in range(Arrivals.MOST_TRAINS + 10):
        arrivals.add(Packet(number.to_bytes(8, "big"), 2, 0), 0, "rig")

    assert arrivals.add(Packet((0).to_bytes(8, "big"), 2, 1), 5, "rig") == Report((0).to_bytes(8, "big"), 2, 5)
    assert len(arrivals.overdue(10**12)) == Arrivals.MOST_TRAINS - 1
