"""The doctor as a program, on machines that are thrown away."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mptcp.doctor.__main__ import render
from mptcp.doctor.checks import Finding
from mptcp.doctor.dropin import Side
from tests.mptcp.bond import LEASED, REFUSED_AT_TIMES, STATIC

if TYPE_CHECKING:
    from tests.mptcp.bond import Machine

UPLINKS = ("--uplink", "verizon=eth1", "--uplink", "att=eth2")


def _doctor(machine: Machine, *words: str) -> subprocess.CompletedProcess[str]:
    command = machine.namespace.command([sys.executable, "-W", "error", "-m", "mptcp.doctor", *words])
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def _things(done: subprocess.CompletedProcess[str]) -> set[str]:
    assert done.returncode == 1, done.stderr
    return {finding["thing"] for finding in json.loads(done.stdout)}


@pytest.mark.root
@pytest.mark.mptcp
def test_bare_machine_has_much_to_remark(machine: Machine) -> None:
    """Exit code 1, and an uplink without endpoint is among the findings."""
    things = _things(_doctor(machine, "--side", "pi", "--json", *UPLINKS))

    assert {"net.mptcp.blackhole_timeout", "uplink verizon", "uplink att", "guard"} <= things


@pytest.mark.root
@pytest.mark.mptcp
def test_machine_that_was_never_set_up_is_told_the_first_step(machine: Machine) -> None:
    """Not twenty deviations that follow from it, and how to go on."""
    done = _doctor(machine, "--side", "pi")

    assert done.returncode == 1
    assert done.stdout.startswith("pi: 2 remarks, the gravest first\nbond: pi-up has not run on this machine\n")
    assert "run, as root: mptcp/pi-up --uplink verizon=eth1 --uplink att=eth2, with your own names" in done.stdout


@pytest.mark.root
@pytest.mark.mptcp
def test_after_pi_up_only_what_it_could_not_do_is_left(machine: Machine) -> None:
    """Set-up and doctor agree; the files went elsewhere here, no guard runs, and a namespace may refuse cubic."""
    machine.script("pi-up", "--uplink", STATIC, "--uplink", LEASED)
    things = _things(_doctor(machine, "--side", "pi", "--json", *UPLINKS))

    files = {"/etc/sysctl.d/90-vvlive-pi.conf", "/etc/sysctl.d/91-vvlive-retransmit.conf"}
    assert things - files - {REFUSED_AT_TIMES} == {"guard"}


@pytest.mark.root
@pytest.mark.mptcp
def test_after_vps_up_listener_and_responder_are_left(machine: Machine) -> None:
    """They are other programs' work."""
    machine.namespace.run(["iptables", "-P", "INPUT", "DROP"])
    machine.script("vps-up")
    things = _things(_doctor(machine, "--side", "vps", "--json"))

    files = {"/etc/sysctl.d/90-vvlive-vps.conf", "/etc/sysctl.d/91-vvlive-retransmit.conf"}
    assert things - files == {"listener", "responder"}


@pytest.mark.root
def test_machine_that_cannot_be_read_is_exit_code_2(machine: Machine) -> None:
    """Without `ip` nothing is known, and nothing is claimed."""
    doctor = ["env", "PATH=/nonexistent", sys.executable, "-m", "mptcp.doctor", "--side", "pi"]
    done = subprocess.run(machine.namespace.command(doctor), capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "'ip -j address show' failed: install iproute2 5.9 or newer" in done.stderr


def test_people_get_paragraphs() -> None:
    """Deviation, consequence and remedy; one sentence when there is nothing."""
    finding = Finding("limits", "too low", "an uplink stays unused", "run mptcp/pi-up again")

    assert render([finding], Side.PI) == (
        "pi: 1 remark\nlimits: too low\n  consequence: an uplink stays unused\n  remedy: run mptcp/pi-up again\n"
    )
    assert render([], Side.VPS) == "vps: nothing to remark\n"
