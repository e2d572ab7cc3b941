"""What the measurement of a switch between transports is made of."""

from __future__ import annotations

import socket

import pytest

from deploy.demo.namespaces import Namespace
from tests.bench.switching import swallowed, switched_s


def test_a_switch_is_what_was_told_of_the_transport_since_then() -> None:
    """Neither earlier ones nor other events; of several the first."""
    events = [(9.0, "transport"), (12.0, "obs"), (14.0, "transport"), (13.0, "transport")]
    answer = {"events": [{"at_s": at_s, "subject": subject} for at_s, subject in events]}

    assert switched_s(answer, since_s=10.0) == 13.0
    assert switched_s(answer, since_s=15.0) is None


@pytest.mark.root
def test_a_port_is_swallowed_for_as_long_as_is_asked() -> None:
    """Datagrams to it are lost without a word, those to others are not, and afterwards none is."""
    with Namespace.create("swallowed") as host:
        host.run(["ip", "link", "set", "lo", "up"])
        sockets = [host.socket(kind=socket.SOCK_DGRAM) for _ in range(3)]
        sender, *takers = sockets
        for taker in takers:
            taker.bind(("127.0.0.1", 0))
            taker.settimeout(0)  # over loopback what arrives is there when the sender returns
        ports = [taker.getsockname()[1] for taker in takers]

        def arrive() -> list[bool]:
            for port in ports:
                sender.sendto(b"x", ("127.0.0.1", port))
            return [_taken(taker) for taker in takers]

        with swallowed(host, "udp", ports[0]):
            meanwhile = arrive()
        afterwards = arrive()
        for one in sockets:
            one.close()

    assert (meanwhile, afterwards) == ([False, True], [True, True])


def _taken(taker: socket.socket) -> bool:
    try:
        return bool(taker.recv(10))
    except BlockingIOError:
        return False
