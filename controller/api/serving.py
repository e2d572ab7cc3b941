"""Serving the API in the loop's own process, on a socket that was bound before anything else started."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI


class ListenError(Exception):
    """The address cannot be listened on; the message names the remedy."""


def bind(host: str, port: int) -> socket.socket:
    """A listening socket on `host` and `port`.

    Raises:
        ListenError: the port is taken, or the address is none of this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
    except OSError:
        raise ListenError(f"api.listen: {host} is no address; write one of this machine's, like 127.0.0.1") from None
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(128)
    except OSError as error:
        bound.close()
        raise ListenError(f"api.listen: {_refusal(host, port, error)}") from None
    return bound


def _refusal(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is taken on {host}; stop what listens there, or choose another port"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is not an address of this machine; write one that is, like 127.0.0.1"
    if error.errno == errno.EACCES:
        return f"port {port} needs more rights; choose one above 1023"
    return f"cannot listen on {host} port {port} ({error.strerror}); choose another address or port"


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: who composes the process decides how it ends."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


async def serve(app: FastAPI, bound: socket.socket) -> None:
    """Serve `app` on `bound` until cancelled."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_keep_alive=5,
        limit_concurrency=100,  # a page, Prometheus and a bot are four; more is a mistake or an attack
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[bound]))
    try:
        await asyncio.shield(serving)
    finally:
        # Told, not cancelled: it closes its connections, which takes it a tenth of a second.
        server.should_exit = True
        await serving
        bound.close()
