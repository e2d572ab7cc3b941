"""The HTTP face that nginx asks: POST a form to /auth/, read the status. GET /health says whether keys are there."""

from __future__ import annotations

import logging
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import parse_qsl

from aiohttp import web

from exporters.rtmp_auth.desk import Answer, Desk, Moment
from exporters.rtmp_auth.judging import Reason

MAX_BODY_BYTES = 8_192
"""nginx's form has a few hundred bytes; the arguments of a stream's name may be long."""

_MAX_FIELDS = 64
_log = logging.getLogger(__name__)


class Service:
    """Serves one desk at HOST:PORT from `start` until `close`."""

    def __init__(self, desk: Desk, now: Callable[[], Moment], *, host: str, port: int) -> None:
        self._desk = desk
        self._now = now
        self._host, self._port = host, port
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen. Raises OSError when the address cannot be had."""
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        for path in ("/auth/", "/auth"):
            app.router.add_post(path, self._auth)
        app.router.add_get("/health", self._health)
        # No access log: a line per question would tell who asked for what.
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()

    @property
    def port(self) -> int:
        """The port that is listened on, after `start`."""
        if self._runner is None:
            raise RuntimeError("the service was not started")
        return int(self._runner.addresses[0][1])

    async def close(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _auth(self, request: web.Request) -> web.Response:
        body = await request.read()  # too large raises 413, which refuses as well
        try:
            form = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS))
        except ValueError:
            form = {}
        answer = self._desk.ask(form, self._now())
        _tell(answer)
        return web.Response(status=answer.verdict.status)

    async def _health(self, _: web.Request) -> web.Response:
        ready = self._desk.table is not None
        status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
        return web.json_response({"ready": ready}, status=status)


def _tell(answer: Answer) -> None:
    """One line for what an operator must act on; guesses are counted, and told once per block."""
    verdict = answer.verdict
    if answer.blocks:
        _log.warning("an address guessed too often and is refused for a while")
    elif verdict.entry is not None and verdict.reason is not None and verdict.reason is not Reason.THROTTLED:
        _log.warning("%s was refused although its key is right: %s", verdict.entry.alias, verdict.reason)
