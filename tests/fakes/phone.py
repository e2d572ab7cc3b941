"""A phone with Moblin that connects to an assistant, in the ways in which phones do.

`character`: lies (says ok, changes nothing; the usual one, for a driver must not believe it), honest,
hangs, garbage, mute (never tells its state), half (says ok, tells another preset than the one asked),
leaves (closes at an order).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any, Self

import aiohttp

if TYPE_CHECKING:
    from types import TracebackType

PASSWORD = "a phone password"
PRESETS = {"id-high": 5_000_000, "id-middle": 2_500_000, "id-low": 1_000_000, "id-least": 500_000}


class FakePhone:
    """One phone; `requests` are the names of what it was asked, `preset` what it streams at."""

    def __init__(self, port: int, *, character: str = "lies", password: str = PASSWORD) -> None:
        self.port, self.character, self.password = port, character, password
        self.presets = dict(PRESETS)
        self.preset = "id-middle"
        self.streaming = True
        self.requests: list[str] = []
        self.result: str | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        self._socket = await self._session.ws_connect(f"ws://127.0.0.1:{self.port}/")
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._socket.close()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._session.close()

    async def send(self, message: object) -> None:
        """Send one message as it is."""
        await self._socket.send_str(message if isinstance(message, str) else json.dumps(message))

    async def tell(self, **state: object) -> None:
        """Tell a change of state."""
        await self.send({"event": {"data": {"state": {"data": state}}}})

    async def _run(self) -> None:
        async for message in self._socket:
            said: dict[str, Any] = json.loads(message.data)
            if "hello" in said:
                given = said["hello"]["authentication"]
                inner = _hashed(self.password + given["salt"])
                await self.send({"identify": {"authentication": _hashed(inner + given["challenge"])}})
            elif "identified" in said:
                self.result = next(iter(said["identified"]["result"]))
                if self.character != "mute":
                    await self.tell(bitrate=self.preset, streaming=self.streaming)
            elif "request" in said:
                await self._obey(said["request"]["id"], said["request"]["data"])

    async def _obey(self, number: int, data: dict[str, Any]) -> None:
        name, arguments = next(iter(data.items()))
        self.requests.append(name)
        if name == "getSettings":
            rows = [{"id": preset, "bitrate": bps} for preset, bps in self.presets.items()]
            await self._answer(number, {"getSettings": {"data": {"bitratePresets": rows, "scenes": []}}})
            return
        if self.character == "leaves":
            await self._socket.close()
        elif self.character == "garbage":
            await self.send("<html>")
        elif self.character != "hangs":
            await self._answer(number, None)
            await self._change(name, arguments)

    async def _change(self, name: str, arguments: dict[str, Any]) -> None:
        if name == "setStream":
            self.streaming = arguments["on"]
            await self.tell(streaming=self.streaming)
        if name == "setBitratePreset" and self.character != "lies":
            self.preset = "id-high" if self.character == "half" else arguments["id"]
            await self.tell(bitrate=self.preset)

    async def _answer(self, number: int, data: object) -> None:
        await self.send({"response": {"id": number, "result": {"ok": {}}, "data": data}})


def _hashed(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
