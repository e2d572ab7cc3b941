"""TUN devices in a real namespace."""

from __future__ import annotations

import os
import select

import pytest

from deploy.demo.namespaces import Namespace, NamespaceError
from deploy.demo.tun import open_tun

pytestmark = pytest.mark.root


def test_packet_sent_on_the_interface_is_read_from_the_descriptor() -> None:
    """What the namespace sends comes out as the bare IP packet, and the interface ends with the descriptor."""
    with Namespace.create("tun") as namespace, namespace.socket(kind=2) as sender:
        fd = open_tun(namespace, "wan")
        namespace.sysctl("net.ipv6.conf.wan.disable_ipv6", 1)
        namespace.run(["ip", "-batch", "-"], stdin="link set wan up\naddr add 10.0.0.1/24 dev wan\n")
        sender.sendto(b"payload", ("10.0.0.9", 9))
        assert select.select([fd], [], [], 10)[0]

        packet = os.read(fd, 2048)
        os.close(fd)

        assert packet[0] == 0x45
        assert packet.endswith(b"payload")
        assert "wan" not in namespace.run(["ip", "link"])


@pytest.mark.parametrize("name", ["", "a-name-of-sixteen"])
def test_impossible_name_is_refused(name: str) -> None:
    """An interface name has 1 to 15 bytes."""
    with Namespace.create("tun") as namespace, pytest.raises(ValueError, match="1 to 15 bytes"):
        open_tun(namespace, name)


def test_name_that_is_taken_is_named() -> None:
    """The kernel's refusal is told with the interface's name and a remedy."""
    with Namespace.create("tun") as namespace, pytest.raises(NamespaceError, match="cannot create the interface lo"):
        open_tun(namespace, "lo")
