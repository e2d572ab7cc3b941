"""Netlink answers, real ones and broken ones."""

from __future__ import annotations

import socket
from struct import pack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters.mptcp import parsing
from exporters.mptcp.parsing import MptcpRow, TcpRow
from tests.exporters.mptcp.captures import FIXTURES, load, rows_of

SENDER = FIXTURES / "sender-0.tcp"
ROWS = list(rows_of(SENDER))
NETSTAT = """TcpExt: SyncookiesSent SyncookiesRecv
TcpExt: 0 1
MPTcpExt: MPCapableSYNRX Blackhole WinProbe
MPTcpExt: 3 1 0
"""


def attribute(kind: int, value: bytes) -> bytes:
    """One netlink attribute, padded."""
    return pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def row(family: int = socket.AF_INET, attributes: bytes = b"") -> bytes:
    """A row of a dump: an established socket with queues 7 and 9, cookie 5."""
    head = pack("=BBBB", family, 1, 0, 0) + pack(">HH", 1000, 2000) + bytes(32)
    return head + pack("=IQIII", 0, 5, 0, 7, 9) + bytes(8) + attributes


def test_captured_sender_shows_two_subflows() -> None:
    """A captured dump of the sender: the initial subflow and one that joined, by address, id and role."""
    found = {entry.ends.local: entry for entry in load("sender")[0].tcp}
    initial, joined = found["100.64.10.2"], found["100.64.20.2"]

    assert initial.ulp is not None
    assert joined.ulp is not None
    assert (initial.ulp.joined, joined.ulp.joined) == (False, True)
    assert (initial.ulp.local_id, joined.ulp.local_id) == (0, 2)
    assert {entry.ends.remote for entry in found.values()} == {"203.0.113.1"}
    assert {entry.state for entry in found.values()} == {parsing.ESTABLISHED}


def test_captured_ends_agree() -> None:
    """What the sender's connection had acknowledged is what the receiver's had received, within 250 ms of stream."""
    sent = load("sender")[-1].mptcp[0].info.bytes_acked
    received = load("receiver")[0].mptcp[0].info.bytes_received

    assert sent is not None
    assert received is not None
    assert 0 <= received - sent < 200_000


@pytest.mark.parametrize(("name", "address"), [("ipv6", "::1"), ("mapped", "127.0.0.1")])
def test_captured_families(name: str, address: str) -> None:
    """IPv6 is read, and an IPv4-mapped socket shows as IPv4."""
    dump = load(name)[0]

    assert {entry.ends.local for entry in dump.tcp} == {address}
    assert {entry.ends.local for entry in dump.mptcp} == {address}


def test_captured_fallback_is_recognised() -> None:
    """A connection to a server without MPTCP shows as fallen back; one with it does not."""
    assert [entry.fell_back for entry in load("fallback")[0].mptcp] == [True]
    assert [entry.fell_back for entry in load("ipv6")[0].mptcp] == [False, False]


def test_plain_tcp_has_no_upper_layer() -> None:
    """A plain TCP socket has no MPTCP details."""
    assert [entry.ulp for entry in load("plain")[0].tcp] == [None, None]


def test_row_is_read_whole() -> None:
    """Ports are big-endian, queues and cookie native, addresses four bytes for IPv4."""
    found = parsing.tcp_row(row())

    assert found is not None
    assert (found.cookie, found.state, found.receive_queue, found.send_queue) == (5, 1, 7, 9)
    assert (found.ends.local, found.ends.local_port, found.ends.remote_port) == ("0.0.0.0", 1000, 2000)


def test_unknown_attributes_are_passed_over() -> None:
    """Attributes of newer kernels, nested or not, do not disturb those we know."""
    known = attribute(2, bytes(8))
    noise = attribute(99, b"x" * 7) + attribute(0x8000 | 55, attribute(1, b"y"))

    assert parsing.tcp_row(row(attributes=noise + known + noise)) == parsing.tcp_row(row(attributes=known))


def test_another_upper_layer_is_not_mptcp() -> None:
    """A TLS socket has upper-layer details, and is no subflow."""
    found = parsing.tcp_row(row(attributes=attribute(19, attribute(1, b"tls\0") + attribute(2, b""))))

    assert found is not None
    assert found.ulp is None


