"""What the doctor reads of a machine, as values, and how it is parsed. Pure.

Formats: `ip -j` (iproute2's JSON), `ss`, `iptables -S`, `nft list ruleset`, MPTcpExt of /proc/net/netstat.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

MAIN_TABLE = "main"


@dataclass(frozen=True, slots=True)
class Interface:
    """One interface: is it up, and its addresses, less those that no route leaves from."""

    up: bool
    addresses: frozenset[str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint of the path manager, by the words that `ip mptcp endpoint show` uses for its flags."""

    address: str = field(repr=False)
    interface: str
    flags: frozenset[str]


@dataclass(frozen=True, slots=True)
class Rule:
    """A routing rule by source address."""

    source: str = field(repr=False)
    table: str


@dataclass(frozen=True, slots=True)
class DefaultRoute:
    """A default route of one family."""

    table: str
    interface: str
    family: int = 4


@dataclass(frozen=True, slots=True)
class Listener:
    """A listening socket and its receive buffer; None where `ss` did not say."""

    mptcp: bool
    receive_buffer_bytes: int | None


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine at one moment. None is what could not be read, and is then not judged."""

    sysctls: Mapping[str, str]  # those of the drop-ins that this kernel has
    dropins: Mapping[str, str]  # installed ones, name to text
    interfaces: Mapping[str, Interface] = field(default_factory=dict)
    endpoints: tuple[Endpoint, ...] | None = None
    subflow_limit: int | None = None
    rules: tuple[Rule, ...] = ()
    defaults: tuple[DefaultRoute, ...] = ()
    counters: Mapping[str, int] = field(default_factory=dict)
    uplinks: Mapping[str, str] = field(default_factory=dict)  # name to interface
    listeners: tuple[Listener, ...] | None = None
    responder: bool | None = None
    blocked_ports: tuple[str, ...] = ()
    guard: bool | None = None
    connections: int | None = None  # MPTCP connections of the stream's port
    fallen_back: int | None = None  # those of them that run on plain TCP


def interfaces(text: str) -> dict[str, Interface]:
    """From `ip -j address show`. Link-local addresses are left out: no uplink is reached by them."""
    return {
        row["ifname"]: Interface(
            "UP" in row["flags"],
            frozenset(each["local"] for each in row.get("addr_info", ()) if each.get("scope") != "link"),
        )
        for row in _rows(text)
    }


def endpoints(text: str) -> tuple[Endpoint, ...]:
    """From `ip -j mptcp endpoint show`: a flag is a key that is true."""
    return tuple(
        Endpoint(row["address"], row.get("dev", ""), frozenset(key for key, value in row.items() if value is True))
        for row in _rows(text)
    )


def rules(text: str) -> tuple[Rule, ...]:
    """From `ip -j rule show`, of either family: those that choose by source."""
    return tuple(Rule(row["src"], str(row["table"])) for row in _rows(text) if row.get("src", "all") != "all")


def defaults(text: str, family: int) -> tuple[DefaultRoute, ...]:
    """From `ip -j -4 route show table all`, or `-6`."""
    return tuple(
        DefaultRoute(str(row.get("table", MAIN_TABLE)), row["dev"], family)
        for row in _rows(text)
        if row["dst"] == "default" and "dev" in row
    )


def subflow_limit(text: str) -> int | None:
    """From `ip mptcp limits show`, which has no JSON in older versions."""
    found = re.search(r"\bsubflows (\d+)", text)
    return int(found[1]) if found else None


def receive_buffers(text: str) -> list[int | None]:
    """From `ss -H -m`: a socket a line, its memory in the next one."""
    found: list[int | None] = []
    for line in text.splitlines():
        memory = re.search(r"skmem:\(.*?\brb(\d+)", line)
        if memory and found:
            found[-1] = int(memory[1])
        elif not line[:1].isspace():
            found.append(None)
    return found


def listeners(mptcp_text: str, tcp_text: str) -> tuple[Listener, ...]:
    """From `ss -H -M -l -m` and `ss -H -t -l -m`: an MPTCP listener shows in both."""
    bonded = receive_buffers(mptcp_text)
    plain = receive_buffers(tcp_text)[len(bonded) :]
    return (
        *(Listener(mptcp=True, receive_buffer_bytes=size) for size in bonded),
        *(Listener(mptcp=False, receive_buffer_bytes=size) for size in plain),
    )


def blocked(ports: Iterable[tuple[str, int]], iptables: str, nft: str) -> tuple[str, ...]:
    """The ports, as "tcp/8443", that something filters and no rule accepts by number.

    From `iptables -S INPUT` and `nft list ruleset`. A guess by reading, so the finding says "seems".
    """
    refuses = re.search(r"^-P INPUT DROP|-j (DROP|REJECT)", iptables, re.MULTILINE) or re.search(
        r"hook input[^}]*?(policy drop|\bdrop\b|\breject\b)", nft
    )
    if not refuses:
        return ()
    text = iptables + nft
    return tuple(
        f"{protocol}/{port}"
        for protocol, port in ports
        if not re.search(rf"--dport {port}\b.*-j ACCEPT|dport (\{{[^}}]*\b)?{port}\b.*accept", text)
    )


def _rows(text: str) -> list[dict[str, Any]]:
    """A JSON array of objects; iproute2 writes nothing at all for an empty one, and empty objects for gaps."""
    return [row for row in json.loads(text or "[]") if row]
