"""Readiness probes, each against something that is there and something that is not."""

from __future__ import annotations

import asyncio
import socket

import aiohttp
import pytest

from deploy.demo.namespaces import Namespace
from deploy.demo.readiness import CallReady, HttpReady, LogReady, Started, TcpReady, connector

HERE = Started(None, lambda: "started\nlistening on 1935\n")


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, status: str) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
    await writer.drain()
    writer.close()


async def _server(status: str) -> asyncio.Server:
    return await asyncio.start_server(lambda reader, writer: _answer(reader, writer, status), "127.0.0.1", 0)


def _port(server: asyncio.Server) -> int:
    port = server.sockets[0].getsockname()[1]
    assert isinstance(port, int)
    return port


@pytest.fixture
def closed_port() -> int:
    """A port where nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    assert isinstance(port, int)
    return port


@pytest.mark.parametrize(
    ("status", "missing"), [("200 OK", None), ("204 No Content", None), ("503 Busy", "answers 503")]
)
async def test_http_is_ready_when_it_answers_well(status: str, missing: str | None) -> None:
    """A status below 400 is ready; another is told."""
    async with await _server(status) as server:
        found = await HttpReady(f"http://127.0.0.1:{_port(server)}/-/ready").missing(HERE)

    assert (found is None) if missing is None else (found is not None and missing in found)


async def test_http_that_does_not_answer_is_named(closed_port: int) -> None:
    """The URL is in the words."""
    url = f"http://127.0.0.1:{closed_port}/"

    assert (await HttpReady(url).missing(HERE) or "").startswith(f"{url} does not answer")


async def test_tcp_is_ready_when_something_listens() -> None:
    """A connection is enough."""
    async with await _server("200 OK") as server:
        assert await TcpReady("127.0.0.1", _port(server)).missing(HERE) is None


async def test_tcp_that_refuses_is_named(closed_port: int) -> None:
    """Address and port are in the words."""
    found = await TcpReady("127.0.0.1", closed_port).missing(HERE)

    assert found is not None
    assert f"127.0.0.1:{closed_port}" in found


async def test_log_is_searched_for_its_text() -> None:
    """Ready when the text has been written."""
    assert await LogReady("listening on").missing(HERE) is None
    assert await LogReady("done").missing(HERE) == "its log does not say 'done'"


async def test_question_of_the_caller_is_asked() -> None:
    """The caller's own answer is the answer."""

    async def ask() -> str | None:
        return "no picture yet"

    assert await CallReady(ask).missing(HERE) == "no picture yet"


@pytest.mark.root
async def test_probes_look_from_inside_the_namespace() -> None:
    """What listens in the namespace is ready there, and not on the machine."""
    with Namespace.create("probe") as namespace:
        namespace.run(["ip", "link", "set", "lo", "up"])
        with namespace.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            host, port = listener.getsockname()

            assert await TcpReady(host, port).missing(Started(namespace, str)) is None
            assert await TcpReady(host, port).missing(HERE) is not None


@pytest.mark.root
async def test_connector_reaches_a_server_inside() -> None:
    """An HTTP session with the connector is a client of the namespace."""
    with Namespace.create("http") as namespace:
        namespace.run(["ip", "link", "set", "lo", "up"])
        listener = namespace.socket()
        listener.bind(("127.0.0.1", 0))
        server = await asyncio.start_server(lambda reader, writer: _answer(reader, writer, "204 No"), sock=listener)
        async with (
            server,
            aiohttp.ClientSession(connector=connector(namespace)) as session,
            session.get(f"http://127.0.0.1:{_port(server)}/") as answer,
        ):
            assert answer.status == 204
