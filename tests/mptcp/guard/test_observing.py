"""From rows and endpoints to what the guard looks at."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest

from exporters.mptcp.layout import TcpInfo
from exporters.mptcp.parsing import Ulp
from exporters.mptcp.uplinks import Resolved, parse_uplink
from mptcp.guard import observing
from mptcp.guard.endpoints import BACKUP, FULLMESH, SIGNAL, SUBFLOW, Endpoint
from mptcp.guard.model import Connection, UplinkSeen
from mptcp.guard.prober import Way
from tests.exporters.mptcp.making import connection, dump, subflow

ATT = Resolved(parse_uplink("att=eth2"), "eth2", frozenset({"10.0.0.1"}))
GONE = Resolved(parse_uplink("verizon=eth1"), None, frozenset())
BONDED = Ulp(flags=0xCC, local_id=2, local_token=7)
ENDPOINT = Endpoint(2, "10.0.0.1", SUBFLOW, "eth2")


def test_subflow_is_taken_over_in_base_units() -> None:
    """Milliseconds and microseconds become seconds, the token the connection, the local address the uplink."""
    row = subflow(9, ulp=BONDED, unacked=4, last_ack_recv=250, bytes_acked=5000, rtt=40_000, rto=240_000, backoff=1)

    (seen,) = observing.subflows(dump([row]), (ATT,))
    assert (seen.key, seen.connection, seen.uplink, seen.unacked, seen.acked_bytes) == (9, 7, "att", 4, 5000)
    assert (seen.ack_age_s, seen.rtt_s, seen.rto_s, seen.backoff) == (0.25, 0.04, 0.24, 1)


def test_what_waits_is_what_was_given_and_has_not_arrived() -> None:
    """On its way or not yet sent; segments that arrived out of order have arrived."""
    info = TcpInfo(delivered=30, unacked=10, sacked=4, snd_mss=1000, notsent_bytes=500, delivery_rate=70_000)
    (seen,) = observing.subflows(dump([subflow(ulp=BONDED, info=info, last_ack_recv=1)]), (ATT,))

    assert (seen.delivered, seen.waiting, seen.rate) == (30_000, 6_500, 70_000.0)
    assert seen.least_rtt_s is None


def test_unknown_rate_is_none() -> None:
    """The kernel shows 0 before the first sample."""
    (seen,) = observing.subflows(dump([subflow(ulp=BONDED, unacked=0, last_ack_recv=1, delivery_rate=0)]), (ATT,))

    assert seen.rate is None


@pytest.mark.parametrize(
    "row",
    [
        subflow(1, ulp=BONDED, unacked=4),
        subflow(1, ulp=BONDED, last_ack_recv=250),
        subflow(1, ulp=None, unacked=4, last_ack_recv=250),
        subflow(1, "10.9.9.9", ulp=BONDED, unacked=4, last_ack_recv=250),
        subflow(1, ulp=BONDED, state=4, unacked=4, last_ack_recv=250),
    ],
    ids=["no age", "no unacked", "plain TCP", "another address", "closing"],
)
def test_rows_that_tell_nothing_are_left_out(row: object) -> None:
    """A row is judged only when it shows what judging needs, and only while it is established."""
    assert observing.subflows(dump([row]), (ATT,)) == ()  # type: ignore[list-item] # parametrize hands objects on


def test_missing_round_trip_is_none_and_not_zero() -> None:
    """The kernel shows 0 before the first sample."""
    (seen,) = observing.subflows(dump([subflow(ulp=BONDED, unacked=0, last_ack_recv=1, rtt=0)]), (ATT,))

    assert (seen.rtt_s, seen.rto_s, seen.backoff) == (None, None, 0)


def test_connection_shows_its_backlog() -> None:
    """What was written and not acknowledged end to end; sequence numbers wrap."""
    rows = [
        connection(token=7, write_seq=9_000, snd_una=4_000),
        connection(token=8, write_seq=1_000, snd_una=2**64 - 500, flags=3),
        connection(token=9),
    ]

    assert observing.connections(dump(mptcp=rows)) == (
        Connection(7, 4_000, 5_000),
        Connection(8, 2**64 - 500, 1_500, fell_back=True),
    )


def test_uplink_has_an_endpoint_only_if_it_opens_subflows() -> None:
    """One that only announces its address is no part of the sending side."""
    announcing = replace(ENDPOINT, flags=SIGNAL)

    assert observing.uplinks([ATT], (ENDPOINT,)) == {"att": UplinkSeen(endpoint=True)}
    assert observing.uplinks([ATT], (announcing,)) == {"att": UplinkSeen(endpoint=False)}
    assert observing.uplinks([ATT], (replace(ENDPOINT, flags=FULLMESH | BACKUP),)) == {
        "att": UplinkSeen(endpoint=True, backup=True)
    }
    assert observing.uplinks([GONE], (ENDPOINT,)) == {"verizon": UplinkSeen(endpoint=False, addressed=False)}


def test_suppressed_uplink_is_probed_from_the_address_it_had() -> None:
    """Its endpoint is gone from the kernel, so the one that is kept says from where."""
    assert observing.ways([ATT, GONE], (), {"10.0.0.1": ENDPOINT}) == [Way("att", "10.0.0.1", "eth2")]
    assert observing.ways([ATT], (), {}) == []


def test_only_addresses_that_reach_the_vps_count() -> None:
    """An uplink without one of that family is not there: it is neither judged nor probed."""
    both = Resolved(parse_uplink("att=eth2"), "eth2", frozenset({"10.0.0.1", "2001:db8::2"}))
    four = Resolved(parse_uplink("verizon=eth1"), "eth1", frozenset({"10.0.1.1"}))

    seen = observing.of_family([both, four], socket.AF_INET6)
    assert [each.addresses for each in seen] == [frozenset({"2001:db8::2"}), frozenset()]
    assert observing.uplinks(seen, ())["verizon"].addressed is False
