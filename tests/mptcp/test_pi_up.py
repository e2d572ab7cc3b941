"""pi-up and pi-down on a machine with two uplinks, one static and one with a DHCP client."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from mptcp.doctor.dropin import Side, shipped
from tests.mptcp.bond import LEASED, REFUSED_AT_TIMES, STATIC, Machine

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.root, pytest.mark.mptcp]
UPLINKS = ("--uplink", STATIC, "--uplink", LEASED)


def test_each_uplink_gets_routing_and_endpoint(machine: Machine) -> None:
    """An uplink has its own table, reached by its address, and an endpoint; the static one its address, too."""
    assert machine.script("pi-up", *UPLINKS).code == 0

    seen = machine.look()
    assert "10.5.0.2/24 scope global eth1" in seen["addresses"]
    assert re.search(r"default via 10\.5\.0\.1 dev eth1 table 7701", seen["routes"])
    assert re.search(r"default via 192\.168\.8\.1 dev eth2 table 7702", seen["routes"])
    assert "7701:\tfrom 10.5.0.2 lookup 7701" in seen["rules"]
    assert "7702:\tfrom 192.168.8.100 lookup 7702" in seen["rules"]
    assert re.search(r"10\.5\.0\.2 id \d+ subflow dev eth1", seen["endpoints"])
    assert re.search(r"192\.168\.8\.100 id \d+ subflow dev eth2", seen["endpoints"])


def test_static_uplink_gets_a_main_route_and_leased_one_keeps_its_own(machine: Machine) -> None:
    """Each uplink has exactly one default route in the main table: connections may begin on any."""
    machine.script("pi-up", *UPLINKS)

    assert machine.ip("-4 route show default").split("\n")[:2] == [
        "default via 10.5.0.1 dev eth1 metric 200 ",
        "default via 192.168.8.1 dev eth2 metric 202 ",
    ]


def test_settings_are_those_of_the_drop_ins(machine: Machine) -> None:
    """Every setting is in force and its file installed for the next boot."""
    machine.script("pi-up", *UPLINKS)

    for dropin in shipped(Side.PI):
        if not dropin.needs or machine.namespace.has_sysctl(dropin.needs):
            assert (machine.sysctl_dir / dropin.name).read_text() == dropin.text
            for setting in dropin.settings:
                if setting.key != REFUSED_AT_TIMES and machine.namespace.has_sysctl(setting.key):
                    assert machine.namespace.sysctl(setting.key).split() == setting.value.split()


def test_down_leaves_nothing(machine: Machine) -> None:
    """After down everything is as it was before up, files included."""
    before = machine.look()
    machine.script("pi-up", *UPLINKS)
    assert machine.look() != before

    assert machine.script("pi-down").code == 0
    assert machine.look() == before
    assert not machine.state_dir.exists()
    assert list(machine.sysctl_dir.iterdir()) == []


def test_second_run_changes_nothing(machine: Machine) -> None:
    """Up finds its own work and runs no command; one down takes both runs back."""
    before = machine.look()
    machine.script("pi-up", *UPLINKS)
    once = machine.look()

    again = machine.script("pi-up", *UPLINKS)
    assert (again.code, again.commands) == (0, [])
    assert machine.look() == once
    machine.script("pi-down")
    assert machine.look() == before


def test_second_down_says_that_there_is_nothing(machine: Machine) -> None:
    """Down without an up before it is no error."""
    done = machine.script("pi-down")

    assert done.code == 0
    assert done.said == "pi-down: pi-up has not run here: nothing to take back\n"


def test_dry_run_shows_what_a_real_run_does_and_changes_nothing(machine: Machine) -> None:
    """The commands shown are the commands run, in their order."""
    before = machine.look()
    shown = machine.script("pi-up", "--dry-run", *UPLINKS)
    assert machine.look() == before
    assert not machine.state_dir.exists()

    assert shown.commands == machine.script("pi-up", *UPLINKS).commands
    assert shown.commands


def test_dry_run_of_down_changes_nothing(machine: Machine) -> None:
    """Down can be tried as well."""
    machine.script("pi-up", *UPLINKS)
    up = machine.look()

    shown = machine.script("pi-down", "--dry-run")
    assert machine.look() == up
    assert shown.commands == machine.script("pi-down").commands


def test_failure_half_way_takes_everything_back(machine: Machine) -> None:
    """A gateway outside the uplink's network is found out late; nothing stays."""
    before = machine.look()

    done = machine.script("pi-up", "--uplink", LEASED, "--uplink", "verizon=eth1,10.5.0.2/24,10.9.9.1")
    assert done.code != 0
    assert "pi-up: failed, taking back what this run changed" in done.said
    assert machine.look() == before
    assert not machine.state_dir.exists()


