"""The reader against a real kernel, in namespaces of the test."""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deploy.demo.namespaces import Namespace
from exporters.mptcp import reading
from exporters.mptcp.parsing import ESTABLISHED

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator
    from typing import TypeVar

    T = TypeVar("T")


@pytest.fixture
def loopback() -> Iterator[Namespace]:
    """A namespace with nothing but a loopback interface that is up."""
    with Namespace.create("test") as namespace:
        namespace.run(["ip", "link", "set", "lo", "up"])
        yield namespace


@contextmanager
def connected(
    namespace: Namespace, address: str, protocol: int = socket.IPPROTO_MPTCP
) -> Iterator[tuple[socket.socket, socket.socket, int]]:
    """Both ends of a connection over loopback, and the server's port."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with namespace.socket(family, protocol=protocol) as server, namespace.socket(family, protocol=protocol) as near:
        server.bind((address, 0))
        server.listen()
        near.connect(server.getsockname()[:2])
        far, _ = server.accept()
        with far:
            yield near, far, server.getsockname()[1]


def inside(namespace: Namespace, coroutine: Coroutine[None, None, T]) -> T:
    """Run a coroutine to its end inside the namespace."""
    return namespace.call(lambda: asyncio.run(coroutine))


@pytest.mark.root
@pytest.mark.mptcp
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_connection_is_dumped_from_both_ends(loopback: Namespace, address: str) -> None:
    """Over either family a dump has both ends of a connection and its subflow, with what was sent and received."""
    with loopback.call(reading.Diag) as diag, connected(loopback, address) as (near, far, port):
        near.sendall(bytes(5000))
        far.recv(5000, socket.MSG_WAITALL)
        dump = await diag.dump([port])

    assert sorted(row.info.bytes_received or 0 for row in dump.tcp) == [0, 5000]
    assert {row.state for row in dump.tcp} == {ESTABLISHED}
    assert all(row.ulp is not None for row in dump.tcp)
    assert len(dump.mptcp) == 2
    assert {row.ends.local for row in dump.tcp} == {address}


@pytest.mark.root
@pytest.mark.mptcp
async def test_dump_has_only_our_ports(loopback: Namespace) -> None:
    """The kernel's filter leaves other connections out; no ports, no filter."""
    with (
        loopback.call(reading.Diag) as diag,
        connected(loopback, "127.0.0.1") as (_, _, one),
        connected(loopback, "127.0.0.1") as (_, _, two),
    ):
        assert len((await diag.dump([one])).mptcp) == 2
        assert len((await diag.dump([one, two])).mptcp) == 4
        assert len((await diag.dump([])).mptcp) == 4
        assert len((await diag.dump([1])).tcp) == 0


@pytest.mark.root
async def test_plain_tcp_is_dumped_without_mptcp(loopback: Namespace) -> None:
    """A plain TCP connection has rows, and no MPTCP connection beside them."""
    with loopback.call(reading.Diag) as diag, connected(loopback, "::1", socket.IPPROTO_TCP) as (_, _, port):
        dump = await diag.dump([port])

    assert [row.ulp for row in dump.tcp] == [None, None]
    assert dump.mptcp == ()


@pytest.mark.root
@pytest.mark.mptcp
async def test_abandoned_dump_does_not_spoil_the_next(loopback: Namespace) -> None:
    """A dump given up half-way, as by a timeout, leaves answers behind that the next one does not take for its own."""
    with loopback.call(reading.Diag) as diag, connected(loopback, "127.0.0.1") as (_, _, port):
        for _ in range(3):
            abandoned = asyncio.ensure_future(diag.dump([port]))
            await asyncio.sleep(0)
            abandoned.cancel()
            await asyncio.gather(abandoned, return_exceptions=True)

            dump = await diag.dump([port])

            assert (len(dump.tcp), len(dump.mptcp)) == (2, 2)


