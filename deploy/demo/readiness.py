"""Readiness probes: what must be true before a part counts as up.

A probe looks once and answers None, or what is still missing, in words. Asking again, and giving
up, is the runner's business.
"""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from deploy.demo.namespaces import Namespace

LOOK_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class Started:
    """A started process, as far as a probe needs it: where it runs, what it has written since its start."""

    namespace: Namespace | None
    log: Callable[[], str]


class Probe(Protocol):
    """One look at a started process."""

    async def missing(self, started: Started) -> str | None:
        """None when ready, else what is missing."""
        ...


@dataclass(frozen=True, slots=True)
class TcpReady:
    """Something listens at address and port, seen from the part's own host."""

    host: str
    port: int

    async def missing(self, started: Started) -> str | None:
        """Connect once."""
        with _socket(started.namespace) as probe:
            probe.settimeout(0)
            try:
                async with asyncio.timeout(LOOK_TIMEOUT_S):
                    await asyncio.get_running_loop().sock_connect(probe, (self.host, self.port))
            except OSError as error:
                return f"nothing answers at {self.host}:{self.port} ({_cause(error)})"
        return None


@dataclass(frozen=True, slots=True)
class HttpReady:
    """A GET of the URL is answered with a status below 400, seen from the part's own host."""

    url: str

    async def missing(self, started: Started) -> str | None:
        """Ask once."""
        try:
            async with (
                aiohttp.ClientSession(
                    connector=connector(started.namespace), timeout=aiohttp.ClientTimeout(LOOK_TIMEOUT_S)
                ) as session,
                session.get(self.url) as answer,
            ):
                return None if answer.ok else f"{self.url} answers {answer.status}"
        except (aiohttp.ClientError, OSError) as error:
            return f"{self.url} does not answer ({_cause(error)})"


@dataclass(frozen=True, slots=True)
class LogReady:
    """The part has written this text since its start."""

    text: str

    async def missing(self, started: Started) -> str | None:
        """Look through the log."""
        return None if self.text in started.log() else f"its log does not say {self.text!r}"


@dataclass(frozen=True, slots=True)
class CallReady:
    """A question of the caller's own; it answers as a probe does."""

    ask: Callable[[], Awaitable[str | None]]

    async def missing(self, started: Started) -> str | None:  # noqa: ARG002 - the protocol's shape
        """Ask once."""
        return await self.ask()


def connector(namespace: Namespace | None) -> aiohttp.TCPConnector:
    """A connector for an `aiohttp.ClientSession` whose connections start inside the namespace."""
    return aiohttp.TCPConnector(socket_factory=lambda info: _socket(namespace, info[0]))


def _socket(namespace: Namespace | None, family: int = socket.AF_INET) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM) if namespace is None else namespace.socket(family)
    made.settimeout(0)
    return made


def _cause(error: Exception) -> str:
    return str(error) or type(error).__name__
