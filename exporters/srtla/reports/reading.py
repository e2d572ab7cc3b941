"""Gets reports: pages over HTTP, lines of a Unix socket, files. Messages name no address, which may hold a key."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import aiohttp

from exporters.srtla.reports.model import MAX_REPORT_BYTES, ReportError
from exporters.srtla.reports.sender import is_update, subscription


class Pages:
    """Fetches pages of one server."""

    def __init__(self, key: str = "") -> None:
        """`key` is sent as the bare value of the header Authorization, as SLS wants it."""
        self._headers = {"Authorization": key} if key else {}
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Give the connections back. Idempotent."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def fetch(self, url: str, query: dict[str, str] | None = None) -> bytes:
        """One page; that of a 404 too, because servers answer so for an absent publisher.

        Raises ReportError when nothing answers, for other statuses, and beyond a megabyte. Redirects are not followed.
        """
        if self._session is None:
            self._session = aiohttp.ClientSession(headers=self._headers)
        try:
            async with self._session.get(url, params=query, allow_redirects=False) as response:
                if response.status == 401:
                    raise ReportError("the statistics page wants a key: give --api-key-file, or another one")
                if response.status not in {200, 404}:
                    raise ReportError(f"the statistics page answers HTTP {response.status}; check its address")
                page = await _limited(response)
        except aiohttp.ClientError as error:
            raise ReportError(
                f"the statistics page cannot be read ({type(error).__name__}); is the server up?"
            ) from None
        if response.status == 404 and not page.lstrip().startswith(b"{"):
            raise ReportError("the statistics page answers HTTP 404; check its address")
        return page


class Updates:
    """srtla_send's reports, pushed each second over its control socket."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def close(self) -> None:
        """Hang up. Idempotent."""
        if self._writer is not None:
            self._writer.close()
            with suppress(OSError):
                await self._writer.wait_closed()
        self._reader = self._writer = None

    async def next(self) -> bytes:
        """The next report. Raises ReportError when the socket is gone; the next call connects anew."""
        try:
            return await self._next()
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            await self.close()
            raise ReportError(f"srtla_send's control socket fails ({type(error).__name__}); does it run?") from None
        except BaseException:
            await self.close()
            raise

    async def _next(self) -> bytes:
        if self._reader is None or self._writer is None:
            opened = await asyncio.open_unix_connection(self._path, limit=MAX_REPORT_BYTES)
            self._reader, self._writer = opened
            self._writer.write(subscription())
            await self._writer.drain()
        while True:
            line = await self._reader.readuntil(b"\n")
            if is_update(line):
                return line


class Tail:
    """What is appended to a file, from its end at the first call; a new or cut file is read from its start."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file: BinaryIO | None = None  # kept open, so that no other file can get its inode number

    def close(self) -> None:
        """Close the file. Idempotent."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def read(self) -> bytes:
        """What was appended since the last call, a megabyte at most. Raises ReportError."""
        try:
            status = Path(self._path).stat()
            if self._file is None:
                self._file = Path(self._path).open("rb")  # noqa: SIM115 - kept open, closed by close()
                self._file.seek(0, os.SEEK_END)
            elif status.st_ino != os.fstat(self._file.fileno()).st_ino:
                self._file.close()
                self._file = Path(self._path).open("rb")  # noqa: SIM115 - kept open, closed by close()
            elif status.st_size < self._file.tell():
                self._file.seek(0)
            return self._file.read(MAX_REPORT_BYTES)
        except OSError as error:
            raise ReportError(f"the file {self._path} cannot be read: {error.strerror}") from None


def whole(path: str) -> bytes:
    """A small file. Raises ReportError."""
    try:
        with Path(path).open("rb") as file:
            return file.read(MAX_REPORT_BYTES + 1)
    except OSError as error:
        raise ReportError(f"the file {path} cannot be read: {error.strerror}") from None


async def _limited(response: aiohttp.ClientResponse) -> bytes:
    page = b""
    async for chunk in response.content.iter_any():
        page += chunk
        if len(page) > MAX_REPORT_BYTES:
            raise ReportError(f"the statistics page is larger than {MAX_REPORT_BYTES} bytes; check its address")
    return page