def test_failed_change_returns_to_the_uplinks_before(machine: Machine) -> None:
    """A working bond survives an attempt to give it another uplink that fails."""
    machine.script("pi-up", *UPLINKS)
    working = machine.look()

    assert machine.script("pi-up", "--uplink", "verizon=eth1,10.6.0.2/24,10.9.9.1", "--uplink", LEASED).code != 0
    assert _without_numbers(machine.look()) == _without_numbers(working)


def _without_numbers(look: dict[str, str]) -> dict[str, str]:
    """Endpoints come back under other numbers and in another order."""
    endpoints = re.sub(r"id \d+", "id", look["endpoints"])
    return look | {"endpoints": "\n".join(sorted(endpoints.splitlines()))}


def test_change_of_uplinks_moves_over(machine: Machine) -> None:
    """Up with one uplink less takes the other one's part back and leaves the rest alone."""
    before = machine.look()
    machine.script("pi-up", *UPLINKS)

    assert machine.script("pi-up", "--uplink", LEASED).code == 0
    seen = machine.look()
    assert "eth1" not in seen["routes"] + seen["endpoints"] + seen["addresses"]
    assert "192.168.8.100 id" in seen["endpoints"]
    machine.script("pi-down")
    assert machine.look() == before


def test_killed_half_way_is_taken_back_by_down(machine: Machine, tmp_path: Path) -> None:
    """Each change is in the journal before it is made, so that even kill -9 leaves nothing unknown."""
    before = machine.look()
    killer = tmp_path / "bin" / "ip"
    killer.parent.mkdir()
    killer.write_text('#!/bin/sh\ncase "$*" in *"endpoint add"*) kill -9 $PPID ;; esac\nexec /usr/bin/env -i '
                      'PATH=/usr/sbin:/usr/bin:/sbin:/bin ip "$@"\n')  # fmt: skip
    killer.chmod(0o755)

    done = machine.script("pi-up", *UPLINKS, env={"PATH": f"{killer.parent}:{os.environ['PATH']}"})
    assert done.code == -9
    assert machine.look() != before
    assert machine.script("pi-down").code == 0
    assert machine.look() == before


def test_reboot_takes_routes_but_not_settings(machine: Machine) -> None:
    """After a reboot up sets routes up again and still knows the values from before the first up."""
    before = machine.look()
    machine.script("pi-up", *UPLINKS)
    kept = {path.name: path.read_text() for path in machine.state_dir.iterdir()}
    machine.script("pi-down")
    machine.state_dir.mkdir()
    for name, text in kept.items():
        (machine.state_dir / name).write_text("another boot\n" if name == "pi.boot" else text)

    machine.script("pi-up", *UPLINKS)
    machine.script("pi-down")
    assert machine.look() == before


def test_setting_changed_by_someone_else_stays(machine: Machine) -> None:
    """Down restores only what still is as up left it."""
    machine.script("pi-up", *UPLINKS)
    machine.namespace.sysctl("net.mptcp.stale_loss_cnt", 7)

    done = machine.script("pi-down")
    assert machine.namespace.sysctl("net.mptcp.stale_loss_cnt") == "7"
    assert "[=] sysctl net.mptcp.stale_loss_cnt was changed by someone else since: left alone" in done.said


def test_endpoint_of_the_operators_stays(machine: Machine) -> None:
    """What was there before up is not up's, and down leaves it."""
    machine.ip("mptcp endpoint add 192.168.8.100 dev eth2 id 9 subflow")
    machine.script("pi-up", *UPLINKS)
    machine.script("pi-down")

    assert machine.look()["endpoints"] == "192.168.8.100 id 9 subflow dev eth2 \n"


