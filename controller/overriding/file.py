"""The book of overrides on disk. It is there before anybody is told that an override counts."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

from controller.overriding.standing import Book, book_from_plain, book_to_plain

_log = logging.getLogger(__name__)
_NAME = "overrides.json"


class BookFile:
    """The book in `directory`, written whole and renamed into place: a crash leaves the old or the new one."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / _NAME

    def read(self) -> Book:
        """The book; an empty one where there is none, or none that can be used."""
        try:
            return book_from_plain(json.loads(self._path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return Book()
        except (OSError, ValueError, RecursionError) as error:
            _log.warning("no override is remembered: %s cannot be used (%s)", self._path, error)
            return Book()

    def write(self, book: Book) -> None:
        """Replace the book, through to the disk.

        Raises:
            OSError: it cannot be written.
        """
        fresh = self._path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as stream:
            json.dump(book_to_plain(book), stream)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(self._path)
        directory = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
