"""Kernel structs are decoded by the received length alone."""

from __future__ import annotations

from struct import pack
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.mptcp.layout import MptcpInfo, TcpInfo, mptcp_info, tcp_info

if TYPE_CHECKING:
    from collections.abc import Callable

TCP_SIZE, MPTCP_SIZE = 248, 96  # of the fields known here; newer kernels send more


@pytest.mark.parametrize(
    ("offset", "code", "field"),
    [
        (0, "B", "state"),
        (2, "B", "retransmits"),
        (4, "B", "backoff"),
        (7, "B", "limited_bits"),
        (8, "I", "rto"),
        (16, "I", "snd_mss"),
        (24, "I", "unacked"),
        (28, "I", "sacked"),
        (56, "I", "last_ack_recv"),
        (68, "I", "rtt"),
        (72, "I", "rttvar"),
        (80, "I", "snd_cwnd"),
        (100, "I", "total_retrans"),
        (104, "Q", "pacing_rate"),
        (120, "Q", "bytes_acked"),
        (128, "Q", "bytes_received"),
        (144, "I", "notsent_bytes"),
        (148, "I", "min_rtt"),
        (156, "I", "data_segs_out"),
        (160, "Q", "delivery_rate"),
        (192, "I", "delivered"),
        (200, "Q", "bytes_sent"),
        (208, "Q", "bytes_retrans"),
        (228, "I", "snd_wnd"),
        (236, "I", "rehash"),
        (240, "H", "total_rto"),
        (244, "I", "total_rto_time"),
    ],
)
def test_tcp_field_is_at_its_offset(offset: int, code: str, field: str) -> None:
    """Each field of tcp_info sits where include/uapi/linux/tcp.h puts it, and nowhere else."""
    data = bytearray(TCP_SIZE)
    value = pack("=" + code, 3)
    data[offset : offset + len(value)] = value

    assert tcp_info(bytes(data))._asdict() == {name: 3 if name == field else 0 for name in TcpInfo._fields}


@pytest.mark.parametrize(
    ("offset", "code", "field"),
    [
        (0, "B", "subflows"),
        (5, "B", "add_addr_accepted_max"),
        (8, "I", "flags"),
        (12, "I", "token"),
        (16, "Q", "write_seq"),
        (24, "Q", "snd_una"),
        (32, "Q", "rcv_nxt"),
        (42, "B", "csum_enabled"),
        (44, "I", "retransmits"),
        (48, "Q", "bytes_retrans"),
        (64, "Q", "bytes_received"),
        (72, "Q", "bytes_acked"),
        (80, "B", "subflows_total"),
        (84, "I", "last_data_sent"),
        (92, "I", "last_ack_recv"),
    ],
)
def test_mptcp_field_is_at_its_offset(offset: int, code: str, field: str) -> None:
    """Each field of mptcp_info sits where include/uapi/linux/mptcp.h puts it, and nowhere else."""
    data = bytearray(MPTCP_SIZE)
    value = pack("=" + code, 3)
    data[offset : offset + len(value)] = value

    assert mptcp_info(bytes(data))._asdict() == {name: 3 if name == field else 0 for name in MptcpInfo._fields}


@pytest.mark.parametrize(
    ("length", "last", "first_absent"),
    [(232, "snd_wnd", "rcv_wnd"), (228, "rcv_ooopack", "snd_wnd"), (104, "total_retrans", "pacing_rate")],
)
def test_older_kernels_leave_fields_absent(length: int, last: str, first_absent: str) -> None:
    """What a shorter tcp_info does not cover is absent, not zero."""
    info = tcp_info(bytes(length))._asdict()

    assert info[last] == 0
    assert info[first_absent] is None


def test_newer_kernels_are_understood() -> None:
    """Fields appended by a newer kernel are passed over."""
    assert tcp_info(bytes(TCP_SIZE) + b"\xff" * 64) == tcp_info(bytes(TCP_SIZE))


@pytest.mark.parametrize(("decode", "size"), [(tcp_info, TCP_SIZE), (mptcp_info, MPTCP_SIZE)])
@given(data=st.binary(max_size=600))
def test_any_length_decodes_to_a_prefix(decode: Callable[[bytes], TcpInfo | MptcpInfo], size: int, data: bytes) -> None:
    """However many bytes arrive, the fields covered whole are there and all after them are absent."""
    values = list(decode(data))
    known = [value for value in values if value is not None]

    assert values == known + [None] * (len(values) - len(known))
    assert (len(known) == len(values)) == (len(data) >= size)


def test_repr_hides_token_and_sequence_numbers() -> None:
    """A logged mptcp_info gives nobody the connection."""
    text = repr(MptcpInfo(subflows=1, flags=2, token=123456789, write_seq=987654321))

    assert text == "MptcpInfo(subflows=1, flags=2)"
