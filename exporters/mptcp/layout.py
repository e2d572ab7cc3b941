"""Binary layouts of `struct tcp_info` and `struct mptcp_info` (include/uapi/linux/{tcp,mptcp}.h).

Kernels append fields and never move them, so the received length alone says which fields exist:
a field that the length does not cover is None. Versions and struct sizes are never consulted.
"""

from __future__ import annotations

from functools import cache
from itertools import accumulate
from struct import Struct, calcsize
from typing import NamedTuple


class TcpInfo(NamedTuple):
    """`struct tcp_info` up to Linux 6.7. Units are the kernel's: see the comments by group."""

    state: int | None = None
    ca_state: int | None = None
    retransmits: int | None = None
    probes: int | None = None
    backoff: int | None = None
    options: int | None = None
    wscale: int | None = None
    limited_bits: int | None = None
    rto: int | None = None  # microseconds, as is ato
    ato: int | None = None
    snd_mss: int | None = None  # bytes, as is rcv_mss
    rcv_mss: int | None = None
    unacked: int | None = None  # segments, as are the next four
    sacked: int | None = None
    lost: int | None = None
    retrans: int | None = None
    fackets: int | None = None
    last_data_sent: int | None = None  # milliseconds ago, as are the next three
    last_ack_sent: int | None = None
    last_data_recv: int | None = None
    last_ack_recv: int | None = None
    pmtu: int | None = None
    rcv_ssthresh: int | None = None
    rtt: int | None = None  # microseconds, as is rttvar
    rttvar: int | None = None
    snd_ssthresh: int | None = None  # segments, as is snd_cwnd
    snd_cwnd: int | None = None
    advmss: int | None = None
    reordering: int | None = None
    rcv_rtt: int | None = None  # microseconds
    rcv_space: int | None = None
    total_retrans: int | None = None  # segments
    pacing_rate: int | None = None  # bytes per second, all ones means unlimited
    max_pacing_rate: int | None = None
    bytes_acked: int | None = None  # starts at 1: the SYN
    bytes_received: int | None = None
    segs_out: int | None = None
    segs_in: int | None = None
    notsent_bytes: int | None = None
    min_rtt: int | None = None  # microseconds; 0 or all ones before the first sample
    data_segs_in: int | None = None
    data_segs_out: int | None = None
    delivery_rate: int | None = None  # bytes per second
    busy_time: int | None = None  # microseconds, as are the next two
    rwnd_limited: int | None = None
    sndbuf_limited: int | None = None
    delivered: int | None = None  # segments
    delivered_ce: int | None = None
    bytes_sent: int | None = None
    bytes_retrans: int | None = None
    dsack_dups: int | None = None
    reord_seen: int | None = None
    rcv_ooopack: int | None = None
    snd_wnd: int | None = None
    rcv_wnd: int | None = None
    rehash: int | None = None
    total_rto: int | None = None
    total_rto_recoveries: int | None = None
    total_rto_time: int | None = None  # milliseconds


class MptcpInfo(NamedTuple):
    """`struct mptcp_info` up to Linux 6.18; sequence numbers and counters are in bytes."""

    subflows: int | None = None  # beyond the initial one
    add_addr_signal: int | None = None
    add_addr_accepted: int | None = None
    subflows_max: int | None = None
    add_addr_signal_max: int | None = None
    add_addr_accepted_max: int | None = None
    flags: int | None = None  # bit 0: fell back to TCP; bit 1: the peer's key was received
    token: int | None = None
    write_seq: int | None = None
    snd_una: int | None = None
    rcv_nxt: int | None = None
    local_addr_used: int | None = None
    local_addr_max: int | None = None
    csum_enabled: int | None = None
    retransmits: int | None = None
    bytes_retrans: int | None = None
    bytes_sent: int | None = None
    bytes_received: int | None = None
    bytes_acked: int | None = None
    subflows_total: int | None = None
    endp_laminar_max: int | None = None
    endp_fullmesh_max: int | None = None
    last_data_sent: int | None = None  # milliseconds ago, as are the next two
    last_data_recv: int | None = None
    last_ack_recv: int | None = None

    def __repr__(self) -> str:
        """Without the token and the sequence numbers: whoever knows them can attack the connection."""
        return f"MptcpInfo(subflows={self.subflows}, flags={self.flags})"


# One code per field, in order; "x" is padding that belongs to the field before it.
_TCP_CODES = (*"BBBBBBBB", *"I" * 24, *"QQQQ", *"IIIIII", *"QQQQ", *"II", *"QQ", *"IIIIII", *"HHI")
_MPTCP_CODES = (*"BBBBB", "B2x", *"II", *"QQQ", *"BB", "Bx", "I", *"QQQQ", *"BB", "Bx", *"III")


@cache
def _prefix(codes: tuple[str, ...], length: int) -> Struct:
    """The struct of those leading fields that `length` bytes cover whole."""
    ends = accumulate(calcsize("=" + code) for code in codes)
    covered = sum(end <= length for end in ends)
    return Struct("=" + "".join(codes[:covered]))


def tcp_info(data: bytes) -> TcpInfo:
    """Decode INET_DIAG_INFO of a TCP row."""
    return TcpInfo(*_prefix(_TCP_CODES, min(len(data), 1024)).unpack_from(data))


def mptcp_info(data: bytes) -> MptcpInfo:
    """Decode INET_DIAG_INFO of an MPTCP row."""
    return MptcpInfo(*_prefix(_MPTCP_CODES, min(len(data), 1024)).unpack_from(data))
