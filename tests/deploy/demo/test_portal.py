"""Portals from the machine's loopback into a real namespace."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from deploy.demo.namespaces import Namespace
from deploy.demo.portal import Portal, PortTakenError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

pytestmark = pytest.mark.root
WAIT_S = 10.0


@pytest.fixture
def namespace() -> Iterator[Namespace]:
    """A namespace with its loopback up."""
    with Namespace.create("inside") as made:
        made.run(["ip", "link", "set", "lo", "up"])
        yield made


async def _echo_backwards(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write((await reader.read())[::-1])
    await writer.drain()
    writer.close()


@pytest.fixture
async def target(namespace: Namespace) -> AsyncIterator[tuple[str, int]]:
    """A server inside that answers, once the caller has said all, with everything backwards."""
    listener = namespace.socket()
    listener.bind(("127.0.0.1", 0))
    async with await asyncio.start_server(_echo_backwards, sock=listener) as server:
        yield server.sockets[0].getsockname()


async def test_bytes_go_in_and_come_out(namespace: Namespace, target: tuple[str, int]) -> None:
    """A large message passes both ways unharmed, and the end of each side is passed on."""
    message = bytes(range(256)) * 4000
    async with Portal("echo", namespace, target=target) as portal, asyncio.timeout(WAIT_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", portal.port)
        writer.write(message)
        writer.write_eof()

        assert await reader.read() == message[::-1]
        writer.close()


async def test_several_callers_are_served_at_once(namespace: Namespace, target: tuple[str, int]) -> None:
    """A caller that says nothing does not hold up another."""
    async with Portal("echo", namespace, target=target) as portal, asyncio.timeout(WAIT_S):
        _, silent = await asyncio.open_connection("127.0.0.1", portal.port)
        reader, writer = await asyncio.open_connection("127.0.0.1", portal.port)
        writer.write(b"abc")
        writer.write_eof()

        assert await reader.read() == b"cba"
        silent.close()
        writer.close()


async def test_only_loopback_is_listened_to(namespace: Namespace, target: tuple[str, int]) -> None:
    """Nobody from outside the machine can come in."""
    async with Portal("echo", namespace, target=target) as portal:
        assert portal.url == f"http://127.0.0.1:{portal.port}/"
        with socket.socket() as other, pytest.raises(ConnectionRefusedError):
            other.connect(("127.0.0.2", portal.port))


async def test_caller_is_cut_off_when_nothing_listens_inside(namespace: Namespace) -> None:
    """The caller's connection ends instead of hanging."""
    async with Portal("nothing", namespace, target=("127.0.0.1", 9)) as portal, asyncio.timeout(WAIT_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", portal.port)

        assert await reader.read() == b""
        writer.close()


async def test_leaving_cuts_what_is_being_carried(namespace: Namespace, target: tuple[str, int]) -> None:
    """An open connection does not keep the portal open, and its port is free again."""
    async with Portal("echo", namespace, target=target) as portal:
        port = portal.port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"x")
        await writer.drain()

    async with asyncio.timeout(WAIT_S):
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    writer.close()


async def test_port_that_is_taken_is_named_with_the_remedy(namespace: Namespace) -> None:
    """The error names the port, what it is for, and how to see who has it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(PortTakenError) as caught:
            await Portal("Prometheus", namespace, target=("127.0.0.1", 9), port=port).__aenter__()

    assert str(caught.value) == (
        f"port {port} on 127.0.0.1, wanted for Prometheus, is taken: "
        f"end what listens there (`ss -ltnp sport = :{port}`) or choose another port"
    )
