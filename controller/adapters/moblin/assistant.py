"""The WebSocket server that the phone connects to: one phone, its last word, and our requests to it."""

from __future__ import annotations

import asyncio
import hmac
import itertools
import logging
import secrets
from contextlib import suppress
from dataclasses import dataclass, field, replace

from aiohttp import WSMsgType, web
from pydantic import SecretStr

from controller.adapters.moblin import protocol
from controller.adapters.moblin.protocol import Identify, Ping, Response, State

_log = logging.getLogger(__name__)
IDENTIFY_WITHIN_S = 5.0
# A phone that went into a tunnel is noticed after two of these.
HEARTBEAT_S = 5.0
LONGEST_MESSAGE_BYTES = 1_000_000


@dataclass(eq=False)
class Phone:
    """The phone that is connected now. `changed` is set anew at each state that it tells."""

    socket: web.WebSocketResponse
    state: State = State()  # noqa: RUF009 - frozen
    asked: dict[int, asyncio.Future[Response]] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class Assistant:
    """Listens on `host`:`port`, for a phone that knows `password`."""

    def __init__(self, *, host: str, port: int, password: SecretStr) -> None:
        self._host, self._port = host, port
        self._password = password
        self._runner: web.AppRunner | None = None
        self._numbers = itertools.count(1)
        self.phone: Phone | None = None
        self.refused = False

    async def listen(self) -> None:
        """Begin to listen, unless it does already. Raises OSError."""
        if self._runner is not None:
            return
        app = web.Application()
        app.router.add_get("/{path:.*}", self._serve)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.5)
        await runner.setup()
        try:
            site = web.TCPSite(runner, self._host, self._port, reuse_address=True)
            await site.start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        self._port = runner.addresses[0][1]

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._port

    async def close(self) -> None:
        """Let the phone go and stop listening."""
        if self.phone is not None:
            await self.phone.socket.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def ask(self, phone: Phone, name: str, *, deadline_s: float, **arguments: object) -> Response | None:
        """The phone's answer to one request; None when none came in time."""
        number = next(self._numbers)
        answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        phone.asked[number] = answer
        try:
            async with asyncio.timeout(deadline_s):
                await phone.socket.send_str(protocol.request(number, name, **arguments))
                return await answer
        except (TimeoutError, ConnectionError, RuntimeError):
            return None
        finally:
            del phone.asked[number]

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=LONGEST_MESSAGE_BYTES)
        await socket.prepare(request)
        if not await self._identified(socket):
            await socket.close()
            return socket
        before, phone = self.phone, Phone(socket)
        self.phone = phone
        if before is not None:
            await before.socket.close()
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    await self._hear(phone, message.data)
        finally:
            if self.phone is phone:
                self.phone = None
        return socket

    async def _identified(self, socket: web.WebSocketResponse) -> bool:
        challenge, salt = secrets.token_hex(16), secrets.token_hex(16)
        expected = protocol.proof(password=self._password.get_secret_value(), challenge=challenge, salt=salt)
        with suppress(TimeoutError, TypeError, ConnectionError):
            await socket.send_str(protocol.hello(challenge=challenge, salt=salt))
            async with asyncio.timeout(IDENTIFY_WITHIN_S):
                said = protocol.parsed(await socket.receive_str())
            given = said.authentication if isinstance(said, Identify) else ""
            ok = hmac.compare_digest(given.encode(), expected.encode())
            await socket.send_str(protocol.identified(ok=ok))
            if not ok and not self.refused:
                _log.warning("a phone showed a wrong password; correct it in Moblin's remote control")
            self.refused = not ok
            return ok
        return False

    async def _hear(self, phone: Phone, text: str) -> None:
        said = protocol.parsed(text)
        if isinstance(said, Ping):
            await phone.socket.send_str(protocol.pong())
        elif isinstance(said, Response):
            waiting = phone.asked.get(said.number)
            if waiting is not None and not waiting.done():
                waiting.set_result(said)
        elif isinstance(said, State):
            before = phone.state
            phone.state = replace(
                before,
                preset=before.preset if said.preset is None else said.preset,
                streaming=before.streaming if said.streaming is None else said.streaming,
            )
            phone.changed.set()
