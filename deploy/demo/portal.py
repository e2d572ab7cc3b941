"""A way from this machine's loopback to a port inside a namespace, for browsers.

It listens on 127.0.0.1 only. Each connection is carried on by a socket that was made inside the
namespace, so the server there sees a local client.
"""

from __future__ import annotations

import asyncio
import errno
from contextlib import suppress
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from deploy.demo.namespaces import Namespace

LOOPBACK = "127.0.0.1"
CHUNK_BYTES = 65536


class PortTakenError(Exception):
    """Something else listens on the port; the message names port and remedy."""


class Portal:
    """Forwards 127.0.0.1:`port` to `target` inside `namespace`, for the length of an `async with`.

    Port 0 takes any free one; `port` is then the one taken. `name` says in errors what it is for.
    """

    def __init__(self, name: str, namespace: Namespace, *, target: tuple[str, int], port: int = 0) -> None:
        self.name, self.port = name, port
        self._namespace, self._target = namespace, target
        self._server: asyncio.Server | None = None
        self._carried: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where a browser finds it."""
        return f"http://{LOOPBACK}:{self.port}/"

    async def __aenter__(self) -> Self:
        """Listen. Raises `PortTakenError`."""
        try:
            self._server = await asyncio.start_server(self._accept, LOOPBACK, self.port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise PortTakenError(
                f"port {self.port} on {LOOPBACK}, wanted for {self.name}, is taken: "
                f"end what listens there (`ss -ltnp sport = :{self.port}`) or choose another port"
            ) from error
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening and cut what is being carried."""
        if self._server is not None:
            self._server.close()
        carried = list(self._carried)
        for task in carried:
            task.cancel()
        await asyncio.gather(*carried, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry in a task of our own: the one that Python 3.11 makes complains when it is cancelled."""
        task = asyncio.create_task(self._carry(reader, writer), name=f"portal {self.name}")
        self._carried.add(task)
        task.add_done_callback(self._carried.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers = [writer]
        try:
            far_reader, far_writer = await self._connect()
            writers.append(far_writer)
            async with asyncio.TaskGroup() as group:
                group.create_task(_pump(reader, far_writer))
                group.create_task(_pump(far_reader, writer))
        except OSError:
            pass  # nothing listens there: the browser sees the connection end
        except asyncio.CancelledError:
            for each in writers:
                each.transport.abort()
            raise
        finally:
            for each in writers:
                each.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        made = self._namespace.socket()
        made.settimeout(0)
        try:
            await asyncio.get_running_loop().sock_connect(made, self._target)
            return await asyncio.open_connection(sock=made)
        except BaseException:
            made.close()
            raise


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry bytes until the sender ends, then pass its end on. A broken connection is an end."""
    with suppress(OSError):
        while octets := await reader.read(CHUNK_BYTES):
            writer.write(octets)
            await writer.drain()
        writer.write_eof()
