"""A file of uplinks that may change while the exporter runs: what the sender's side knows of its links."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from exporters.srtla.model import Role
from exporters.srtla.naming import Uplink, conflicts, parse_uplink

MAX_BYTES = 1 << 16

_log = logging.getLogger(__name__)


def parse_lines(text: str, role: Role) -> tuple[Uplink, ...]:
    """Read lines of NAME=TARGET; empty ones and those that begin with # are left out. Raises ValueError."""
    lines = [line.strip() for line in text.splitlines()]
    uplinks = tuple(parse_uplink(line) for line in lines if line and not line.startswith("#"))
    problems = conflicts(uplinks, role)
    if problems:
        raise ValueError("; ".join(problems))
    return uplinks


class UplinkFile:
    """The uplinks of the command line, and those of a file that is read again when it has changed."""

    def __init__(self, given: Sequence[Uplink], path: str | None, role: Role) -> None:
        """Raises ValueError for a wrong file, and OSError for one that cannot be read."""
        self._given = tuple(given)
        self._path = None if path is None else Path(path)
        self._role = role
        self._stamp: tuple[int, int] | None = None
        self._complaint = ""
        self._uplinks = self._given
        if self._path is not None:
            self._uplinks = self._read(self._path)

    def __call__(self) -> Sequence[Uplink]:
        """The uplinks now; the same object as long as nothing changed. A wrong file changes nothing and is told."""
        if self._path is None:
            return self._uplinks
        try:
            if _stamp(self._path) != self._stamp:
                self._uplinks = self._read(self._path)
                _log.info("uplinks: read again from %s", self._path)
            self._complaint = ""
        except (OSError, ValueError) as error:
            if str(error) != self._complaint:
                _log.warning("uplinks: kept as they were: %s", error)
            self._complaint = str(error)
        return self._uplinks

    def _read(self, path: Path) -> tuple[Uplink, ...]:
        self._stamp = _stamp(path)
        with path.open(encoding="utf-8") as file:
            text = file.read(MAX_BYTES)
        return self._given + parse_lines(text, self._role)


def _stamp(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_ino
