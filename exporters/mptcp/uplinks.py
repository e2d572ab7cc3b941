"""Uplinks: the operator's names, and which subflow belongs to which.

A name stands for an interface, an address, or an endpoint id of the kernel's path manager. On the
sender the local address tells subflows apart; on the receiver the remote one does, since there all
of them end at one address.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from itertools import combinations

from exporters.mptcp.model import Endpoint
from exporters.mptcp.parsing import TcpRow

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")
_INTERFACE = re.compile(r"[^\s/:]{1,15}")  # IFNAMSIZ, and what the kernel refuses in a name

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Role(StrEnum):
    """Which end of the stream this machine is."""

    SENDER = "sender"
    RECEIVER = "receiver"


@dataclass(frozen=True, slots=True)
class Uplink:
    """One configured uplink: exactly one of interface, network (an address is one) and endpoint id."""

    name: str
    interface: str | None = None
    network: Network | None = field(default=None, repr=False)
    endpoint: int | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the names are resolved with: addresses by interface, endpoints by the path manager."""

    addresses: Mapping[str, frozenset[str]] = field(default_factory=dict, repr=False)
    endpoints: tuple[Endpoint, ...] = ()


@dataclass(frozen=True, slots=True)
class Resolved:
    """An uplink as found at one moment; no addresses and no interface when it is not there."""

    uplink: Uplink
    interface: str | None
    addresses: frozenset[str] = field(repr=False)


def parse_uplink(text: str) -> Uplink:
    """Read NAME=INTERFACE, NAME=ADDRESS, NAME=NETWORK/BITS or NAME=id:N. Raises ValueError."""
    name, separator, target = text.partition("=")
    if not separator or not _NAME.fullmatch(name):
        raise ValueError(f"{text!r} is not NAME=INTERFACE, NAME=ADDRESS or NAME=id:N, for example verizon=eth1")
    if target.startswith("id:"):
        if not target[3:].isdigit() or int(target[3:]) > 255:
            raise ValueError(f"uplink {name}: {target[3:]!r} is not an endpoint id, 0 to 255; see `ip mptcp endpoint`")
        return Uplink(name, endpoint=int(target[3:]))
    try:
        return Uplink(name, network=ipaddress.ip_network(target))
    except ValueError:
        pass
    if not _INTERFACE.fullmatch(target):
        raise ValueError(f"uplink {name}: {target!r} is neither an interface name, an address nor id:N")
    return Uplink(name, interface=target)


def conflicts(uplinks: Iterable[Uplink], role: Role, around: Surroundings) -> list[str]:
    """What makes the set unusable, one line each: names used twice, two names for one address."""
    resolved = resolve(uplinks, around)
    problems = [
        f"uplink {entry.uplink.name}: at the receiver give the remote address or id:N, not an interface"
        for entry in resolved
        if role is Role.RECEIVER and entry.uplink.interface is not None
    ]
    for one, other in combinations(resolved, 2):
        if one.uplink.name == other.uplink.name:
            problems.append(f"uplink {one.uplink.name} is given twice; give each uplink a name of its own")
        elif _same(one, other):
            names = f"{one.uplink.name} and {other.uplink.name}"
            problems.append(f"uplinks {names} stand for the same address; give each address one name")
    return problems


def resolve(uplinks: Iterable[Uplink], around: Surroundings) -> tuple[Resolved, ...]:
    """Find the interface and the addresses of each uplink."""
    owner = {address: name for name, addresses in around.addresses.items() for address in addresses}
    by_id = {endpoint.number: endpoint.address for endpoint in around.endpoints}
    return tuple(_resolved(uplink, around.addresses, owner, by_id) for uplink in uplinks)


def uplink_of(row: TcpRow, resolved: Iterable[Resolved], role: Role) -> str | None:
    """The name of the uplink that carries the subflow; None when it belongs to none."""
    address = row.ends.local if role is Role.SENDER else row.ends.remote
    number = None if row.ulp is None else row.ulp.remote_id
    for candidate in resolved:
        uplink = candidate.uplink
        if address in candidate.addresses or _within(address, uplink.network):
            return uplink.name
        if role is Role.RECEIVER and uplink.endpoint is not None and uplink.endpoint == number:
            return uplink.name
    return None


def _resolved(
    uplink: Uplink, addresses: Mapping[str, frozenset[str]], owner: Mapping[str, str], by_id: Mapping[int, str]
) -> Resolved:
    if uplink.interface is not None:
        usable = frozenset(a for a in addresses.get(uplink.interface, frozenset()) if not _link_local(a))
        return Resolved(uplink, uplink.interface if uplink.interface in addresses else None, usable)
    if uplink.endpoint is not None:
        address = by_id.get(uplink.endpoint)
        return Resolved(uplink, owner.get(address or ""), frozenset([address] if address else []))
    own = frozenset(address for address in owner if _within(address, uplink.network))
    return Resolved(uplink, next((owner[address] for address in sorted(own)), None), own)


def _same(one: Resolved, other: Resolved) -> bool:
    """Whether a subflow could belong to both."""
    if one.uplink.network is not None and other.uplink.network is not None:
        return _overlap(one.uplink.network, other.uplink.network)
    target = (one.uplink.interface, one.uplink.endpoint)
    return target == (other.uplink.interface, other.uplink.endpoint) or bool(one.addresses & other.addresses)


def _overlap(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)


@lru_cache(maxsize=1024)  # asked for every row of every sample
def _within(address: str, network: Network | None) -> bool:
    return network is not None and ipaddress.ip_address(address) in network


def _link_local(address: str) -> bool:
    return ipaddress.ip_address(address).is_link_local
