"""Uplinks by the operator's names."""

from __future__ import annotations

import socket

import pytest

from exporters.srtla.model import Role
from exporters.srtla.naming import Seen, conflicts, parse_uplink, uplink_of
from tests.exporters.srtla import packets


def seen(*, peer: bytes = packets.ONE, interface: str | None = None, connection: int | None = None) -> Seen:
    """A link that can be told by this."""
    return Seen.of(peer, interface, connection)


@pytest.mark.parametrize(
    "target",
    ["conn:7", "conn:0x7", "198.51.100.7", "198.51.100.0/24", "198.51.100.7:40001", "port:40001", "wwan0"],
)
def test_each_kind_of_target_finds_its_link(target: str) -> None:
    """Id, address, network, address with port, port and interface each tell the link."""
    link = seen(interface="wwan0", connection=7)

    assert uplink_of(link, [parse_uplink(f"verizon={target}")]) == "verizon"


@pytest.mark.parametrize(
    "target", ["conn:8", "198.51.100.8", "198.51.101.0/24", "198.51.100.7:40002", "port:1", "wwan1"]
)
def test_other_targets_do_not(target: str) -> None:
    """A link that fits no target belongs to none."""
    assert uplink_of(seen(interface="wwan0", connection=7), [parse_uplink(f"verizon={target}")]) is None


def test_the_most_telling_target_wins() -> None:
    """An id is worth more than a port, a port more than an address, an address more than its network."""
    targets = ["a=198.51.100.0/24", "b=198.51.100.7", "c=198.51.100.7:40001", "d=conn:7"]
    uplinks = [parse_uplink(text) for text in targets]

    found = [uplink_of(seen(connection=7), uplinks[:count]) for count in range(1, 5)]
    assert found == ["a", "b", "c", "d"]


def test_ipv4_inside_ipv6_is_itself() -> None:
    """A dual-stack socket shows IPv4 addresses in IPv6 form."""
    mapped = socket.inet_pton(socket.AF_INET6, "::ffff:198.51.100.7") + packets.ONE[4:]

    assert uplink_of(seen(peer=mapped), [parse_uplink("verizon=198.51.100.7")]) == "verizon"


def test_ipv6_address_with_port() -> None:
    """IPv6 with a port is written in brackets."""
    six = socket.inet_pton(socket.AF_INET6, "2001:db8::7") + packets.ONE[4:]

    assert uplink_of(seen(peer=six), [parse_uplink("verizon=[2001:db8::7]:40001")]) == "verizon"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("verizon", "'verizon' is not NAME=TARGET"),
        ("=eth0", "'=eth0' is not NAME=TARGET"),
        ("a=conn:x", "uplink a: 'x' is not a connection id, 0 to 4294967295"),
        ("a=port:70000", "uplink a: '70000' is not a port, 0 to 65535"),
        ("a=too long a name", "uplink a: 'too long a name' is no conn:ID, address"),
    ],
)
def test_wrong_targets_are_refused(text: str, said: str) -> None:
    """The complaint names the uplink and what is wrong."""
    with pytest.raises(ValueError, match=said.replace("(", r"\(")):
        parse_uplink(text)


def test_conflicts_are_named() -> None:
    """Two names for one target, and an interface at the receiver, where links have none."""
    uplinks = [parse_uplink(text) for text in ("a=conn:1", "b=conn:1", "c=wwan0", "a=198.51.100.7")]

    assert conflicts(uplinks, Role.SENDER) == ["uplinks a and b stand for the same links; give each its own target"]
    assert len(conflicts(uplinks, Role.RECEIVER)) == 2


def test_addresses_are_in_no_repr() -> None:
    """An uplink or a link in a log line shows no address and no port."""
    shown = repr([parse_uplink("verizon=198.51.100.7:40001"), seen()])

    assert "198.51" not in shown
    assert "40001" not in shown