def test_endpoint_of_another_kind_is_refused(machine: Machine) -> None:
    """An endpoint that only announces cannot open subflows; up says so and undoes its part."""
    machine.ip("mptcp endpoint add 192.168.8.100 dev eth2 id 9 signal")
    before = machine.look()

    done = machine.script("pi-up", *UPLINKS)
    assert done.code == 1
    assert "an endpoint for 192.168.8.100 exists without the subflow flag: ip mptcp endpoint delete it" in done.said
    assert machine.look() == before


def test_down_refuses_beside_a_running_guard(machine: Machine, tmp_path: Path) -> None:
    """The guard would bring endpoints back after down; a file left by a dead guard does not count."""
    machine.script("pi-up", *UPLINKS)
    state = tmp_path / "endpoints.json"
    state.write_text(f'{{"pid": {os.getpid()}, "endpoints": []}}')

    refused = machine.script("pi-down", env={"GUARD_STATE": str(state)})
    assert refused.code == 1
    assert "the guard is running and would restore the endpoints: systemctl stop vvlive-guard" in refused.said
    state.write_text('{"pid": 4194304, "endpoints": []}')
    assert machine.script("pi-down", env={"GUARD_STATE": str(state)}).code == 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "no uplink given: see pi-up --help"),
        (["--fast"], "unknown option --fast: see pi-up --help"),
        (
            ["--uplink", "eth1"],
            (
                "--uplink eth1: write NAME=IFACE or NAME=IFACE,ADDRESS/PREFIX,GATEWAY; "
                "a name is small letters, digits, - and _"
            ),
        ),
        (["--uplink", "a=eth1", "--uplink", "a=eth2"], "two uplinks are named a"),
        (["--uplink", "a=eth1", "--uplink", "b=eth1"], "uplinks a and b share interface eth1"),
        (
            ["--uplink", "a=eth1,10.0.0.2/24,10.0.0.1", "--uplink", "b=eth2,10.0.0.2/16,10.0.0.1"],
            "uplinks a and b share address 10.0.0.2: subflows could not be told apart",
        ),
        (
            ["--uplink", "a=eth1,10.0.0.256/24,10.0.0.1"],
            (
                "--uplink a=eth1,10.0.0.256/24,10.0.0.1: '10.0.0.256/24' is no address with prefix, such as "
                "192.168.8.100/24 or 2001:db8::2/64"
            ),
        ),
        (
            ["--uplink", "a=eth1,10.0.0.2/24,router"],
            (
                "--uplink a=eth1,10.0.0.2/24,router: 'router' is no gateway of the address's family; "
                "write - on a link without one"
            ),
        ),
        (
            ["--uplink", "a=eth1,2001:db8::2/64,10.0.0.1"],
            (
                "--uplink a=eth1,2001:db8::2/64,10.0.0.1: '10.0.0.1' is no gateway of the address's family; "
                "write - on a link without one"
            ),
        ),
        (
            ["--uplink", "a=eth7,10.0.0.2/24,10.0.0.1"],
            "uplink a: interface eth7 does not exist: plug it in, or see 'ip link'",
        ),
        (
            [word for number in range(9) for word in ("--uplink", f"u{number}=eth{number}")],
            "9 uplinks given: the kernel's path manager takes 8",
        ),
    ],
)
def test_wrong_words_are_refused_before_anything_is_done(
    machine: Machine, arguments: list[str], complaint: str
) -> None:
    """Each mistake is named with its remedy, in one line."""
    done = machine.script("pi-up", *arguments)

    assert (done.code, done.said) == (1, f"pi-up: {complaint}\n")
    assert not machine.state_dir.exists()


def test_help_tells_and_does_nothing(machine: Machine) -> None:
    """--help prints the usage of each script."""
    for name in ("pi-up", "pi-down", "vps-up", "vps-down", "lease"):
        done = machine.script(name, "--help")
        assert done.code == 0
        assert done.printed.startswith(f"Usage: {name} ")


def test_link_without_gateway(machine: Machine) -> None:
    """A point-to-point link gets routes without a gateway."""
    assert machine.script("pi-up", "--uplink", "ppp=eth1,10.64.0.9/32,-").code == 0

    assert "default dev eth1 table 7701 scope link" in machine.look()["routes"]
