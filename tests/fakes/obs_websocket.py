"""A stand-in for OBS at its WebSocket boundary (obs-websocket 5), with the ways in which it misbehaves.

To whoever posts it speaks as an obs-websocket-http bridge. `trouble` maps a request type to what
goes wrong with it, request by request. A `SilentListener` accepts connections and says nothing.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import msgpack
from aiohttp import WSMsgType, web

if TYPE_CHECKING:
    from types import TracebackType

PASSWORD = "an obs password"
SCENES = ["Main Camera", "Emergency - Simple", "Audio Only"]
OP_HELLO, OP_IDENTIFIED, OP_REIDENTIFY, OP_EVENT, OP_RESPONSE = 0, 2, 3, 5, 7
MSGPACK = "obswebsocket.msgpack"


@dataclass
class FakeObs:
    """One OBS. Set the fields before or while it runs; `asked` lists (request type, data) as received."""

    password: str = PASSWORD
    scene: str = SCENES[0]
    scenes: list[str] = field(default_factory=lambda: list(SCENES))
    inputs: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {
            "Ingest": {"inputMuted": False, "mediaState": "OBS_MEDIA_STATE_PLAYING", "mediaCursor": 4_250}
        }
    )
    stream: dict[str, Any] = field(
        default_factory=lambda: {
            "outputActive": True,
            "outputReconnecting": False,
            "outputBytes": 123_456,
            "outputSkippedFrames": 3,
            "outputTotalFrames": 900,
            "outputCongestion": 0.25,
        }
    )
    stats: dict[str, Any] = field(
        default_factory=lambda: {
            "activeFps": 10.0,
            "outputSkippedFrames": 4,
            "outputTotalFrames": 950,
            "renderSkippedFrames": 5,
            "renderTotalFrames": 960,
        }
    )
    available: list[str] | None = None
    not_ready: int = 0  # the next so many requests get 207
    lies: bool = False  # says ok to a scene change and does nothing
    late_by_s: float = 0.0  # how long after its ok a scene change shows
    rejects: int | None = None  # the close code for whoever identifies
    trouble: dict[str, list[str]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    subscriptions: list[int] = field(default_factory=list)  # as changed after identifying
    connections: int = 0
    port: int = 0

    async def __aenter__(self) -> Self:
        self._open: set[web.WebSocketResponse] = set()
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen, on the same port as before."""
        self._runner = web.ServerRunner(web.Server(self._serve), handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Cut every connection and listen no more, as a killed OBS does."""
        self.cut()
        await self._runner.cleanup()

    def cut(self) -> None:
        """Cut every connection without a close frame."""
        for socket in self._open:
            if socket._req is not None and socket._req.transport is not None:  # noqa: SLF001 (no public way to cut)
                socket._req.transport.abort()  # noqa: SLF001 (idem)

    async def kick(self, code: int) -> None:
        """Close every connection with `code`."""
        for socket in list(self._open):
            await socket.close(code=code)

    async def announce(self, event: str, data: dict[str, Any] | None = None) -> None:
        """Send an event to everybody."""
        for socket in list(self._open):
            await _send(socket, {"op": OP_EVENT, "d": {"eventType": event, "eventIntent": 2, "eventData": data or {}}})

    def orders(self) -> list[str]:
        """The scenes that were ordered."""
        return [str(data.get("sceneName")) for kind, data in self.asked if kind == "SetCurrentProgramScene"]

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.method == "POST":
            return await self._bridged(request)
        socket = web.WebSocketResponse(protocols=(MSGPACK, "obswebsocket.json"), timeout=0.1)
        await socket.prepare(request)
        self.connections += 1
        self._open.add(socket)
        try:
            with suppress(ConnectionResetError):  # who asked may be gone before its answer
                if await self._identified(socket):
                    while (message := await _received(socket)) is not None:
                        await self._taken(socket, message)
        finally:
            self._open.discard(socket)
        return socket

    async def _taken(self, socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
        if message["op"] == OP_REIDENTIFY:
            self.subscriptions.append(message["d"]["eventSubscriptions"])
            await _send(socket, {"op": OP_IDENTIFIED, "d": {"negotiatedRpcVersion": 1}})
        else:
            await self._answer(socket, message["d"])

    async def _identified(self, socket: web.WebSocketResponse) -> bool:
        challenge = {"challenge": "a challenge", "salt": "some salt"}
        hello: dict[str, Any] = {"obsWebSocketVersion": "5.1.0", "rpcVersion": 1}
        if self.password:
            hello["authentication"] = challenge
        await _send(socket, {"op": OP_HELLO, "d": hello})
        identify = (await _received(socket) or {"d": {}})["d"]
        expected = _hashed(_hashed(self.password + challenge["salt"]) + challenge["challenge"])
        code = self.rejects
        if self.password and identify.get("authentication") != expected:
            code = 4009
        if code is not None:
            await socket.close(code=code, message=b"no")
            return False
        await _send(socket, {"op": OP_IDENTIFIED, "d": {"negotiatedRpcVersion": 1}})
        return True

    async def _answer(self, socket: web.WebSocketResponse, request: dict[str, Any]) -> None:
        kind, data = request["requestType"], request.get("requestData") or {}
        trouble, answer = await self._considered(kind, data)
        if trouble == "events first":
            await self.announce("ProfileListChanged")
        if trouble == "dies":
            self.cut()
        elif trouble == "garbage":
            await socket.send_str("{not json")
            await socket.send_bytes(msgpack.packb({"not": "obs"}))
        elif trouble != "silent":
            await _send(socket, {"op": OP_RESPONSE, "d": answer | {"requestId": request["requestId"]}})

    async def _bridged(self, request: web.BaseRequest) -> web.StreamResponse:
        """Speak as an obs-websocket-http bridge in front of this OBS does."""
        kind = request.path.removeprefix("/call/")
        self.connections += kind == "GetVersion"
        given = request.headers.get("Authorization")
        if self.password and given != self.password:
            lacks = "Invalid authorization key." if given else "You are missing the `Authorization` header."
            return web.json_response({"result": False, "comment": lacks})
        if self.rejects is not None:
            return web.json_response({"result": False, "comment": "obs-websocket is not connected."})
        text = await request.text()
        trouble, answer = await self._considered(kind, json.loads(text) if text else {})
        if trouble == "silent":
            await asyncio.sleep(3600)
        if trouble == "dies" and request.transport is not None:
            request.transport.abort()
        if trouble == "garbage":
            return web.Response(text="{not json")
        return web.json_response({"result": True, "requestResult": answer})

    async def _considered(self, kind: str, data: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        self.asked.append((kind, data))
        queued = self.trouble.get(kind, [])
        trouble = queued.pop(0) if queued else "none"
        code, response = self._done(kind, data, trouble)
        status = {"result": code == 100, "code": code} | ({} if code == 100 else {"comment": "no"})
        if trouble == "late":
            await asyncio.sleep(1.5)
        told = "GetHotkeyList" if trouble == "another's answer" else kind
        return trouble, {"requestType": told, "requestStatus": status, "responseData": response}

    def _done(self, kind: str, data: dict[str, Any], trouble: str) -> tuple[int, dict[str, Any]]:
        if trouble.isdecimal():
            return int(trouble), {}
        if self.not_ready > 0 and kind != "GetVersion":
            self.not_ready -= 1
            return 207, {}
        if kind == "GetVersion":
            return 100, {} if self.available is None else {"availableRequests": self.available}
        if kind == "SetCurrentProgramScene":
            return self._show(str(data.get("sceneName")))
        if kind in {"GetInputMute", "GetMediaInputStatus"}:
            found = self.inputs.get(data["inputName"])
            return (600, {}) if found is None else (100, found)
        answers: dict[str, dict[str, Any]] = {
            "GetCurrentProgramScene": {"currentProgramSceneName": self.scene},
            "GetSceneList": {
                "currentProgramSceneName": self.scene,
                "scenes": [{"sceneName": name, "sceneIndex": n} for n, name in enumerate(reversed(self.scenes))],
            },
            "GetStreamStatus": self.stream,
            "GetStats": self.stats,
        }
        return (100, answers[kind]) if kind in answers else (204, {})

    def _show(self, name: str) -> tuple[int, dict[str, Any]]:
        if name not in self.scenes:
            return 600, {}
        if not self.lies:
            asyncio.get_running_loop().call_later(self.late_by_s, setattr, self, "scene", name)
            if self.late_by_s == 0:
                self.scene = name
        return 100, {}


class SilentListener:
    """Accepts connections and says nothing, as a stopped OBS does."""

    def __init__(self) -> None:
        self.port = 0
        self._writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._hold, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await self._server.wait_closed()

    async def _hold(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        with suppress(ConnectionError):
            await reader.read()


async def _received(socket: web.WebSocketResponse) -> dict[str, Any] | None:
    message = await socket.receive()
    if message.type is WSMsgType.TEXT:
        text: dict[str, Any] = message.json()
        return text
    if message.type is WSMsgType.BINARY:
        packed: dict[str, Any] = msgpack.unpackb(message.data)
        return packed
    return None


async def _send(socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
    if socket.ws_protocol == MSGPACK:
        await socket.send_bytes(msgpack.packb(message))
    else:
        await socket.send_json(message)


def _hashed(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
