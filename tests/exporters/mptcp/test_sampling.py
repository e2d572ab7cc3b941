"""From rows to samples."""

from __future__ import annotations

import pytest

from exporters.mptcp.capacity import UplinkSample
from exporters.mptcp.layout import TcpInfo
from exporters.mptcp.sampler import ConnectionSample
from exporters.mptcp.sampling import (
    connection_sample,
    freshest,
    in_flight_segments,
    rtt_s,
    segment_bytes,
    uplink_sample,
)
from exporters.mptcp.summing import Scope, sort_rows
from exporters.mptcp.uplinks import Role, Surroundings, parse_uplink, resolve
from tests.exporters.mptcp.making import JOINED, PORT, connection, dump, subflow

RESOLVED = resolve([parse_uplink("a=10.0.0.1")], Surroundings())
SCOPE = Scope(Role.SENDER, PORT, 1935)
FIN_WAIT1 = 4


def test_dead_subflow_does_not_speak_for_its_uplink() -> None:
    """The subflow that acknowledged last gives the RTT: a dead one keeps a good-looking old value."""
    dead = subflow(1, last_ack_recv=9000, rtt=40_000)
    alive = subflow(2, ulp=JOINED, last_ack_recv=20, rtt=90_000)

    assert freshest([dead, alive]) is alive
    assert freshest([subflow(3, state=FIN_WAIT1, last_ack_recv=1)]) is None
    assert freshest([]) is None


def test_subflow_of_unknown_age_comes_last() -> None:
    """One that does not say when it acknowledged is only taken when there is no other."""
    unknown, old = subflow(1), subflow(2, last_ack_recv=9000)

    assert freshest([unknown, old]) is old
    assert freshest([unknown]) is unknown


def test_sample_adds_up_its_subflows() -> None:
    """Bytes and rates are sums over the uplink's subflows, in payload; times are the freshest one's."""
    sent = TcpInfo(snd_mss=1400, bytes_sent=100_000, data_segs_out=100)
    old = sent._replace(unacked=10, sacked=2, lost=1, retrans=1, delivery_rate=140_000, last_ack_recv=500)
    fresh = sent._replace(unacked=5, sacked=0, delivery_rate=70_000, last_ack_recv=20)
    first = subflow(1, info=old)
    second = subflow(2, info=fresh, rtt=50_000, min_rtt=40_000, rto=250_000)

    assert uplink_sample("a", [first, second], {"bytes_acked": 7000}) == UplinkSample(
        "a",
        delivered_bytes=7000 + 2 * 1000,
        outstanding_bytes=(7 + 1 + 5) * 1000,
        delivery_rate=150_000,
        rtt_s=0.05,
        min_rtt_s=0.04,
        last_ack_age_s=0.02,
        timeout_s=0.25,
        backoff=None,
        unsent_bytes=0,
    )


def test_sample_without_subflow_knows_only_the_total() -> None:
    """An uplink without an established subflow has its total and nothing else."""
    assert uplink_sample("a", [subflow(1, state=FIN_WAIT1)], {"bytes_acked": 7}) == UplinkSample("a", 7)


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        (TcpInfo(snd_mss=1448, bytes_sent=130_000, data_segs_out=100), 1300),
        (TcpInfo(snd_mss=1448, bytes_sent=0, data_segs_out=0), 1448),
        (TcpInfo(snd_mss=1448), 1448),
        (TcpInfo(snd_mss=1000, bytes_sent=130_000, data_segs_out=100), 1000),
        (TcpInfo(), 0),
    ],
)
def test_segments_are_measured_in_payload(info: TcpInfo, expected: float) -> None:
    """A segment is worth its mean payload so far, at most the segment size, and that size before any was sent."""
    assert segment_bytes(subflow(1, info=info)) == expected


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        (TcpInfo(unacked=10), 10),
        (TcpInfo(unacked=10, sacked=3, lost=2, retrans=1), 6),
        (TcpInfo(unacked=2, sacked=3), 0),
        (TcpInfo(), 0),
    ],
)
def test_segments_in_flight_are_the_kernels(info: TcpInfo, expected: int) -> None:
    """In flight is what is unacknowledged, less received out of order and lost, plus sent again."""
    assert in_flight_segments(subflow(1, info=info)) == expected


@pytest.mark.parametrize(("raw", "expected"), [(40_000, 0.04), (0, None), (0xFFFFFFFF, None), (None, None)])
def test_rtt_before_the_first_measurement_is_unknown(raw: int | None, expected: float | None) -> None:
    """The kernel's 0 and all ones mean that nothing was measured yet."""
    assert rtt_s(raw) == expected


def test_backlog_counts_connection_and_proxy() -> None:
    """Backlog is what the connection holds unacknowledged plus what waits before the proxy."""
    proxy = subflow(7, "127.0.0.1", ulp=None, ports=(1935, 50000), queues=(300, 0))
    rows = sort_rows(dump([subflow(1), proxy], [connection(write_seq=1500, snd_una=1000)]), SCOPE, RESOLVED)

    assert connection_sample(rows, {"bytes_acked": 9}) == ConnectionSample(800, 9)


def test_backlog_after_a_fallback_is_tcps() -> None:
    """On plain TCP the socket's own queue is the backlog: the connection's sequence numbers stand still."""
    rows = sort_rows(
        dump([subflow(1, queues=(0, 700))], [connection(flags=1, write_seq=5, snd_una=5)]), SCOPE, RESOLVED
    )

    assert connection_sample(rows, {}) == ConnectionSample(700, 0)


def test_backlog_is_unknown_without_a_connection() -> None:
    """No connection, no backlog; not 0, even while the proxy already holds bytes."""
    proxy = subflow(7, "127.0.0.1", ulp=None, ports=(1935, 50000), queues=(300, 0))

    assert connection_sample(sort_rows(dump([proxy]), SCOPE, RESOLVED), {}) == ConnectionSample(None, 0)


def test_backlog_is_unknown_where_the_kernel_does_not_tell() -> None:
    """A connection without sequence numbers has an unknown backlog."""
    assert connection_sample(sort_rows(dump([], [connection()]), SCOPE, RESOLVED), {}).backlog_bytes is None
