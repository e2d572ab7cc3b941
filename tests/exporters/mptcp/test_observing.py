"""Observations over time: totals, arrivals and departures, slots."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from exporters.mptcp.observing import SLOTS, Observation, Observer, Place
from exporters.mptcp.parsing import Ends
from exporters.mptcp.sampler import Estimate
from exporters.mptcp.summing import Scope
from exporters.mptcp.uplinks import Role, Surroundings, parse_uplink, resolve
from tests.exporters.mptcp.captures import load
from tests.exporters.mptcp.making import JOINED, PORT, connection, dump, subflow

if TYPE_CHECKING:
    from exporters.mptcp.model import Dump
    from exporters.mptcp.parsing import MptcpRow, TcpRow

RESOLVED = resolve([parse_uplink("a=10.0.0.1"), parse_uplink("b=10.0.0.2")], Surroundings())
FIN_WAIT1 = 4


FAR = resolve([parse_uplink("a=203.0.113.1"), parse_uplink("b=203.0.113.2")], Surroundings())


def observe(*dumps: Dump, role: Role = Role.SENDER) -> Observation:
    """The last observation after these dumps."""
    observer = Observer(Scope(role, PORT), ["a", "b"])
    resolved = RESOLVED if role is Role.SENDER else FAR
    return [observer.observe(found, resolved) for found in dumps][-1]


def moments(*rows: list[TcpRow], mptcp: tuple[MptcpRow, ...] = (connection(),)) -> list[Dump]:
    """Dumps 100 ms apart with these TCP rows."""
    return [dump(tcp, mptcp, at_s=0.1 * index) for index, tcp in enumerate(rows)]


def test_same_dumps_give_the_same_observations() -> None:
    """Nothing but the dumps and their times decides."""
    assert observe(*load("sender")) == observe(*load("sender"))


def test_arrivals_and_departures_are_counted() -> None:
    """A subflow that disappears is closed, one that appears is created, on its own uplink."""
    seen = observe(*moments([subflow(1), subflow(2, "10.0.0.2")], [subflow(1)], [subflow(1), subflow(3, "10.0.0.2")]))

    assert seen.subflows_created == {"a": 1, "b": 2}
    assert seen.subflows_closed == {"a": 0, "b": 1}


def test_closing_subflow_is_closed_and_still_counts_bytes() -> None:
    """A subflow that lingers after its end is counted as closed once; its bytes still add up."""
    seen = observe(
        *moments(
            [subflow(1, bytes_sent=100)],
            [subflow(1, state=FIN_WAIT1, bytes_sent=150)],
            [subflow(1, state=FIN_WAIT1, bytes_sent=160)],
        )
    )

    assert seen.subflows_closed["a"] == 1
    assert seen.uplink_totals["a"]["bytes_sent"] == 160
    assert seen.subflows == ()


def test_slot_is_kept_and_given_again() -> None:
    """A subflow keeps its slot while it lives; the lowest free one is given to the next."""
    first, second, third = (subflow(cookie, ulp=JOINED) for cookie in (1, 2, 3))
    seen = observe(*moments([first, second], [second], [second, third]))

    assert [(place, row.cookie) for place, row in seen.subflows] == [
        (Place("a", "join", 1), 2),
        (Place("a", "join", 0), 3),
    ]


def test_slots_are_limited() -> None:
    """Subflows beyond the last slot are counted and not shown one by one: labels must stay few."""
    seen = observe(*moments([subflow(cookie, ulp=JOINED) for cookie in range(1, SLOTS + 4)]))

    assert len(seen.subflows) == SLOTS
    assert seen.subflows_created["a"] == SLOTS + 3


def test_role_without_the_kernels_word() -> None:
    """Where details are hidden, the initial subflow is the one with the connection's own ends."""
    seen = observe(*moments([subflow(1, ulp=None), subflow(2, "10.0.0.2", ulp=None)]))

    assert [(place.uplink, place.role) for place, _ in seen.subflows] == [("a", "initial"), ("b", "join")]


def test_stream_over_plain_tcp_is_an_initial_subflow() -> None:
    """On plain TCP the one socket is shown as the initial subflow of its uplink, and its bytes are the connection's."""
    seen = observe(*moments([subflow(1, ulp=None, bytes_acked=70)], mptcp=()))

    assert [place for place, _ in seen.subflows] == [Place("a", "initial", 0)]
    assert seen.connection_totals == {"bytes_acked": 70}


def test_connection_totals_survive_a_new_connection() -> None:
    """A stream that reconnects goes on counting."""
    seen = observe(
        dump([], [connection(100, bytes_acked=500)]),
        dump([], []),
        dump([], [connection(101, bytes_acked=20)], at_s=0.2),
    )

    assert seen.connection_totals["bytes_acked"] == 520


def test_kernel_without_byte_counters_counts_by_sequence() -> None:
    """Before Linux 6.5 the connection's bytes are what its sequence numbers moved by since it was first seen."""
    start = 2**63
    seen = observe(
        dump([subflow(1)], [connection(snd_una=start, rcv_nxt=start, write_seq=start)]),
        dump([subflow(1)], [connection(snd_una=start + 700, rcv_nxt=start + 20, write_seq=start)], at_s=0.1),
    )

    assert seen.connection_totals == {"bytes_acked": 700, "bytes_received": 20}


def test_backlog_is_the_senders() -> None:
    """At the receiver nothing is said of a backlog, which is the far end's."""
    found = dump([subflow(1)], [connection(write_seq=9, snd_una=4)])

    assert observe(found).backlog_bytes == 5
    assert observe(found, role=Role.RECEIVER).backlog_bytes is None


def test_receiver_shows_the_gap() -> None:
    """At the receiver what subflows received beyond the connection's bytes waits for an earlier byte."""
    seen = observe(
        dump([subflow(1, bytes_received=100)], [connection(bytes_received=100)]),
        dump([subflow(1, bytes_received=180)], [connection(bytes_received=100)], at_s=0.1),
        role=Role.RECEIVER,
    )

    assert seen.estimate.head_of_line_gap_bytes == 80


def test_gap_is_unknown_beside_strays() -> None:
    """What a subflow of no configured uplink received is not counted, so the gap cannot be told."""
    rows = [subflow(1), replace(subflow(2), ends=Ends("10.0.0.1", PORT, "198.51.100.9", 40000))]

    assert observe(dump(rows, [connection(bytes_received=0)]), role=Role.RECEIVER).estimate == Estimate()


def test_nothing_seen_is_an_observation_too() -> None:
    """Without any socket the observation says so: no subflows, no connection, nothing estimated."""
    seen = observe(dump())

    assert seen.rows.live == []
    assert seen.backlog_bytes is None
    assert seen.estimate.drain_time_s is None
    assert seen.uplink_totals == {"a": {}, "b": {}}
