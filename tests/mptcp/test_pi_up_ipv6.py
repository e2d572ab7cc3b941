"""pi-up, lease and pi-down where the uplinks speak IPv6."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.mptcp.bond import Machine

pytestmark = [pytest.mark.root, pytest.mark.mptcp]

STATIC = "verizon=eth1,2001:DB8:5:0::2/64,2001:db8:5::1"
LEASED = "att=eth2,inet6"
UPLINKS = ("--uplink", STATIC, "--uplink", LEASED)


@pytest.fixture
def machine6(machine: Machine) -> Machine:
    """The machine, with an address and a router on eth2 as router advertisements leave them."""
    machine.ip("-6 address add 2001:db8:8::100/64 dev eth2 nodad")
    machine.ip("-6 route add default via fe80::1 dev eth2 metric 1024")
    return machine


def _look(machine: Machine) -> dict[str, str]:
    """All that the scripts touch; link-local addresses come and go by themselves."""
    routes = [line for line in machine.ip("-6 route show table all").splitlines() if " fe80::/64 " not in f" {line}"]
    ours = [line for line in routes if "table local" not in line and not line.startswith("multicast")]
    addresses = re.findall(r"\S+ +inet6 \S+", machine.ip("-6 -o address show scope global"))
    return {
        **machine.look(),
        "addresses": "\n".join(sorted(addresses)),
        "routes6": "\n".join(sorted(ours)),
        "rules6": machine.ip("-6 rule show"),
    }


def test_each_uplink_gets_ipv6_routing_and_endpoint(machine6: Machine) -> None:
    """A table of its own, reached by its address, and an endpoint, as with IPv4; the spelling does not matter."""
    done = machine6.script("pi-up", *UPLINKS)
    assert done.code == 0, done.said

    seen = _look(machine6)
    assert "eth1    inet6 2001:db8:5::2/64" in seen["addresses"]
    assert "default via 2001:db8:5::1 dev eth1 table 7701" in seen["routes6"]
    assert "default via fe80::1 dev eth2 table 7702" in seen["routes6"]
    assert "2001:db8:8::/64 dev eth2 table 7702" in seen["routes6"]
    assert "default via 2001:db8:5::1 dev eth1 metric 200" in seen["routes6"]
    assert "7701:\tfrom 2001:db8:5::2 lookup 7701" in seen["rules6"]
    assert "7702:\tfrom 2001:db8:8::100 lookup 7702" in seen["rules6"]
    assert re.search(r"2001:db8:5::2 id \d+ subflow dev eth1", seen["endpoints"])
    assert re.search(r"2001:db8:8::100 id \d+ subflow dev eth2", seen["endpoints"])


def test_second_run_changes_nothing_and_down_leaves_nothing(machine6: Machine) -> None:
    """Up finds its own work; down takes all of it back."""
    before = _look(machine6)
    shown = machine6.script("pi-up", "--dry-run", *UPLINKS).commands
    assert machine6.script("pi-up", *UPLINKS).commands == shown
    once = _look(machine6)

    assert machine6.script("pi-up", *UPLINKS).commands == []
    assert _look(machine6) == once
    assert machine6.script("pi-down").code == 0
    assert _look(machine6) == before


def test_new_ipv6_address_moves_the_uplink(machine6: Machine) -> None:
    """The lease hook follows; an IPv4 router, which a DHCP client may name, is not taken for the IPv6 one."""
    machine6.script("pi-up", *UPLINKS)
    machine6.ip("-6 address delete 2001:db8:8::100/64 dev eth2")
    machine6.ip("-6 address add 2001:db8:9::7/64 dev eth2 nodad")

    done = machine6.script("lease", "eth2", "192.168.8.1")
    assert done.code == 0, done.said
    seen = _look(machine6)
    assert "2001:db8:8:" not in seen["rules6"] + seen["endpoints"] + seen["routes6"]
    assert "from 2001:db8:9::7 lookup 7702" in seen["rules6"]
    assert re.search(r"2001:db8:9::7 id \d+ subflow dev eth2", seen["endpoints"])


def test_ipv6_uplink_without_address_waits(machine: Machine) -> None:
    """The IPv4 address of the interface is none of its business."""
    done = machine.script("pi-up", "--uplink", LEASED)

    assert done.code == 0
    assert "att: eth2 has no address yet; the lease hook finishes the work when it comes" in done.said
    assert machine.ip("mptcp endpoint show") == ""


def test_doctor_agrees_with_ipv6_uplinks(machine6: Machine) -> None:
    """Set-up and doctor agree on IPv6 uplinks too, and a lost rule is found although IPv4 has none to lose."""
    machine6.script("pi-up", *UPLINKS)
    assert not {"uplink verizon", "uplink att"} & _findings(machine6)

    machine6.ip("-6 rule delete from 2001:db8:8::100")
    assert _findings(machine6) & {"uplink verizon", "uplink att"} == {"uplink att"}


def _findings(machine: Machine) -> set[str]:
    words = ["--side", "pi", "--uplink", "verizon=eth1", "--uplink", "att=eth2"]
    command = machine.namespace.command([sys.executable, "-m", "mptcp.doctor", *words])
    printed = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60).stdout
    return {line.partition(":")[0] for line in printed.splitlines() if not line.startswith(" ")}
