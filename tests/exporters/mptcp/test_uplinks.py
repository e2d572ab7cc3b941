"""Uplinks: names, what they stand for, and which subflow is whose."""

from __future__ import annotations

import pytest

from exporters.mptcp.model import Endpoint
from exporters.mptcp.parsing import Ulp
from exporters.mptcp.uplinks import Role, Surroundings, Uplink, conflicts, parse_uplink, resolve, uplink_of
from tests.exporters.mptcp.making import subflow

AROUND = Surroundings(
    addresses={
        "lo": frozenset({"127.0.0.1", "::1"}),
        "eth1": frozenset({"10.0.0.1", "2001:db8::1", "fe80::1"}),
        "eth2": frozenset({"10.0.0.2"}),
        "eth3": frozenset(),
    },
    endpoints=(Endpoint(1, "10.0.0.1", 2), Endpoint(2, "10.0.0.2", 2), Endpoint(3, "10.0.0.3", 2)),
)


def found(text: str, around: Surroundings = AROUND) -> tuple[str | None, set[str]]:
    """Interface and addresses of an uplink as given."""
    resolved = resolve([parse_uplink(text)], around)[0]
    return resolved.interface, set(resolved.addresses)


@pytest.mark.parametrize(
    ("text", "interface", "addresses"),
    [
        ("verizon=eth1", "eth1", {"10.0.0.1", "2001:db8::1"}),
        ("verizon=10.0.0.1", "eth1", {"10.0.0.1"}),
        ("verizon=2001:db8::1", "eth1", {"2001:db8::1"}),
        ("verizon=10.0.0.0/31", "eth1", {"10.0.0.1"}),
        ("verizon=id:2", "eth2", {"10.0.0.2"}),
        ("verizon=id:3", None, {"10.0.0.3"}),
        ("verizon=id:9", None, set()),
        ("verizon=eth3", "eth3", set()),
        ("verizon=eth9", None, set()),
        ("verizon=10.9.9.9", None, set()),
    ],
)
def test_uplink_is_found(text: str, interface: str | None, addresses: set[str]) -> None:
    """An interface has its usable addresses, an address its interface, an id the endpoint's address, if they exist."""
    assert found(text) == (interface, addresses)


def test_interface_comes_back_with_another_address() -> None:
    """The name stays with the interface while its address changes; in between it has none."""
    gone = Surroundings(addresses={})
    back = Surroundings(addresses={"eth1": frozenset({"10.0.7.7"})})

    assert found("verizon=eth1", gone) == (None, set())
    assert found("verizon=eth1", back) == ("eth1", {"10.0.7.7"})


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("eth1", "'eth1' is not NAME=INTERFACE, NAME=ADDRESS or NAME=id:N, for example verizon=eth1"),
        ("=eth1", "'=eth1' is not NAME=INTERFACE"),
        ('a"b=eth1', "is not NAME=INTERFACE"),
        ("verizon=id:x", "uplink verizon: 'x' is not an endpoint id, 0 to 255; see `ip mptcp endpoint`"),
        ("verizon=id:256", "uplink verizon: '256' is not an endpoint id"),
        ("verizon=", "uplink verizon: '' is neither an interface name, an address nor id:N"),
        ("verizon=10.0.0.256/8", "uplink verizon: '10.0.0.256/8' is neither an interface name"),
        ("verizon=a_name_too_long_for_linux", "is neither an interface name, an address nor id:N"),
    ],
)
def test_bad_uplink_is_refused_by_name(text: str, complaint: str) -> None:
    """What is wrong is named, with what is wanted."""
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the text is compared below
        parse_uplink(text)

    assert complaint in str(refused.value)


@pytest.mark.parametrize(
    ("texts", "role", "problems"),
    [
        (["a=eth1", "b=eth2"], Role.SENDER, []),
        (["a=eth1", "a=eth2"], Role.SENDER, ["uplink a is given twice; give each uplink a name of its own"]),
        (
            ["a=eth1", "b=10.0.0.1"],
            Role.SENDER,
            ["uplinks a and b stand for the same address; give each address one name"],
        ),
        (
            ["a=id:1", "b=10.0.0.1"],
            Role.SENDER,
            ["uplinks a and b stand for the same address; give each address one name"],
        ),
        (
            ["a=10.9.9.9", "b=10.9.9.9"],
            Role.RECEIVER,
            ["uplinks a and b stand for the same address; give each address one name"],
        ),
        (
            ["a=id:7", "b=id:7"],
            Role.RECEIVER,
            ["uplinks a and b stand for the same address; give each address one name"],
        ),
        (["a=eth9", "b=eth9"], Role.SENDER, ["uplinks a and b stand for the same address; give each address one name"]),
        (["a=eth9", "b=eth8"], Role.SENDER, []),
        (
            ["a=10.9.0.0/16", "b=10.9.9.9"],
            Role.RECEIVER,
            ["uplinks a and b stand for the same address; give each address one name"],
        ),
        (["a=10.9.9.0/24", "b=2001:db8::/32"], Role.RECEIVER, []),
        (
            ["a=eth1"],
            Role.RECEIVER,
            ["uplink a: at the receiver give the remote address or id:N, not an interface"],
        ),
    ],
)
def test_conflicts_are_told(texts: list[str], role: Role, problems: list[str]) -> None:
    """A name given twice, two names for one address, and an interface at the receiver cannot work."""
    assert conflicts([parse_uplink(text) for text in texts], role, AROUND) == problems


def test_sender_tells_subflows_by_local_address() -> None:
    """At the sender the local address decides, whatever the ids say: they are 0 on the initial subflow."""
    resolved = resolve([parse_uplink("a=eth1"), parse_uplink("b=id:2")], AROUND)

    assert uplink_of(subflow(local="10.0.0.1"), resolved, Role.SENDER) == "a"
    assert uplink_of(subflow(local="10.0.0.2"), resolved, Role.SENDER) == "b"
    assert uplink_of(subflow(local="10.0.0.9"), resolved, Role.SENDER) is None


def test_receiver_tells_subflows_by_remote_address_or_id() -> None:
    """At the receiver the remote address or network decides, or the id that the sender announced."""
    row = subflow(local="10.0.0.1", ulp=Ulp(flags=0xCC, remote_id=2))

    def told(text: str) -> str | None:
        return uplink_of(row, resolve([parse_uplink(text)], Surroundings()), Role.RECEIVER)

    assert told("a=203.0.113.1") == "a"
    assert told("a=203.0.113.0/24") == "a"
    assert told("a=id:2") == "a"
    assert told("a=10.0.0.1") is None
    assert told("a=id:1") is None


def test_reprs_hide_addresses() -> None:
    """A logged uplink or endpoint gives no address away."""
    resolved = resolve([parse_uplink("a=10.0.0.1")], AROUND)

    assert "10.0.0" not in repr((resolved, AROUND, Uplink("a")))
