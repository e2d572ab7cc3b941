"""An encoder on a local socket, in the ways in which such programs go wrong.

`character`: honest; stores (keeps orders until it restarts), lies (says applied, does nothing), half
(takes the bitrate and leaves the size), hangs, garbage, closes (without an answer), refuses.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

START = {"bitrate_bps": 2_500_000, "width_px": 1280, "height_px": 720, "frame_rate_hz": 30}


class SocketEncoder:
    """One encoder at `path`; `plays` is what is on air, `told` what a read shows."""

    def __init__(self, path: Path, *, character: str = "stores") -> None:
        self.path, self.character = path, character
        self.plays: dict[str, Any] = dict(START)
        self.told: dict[str, Any] = dict(START)
        self.publishing: bool = True
        self.has_input = True
        self.asked: list[str] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_unix_server(self._serve, self.path)
        self._tasks: set[asyncio.Task[None]] = set()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            with suppress(ConnectionError):
                question = json.loads(await reader.readline())
                self.asked.append(question["verb"])
                answer = await self._answer(question)
                writer.write(answer)
                await writer.drain()
        finally:
            writer.close()

    async def _answer(self, question: dict[str, Any]) -> bytes:
        if self.character == "hangs":
            await asyncio.sleep(3600)
        if self.character == "garbage":
            return b"<html>not here</html>\n"
        if self.character == "closes":
            return b""
        said = self._read() if question["verb"] == "read" else self._order(question)
        return json.dumps(said).encode() + b"\n"

    def _read(self) -> dict[str, Any]:
        return {"configured": self.told, "publishing": self.publishing, "has_input": self.has_input, "uptime_s": 60}

    def _order(self, question: dict[str, Any]) -> dict[str, Any]:
        if self.character == "refuses":
            return {"outcome": "refused", "detail": "not now"}
        if self.character != "lies":
            self._take(question)
        return {"outcome": "stored" if self.character == "stores" else "applied"}

    def _take(self, question: dict[str, Any]) -> None:
        if question["verb"] == "publish":
            self.publishing = question["on"]
        if question["verb"] != "apply":
            return
        target = {name: question["target"][name] for name in START}
        if self.character == "half":
            target |= {"width_px": self.told["width_px"], "height_px": self.told["height_px"]}
        self.told = target
        if self.character != "stores":
            self.plays = target
