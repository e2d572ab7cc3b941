"""An uplink with a DHCP client: lease, and the hooks that call it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.mptcp.bond import LEASED, SCRIPTS, STATIC, Machine

pytestmark = [pytest.mark.root, pytest.mark.mptcp]


@pytest.fixture
def bond(machine: Machine) -> Machine:
    """A machine that is set up."""
    assert machine.script("pi-up", "--uplink", STATIC, "--uplink", LEASED).code == 0
    return machine


def test_new_lease_moves_the_uplink(bond: Machine) -> None:
    """Table, rule and endpoint go to the new address; nothing of the old one stays."""
    bond.ip("address flush dev eth2")
    bond.lease("172.20.3.7/20", "172.20.0.1")

    assert bond.script("lease", "eth2").code == 0
    seen = bond.look()
    assert "192.168.8" not in seen["routes"] + seen["rules"] + seen["endpoints"]
    assert re.search(r"172\.20\.3\.7 id \d+ subflow dev eth2", seen["endpoints"])
    assert "172.20.0.0/20 dev eth2 scope link" in bond.ip("-4 route show table 7702")
    assert "from 172.20.3.7 lookup 7702" in seen["rules"]


def test_the_list_for_the_srtla_sender_follows(bond: Machine) -> None:
    """One address a line, in the order of the uplinks; without a lease the uplink is left out; down takes it away."""
    addresses = bond.state_dir / "addresses"
    assert addresses.read_text() == "10.5.0.2\n192.168.8.100\n"

    bond.ip("address flush dev eth2")
    bond.script("lease", "eth2")
    assert addresses.read_text() == "10.5.0.2\n"
    bond.lease("172.20.3.7/20", "172.20.0.1")
    bond.script("lease", "eth2")
    assert addresses.read_text() == "10.5.0.2\n172.20.3.7\n"
    bond.script("pi-down")
    assert not addresses.exists()


def test_lost_lease_takes_the_uplink_out(bond: Machine) -> None:
    """Without an address there is nothing to route, and the other uplink is left alone."""
    bond.ip("address flush dev eth2")

    done = bond.script("lease", "eth2")
    assert done.code == 0
    assert "att: eth2 has no address yet; the lease hook finishes the work when it comes" in done.said
    seen = bond.look()
    assert "7702" not in seen["rules"] + seen["routes"]
    assert re.fullmatch(r"10\.5\.0\.2 id \d+ subflow dev eth1 \n", seen["endpoints"])


def test_lease_that_comes_after_up(machine: Machine) -> None:
    """Up before the first lease waits; the hook finishes, and down takes all of it back."""
    machine.ip("address flush dev eth2")
    before = machine.look()
    assert machine.script("pi-up", "--uplink", LEASED).code == 0
    machine.lease("192.168.8.100/24", "192.168.8.1")

    assert machine.script("lease", "eth2").code == 0
    assert "192.168.8.100" in machine.look()["endpoints"]
    machine.script("pi-down")
    machine.ip("address flush dev eth2")
    assert machine.look() == before


def test_routes_flushed_by_link_down_come_back(bond: Machine) -> None:
    """Switching an interface off flushes its routes; the next event of the hook restores them."""
    bond.ip("link set eth1 down")
    bond.ip("link set eth1 up")
    assert "default" not in bond.ip("-4 route show dev eth1 table all")

    assert bond.script("lease", "eth1").code == 0
    assert bond.ip("-4 route show default dev eth1") == "default via 10.5.0.1 metric 200 \n"
    assert "default via 10.5.0.1 dev eth1" in bond.ip("-4 route show table 7701")


def test_gateway_named_by_the_hook_counts(machine: Machine) -> None:
    """A client that sets no default route tells the gateway, and the uplink gets a main route of ours."""
    machine.ip("-4 route flush default")
    machine.script("pi-up", "--uplink", LEASED)

    assert machine.script("lease", "eth2", "192.168.8.254").code == 0
    assert machine.ip("-4 route show default") == "default via 192.168.8.254 dev eth2 metric 200 \n"


def test_other_interfaces_are_none_of_ours(bond: Machine) -> None:
    """An event of an interface that is no uplink changes nothing and says nothing."""
    before = bond.look()
    done = bond.script("lease", "eth0")

    assert (done.code, done.said) == (0, "")
    assert bond.look() == before


def test_without_up_nothing_happens(machine: Machine) -> None:
    """The hooks may be installed before pi-up ever ran."""
    done = machine.script("lease", "eth2")

    assert (done.code, done.said) == (0, "")


@pytest.fixture
def recorder(tmp_path: Path) -> Path:
    """A folder whose `lease` writes down how it was called."""
    script = tmp_path / "mptcp" / "lease"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/calls\nexit 3\n')
    script.chmod(0o755)
    return script.parent


def _calls(recorder: Path) -> list[str]:
    path = recorder.parent / "calls"
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.parametrize(
    ("reason", "routers", "calls"),
    [
        ("BOUND", "192.168.8.1 192.168.8.2", ["eth2 192.168.8.1"]),
        ("EXPIRE", "", ["eth2"]),
        ("PREINIT", "192.168.8.1", []),
    ],
)
def test_dhcpcd_hook(recorder: Path, reason: str, routers: str, calls: list[str]) -> None:
    """The hook of dhcpcd passes the first router on, and a failure of ours never stops dhcpcd."""
    hook = SCRIPTS / "hooks" / "dhcpcd-90-vvlive"
    env = {**os.environ, "VVLIVE_MPTCP": str(recorder), "reason": reason, "interface": "eth2", "new_routers": routers}

    done = subprocess.run(["sh", "-eu", "-c", f". {hook}; echo next"], env=env, capture_output=True, check=True)
    assert done.stdout == b"next\n"
    assert _calls(recorder) == calls


def test_networkd_hook(recorder: Path) -> None:
    """networkd-dispatcher names the interface in the environment."""
    env = {**os.environ, "VVLIVE_MPTCP": str(recorder), "IFACE": "eth2"}

    assert subprocess.run([SCRIPTS / "hooks" / "networkd-dispatcher-50-vvlive"], env=env, check=False).returncode == 3
    assert _calls(recorder) == ["eth2"]


@pytest.mark.parametrize(
    ("event", "gateway", "calls"),
    [("up", "192.168.8.1", ["eth2 192.168.8.1"]), ("down", "", ["eth2"]), ("hostname", "", [])],
)
def test_networkmanager_hook(recorder: Path, event: str, gateway: str, calls: list[str]) -> None:
    """NetworkManager names the interface and the event as words."""
    env = {**os.environ, "VVLIVE_MPTCP": str(recorder), "IP4_GATEWAY": gateway}

    subprocess.run([SCRIPTS / "hooks" / "networkmanager-50-vvlive", "eth2", event], env=env, check=False)
    assert _calls(recorder) == calls
