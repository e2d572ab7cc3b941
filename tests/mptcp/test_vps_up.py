"""vps-up and vps-down, and the firewalls they meet."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from mptcp.doctor.dropin import Side, shipped
from tests.mptcp.bond import Machine

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.root, pytest.mark.mptcp]
UFW = """#!/bin/sh
rules={folder}/rules
touch $rules
case "$*" in
  status) echo 'Status: active'; echo; sed 's/$/                   ALLOW       Anywhere/' $rules ;;
  'allow '*) echo "$2" >>$rules ;;
  'delete allow '*) sed -i "\\#^$3\\$#d" $rules ;;
  *) exit 9 ;;
esac
"""


def test_settings_and_limits(machine: Machine) -> None:
    """The receive buffer that keeps streams from hanging is in force, and the limit the kernel's most."""
    assert machine.script("vps-up").code == 0

    for dropin in shipped(Side.VPS):
        for setting in dropin.settings:
            if machine.namespace.has_sysctl(setting.key):
                assert machine.namespace.sysctl(setting.key).split() == setting.value.split()
    assert machine.look()["limits"] == "add_addr_accepted 0 subflows 8 \n"


def test_without_a_firewall_nothing_is_opened(machine: Machine) -> None:
    """A machine that filters nothing gets no rules, and down leaves it as it was."""
    before = machine.look()
    done = machine.script("vps-up")

    assert machine.look()["firewall"] == before["firewall"]
    assert "[=] no firewall filters incoming traffic: nothing to open for tcp port 8443" in done.said
    assert machine.script("vps-down").code == 0
    assert machine.look() == before
    assert not machine.state_dir.exists()


def test_iptables_that_drops_is_opened_and_closed(machine: Machine) -> None:
    """Each port gets one accept in front of the rules that refuse; a second run adds none; down removes them."""
    machine.namespace.run(["iptables", "-P", "INPUT", "DROP"])
    before = machine.look()
    machine.script("vps-up", "--tcp", "8443", "--udp", "8445")
    once = machine.look()

    assert once["firewall"].splitlines()[3:] == [
        "-A INPUT -p udp -m udp --dport 8445 -m comment --comment vvlive -j ACCEPT",
        "-A INPUT -p tcp -m tcp --dport 8443 -m comment --comment vvlive -j ACCEPT",
    ]
    machine.script("vps-up", "--tcp", "8443", "--udp", "8445")
    assert machine.look() == once
    machine.script("vps-down")
    assert machine.look() == before


def test_ip6tables_that_drops_is_opened_and_closed(machine: Machine) -> None:
    """A rig may come over IPv6: where that is filtered, and IPv4 is not, the openings go there and only there."""
    machine.namespace.run(["ip6tables", "-P", "INPUT", "DROP"])
    before = machine.namespace.run(["ip6tables", "-S"])

    machine.script("vps-up", "--tcp", "8443", "--udp", "8445")
    assert machine.namespace.run(["ip6tables", "-S"]).count("--comment vvlive -j ACCEPT") == 2
    assert "vvlive" not in machine.look()["firewall"]
    machine.script("vps-down")
    assert machine.namespace.run(["ip6tables", "-S"]) == before


def test_nftables_that_drops_is_opened_and_closed(machine: Machine) -> None:
    """A native input chain that refuses by policy gets the openings; one that accepts gets none."""
    if shutil.which("nft") is None:
        message = "needs nft: apt-get install nftables"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"NOT RUN: {message}")
    for command in (
        "add table inet shut",
        "add chain inet shut in { type filter hook input priority 0; policy drop; }",
        "add table inet open",
        "add chain inet open in { type filter hook input priority 1; policy accept; }",
        "add chain inet open other { drop; }",
    ):
        machine.namespace.run(["nft", command])
    before = machine.namespace.run(["nft", "list", "ruleset"])

    machine.script("vps-up", "--tcp", "8443", "--udp", "8445")
    shut = machine.namespace.run(["nft", "list", "chain", "inet", "shut", "in"])
    assert 'tcp dport 8443 accept comment "vvlive"' in shut
    assert 'udp dport 8445 accept comment "vvlive"' in shut
    assert "vvlive" not in machine.namespace.run(["nft", "list", "table", "inet", "open"])
    assert machine.script("vps-up", "--tcp", "8443", "--udp", "8445").commands == []
    machine.script("vps-down")
    assert machine.namespace.run(["nft", "list", "ruleset"]) == before


def test_ufw_does_it_by_its_own_command(machine: Machine, tmp_path: Path) -> None:
    """Where ufw is active only ufw is asked: it drives the others."""
    program = tmp_path / "bin" / "ufw"
    program.parent.mkdir()
    program.write_text(UFW.format(folder=tmp_path))
    program.chmod(0o755)
    env = {"PATH": f"{program.parent}:{os.environ['PATH']}"}
    machine.namespace.run(["iptables", "-P", "INPUT", "DROP"])
    before = machine.look()

    machine.script("vps-up", env=env)
    assert (tmp_path / "rules").read_text() == "8443/tcp\n8444/tcp\n8447/tcp\n8445/udp\n8446/udp\n"
    assert machine.look()["firewall"] == before["firewall"]
    assert machine.script("vps-up", env=env).commands == []
    machine.script("vps-down", env=env)
    assert (tmp_path / "rules").read_text() == ""


@pytest.mark.parametrize("port", ["0", "65536", "http", ""])
def test_impossible_ports_are_refused(machine: Machine, port: str) -> None:
    """A port is a number from 1 to 65535."""
    done = machine.script("vps-up", "--tcp", port)

    assert (done.code, done.said) == (1, f"vps-up: --tcp {port}: a port is a number from 1 to 65535\n")


def test_both_sides_on_one_machine(machine: Machine) -> None:
    """A machine that is both ends is taken down side by side, and each leaves the other's part."""
    before = machine.look()
    machine.script("vps-up")
    machine.script("pi-up", "--uplink", "att=eth2")

    machine.script("vps-down")
    assert "192.168.8.100" in machine.look()["endpoints"]
    machine.script("pi-down")
    assert machine.look() == before
