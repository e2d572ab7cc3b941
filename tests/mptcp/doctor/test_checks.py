"""The doctor's checks: a sound machine, and one deviation at a time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mptcp.doctor.checks import Finding, examine
from mptcp.doctor.dropin import Dropin, Side, shipped
from mptcp.doctor.machine import DefaultRoute, Endpoint, Interface, Listener, Machine, Rule


def _in_force(dropins: tuple[Dropin, ...]) -> dict[str, str]:
    return {setting.key: setting.value for dropin in dropins for setting in dropin.settings}


PI_FILES, VPS_FILES = shipped(Side.PI), shipped(Side.VPS)
PI = Machine(
    sysctls=_in_force(PI_FILES),
    dropins={dropin.name: dropin.text for dropin in PI_FILES},
    interfaces={
        "eth1": Interface(up=True, addresses=frozenset({"10.5.0.2"})),
        "eth2": Interface(up=True, addresses=frozenset({"192.168.8.100"})),
    },
    endpoints=(
        Endpoint("10.5.0.2", "eth1", frozenset({"subflow"})),
        Endpoint("192.168.8.100", "eth2", frozenset({"subflow"})),
    ),
    subflow_limit=4,
    rules=(Rule("10.5.0.2", "7701"), Rule("192.168.8.100", "7702")),
    defaults=(
        DefaultRoute("7701", "eth1"),
        DefaultRoute("7702", "eth2"),
        DefaultRoute("main", "eth1"),
        DefaultRoute("main", "eth2"),
    ),
    uplinks={"verizon": "eth1", "att": "eth2"},
    guard=True,
    connections=1,
    fallen_back=0,
)
VPS = Machine(
    sysctls=_in_force(VPS_FILES),
    dropins={dropin.name: dropin.text for dropin in VPS_FILES},
    subflow_limit=8,
    listeners=(Listener(mptcp=True, receive_buffer_bytes=4_194_304),),
    responder=True,
    connections=0,
    fallen_back=0,
)


def _problems(machine: Machine, side: Side) -> list[str]:
    found = examine(machine, side, PI_FILES if side is Side.PI else VPS_FILES)
    assert all(all((each.thing, each.problem, each.consequence, each.remedy)) for each in found)
    return [f"{each.thing}: {each.problem}" for each in found]


def test_sound_machines_have_no_findings() -> None:
    """Set up as shipped there is nothing to remark."""
    assert _problems(PI, Side.PI) == []
    assert _problems(VPS, Side.VPS) == []


def test_kernel_without_mptcp_is_the_only_finding() -> None:
    """Everything else would follow from it."""
    (finding,) = examine(replace(PI, sysctls={}), Side.PI, PI_FILES)

    assert finding == Finding(
        "kernel",
        "has no MPTCP",
        "nothing is bonded: every connection uses one uplink",
        "boot a kernel with CONFIG_MPTCP (5.6 or newer; Raspberry Pi OS and Ubuntu 22.04 have it)",
    )


@pytest.mark.parametrize(
    ("side", "others"),
    [(Side.PI, ["guard: does not run"]), (Side.VPS, ["listener: nothing listens", "responder: does not listen"])],
)
def test_bond_that_was_never_set_up_is_one_finding(side: Side, others: list[str]) -> None:
    """Its settings follow from it; what other programs must do is told beside it."""
    bare = Machine(sysctls={"net.mptcp.enabled": "1"}, dropins={}, guard=False, listeners=(), responder=False)

    first, *rest = _problems(bare, side)
    assert first == f"bond: {side}-up has not run on this machine"
    assert [problem.startswith(other) for problem, other in zip(rest, others, strict=True)] == [True] * len(others)


def test_wrong_setting_names_its_reason_and_remedy() -> None:
    """The consequence is the comment above the line in the drop-in file."""
    (finding,) = examine(replace(PI, sysctls={**PI.sysctls, "net.mptcp.stale_loss_cnt": "4"}), Side.PI, PI_FILES)

    assert (finding.thing, finding.problem) == ("net.mptcp.stale_loss_cnt", "is 4, should be 1")
    assert "a black-holed uplink stalls the stream 0.7 to 0.9 s" in finding.consequence
    assert finding.remedy == "run mptcp/pi-up again, or: sysctl -w net.mptcp.stale_loss_cnt='1'"


def test_older_kernel_may_lack_optional_settings() -> None:
    """Those with a "-", and the pair of which the kernel lacks the first."""
    missing = {"net.mptcp.blackhole_timeout", "net.mptcp.close_timeout", "net.ipv4.tcp_rto_max_ms"}
    sysctls = {key: value for key, value in PI.sysctls.items() if key not in missing}
    older = replace(PI, sysctls=sysctls | {"net.ipv4.tcp_retries2": "15"}, dropins={PI_FILES[0].name: PI_FILES[0].text})

    assert _problems(older, Side.PI) == []


def test_required_setting_that_the_kernel_lacks_is_found() -> None:
    """Without it the measured behaviour does not hold."""
    sysctls = {key: value for key, value in PI.sysctls.items() if key != "net.mptcp.stale_loss_cnt"}

    assert _problems(replace(PI, sysctls=sysctls), Side.PI) == [
        "net.mptcp.stale_loss_cnt: does not exist on this kernel"
    ]


ATT_DOWN = {**PI.interfaces, "eth2": Interface(up=False, addresses=frozenset({"192.168.8.100"}))}
ATT_BARE = {**PI.interfaces, "eth2": Interface(up=True, addresses=frozenset())}
MIXED = replace(
    PI,
    interfaces={**PI.interfaces, "eth2": Interface(up=True, addresses=frozenset({"2001:db8::2", "192.168.8.100"}))},
    endpoints=(*(PI.endpoints or ())[:1], Endpoint("2001:db8::2", "eth2", frozenset({"subflow"}))),
    rules=(Rule("10.5.0.2", "7701"), Rule("2001:db8::2", "7702")),
    defaults=(*PI.defaults, DefaultRoute("7702", "eth2", 6), DefaultRoute("main", "eth2", 6)),
)
BACKUP = (*(PI.endpoints or ())[:1], Endpoint("192.168.8.100", "eth2", frozenset({"subflow", "backup"})))


@pytest.mark.parametrize(
    ("machine", "problems"),
    [
        (replace(PI, dropins={}), ["is not installed", "is not installed"]),
        (replace(PI, dropins=dict.fromkeys(PI.dropins, "# mine")), ["differs from the shipped one"] * 2),
        (replace(PI, counters={"MPCapableSYNTXDisabled": 7}), ["has opened 7 connections without MPTCP since boot"]),
        (replace(PI, counters={"MPCapableSYNTXDrop": 2}), ["2 connections gave MPTCP up for want of an answer"]),
        (replace(PI, fallen_back=1), ["1 of 1 connections run on plain TCP"]),
        (replace(PI, uplinks={"verizon": "eth1"}), ["uplinks: 1 known"]),
        (replace(PI, uplinks={**PI.uplinks, "x": "usb0"}), ["uplink x: usb0 does not exist"]),
        (MIXED, ["uplinks: some have IPv4 endpoints and some IPv6"]),
        (
            replace(MIXED, rules=PI.rules),
            ["uplink att: no rule for its address", "uplinks: some have IPv4 endpoints and some IPv6"],
        ),
        (replace(PI, interfaces=ATT_DOWN), ["uplink att: eth2 is down"]),
        (
            replace(PI, interfaces=ATT_BARE),
            ["uplink att: eth2 has no address", "endpoint on eth2: its address is on no interface"],
        ),
        (replace(PI, rules=PI.rules[:1]), ["uplink att: no rule for its address"]),
        (
            replace(PI, defaults=(*PI.defaults[:1], *PI.defaults[2:])),
            ["uplink att: no default route in its table"],
        ),
        (replace(PI, defaults=PI.defaults[:3]), ["uplink att: no default route in the main table"]),
        (replace(PI, endpoints=(PI.endpoints or ())[:1]), ["uplink att: no MPTCP endpoint for subflows"]),
        (replace(PI, endpoints=BACKUP), ["uplink att: its endpoint is a backup"]),
        (replace(PI, subflow_limit=0), ["mptcp limits: 0 extra subflows, 1 needed"]),
        (replace(PI, guard=False), ["guard: does not run"]),
        (replace(PI, endpoints=None, subflow_limit=None, guard=None), []),
    ],
)
def test_deviations_of_the_pi(machine: Machine, problems: list[str]) -> None:
    """Each is found, and brings no other with it; what could not be read is not judged."""
    found = _problems(machine, Side.PI)

    assert len(found) == len(problems)
    assert all(part in whole for part, whole in zip(problems, found, strict=True)), found


@pytest.mark.parametrize(
    ("machine", "problems"),
    [
        (replace(VPS, subflow_limit=2), ["mptcp limits: 2 extra subflows"]),
        (replace(VPS, listeners=()), ["listener: nothing listens on the stream's port"]),
        (
            replace(VPS, listeners=(Listener(mptcp=False, receive_buffer_bytes=4_194_304),)),
            ["listener: listens with plain TCP"],
        ),
        (
            replace(VPS, listeners=(Listener(mptcp=True, receive_buffer_bytes=131_072),)),
            ["listener: receive buffer 131072 bytes: it was started before net.ipv4.tcp_rmem was set"],
        ),
        (replace(VPS, listeners=(Listener(mptcp=True, receive_buffer_bytes=None),)), []),
        (replace(VPS, responder=False), ["responder: does not listen"]),
        (replace(VPS, blocked_ports=("udp/8445",)), ["firewall udp/8445: seems to be filtered"]),
        (replace(VPS, listeners=None, responder=None, subflow_limit=None), []),
    ],
)
def test_deviations_of_the_vps(machine: Machine, problems: list[str]) -> None:
    """Each is found, and brings no other with it; what could not be read is not judged."""
    assert _problems(machine, Side.VPS) == problems
