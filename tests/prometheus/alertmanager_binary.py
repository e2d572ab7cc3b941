"""The installed Alertmanager between a poster of alerts and stand-ins for what it notifies."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from email import message_from_string, policy
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import httpx
from aiohttp import web

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

READY_DEADLINE_S = 30.0


def free_port() -> int:
    """A loopback port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Told(NamedTuple):
    """One notification: the path it came to, its bearer token, and its JSON."""

    path: str
    authorization: str | None
    content: Any


class Listener:
    """Takes every POST and answers as Discord and Telegram do."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.port = free_port()

    def on(self, path: str) -> list[Told]:
        """What came to paths that begin so."""
        return [one for one in self.told if one.path.startswith(path)]

    async def __aenter__(self) -> Self:
        """Listen."""
        application = web.Application()
        application.router.add_post("/{path:.*}", self._take)
        self._runner = web.AppRunner(application)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening."""
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        content = await request.json()
        self.told.append(Told(request.path, request.headers.get("Authorization"), content))
        if request.path.startswith("/bot"):
            return web.json_response({"ok": True, "result": {"message_id": 1, "chat": {"id": 1}, "date": 1}})
        return web.json_response({}, status=200)


class Mailbox:
    """The least of an SMTP server: it takes mail from anyone who says a password."""

    def __init__(self) -> None:
        self.mails: list[str] = []
        self.port = free_port()

    async def __aenter__(self) -> Self:
        """Listen."""
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", self.port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening."""
        self._server.close()
        await self._server.wait_closed()

    @property
    def texts(self) -> list[str]:
        """The plain text of each mail, its subject first."""
        return [_text(mail) for mail in self.mails]

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers = {"EHLO": "250-here\r\n250 AUTH PLAIN", "AUTH": "235 ok", "DATA": "354 go", "QUIT": "221 bye"}
        writer.write(b"220 here\r\n")
        while line := (await reader.readline()).decode():
            verb = line[:4].upper().strip()
            writer.write(f"{answers.get(verb, '250 ok')}\r\n".encode())
            if verb == "DATA":
                self.mails.append((await reader.readuntil(b"\r\n.\r\n")).decode())
                writer.write(b"250 taken\r\n")
            if verb == "QUIT":
                break
        writer.close()


def _text(mail: str) -> str:
    parsed = message_from_string(mail, policy=policy.default)
    body = parsed.get_body(("plain",))
    lines = [] if body is None else body.get_content().splitlines()
    return "\n".join([str(parsed["Subject"]), *lines])


class AlertmanagerBinary:
    """The installed Alertmanager on a loopback port, without gossip."""

    def __init__(self, directory: Path, config: Path) -> None:
        self._directory = directory
        self._config = config
        self.url = f"http://127.0.0.1:{free_port()}"

    async def __aenter__(self) -> Self:
        """Start it and wait until it is ready."""
        self._log = (self._directory / "alertmanager.log").open("ab")
        self._process = await asyncio.create_subprocess_exec(
            "prometheus-alertmanager",
            f"--config.file={self._config}",
            f"--storage.path={self._directory}/alertmanager",
            f"--web.listen-address={self.url.removeprefix('http://')}",
            "--cluster.listen-address=",
            stdout=self._log,
            stderr=self._log,
        )
        async with asyncio.timeout(READY_DEADLINE_S), httpx.AsyncClient(trust_env=False) as client:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    if (await client.get(f"{self.url}/-/ready")).status_code == httpx.codes.OK:
                        return self
                await asyncio.sleep(0.05)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it and wait for its end."""
        if self._process.returncode is None:
            self._process.terminate()
        await self._process.wait()
        self._log.close()

    async def post(self, *alerts: dict[str, Any]) -> None:
        """Tell it of alerts, as Prometheus does."""
        async with httpx.AsyncClient(trust_env=False) as client:
            (await client.post(f"{self.url}/api/v2/alerts", json=alerts)).raise_for_status()

    async def inhibited(self) -> set[str]:
        """The names of the alerts that it keeps silent about because of others."""
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = (await client.get(f"{self.url}/api/v2/alerts")).raise_for_status().json()
        return {alert["labels"]["alertname"] for alert in answer if alert["status"]["inhibitedBy"]}
