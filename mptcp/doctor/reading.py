"""Reads a machine with the usual programs (`ip`, `ss`, `iptables`, `nft`) and from /proc. The doctor's only I/O."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from exporters.mptcp.model import Dump
from exporters.mptcp.parsing import ESTABLISHED, kernel_counters
from exporters.mptcp.reading import Diag
from mptcp.doctor import machine
from mptcp.doctor.dropin import Dropin, Side
from mptcp.doctor.machine import Machine

SYSCTL_DIR = Path("/etc/sysctl.d")
STATE_DIR = Path("/var/lib/vvlive/mptcp")
GUARD_STATE = Path("/run/vvlive-guard/endpoints.json")
FAMILIES = (4, 6)
_TIMEOUT_S = 10.0


class ReadError(Exception):
    """The machine could not be read; the message names the remedy."""


def read(
    side: Side, dropins: Iterable[Dropin], *, uplinks: Mapping[str, str] | None, port: int, responder_port: int
) -> Machine:
    """The machine as it is now; `uplinks` None: those that pi-up left. Raises ReadError without `ip`."""
    dropins = tuple(dropins)
    keys = {setting.key for dropin in dropins for setting in dropin.settings} | {dropin.needs for dropin in dropins}
    vps = side is Side.VPS
    connections, fallen_back = _stream(port)
    return Machine(
        sysctls={key: value for key in keys - {""} if (value := _sysctl(key)) is not None},
        dropins={dropin.name: text for dropin in dropins if (text := _text(SYSCTL_DIR / dropin.name)) is not None},
        interfaces=machine.interfaces(_must("ip", "-j", "address", "show")),
        endpoints=None
        if (text := _output("ip", "-j", "mptcp", "endpoint", "show")) is None
        else machine.endpoints(text),
        subflow_limit=machine.subflow_limit(_output("ip", "mptcp", "limits", "show") or ""),
        rules=tuple(rule for family in FAMILIES for rule in machine.rules(_of_family(family, "rule", "show"))),
        defaults=tuple(
            route
            for family in FAMILIES
            for route in machine.defaults(_of_family(family, "route", "show", "table", "all"), family)
        ),
        counters=kernel_counters(_text(Path("/proc/net/netstat")) or ""),
        uplinks=_uplinks_of_pi_up() if uplinks is None else uplinks,
        listeners=_listeners(port) if vps else None,
        responder=_listens(responder_port) if vps else None,
        blocked_ports=_blocked(port, responder_port) if vps else (),
        guard=None if vps else _guard(),
        connections=connections,
        fallen_back=fallen_back,
    )


def _sysctl(key: str) -> str | None:
    text = _text(Path("/proc/sys", *key.split(".")))
    return None if text is None else " ".join(text.split())


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return None


def _output(*command: str) -> str | None:
    """What a program prints; None when it is not there or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


def _must(*command: str) -> str:
    text = _output(*command)
    if text is None:
        raise ReadError(f"'{' '.join(command)}' failed: install iproute2 5.9 or newer")
    return text


def _of_family(family: int, *words: str) -> str:
    """What `ip` says of a family; nothing of IPv6 where the kernel was started without it."""
    if family == 6 and not Path("/proc/net/if_inet6").exists():
        return ""
    return _must("ip", "-j", f"-{family}", *words)


def _uplinks_of_pi_up() -> dict[str, str]:
    lines = (_text(STATE_DIR / "uplinks") or "").splitlines()
    return {line.partition("=")[0]: line.partition("=")[2].partition(",")[0] for line in lines if "=" in line}


def _stream(port: int) -> tuple[int, int]:
    """The established connections with the port at either end, and those of them on plain TCP.

    Needs CAP_NET_ADMIN before Linux 6.15, where a subflow looks like plain TCP to everybody else.
    """

    async def dump() -> Dump:
        with Diag() as diag:
            return await diag.dump([port])

    rows = asyncio.run(dump())
    plain = sum(row.ulp is None and row.state == ESTABLISHED for row in rows.tcp)
    return len(rows.mptcp) + plain, sum(row.fell_back for row in rows.mptcp) + plain


def _listeners(port: int) -> tuple[machine.Listener, ...] | None:
    bonded = _output("ss", "-H", "-M", "-l", "-n", "-m", "sport", "=", f":{port}")
    plain = _output("ss", "-H", "-t", "-l", "-n", "-m", "sport", "=", f":{port}")
    return None if bonded is None or plain is None else machine.listeners(bonded, plain)


def _listens(port: int) -> bool | None:
    text = _output("ss", "-H", "-u", "-l", "-n", "sport", "=", f":{port}")
    return None if text is None else bool(text.strip())


def _blocked(port: int, responder_port: int) -> tuple[str, ...]:
    ports = (("tcp", port), ("udp", responder_port))
    return machine.blocked(ports, _output("iptables", "-S", "INPUT") or "", _output("nft", "list", "ruleset") or "")


def _guard() -> bool:
    """Whether the process that the guard's file names is there."""
    try:
        pid = int(json.loads(_text(GUARD_STATE) or "{}")["pid"])
        os.kill(pid, 0)
    except (KeyError, ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
