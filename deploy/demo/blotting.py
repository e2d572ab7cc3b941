"""A log file in which no secret ever stands: what a program writes passes here line by line.

Programs of others print what they like; OBS, for one, prints the address that it plays, stream key
included. So they write into a pipe, and only what has been looked through reaches the disk.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

BLOT = "[secret]"
CHUNK_BYTES = 65_536
LONGEST_LINE_BYTES = 65_536  # one without an end is written in pieces of this size


def blotted(text: bytes, secrets: Sequence[str]) -> bytes:
    """`text` with every secret replaced."""
    for secret in secrets:
        text = text.replace(secret.encode(), BLOT.encode())
    return text


class BlottedLog:
    """The writing end for one process: hand `writer` to it, then `attach`, and `finish` after its end."""

    def __init__(self, path: Path, secrets: Sequence[str]) -> None:
        self._secrets = tuple(filter(None, secrets))
        self._file = path.open("ab", buffering=0)
        self.start = self._file.tell()
        self._reader, self.writer = os.pipe()
        os.set_blocking(self._reader, False)
        self._rest = b""

    def attach(self) -> None:
        """Begin to read, on the running loop, once the process holds the other end."""
        os.close(self.writer)
        asyncio.get_running_loop().add_reader(self._reader, self._read)

    def finish(self) -> None:
        """Take what is still in the pipe, and close; a child that holds it open is not waited for."""
        if self._reader >= 0:
            while self._read():
                pass
            self._close()

    def _read(self) -> bool:
        try:
            data = os.read(self._reader, CHUNK_BYTES)
        except BlockingIOError:
            return False
        self._take(data)
        if not data:
            asyncio.get_running_loop().remove_reader(self._reader)
        return bool(data)

    def _take(self, data: bytes) -> None:
        lines, newline, self._rest = (self._rest + data).rpartition(b"\n")
        if not data or len(self._rest) > LONGEST_LINE_BYTES:
            newline, self._rest = newline + self._rest, b""
        if lines or newline:
            self._file.write(blotted(lines + newline, self._secrets))

    def _close(self) -> None:
        self._take(b"")
        asyncio.get_running_loop().remove_reader(self._reader)
        os.close(self._reader)
        self._file.close()
        self._reader = -1