def test_hidden_details_stay_unknown() -> None:
    """Where the kernel gives only the name, the subflow is known as one, its flags are not."""
    found = parsing.tcp_row(row(attributes=attribute(19, attribute(1, b"mptcp\0"))))

    assert found is not None
    assert found.ulp == parsing.Ulp()
    assert (found.ulp.joined, found.ulp.backup) == (False, False)


@pytest.mark.parametrize(
    ("flags", "joined", "backup"),
    [(0xC3, False, False), (0xCC, True, False), (0xE3, False, True), (0xEC, True, True), (0xD3, False, True)],
)
def test_flags_tell_role_and_backup(flags: int, joined: bool, backup: bool) -> None:  # noqa: FBT001 - table columns
    """Role and backup are bits of the subflow's flags, set by either side."""
    ulp = parsing.Ulp(flags=flags)

    assert (ulp.joined, ulp.backup) == (joined, backup)


def test_unknown_family_gives_no_row() -> None:
    """A row of an address family that does not exist is dropped."""
    assert parsing.tcp_row(row(family=99)) is None
    assert parsing.mptcp_row(row(family=99)) is None


def test_reprs_hide_addresses_and_tokens() -> None:
    """Whatever is logged of a row, its addresses and token are not in it."""
    for dump in (*load("sender"), *load("receiver")):
        text = repr(dump)
        for entry in dump.tcp:
            token = None if entry.ulp is None else entry.ulp.local_token
            hidden = (entry.ends.local, entry.ends.remote, token)
            assert not [value for value in hidden if str(value) in text]


@given(st.data())
@settings(max_examples=150)
def test_broken_rows_never_raise(data: st.DataObject) -> None:
    """Truncated anywhere, or with any byte changed, a row is None or a row."""
    payload = bytearray(data.draw(st.sampled_from(ROWS)))
    for _ in range(data.draw(st.integers(0, 8))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    broken = bytes(payload[: data.draw(st.integers(0, len(payload)))])

    assert isinstance(parsing.tcp_row(broken), TcpRow | None)
    assert isinstance(parsing.mptcp_row(broken), MptcpRow | None)


@given(st.binary(max_size=4096))
def test_any_bytes_split_into_messages_within_them(data: bytes) -> None:
    """Splitting ends, and no message reaches beyond the datagram."""
    found = list(parsing.messages(data))

    assert sum(16 + len(message.payload) for message in found) <= len(data)


@given(st.binary(max_size=4096))
def test_any_bytes_split_into_attributes_within_them(data: bytes) -> None:
    """So with attributes."""
    found = parsing.attributes(data, frozenset(range(1 << 14)))

    assert sum(4 + len(value) for value in found.values()) <= len(data)


def test_messages_of_a_capture() -> None:
    """A captured answer has its rows and, for each family, the end of the dump."""
    kinds = [message.kind for message in parsing.messages(SENDER.read_bytes())]

    assert kinds == [20, 20, parsing.NLMSG_DONE, parsing.NLMSG_DONE]


@pytest.mark.parametrize(("payload", "number"), [(pack("=i", -2), 2), (pack("=i", 0), 0), (b"\0", 0)])
def test_error_number_is_positive(payload: bytes, number: int) -> None:
    """The kernel sends -errno; a truncated error has none."""
    assert parsing.error_number(payload) == number


def test_kernel_counters_are_read_by_name() -> None:
    """The two lines of the MPTcpExt group are zipped; other groups are left alone."""
    assert parsing.kernel_counters(NETSTAT) == {"MPCapableSYNRX": 3, "Blackhole": 1, "WinProbe": 0}


@pytest.mark.parametrize("text", ["", "TcpExt: A\nTcpExt: 1\n", "MPTcpExt: A B\n", "MPTcpExt: A\nMPTcpExt: x\n"])
def test_kernel_without_counters(text: str) -> None:
    """No MPTCP, half a pair, or no numbers: nothing is known."""
    assert parsing.kernel_counters(text) == {}
