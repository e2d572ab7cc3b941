"""Reading the output of the usual programs."""

from __future__ import annotations

import pytest

from mptcp.doctor import machine
from mptcp.doctor.machine import DefaultRoute, Endpoint, Interface, Listener, Rule


def test_interfaces() -> None:
    """Switched on is a flag; an interface may have no address; a link-local one counts for none."""
    text = (
        '[{"ifname":"lo","flags":["LOOPBACK"],"addr_info":[]},'
        '{"ifname":"eth1","flags":["BROADCAST","UP"],"addr_info":[{"local":"10.5.0.2","prefixlen":24},'
        '{"local":"2001:db8::2","scope":"global"},{"local":"fe80::2","scope":"link"}]}]'
    )

    assert machine.interfaces(text) == {
        "lo": Interface(up=False, addresses=frozenset()),
        "eth1": Interface(up=True, addresses=frozenset({"10.5.0.2", "2001:db8::2"})),
    }


def test_endpoints() -> None:
    """A flag is a key that is true."""
    text = '[{"address":"10.1.0.2","id":1,"subflow":true,"backup":true,"dev":"eth1"},{"address":"10.1.0.3","id":2}]'

    assert machine.endpoints(text) == (
        Endpoint("10.1.0.2", "eth1", frozenset({"subflow", "backup"})),
        Endpoint("10.1.0.3", "", frozenset()),
    )


def test_rules_and_defaults() -> None:
    """Only rules by source and default routes matter; a table may be a number or a name."""
    rules = '[{"priority":0,"src":"all","table":"local"},{"priority":7701,"src":"10.1.0.2","table":7701}]'
    routes = (
        '[{"dst":"default","gateway":"10.1.0.1","dev":"eth1","table":"7701"},{},'
        '{"dst":"10.1.0.0/24","dev":"eth1"},{"dst":"default","dev":"eth1"},{"type":"unreachable","dst":"default"}]'
    )

    assert machine.rules(rules) == (Rule("10.1.0.2", "7701"),)
    assert machine.defaults(routes, 4) == (DefaultRoute("7701", "eth1"), DefaultRoute("main", "eth1"))


def test_nothing_printed_is_nothing_there() -> None:
    """Iproute2 prints an empty line, or nothing, instead of an empty array."""
    assert machine.endpoints("") == ()
    assert machine.subflow_limit("") is None
    assert machine.listeners("", "") == ()


def test_limit() -> None:
    """The order of the words differs between versions."""
    assert machine.subflow_limit("add_addr_accepted 0 subflows 2 ") == 2
    assert machine.subflow_limit("subflows 8 add_addr_accepted 0") == 8


MPTCP = (
    "LISTEN 0 128 0.0.0.0:8443 0.0.0.0:*\n\t skmem:(r0,rb4194304,t0,tb16384,f0,w0,o0,bl0,d0)\n"
    "LISTEN 0 128 [::]:8443 [::]:*\n"
)
TCP = MPTCP + "LISTEN 0 128 127.0.0.1:8443 0.0.0.0:*\n\t skmem:(r0,rb131072,t0,tb16384)\n"


def test_listeners_show_kind_and_buffer() -> None:
    """An MPTCP listener shows among the TCP ones as well; without memory its buffer is unknown."""
    assert machine.listeners(MPTCP, MPTCP) == (
        Listener(mptcp=True, receive_buffer_bytes=4_194_304),
        Listener(mptcp=True, receive_buffer_bytes=None),
    )
    assert machine.listeners("", "LISTEN 0 128 127.0.0.1:8443 0.0.0.0:*\n\t skmem:(r0,rb131072,t0)\n") == (
        Listener(mptcp=False, receive_buffer_bytes=131_072),
    )
    assert Listener(mptcp=False, receive_buffer_bytes=131_072) in machine.listeners(MPTCP, TCP)


DROPPING = "-P INPUT DROP\n-A INPUT -i lo -j ACCEPT\n"
NFT = "table inet f {\n\tchain in {\n\t\ttype filter hook input priority filter; policy drop;\n\t\t%s\n\t}\n}\n"
PORTS = (("tcp", 8443), ("udp", 8445))


@pytest.mark.parametrize(
    ("iptables", "nft", "blocked"),
    [
        ("-P INPUT ACCEPT\n", "", ()),
        (DROPPING, "", ("tcp/8443", "udp/8445")),
        (DROPPING + "-A INPUT -p tcp -m tcp --dport 8443 -m comment --comment vvlive -j ACCEPT\n", "", ("udp/8445",)),
        ("-P INPUT ACCEPT\n-A INPUT -j REJECT\n", "", ("tcp/8443", "udp/8445")),
        ("", NFT % "tcp dport { 22, 8443 } accept", ("udp/8445",)),
        ("", NFT % 'udp dport 8445 accept comment "vvlive"', ("tcp/8443",)),
        ("", NFT.replace("hook input", "hook forward") % "", ()),
    ],
)
def test_blocked_ports(iptables: str, nft: str, blocked: tuple[str, ...]) -> None:
    """Where something refuses, a port counts as blocked unless a rule accepts it by number."""
    assert machine.blocked(PORTS, iptables, nft) == blocked
