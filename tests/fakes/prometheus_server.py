"""A real HTTP server on a loopback port that answers as Prometheus would, or fails as it can."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from types import TracebackType


def matrix(*rows: tuple[dict[str, str], list[tuple[float, str]]]) -> bytes:
    """A successful answer with these rows: labels, and (timestamp, value as text) pairs."""
    result = [{"metric": labels, "values": [[t_s, text] for t_s, text in values]} for labels, values in rows]
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}}).encode()


class PrometheusServer:
    """Serves `body` with `status` to any query; `fault` is one of the ways in which a server goes wrong.

    Faults: "hang" never answers, "trickle" sends a byte at a time, "truncate" ends inside the body,
    "reset" closes without an answer, "huge" sends without end.
    """

    def __init__(self, body: bytes = b"", status: int = 200, fault: str = "") -> None:
        self.body = body
        self.status = status
        self.fault = fault
        self.queries: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.connections = 0
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        """Listen on a port of the system's choice."""
        await self.start(0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening and drop every connection."""
        await self.stop()

    async def start(self, port: int) -> None:
        """Listen on `port`."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.port: int = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and drop every connection."""
        self._server.close()
        for writer in tuple(self._writers):
            writer.transport.abort()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                target = head.split(b" ", 2)[1].decode()
                self.paths.append(urlsplit(target).path)
                self.queries.append({k: v[0] for k, v in parse_qs(urlsplit(target).query).items()})
                await self._answer(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter) -> None:
        if self.fault == "hang":
            await asyncio.sleep(3_600)
        if self.fault == "reset":
            writer.transport.abort()
            return
        head = f"HTTP/1.1 {self.status} X\r\nContent-Type: application/json\r\nContent-Length: "
        if self.fault == "huge":
            writer.write(f"{head}{10**10}\r\n\r\n".encode())
            while not writer.is_closing():
                writer.write(b" " * 1_000_000)
                await writer.drain()
            return
        writer.write(f"{head}{len(self.body)}\r\n\r\n".encode())
        if self.fault == "trickle":
            for place in range(len(self.body)):
                writer.write(self.body[place : place + 1])
                await writer.drain()
                await asyncio.sleep(0.05)
            return
        if self.fault == "truncate":
            writer.write(self.body[: len(self.body) // 2])
            await writer.drain()
            writer.transport.abort()
            return
        writer.write(self.body)
        await writer.drain()