@pytest.mark.root
@pytest.mark.mptcp
def test_unprivileged_reader_sees_the_stream(loopback: Namespace) -> None:
    """Without any capability, as another user, connections and their TCP sockets are read."""
    script = (
        "import asyncio, os\n"
        "from exporters.mptcp.reading import Diag\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "async def main():\n"
        "    with Diag() as diag:\n"
        "        dump = await diag.dump([])\n"
        "        print(len(dump.tcp), len(dump.mptcp))\n"
        "asyncio.run(main())\n"
    )
    with connected(loopback, "127.0.0.1"):
        assert loopback.run([sys.executable, "-c", script]) == "2 2\n"


@pytest.mark.root
@pytest.mark.mptcp
def test_path_manager_is_read(loopback: Namespace) -> None:
    """Endpoints with id, address and flags, over both families, and the limits."""
    loopback.run(["ip", "mptcp", "limits", "set", "subflows", "3", "add_addr_accepted", "1"])
    loopback.run(["ip", "mptcp", "endpoint", "add", "10.0.0.1", "id", "4", "dev", "lo", "subflow", "backup"])
    loopback.run(["ip", "mptcp", "endpoint", "add", "2001:db8::1", "id", "9", "signal"])

    found = inside(loopback, reading.path_manager())

    assert [(e.number, e.address, e.flags) for e in found.endpoints] == [(4, "10.0.0.1", 6), (9, "2001:db8::1", 1)]
    assert (found.subflow_limit, found.accepted_address_limit) == (3, 1)


@pytest.mark.root
def test_interface_addresses_follow_the_interface(loopback: Namespace) -> None:
    """Interfaces with their addresses, as they change; one without any is there, empty."""
    loopback.run(["ip", "link", "add", "modem0", "type", "veth", "peer", "name", "modem1"])
    loopback.run(["ip", "addr", "add", "10.7.0.2/24", "dev", "modem0"])
    before = inside(loopback, reading.interface_addresses())
    loopback.run(["ip", "addr", "replace", "10.8.0.9/24", "dev", "modem0"])
    loopback.run(["ip", "addr", "del", "10.7.0.2/24", "dev", "modem0"])
    after = inside(loopback, reading.interface_addresses())
    loopback.run(["ip", "addr", "flush", "dev", "modem0"])
    empty = inside(loopback, reading.interface_addresses())

    assert before == {
        "lo": frozenset({"127.0.0.1", "::1"}),
        "modem0": frozenset({"10.7.0.2"}),
        "modem1": frozenset(),
    }
    assert after["modem0"] == frozenset({"10.8.0.9"})
    assert empty["modem0"] == frozenset()


@pytest.mark.root
@pytest.mark.mptcp
def test_switch_is_read(loopback: Namespace) -> None:
    """The namespace's own net.mptcp.enabled is read, and its counters."""
    loopback.sysctl("net.mptcp.enabled", 0)
    off = loopback.call(reading.kernel)
    loopback.sysctl("net.mptcp.enabled", 1)
    on = loopback.call(reading.kernel)

    assert (off.enabled, on.enabled) == (False, True)
    assert on.counters["MPCapableSYNRX"] == 0


def proc(root: Path, netstat: str) -> Path:
    """A tree like /proc with these network statistics."""
    (root / "thread-self/net").mkdir(parents=True)
    (root / "thread-self/net/netstat").write_text(netstat)
    return root


def test_kernel_without_mptcp(tmp_path: Path) -> None:
    """Where there is neither switch nor counter MPTCP is off."""
    found = reading.kernel(proc(tmp_path, "TcpExt: A\nTcpExt: 1\n"))

    assert (found.enabled, dict(found.counters)) == (False, {})


def test_hidden_switch_is_unknown(tmp_path: Path) -> None:
    """Where there are counters and the switch is hidden, whether MPTCP is on is unknown."""
    found = reading.kernel(proc(tmp_path, "MPTcpExt: Blackhole\nMPTcpExt: 1\n"))

    assert (found.enabled, dict(found.counters)) == (None, {"Blackhole": 1})
