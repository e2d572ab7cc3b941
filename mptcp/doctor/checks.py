"""The checks: a machine in, findings out. Pure. Each finding names the deviation, what it costs, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from mptcp.doctor.dropin import Dropin, Side
from mptcp.doctor.machine import MAIN_TABLE, Machine

# A receive buffer below this hung connections for ever when an uplink died; from 1 MB on none did.
RECEIVE_BUFFER_LEAST_BYTES = 1_000_000
# What a rig with two uplinks and one that was just replaced needs at the VPS.
SUBFLOWS_LEAST = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One deviation."""

    thing: str
    problem: str
    consequence: str
    remedy: str


def examine(machine: Machine, side: Side, dropins: Iterable[Dropin]) -> list[Finding]:
    """All deviations, the gravest first."""
    if "net.mptcp.enabled" not in machine.sysctls:
        return [_no_mptcp()]
    dropins = tuple(dropins)
    settings = list(_settings(machine, side, dropins))
    files = _files(machine, side, dropins)
    if settings and not machine.dropins and not machine.uplinks:
        return [_not_set_up(side), *(_others_of_pi(machine) if side is Side.PI else _others_of_vps(machine))]
    findings = [*settings, *files, *_kernel_memory(machine), *_stream(machine)]
    return findings + list(_pi(machine) if side is Side.PI else _vps(machine))


def _no_mptcp() -> Finding:
    return Finding(
        "kernel",
        "has no MPTCP",
        "nothing is bonded: every connection uses one uplink",
        "boot a kernel with CONFIG_MPTCP (5.6 or newer; Raspberry Pi OS and Ubuntu 22.04 have it)",
    )


def _not_set_up(side: Side) -> Finding:
    """Stands for all that would follow from it."""
    words = " --uplink verizon=eth1 --uplink att=eth2, with your own names and interfaces" if side is Side.PI else ""
    return Finding(
        "bond",
        f"{side}-up has not run on this machine",
        "a stream uses one uplink, and ends with it" if side is Side.PI else "a stream may hang when an uplink dies",
        f"run, as root: mptcp/{side}-up{words}; then the doctor again, for what is left",
    )


def _settings(machine: Machine, side: Side, dropins: Iterable[Dropin]) -> Iterator[Finding]:
    for dropin in dropins:
        if dropin.needs and dropin.needs not in machine.sysctls:
            continue
        for setting in dropin.settings:
            now = machine.sysctls.get(setting.key)
            if now is None and not setting.optional:
                yield Finding(setting.key, "does not exist on this kernel", setting.reason, "boot a newer kernel")
            elif now is not None and now != setting.value:
                remedy = f"run mptcp/{side}-up again, or: sysctl -w {setting.key}='{setting.value}'"
                yield Finding(setting.key, f"is {now}, should be {setting.value}", setting.reason, remedy)


def _files(machine: Machine, side: Side, dropins: Iterable[Dropin]) -> Iterator[Finding]:
    for dropin in dropins:
        if dropin.needs and dropin.needs not in machine.sysctls:
            continue
        installed = machine.dropins.get(dropin.name)
        if installed != dropin.text:
            yield Finding(
                f"/etc/sysctl.d/{dropin.name}",
                "is not installed" if installed is None else "differs from the shipped one",
                "the settings are lost or others at the next boot",
                f"run mptcp/{side}-up again",
            )


def _kernel_memory(machine: Machine) -> Iterator[Finding]:
    if machine.counters.get("MPCapableSYNTXDisabled", 0):
        yield Finding(
            "MPTCP black-hole detection",
            f"has opened {machine.counters['MPCapableSYNTXDisabled']} connections without MPTCP since boot",
            "a connection of then that still lives uses one uplink",
            "set net.mptcp.blackhole_timeout=0 and start the stream anew",
        )
    if machine.counters.get("MPCapableSYNTXDrop", 0):
        yield Finding(
            "MPTCP handshake",
            f"{machine.counters['MPCapableSYNTXDrop']} connections gave MPTCP up for want of an answer since boot",
            "a connection of then that still lives uses one uplink",
            "set net.mptcp.syn_retrans_before_tcp_fallback=128 (kernel 6.14 and newer) and start the stream anew",
        )


def _stream(machine: Machine) -> Iterator[Finding]:
    if machine.fallen_back:
        yield Finding(
            "stream",
            f"{machine.fallen_back} of {machine.connections} connections run on plain TCP",
            "one uplink only: when it dies, so does the stream",
            "see that both ends run under mptcpize (ss -M), then start the stream anew",
        )


def _pi(machine: Machine) -> Iterator[Finding]:
    if len(machine.uplinks) < 2:
        yield Finding(
            "uplinks",
            f"{len(machine.uplinks)} known",
            "nothing to bond, and nothing that could take over",
            "run mptcp/pi-up with an --uplink for each",
        )
    for name, interface in machine.uplinks.items():
        yield from _uplink(machine, name, interface)
    yield from _families(machine)
    yield from _strays(machine)
    needed = len(machine.uplinks) - 1
    if machine.subflow_limit is not None and machine.subflow_limit < needed:
        yield Finding(
            "mptcp limits",
            f"{machine.subflow_limit} extra subflows, {needed} needed",
            "an uplink stays unused",
            f"run mptcp/pi-up again, or: ip mptcp limits set subflows {needed + 2}",
        )
    yield from _others_of_pi(machine)


