"""Captured netlink dumps: load them as `Dump`s, or capture them anew (as root, with MPTCP).

    python -m tests.exporters.mptcp.captures

A capture is a row of moments; each moment is two files, `NAME-N.tcp` and `NAME-N.mptcp`, that hold
the kernel's messages as received. Addresses are those of the demo's world and of loopback.
"""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.demo.namespaces import Namespace
from deploy.demo.world import World
from exporters.mptcp import asking, parsing
from exporters.mptcp.model import Dump
from exporters.mptcp.reading import CONNECTED_STATES, SENDING_STATES

if TYPE_CHECKING:
    from collections.abc import Iterator

FIXTURES = Path(__file__).parent / "fixtures"
PORT = 5000
STEP_S = 0.1


def load(name: str) -> list[Dump]:
    """The dumps of a capture, in order, at 100 ms from each other."""
    moments = sorted(FIXTURES.glob(f"{name}-*.tcp"))
    return [_dump(path, at_s=index * STEP_S) for index, path in enumerate(moments)]


def rows_of(path: Path) -> Iterator[bytes]:
    """The payloads of the rows in one file."""
    return (message.payload for message in parsing.messages(path.read_bytes()) if message.kind > parsing.NLMSG_DONE)


def _dump(path: Path, at_s: float) -> Dump:
    tcp = [parsing.tcp_row(payload) for payload in rows_of(path)]
    mptcp = [parsing.mptcp_row(payload) for payload in rows_of(path.with_suffix(".mptcp"))]
    return Dump(at_s, tuple(row for row in tcp if row), tuple(row for row in mptcp if row))


def _capture(namespace: Namespace, name: str, moments: int) -> None:
    for moment in range(moments):
        for kind, protocol, states in (
            ("tcp", asking.IPPROTO_TCP, SENDING_STATES),
            ("mptcp", asking.IPPROTO_MPTCP, CONNECTED_STATES),
        ):
            answer = b"".join(_ask(namespace, family, protocol, states) for family in (socket.AF_INET, socket.AF_INET6))
            (FIXTURES / f"{name}-{moment}.{kind}").write_bytes(answer)
        time.sleep(STEP_S)


def _ask(namespace: Namespace, family: int, protocol: int, states: int) -> bytes:
    answer = b""
    with namespace.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4) as netlink:
        netlink.send(asking.dump_request(family=family, protocol=protocol, states=states, ports=[PORT], sequence=1))
        while not answer or all(message.kind > parsing.NLMSG_DONE for message in parsing.messages(answer)):
            answer += netlink.recv(1 << 18)
    return answer


def _connect(server: socket.socket, client: socket.socket, address: tuple[str, int]) -> socket.socket:
    server.bind((address[0] if address[0] != "127.0.0.1" else "", PORT))
    server.listen()
    client.connect(address)
    return server.accept()[0]


def _bonded() -> None:
    """Sender and receiver of two subflows in mid-stream."""
    with World() as world:
        listener = world.vps.socket(protocol=socket.IPPROTO_MPTCP)
        client = world.pi.socket(protocol=socket.IPPROTO_MPTCP)
        far = _connect(listener, client, (world.server, PORT))
        threading.Thread(target=_drain, args=(far,), daemon=True).start()
        threading.Thread(target=_stream, args=(client,), daemon=True).start()
        time.sleep(3)
        _capture(world.pi, "sender", 3)
        _capture(world.vps, "receiver", 3)


def _stream(client: socket.socket) -> None:
    """Some 5 Mbit/s in frames, for longer than the capture takes."""
    for _ in range(150):
        client.sendall(bytes(20_000))
        time.sleep(1 / 30)


def _drain(far: socket.socket) -> None:
    while far.recv(1 << 18):
        pass


def _loopback(name: str, family: int, address: str, *, listening: int, connecting: int) -> None:
    """Both ends of one connection in one namespace: over IPv6, IPv4-mapped, or fallen back to TCP."""
    with Namespace.create("loopback") as namespace:
        namespace.run(["ip", "link", "set", "lo", "up"])
        server = namespace.socket(socket.AF_INET6, protocol=listening)
        client = namespace.socket(family, protocol=connecting)
        far = _connect(server, client, (address, PORT))
        client.sendall(bytes(10_000))
        far.recv(10_000, socket.MSG_WAITALL)
        time.sleep(0.2)
        _capture(namespace, name, 1)
        for end in (client, far, server):
            end.close()


if __name__ == "__main__":
    FIXTURES.mkdir(exist_ok=True)
    _bonded()
    mptcp, tcp = socket.IPPROTO_MPTCP, socket.IPPROTO_TCP
    _loopback("ipv6", socket.AF_INET6, "::1", listening=mptcp, connecting=mptcp)
    _loopback("mapped", socket.AF_INET, "127.0.0.1", listening=mptcp, connecting=mptcp)
    _loopback("fallback", socket.AF_INET6, "::1", listening=tcp, connecting=mptcp)
    _loopback("plain", socket.AF_INET6, "::1", listening=tcp, connecting=tcp)
