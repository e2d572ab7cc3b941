"""The running belacoder as /proc shows it, and the one signal that it gets. proc(5) gives the formats."""

from __future__ import annotations

import itertools
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

_HANGUP_BIT = 1 << (signal.SIGHUP - 1)


@dataclass(frozen=True, slots=True)
class Running:
    """One process, told from a later one with its number by its start. Times: seconds; `started_s` since the epoch."""

    pid: int
    start_ticks: int
    started_s: float
    uptime_s: float
    catches_hangup: bool
    open_files: int
    open_file_limit: int


def is_ours(cmdline: bytes, *, program: str, bitrate_file: str) -> bool:
    """Whether a command line is `program` with `-b bitrate_file`."""
    words = [word.decode("utf-8", "replace") for word in cmdline.split(b"\0")]
    named = Path(words[0]).name == program
    return named and any(pair == ("-b", bitrate_file) for pair in itertools.pairwise(words))


def catches_hangup(status: str) -> bool:
    """Whether /proc/PID/status shows a handler for SIGHUP; without one the signal would end the process."""
    caught = next((line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")), "0")
    return bool(int(caught, 16) & _HANGUP_BIT)


def soft_file_limit(limits: str) -> int:
    """The number of files that /proc/PID/limits lets the process open; a million where that is unlimited."""
    line = next(line for line in limits.splitlines() if line.startswith("Max open files"))
    soft = line.split()[3]
    return int(soft) if soft.isdecimal() else 1_000_000


def start_ticks(stat: str) -> int:
    """When the process started, in clock ticks since boot: field 22 of /proc/PID/stat."""
    return int(stat.rpartition(")")[2].split()[19])


class ProcessTable:
    """Looks for belacoder in /proc."""

    def __init__(self, *, program: str, bitrate_file: Path) -> None:
        self._program = program
        self._bitrate_file = bitrate_file

    def find(self) -> list[Running]:
        """Every process that is `program -b bitrate_file`.

        Raises:
            PermissionError: one of them belongs to somebody whom we may not look at.
        """
        pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
        found = [self._looked_at(pid) for pid in pids if self._is_ours(pid)]
        return [running for running in found if running is not None]

    def has_open(self, running: Running) -> bool:
        """Whether the process has the bitrate file open as it is now: it leaks each one that it reads."""
        try:
            wanted = self._bitrate_file.stat()
        except FileNotFoundError:
            return False
        return any((seen.st_dev, seen.st_ino) == (wanted.st_dev, wanted.st_ino) for seen in _open_files(running.pid))

    def hang_up(self, running: Running) -> bool:
        """Send SIGHUP to this very process; False when it is gone. Raises PermissionError."""
        try:
            handle = os.pidfd_open(running.pid)
        except ProcessLookupError:
            return False
        try:
            now = self._looked_at(running.pid)  # the number may have passed to another since it was found
            if now is None or now.start_ticks != running.start_ticks:
                return False
            signal.pidfd_send_signal(handle, signal.SIGHUP)
        except ProcessLookupError:
            return False
        finally:
            os.close(handle)
        return True

    def _is_ours(self, pid: int) -> bool:
        try:
            cmdline = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return False
        return is_ours(cmdline, program=self._program, bitrate_file=str(self._bitrate_file))

    @staticmethod
    def _looked_at(pid: int) -> Running | None:
        place = Path(f"/proc/{pid}")
        try:
            ticks = start_ticks((place / "stat").read_text())
            status, limits = (place / "status").read_text(), (place / "limits").read_text()
            open_files = len(list((place / "fd").iterdir()))
        except (FileNotFoundError, ProcessLookupError):
            return None
        uptime_s = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
        return Running(
            pid=pid,
            start_ticks=ticks,
            started_s=time.time() - uptime_s,
            uptime_s=uptime_s,
            catches_hangup=catches_hangup(status),
            open_files=open_files,
            open_file_limit=soft_file_limit(limits),
        )


def _open_files(pid: int) -> list[os.stat_result]:
    seen = []
    try:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            try:
                seen.append(link.stat())
            except OSError:  # closed in between, or of a kind that cannot be looked at
                continue
    except (FileNotFoundError, ProcessLookupError):
        return []
    return seen
