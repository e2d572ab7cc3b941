"""What the scripts make of addresses, held against Python's ipaddress."""

from __future__ import annotations

import subprocess
from ipaddress import IPv6Address, IPv6Network, ip_interface

import pytest

from tests.mptcp.bond import SCRIPTS

ADDRESSES = (
    "2001:DB8:0:0:0:0:0:2",
    "2001:db8::2",
    "fe80::1",
    "::1",
    "1:0:0:2:0:0:0:3",
    "1:2:3:4:5:6:0:0",
    "0:0:1:2:3:4:5:6",
    "2001:db8:0:1:0:1:0:1",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
)
PREFIXES = (1, 16, 33, 52, 64, 127, 128)
NO_ADDRESSES = (
    "",
    ":",
    ":::",
    "1::2::3",
    ":1",
    "1:",
    "12345::1",
    "g::1",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7::8",
    "1.2",
)


def _bash(text: str) -> list[str]:
    command = ["bash", "-euo", "pipefail", "-c", f". {SCRIPTS}/lib/addresses.bash\n{text}"]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout.splitlines()


def test_ipv6_address_is_written_as_the_kernel_writes_it() -> None:
    """Otherwise what is there would not be recognised, and would be added a second time."""
    shown = _bash(f"for each in {' '.join(ADDRESSES)}; do echo $(canonical $each); done")

    assert shown == [str(IPv6Address(each)) for each in ADDRESSES]


def test_ipv6_network_of_an_address() -> None:
    """Whatever the length of the prefix."""
    both = [f"{address}/{prefix}" for address in ADDRESSES for prefix in PREFIXES]

    shown = _bash(f"for each in {' '.join(both)}; do echo $(network_of $each); done")
    assert shown == [str(IPv6Network(each, strict=False)) for each in both]


def test_ipv4_network_of_an_address() -> None:
    """From a host route to half of the Internet."""
    both = [f"172.20.213.77/{prefix}" for prefix in (1, 8, 12, 20, 25, 31, 32)]

    shown = _bash(f"for each in {' '.join(both)}; do echo $(network_of $each); done")
    assert shown == [str(ip_interface(each).network) for each in both]


@pytest.mark.parametrize("text", NO_ADDRESSES)
def test_what_is_no_address_is_refused(text: str) -> None:
    """Before anything is changed."""
    assert _bash(f"valid_address '{text}' || echo refused") == ["refused"]
