"""Reads the file of keys when it changed, and asks another authentication service whether it lives."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from exporters.rtmp_auth.keys import Hash, KeysError, Table, parse

MAX_FILE_BYTES = 1 << 20


class ReadError(Exception):
    """It could not be read; the message names the cause and the remedy, never a key."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells one version of a file from another."""

    modified_ns: int
    size: int
    inode: int


class KeysFile:
    """The file at `path`. `table` stays what it was when a new version cannot be used."""

    def __init__(self, path: Path, digest: Hash) -> None:
        self._path = path
        self._digest = digest
        self._seen: Stamp | None = None

    async def changed(self) -> Table | None:
        """The table, where the file is another than at the last good read; else None. Raises ReadError."""
        return await asyncio.to_thread(self._changed)

    def _changed(self) -> Table | None:
        try:
            found = self._path.stat()
            stamp = Stamp(found.st_mtime_ns, found.st_size, found.st_ino)
            if stamp == self._seen:
                return None
            if found.st_size > MAX_FILE_BYTES:
                raise ReadError(f"{self._path} has more than {MAX_FILE_BYTES} bytes; is it the right file?")
            table = parse(self._path.read_text(encoding="utf-8"), self._digest)
        except OSError as error:
            raise ReadError(f"{self._path} cannot be read: {error.strerror}; the keys read before stay") from None
        except UnicodeDecodeError:
            raise ReadError(f"{self._path} is no UTF-8 text; the keys read before stay") from None
        except KeysError as error:
            raise ReadError(f"{self._path}: {error}; the keys read before stay") from None
        self._seen = stamp
        return table


class OtherService:
    """An nginx-rtmp-auth of somebody else's, at `url`: it is asked nothing, only whether it answers."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Give the connection back."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def answers(self) -> bool:
        """True where it answers as itself. A GET is refused by 405: that is life. Raises ReadError for silence."""
        if self._session is None:
            self._session = aiohttp.ClientSession()
        try:
            async with self._session.get(self._url, allow_redirects=False) as response:
                return response.status < 500
        except aiohttp.ClientError as error:
            raise ReadError(f"the other service cannot be reached ({type(error).__name__}); is it up?") from None
