"""A VPS's controller as the rig meets it: a good one, or one that does everything wrong that a server can."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Self

GOOD: dict[str, dict[str, Any]] = {
    "/api/link/report": {"received": 10**9},
    "/api/link/override": {"book": "theirs", "number": 0, "left_s": None, "override": None},
}


class Rogue:
    """Answers `GOOD`; with `fault`: "refuse", "hang", "garbage", "endless", "break", "nonsense" (an order)."""

    def __init__(self) -> None:
        self.fault = ""
        self.port = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen, on the port that it had."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no more, and break what is open."""
        if self._server is not None:
            self._server.close()
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = head.decode().split("\r\n")
                lengths = [line.split(":")[1] for line in lines if line.lower().startswith("content-length")]
                await reader.readexactly(int(lengths[0]) if lengths else 0)
                await self._answer(writer, lines[0].split(" ")[1].partition("?")[0])
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, path: str) -> None:
        good = GOOD[path]
        if self.fault == "hang":
            await asyncio.sleep(3_600)
        if self.fault == "break":
            writer.transport.abort()
            return
        if self.fault == "nonsense" and path == "/api/link/override":
            good = {**good, "number": 7, "left_s": 60.0, "override": {"until_s": 1.0, "reason": "r"}}
        status = 401 if self.fault == "refuse" else 200
        body = b"<html>hello</html>" if self.fault == "garbage" else json.dumps(good).encode()
        size = 10**9 if self.fault == "endless" else len(body)
        writer.write(
            f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n\r\n".encode()
        )
        writer.write(b" " * 1_000_000 if self.fault == "endless" else body)
        await writer.drain()
        if self.fault == "" and path == "/api/link/override":
            await asyncio.sleep(0.2)  # a good one answers when there is news; we need not be asked without end
