"""The decision core's memory on disk, so that a restart goes on where the last process was.

Written whole and renamed into place: a crash leaves the old or the new one, never half of one.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

from controller.decision.memory import State

_log = logging.getLogger(__name__)
_NAME = "decision-state.json"
# After ten minutes the links are others; the policy's own start is the better guess then.
_USABLE_FOR_S = 600.0


class MemoryFileError(Exception):
    """The directory cannot be used; the message names the remedy."""


class MemoryFile:
    """The memory in `directory`."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / _NAME

    def prepare(self) -> None:
        """Make sure that the directory is there and can be written.

        Raises:
            MemoryFileError: it is not, and why.
        """
        probe = self._path.with_suffix(".probe")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            probe.write_text("", encoding="utf-8")
            probe.unlink()
        except OSError as error:
            raise MemoryFileError(
                f"state_dir: {self._path.parent} cannot be written ({error.strerror}); choose a directory that can"
            ) from None

    def read(self, *, now_s: float) -> State | None:
        """The memory, if there is a usable one not older than ten minutes; `now_s` is seconds since the epoch."""
        try:
            state = State.from_plain(json.loads(self._path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            _log.warning("starting afresh: %s cannot be used (%s)", self._path, error)
            return None
        return state if state.at_s is not None and 0 <= now_s - state.at_s <= _USABLE_FOR_S else None

    def write(self, state: State) -> None:
        """Replace the memory. A failure is logged: to drive on matters more than to remember."""
        fresh = self._path.with_suffix(".new")
        try:
            fresh.write_text(json.dumps(state.to_plain()), encoding="utf-8")
            fresh.replace(self._path)
        except OSError as error:
            _log.warning("the state is not remembered: %s cannot be written (%s)", self._path, error.strerror)
