"""The socket on which the encoder is asked: one line there, one line back, in GLib's main loop."""

from __future__ import annotations

import errno
import json
import os
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from gi.repository import GLib

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Json = dict[str, Any]
    Answers = Callable[[bytes], Json | Callable[[], Json | None]]

LONGEST_LINE_BYTES = 16 * 1024
MOST_CLIENTS = 16
# An order that does not show within so long is answered as it stands: the driver reads once more.
SHOWS_WITHIN_S = 3.0
# Who connects and says nothing gives its place back.
SILENT_S = 10.0
LOOK_EVERY_MS = 10


class SocketTakenError(Exception):
    """Another encoder listens there; the message names the path."""


class ControlSocket:
    """Listens at `path`; `answers` turns a line into an answer, or into what to call until it has one.

    Raises SocketTakenError, OSError.
    """

    def __init__(self, path: Path, answers: Answers) -> None:
        self._path = path
        self._answers = answers
        self._clients: set[_Client] = set()
        _give_way(path)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        before = os.umask(0o117)  # owner and group: who may speak here sets the stream's bitrate
        try:
            self._listener.bind(str(path))
        finally:
            os.umask(before)
        self._listener.listen(MOST_CLIENTS)
        GLib.unix_fd_add_full(GLib.PRIORITY_DEFAULT, self._listener.fileno(), GLib.IOCondition.IN, self._accept)
        GLib.timeout_add(1000, self._drop_silent)

    def _accept(self, *_: object) -> bool:
        with suppress(BlockingIOError, ConnectionAbortedError):
            connection, _address = self._listener.accept()
            if len(self._clients) >= MOST_CLIENTS:
                connection.close()
            else:
                connection.setblocking(False)  # noqa: FBT003 - the signature is the standard library's
                self._clients.add(_Client(connection, self._answers, self._clients.discard))
        return True

    def _drop_silent(self) -> bool:
        for client in list(self._clients):
            client.drop_if_silent()
        return True

    def close(self) -> None:
        """Take the socket away."""
        for client in list(self._clients):
            client.close()
        self._listener.close()
        self._path.unlink(missing_ok=True)


class _Client:
    """One question and its answer."""

    def __init__(self, connection: socket.socket, answers: Answers, forget: Callable[[_Client], None]) -> None:
        self._connection, self._answers, self._forget = connection, answers, forget
        self._line = b""
        self._since_s = time.monotonic()
        self._waits = False
        self._closed = False
        GLib.unix_fd_add_full(
            GLib.PRIORITY_DEFAULT, connection.fileno(), GLib.IOCondition.IN | GLib.IOCondition.HUP, self._read
        )

    def _read(self, *_: object) -> bool:
        try:
            octets = self._connection.recv(LONGEST_LINE_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            octets = b""
        self._line += octets
        if b"\n" in self._line:
            self._begin(self._answers(self._line.partition(b"\n")[0]))
            return False
        if octets and len(self._line) < LONGEST_LINE_BYTES:
            return True
        self.close()
        return False

    def _begin(self, found: Json | Callable[[], Json | None]) -> None:
        if isinstance(found, dict):
            self._say(found)
            return
        self._waits = True
        began_s = time.monotonic()

        def look() -> bool:
            told = found()
            if told is None and time.monotonic() - began_s < SHOWS_WITHIN_S:
                return True
            self._say(told or {"outcome": "applied", "detail": "it does not show yet"})
            return False

        if look():
            GLib.timeout_add(LOOK_EVERY_MS, look)

    def _say(self, told: Json) -> None:
        with suppress(OSError):
            self._connection.send(json.dumps(told).encode() + b"\n")
        self.close()

    def drop_if_silent(self) -> None:
        """Close when nothing was asked for too long."""
        if not self._waits and time.monotonic() - self._since_s > SILENT_S:
            self.close()

    def close(self) -> None:
        """End it, once."""
        if not self._closed:
            self._closed = True
            self._connection.close()
            self._forget(self)


def _give_way(path: Path) -> None:
    """Remove what a dead encoder left at `path`. Raises SocketTakenError where a living one listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError as error:
            if error.errno == errno.ECONNREFUSED:
                path.unlink(missing_ok=True)
            return
    raise SocketTakenError(f"{path}: another encoder listens there; stop it, or give another --socket")
