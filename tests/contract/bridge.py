"""A bridge from HTTP to a real OBS, written from the README of obs-websocket-http.

Unlike that program it connects again when OBS comes back.
"""

from __future__ import annotations

import json
from typing import Any, Self

import simpleobsws
from aiohttp import web

KEY = "the bridge's key"
CALL_TIMEOUT_S = 1.0


class Bridge:
    """Listens on 127.0.0.1:`port` while entered, and asks the OBS at `obs_port`."""

    def __init__(self, *, obs_port: int, obs_password: str) -> None:
        self._client: Any = simpleobsws.WebSocketClient(f"ws://127.0.0.1:{obs_port}", obs_password)
        self.port = 0

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/call/{kind}", self._call)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
        if self._client.ws is not None:
            self._client.ws.transport.abort()
            await self._client.recv_task

    async def _call(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != KEY:
            return web.json_response({"result": False, "comment": "Invalid authorization key."})
        text = await request.text()
        try:
            answer = await self._asked(request.match_info["kind"], json.loads(text) if text else None)
        except simpleobsws.MessageTimeout:
            return web.json_response({"result": False, "comment": "The obs-websocket request timed out."})
        except (OSError, simpleobsws.NotIdentifiedError):
            return web.json_response({"result": False, "comment": "obs-websocket is not connected."})
        return web.json_response({"result": True, "requestResult": answer})

    async def _asked(self, kind: str, data: dict[str, Any] | None) -> dict[str, Any]:
        if not self._client.identified:
            await self._client.connect()
            await self._client.wait_until_identified(timeout=CALL_TIMEOUT_S)
        response = await self._client.call(simpleobsws.Request(kind, data), timeout=CALL_TIMEOUT_S)
        status = {"result": response.requestStatus.result, "code": response.requestStatus.code}
        return {
            "requestType": response.requestType,
            "requestStatus": status,
            "responseData": response.responseData or {},
        }
