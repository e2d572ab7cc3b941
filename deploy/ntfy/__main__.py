"""`python -m deploy.ntfy --topic-url-file FILE`: take Alertmanager's webhooks and publish them to an ntfy topic.

It answers 200 once ntfy has taken the message and 502 when it has not: Alertmanager then tries again.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import aiohttp
from aiohttp import web

from deploy.ntfy.message import PayloadError, Topic, message, topic

BAD_INPUT = 2
PUBLISH_TIMEOUT_S = 5.0
LARGEST_BODY_BYTES = 1_000_000

_log = logging.getLogger("deploy.ntfy")


class Adapter:
    """The one route, publishing to `target`, with a bearer `token` where the topic asks for one."""

    def __init__(self, target: Topic, token: str | None) -> None:
        self._target = target
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    def application(self) -> web.Application:
        """The HTTP application; it owns the client session."""
        made = web.Application(client_max_size=LARGEST_BODY_BYTES)
        made.add_routes([web.post("/", self._receive), web.get("/-/healthy", _healthy)])
        return made

    async def _receive(self, request: web.Request) -> web.Response:
        try:
            told = message(await request.read(), self._target.name)
        except PayloadError as error:
            return web.Response(status=400, text=f"{error}\n")
        problem = None if told is None else await self._publish(told)
        if problem is not None:
            _log.warning("ntfy has not taken the message: %s", problem)
        return web.Response(status=502 if problem else 200, text=problem or "ok\n")

    async def _publish(self, told: dict[str, object]) -> str | None:
        """Publish once; what went wrong, without the topic's name."""
        timeout = aiohttp.ClientTimeout(PUBLISH_TIMEOUT_S)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, headers=self._headers) as session,
                session.post(self._target.server, json=told, allow_redirects=False) as answer,
            ):
                return None if answer.ok else f"HTTP {answer.status}"
        except (aiohttp.ClientError, TimeoutError) as error:
            return type(error).__name__


async def _healthy(_: web.Request) -> web.Response:
    return web.Response(text="healthy\n")


def _listen(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no ADDRESS:PORT")
    return host, int(port)


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until told to end; 2 with one line when it cannot start."""
    parser = argparse.ArgumentParser(prog="python -m deploy.ntfy", description=__doc__)
    parser.add_argument("--topic-url-file", type=Path, required=True, metavar="FILE", help="like https://ntfy.sh/topic")
    parser.add_argument("--token-file", type=Path, metavar="FILE", help="an access token, for a protected topic")
    parser.add_argument("--listen", type=_listen, default=("127.0.0.1", 9098), metavar="ADDRESS:PORT")
    options = parser.parse_args(argv)
    try:
        target = topic(options.topic_url_file.read_text(encoding="utf-8"))
        token = options.token_file.read_text(encoding="utf-8").strip() if options.token_file else None
    except (OSError, ValueError) as error:
        sys.stderr.write(f"deploy.ntfy: {error}\n")
        return BAD_INPUT
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    host, port = options.listen
    try:
        web.run_app(Adapter(target, token).application(), host=host, port=port, print=None, access_log=None)
    except OSError as error:
        sys.stderr.write(f"deploy.ntfy: cannot listen on {host}:{port}: {error.strerror}\n")
        return BAD_INPUT
    return 0


if __name__ == "__main__":
    sys.exit(main())
