"""Uplinks: the operator's names, and which link belongs to which.

A name stands for a connection id of the sender's extended keepalives, an address or a network of the
sender's end, a port of it, both, or, beside the sender, an interface. Modems behind one carrier's NAT
share a public address, so an id tells more than a port, and a port more than an address.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from exporters.srtla.model import Role

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
_INTERFACE = re.compile(r"[^\s/:]{1,15}")  # IFNAMSIZ, and what the kernel refuses in a name
_WITH_PORT = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)):([0-9]{1,5})")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Uplink:
    """One configured uplink; at least one of the fields beside the name is given."""

    name: str
    connection: int | None = None
    network: Network | None = field(default=None, repr=False)
    port: int | None = field(default=None, repr=False)
    interface: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a link can be told by. `address` and `port` are the sender's end."""

    address: ipaddress.IPv4Address | ipaddress.IPv6Address = field(repr=False)
    port: int = field(repr=False)
    interface: str | None
    connection: int | None

    @classmethod
    def of(cls, peer: bytes, interface: str | None, connection: int | None) -> Seen:
        """From the 6 or 18 bytes that tell links apart; an IPv4 address inside IPv6 is taken for itself."""
        address = ipaddress.ip_address(peer[:-2])
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return cls(address, int.from_bytes(peer[-2:]), interface, connection)


def parse_uplink(text: str) -> Uplink:
    """Read NAME=TARGET; TARGET is conn:ID, ADDRESS, NETWORK/BITS, ADDRESS:PORT, port:N or INTERFACE.

    Raises ValueError. ID is decimal, or hexadecimal after 0x.
    """
    name, separator, target = text.partition("=")
    if not separator or not NAME.fullmatch(name):
        raise ValueError(f"{text!r} is not NAME=TARGET, for example verizon=conn:1 or att=203.0.113.7")
    if target.startswith("conn:"):
        return Uplink(name, connection=_number(name, "connection id", target[5:], 0xFFFFFFFF))
    if target.startswith("port:"):
        return Uplink(name, port=_number(name, "port", target[5:], 0xFFFF))
    try:
        with_port = _WITH_PORT.fullmatch(target)
        if with_port is not None:
            network = ipaddress.ip_network(with_port[1] or with_port[2])
            return Uplink(name, network=network, port=_number(name, "port", with_port[3], 0xFFFF))
        return Uplink(name, network=ipaddress.ip_network(target))
    except ValueError:
        pass
    if not _INTERFACE.fullmatch(target):
        raise ValueError(f"uplink {name}: {target!r} is no conn:ID, address, ADDRESS:PORT, port:N or interface")
    return Uplink(name, interface=target)


def conflicts(uplinks: Sequence[Uplink], role: Role) -> list[str]:
    """What makes the set unusable, one line each. Several targets for one name are fine."""
    problems = [
        f"uplink {one.name}: at the receiver give conn:ID, an address or a port, not an interface"
        for one in uplinks
        if role is Role.RECEIVER and one.interface is not None
    ]
    for one, other in combinations(uplinks, 2):
        if one.name != other.name and _target(one) == _target(other):
            problems.append(f"uplinks {one.name} and {other.name} stand for the same links; give each its own target")
    return problems


def uplink_of(seen: Seen, uplinks: Iterable[Uplink]) -> str | None:
    """The name of the uplink that a link belongs to, by the most telling target; None when by none."""
    found = [(_weight(uplink), uplink.name) for uplink in uplinks if _matches(uplink, seen)]
    return max(found, key=lambda one: one[0])[1] if found else None


def interfaces(uplinks: Iterable[Uplink]) -> Mapping[str, str]:
    """The interface of each uplink that is configured by one."""
    return {uplink.name: uplink.interface for uplink in uplinks if uplink.interface is not None}


def _matches(uplink: Uplink, seen: Seen) -> bool:
    return (
        (uplink.connection is None or uplink.connection == seen.connection)
        and (uplink.port is None or uplink.port == seen.port)
        and (uplink.network is None or seen.address in uplink.network)
        and (uplink.interface is None or uplink.interface == seen.interface)
    )


def _weight(uplink: Uplink) -> tuple[bool, bool, int]:
    length = -1 if uplink.network is None else uplink.network.prefixlen
    return uplink.connection is not None, uplink.port is not None, length


def _target(uplink: Uplink) -> tuple[object, ...]:
    return uplink.connection, uplink.network, uplink.port, uplink.interface


def _number(name: str, what: str, text: str, largest: int) -> int:
    try:
        value = int(text, 0)
    except ValueError:
        value = -1
    if not 0 <= value <= largest:
        raise ValueError(f"uplink {name}: {text!r} is not a {what}, 0 to {largest}")
    return value
