"""Which rows are whose, and sums that never fall."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from exporters.mptcp.parsing import Ulp
from exporters.mptcp.summing import Scope, Sorted, Totals, sort_rows
from exporters.mptcp.uplinks import Role, Surroundings, parse_uplink, resolve
from tests.exporters.mptcp.making import JOINED, PORT, connection, dump, subflow

RESOLVED = resolve([parse_uplink("a=10.0.0.1"), parse_uplink("b=10.0.0.2")], Surroundings())
FRONT = 1935
SENDER = Scope(Role.SENDER, PORT, FRONT)
FIN_WAIT1 = 4


def cookies(rows: Sorted) -> dict[str, list[int]]:
    """The rows of each uplink, by cookie."""
    return {name: [row.cookie for row in found] for name, found in rows.by_uplink.items()}


def test_subflows_go_to_their_uplinks() -> None:
    """Each subflow goes to the uplink of its local address; one that belongs to none is a stray."""
    tcp = [subflow(1, "10.0.0.1"), subflow(2, "10.0.0.2", ulp=JOINED), subflow(3, "10.0.0.3", ulp=JOINED)]
    rows = sort_rows(dump(tcp, [connection()]), SENDER, RESOLVED)

    assert cookies(rows) == {"a": [1], "b": [2]}
    assert rows.strays == 1
    assert rows.details_shown is True
    assert rows.fallback is False


def test_plain_tcp_beside_subflows_is_left_out() -> None:
    """Where the kernel shows which sockets are subflows, a plain TCP socket on the same port is none."""
    rows = sort_rows(dump([subflow(1), subflow(2, ulp=None)], [connection()]), SENDER, RESOLVED)

    assert cookies(rows) == {"a": [1], "b": []}


def test_hidden_details_make_every_socket_a_subflow() -> None:
    """Where the kernel hides them, every socket beside a connection counts as subflow, and that is told."""
    rows = sort_rows(dump([subflow(1, ulp=None), subflow(2, "10.0.0.2", ulp=None)], [connection()]), SENDER, RESOLVED)

    assert cookies(rows) == {"a": [1], "b": [2]}
    assert rows.details_shown is False


def test_stream_without_bonding_is_a_fallback() -> None:
    """TCP sockets on the stream's port and no MPTCP at all: the stream runs on plain TCP."""
    rows = sort_rows(dump([subflow(1, ulp=None)]), SENDER, RESOLVED)

    assert rows.fallback is True
    assert cookies(rows) == {"a": [1], "b": []}
    assert rows.details_shown is None


def test_fallen_back_connection_is_a_fallback() -> None:
    """So is a connection that the kernel marks as fallen back."""
    rows = sort_rows(dump([subflow(1, ulp=Ulp(flags=0x82))], [connection(flags=1)]), SENDER, RESOLVED)

    assert rows.fallback is True


def test_no_stream_is_not_a_fallback() -> None:
    """Without any socket nothing is known of bonding."""
    rows = sort_rows(dump(), SENDER, RESOLVED)

    assert rows.fallback is None
    assert cookies(rows) == {"a": [], "b": []}


def test_without_a_port_plain_tcp_is_nobodys() -> None:
    """Without the stream's port, TCP sockets that are no subflows cannot be the stream's."""
    rows = sort_rows(dump([subflow(1, ulp=None)]), Scope(Role.SENDER), RESOLVED)

    assert rows.fallback is None
    assert cookies(rows) == {"a": [], "b": []}


def test_closing_subflow_is_kept_but_not_live() -> None:
    """A subflow that is being closed still moves bytes, which count; it is not alive."""
    rows = sort_rows(dump([subflow(1, state=FIN_WAIT1)], [connection()]), SENDER, RESOLVED)

    assert cookies(rows)["a"] == [1]
    assert rows.live == []


def test_front_bytes_wait_before_the_proxy() -> None:
    """Unread bytes at the proxy and unsent ones at a local sender count; bytes between the two count once."""
    proxy = subflow(7, "127.0.0.1", ulp=None, ports=(FRONT, 50000), queues=(3000, 0), notsent_bytes=0)
    encoder = subflow(8, "127.0.0.1", ulp=None, ports=(50000, FRONT), queues=(0, 9000), notsent_bytes=500)
    rows = sort_rows(dump([subflow(1), proxy, encoder], [connection()]), SENDER, RESOLVED)

    assert rows.front_bytes == 3500
    assert cookies(rows)["a"] == [1]


def test_receiver_sorts_by_the_far_address() -> None:
    """At the receiver the remote address tells uplinks apart."""
    resolved = resolve([parse_uplink("a=203.0.113.1")], Surroundings())
    rows = sort_rows(dump([subflow(1)], [connection()]), Scope(Role.RECEIVER, PORT), resolved)

    assert cookies(rows) == {"a": [1]}


def test_scope_names_the_ports_to_ask_for() -> None:
    """The dump is filtered by the stream's and the front port, or not at all."""
    assert SENDER.ports == (PORT, FRONT)
    assert Scope(Role.SENDER, PORT).ports == (PORT,)
    assert Scope(Role.SENDER).ports == ()


def test_recreated_subflow_does_not_lower_the_total() -> None:
    """A subflow created anew starts at 0; the total goes on from where it was."""
    totals = Totals("bytes_sent")
    totals.add([subflow(1, bytes_sent=1000)])
    totals.add([])
    totals.add([subflow(2, bytes_sent=10)])

    assert totals.sums == {"bytes_sent": 1010}


def test_unknown_counter_stays_unknown() -> None:
    """A counter that the kernel does not tell is absent from the sums, not 0."""
    totals = Totals("bytes_acked", "bytes_retrans")
    totals.add([subflow(1, bytes_acked=5)])

    assert totals.sums == {"bytes_acked": 5}


@given(st.lists(st.dictionaries(st.integers(1, 4), st.integers(0, 1000), max_size=4), max_size=20))
def test_totals_never_fall(dumps: list[dict[int, int]]) -> None:
    """Whatever sockets come, go and come back with, the sum only rises."""
    totals = Totals("bytes_sent")
    before = 0
    for found in dumps:
        totals.add([subflow(cookie, bytes_sent=value) for cookie, value in found.items()])
        now = totals.sums.get("bytes_sent", 0)
        assert now >= before
        before = now


@given(st.lists(st.lists(st.integers(0, 500), min_size=1, max_size=6), min_size=1, max_size=6))
def test_totals_are_exact_over_recreations(lives: list[list[int]]) -> None:
    """Over sockets that live one after another the sum is that of their last values."""
    totals = Totals("bytes_sent")
    for cookie, increments in enumerate(lives, start=1):
        value = 0
        for increment in increments:
            value += increment
            totals.add([subflow(cookie, bytes_sent=value)])

    assert totals.sums["bytes_sent"] == sum(map(sum, lives))