def _others_of_pi(machine: Machine) -> Iterator[Finding]:
    """Other programs' work on the Pi."""
    if machine.guard is False:
        yield Finding(
            "guard",
            "does not run",
            "a dead uplink stalls the stream for 1 s and more, and one that the kernel gave up never comes back",
            "systemctl enable --now vvlive-guard",
        )


def _uplink(machine: Machine, name: str, interface: str) -> Iterator[Finding]:
    again = "run mptcp/pi-up again"
    found = machine.interfaces.get(interface)
    if found is None or not found.up or not found.addresses:
        problem = "does not exist" if found is None else "is down" if not found.up else "has no address"
        yield Finding(f"uplink {name}", f"{interface} {problem}", "it carries nothing", "look after modem and lease")
        return
    own = [each for each in machine.endpoints or () if each.address in found.addresses]
    # Where endpoints tell which of the interface's addresses are bonded, the others need no routing of their own.
    bonded = {each.address for each in own} or found.addresses
    families = {ip_address(each).version for each in bonded}
    tables = {rule.table for rule in machine.rules if rule.source in bonded}
    ways = {each.table for each in machine.defaults if each.interface == interface and each.family in families}
    if not tables & ways:
        problem = "no rule for its address" if not tables else "no default route in its table"
        yield Finding(f"uplink {name}", problem, "its packets leave by another uplink and are lost", again)
    if MAIN_TABLE not in ways:
        consequence = "no connection can begin on it: if the others are gone, none begins"
        yield Finding(f"uplink {name}", "no default route in the main table", consequence, again)
    if machine.endpoints is not None and not any(each.flags & {"subflow", "fullmesh"} for each in own):
        remedy = f"{again}; if the guard took it out, its metrics and log say why"
        yield Finding(f"uplink {name}", "no MPTCP endpoint for subflows", "it is not part of the bond", remedy)
    if any("backup" in each.flags for each in own):
        consequence = "it carries nothing while another uplink lives"
        remedy = "the guard does this to an uplink above the latency budget; else: ip mptcp endpoint change … nobackup"
        yield Finding(f"uplink {name}", "its endpoint is a backup", consequence, remedy)


def _families(machine: Machine) -> Iterator[Finding]:
    found = {ip_address(each.address).version for each in machine.endpoints or () if "subflow" in each.flags}
    if len(found) > 1:
        yield Finding(
            "uplinks",
            "some have IPv4 endpoints and some IPv6",
            "the kernel bonds addresses of one family, so a stream leaves the others unused",
            "give every uplink of pi-up an address of the family by which the VPS is reached",
        )


def _strays(machine: Machine) -> Iterator[Finding]:
    here = {address for interface in machine.interfaces.values() for address in interface.addresses}
    for endpoint in machine.endpoints or ():
        if endpoint.address not in here:
            yield Finding(
                f"endpoint on {endpoint.interface or 'no interface'}",
                "its address is on no interface",
                "the kernel tries subflows from it in vain and counts them against the limit",
                "install the lease hook of mptcp/hooks, then run mptcp/pi-up again",
            )


def _vps(machine: Machine) -> Iterator[Finding]:
    if machine.subflow_limit is not None and machine.subflow_limit < SUBFLOWS_LEAST:
        yield Finding(
            "mptcp limits",
            f"{machine.subflow_limit} extra subflows",
            "uplinks that come back are refused while the VPS still counts their old subflows",
            "run mptcp/vps-up again, or: ip mptcp limits set subflows 8",
        )
    yield from _others_of_vps(machine)


def _others_of_vps(machine: Machine) -> Iterator[Finding]:
    """Other programs' work on the VPS."""
    yield from _listeners(machine)
    if machine.responder is False:
        yield Finding(
            "responder",
            "does not listen",
            "the guard can judge neither an idle uplink nor one that it took out, and tries it only now and then",
            "systemctl enable --now vvlive-guard-responder",
        )
    for port in machine.blocked_ports:
        yield Finding(f"firewall {port}", "seems to be filtered", "the rig cannot reach it", "run mptcp/vps-up again")


def _listeners(machine: Machine) -> Iterator[Finding]:
    if machine.listeners is None:
        return
    if not machine.listeners:
        yield Finding(
            "listener", "nothing listens on the stream's port", "no stream", "systemctl enable --now vvlive-proxy-vps"
        )
    for listener in machine.listeners:
        if not listener.mptcp:
            yield Finding(
                "listener",
                "listens with plain TCP",
                "every stream falls back to one uplink",
                "start it under `mptcpize run`, as deploy/systemd/vvlive-proxy-vps.service does",
            )
        size = listener.receive_buffer_bytes
        if size is not None and size < RECEIVE_BUFFER_LEAST_BYTES:
            yield Finding(
                "listener",
                f"receive buffer {size} bytes: it was started before net.ipv4.tcp_rmem was set",
                "when an uplink dies the stream can hang for ever",
                "restart it: systemctl restart vvlive-proxy-vps",
            )
