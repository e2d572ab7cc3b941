"""What /proc says of processes: who belongs to whom, what they use, and ending those that should not be.

Processes come and go while one reads; whoever has gone meanwhile is left out.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PROC = Path("/proc")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Stat:
    """One process from /proc/PID/stat. `cpu_s` includes children that it has waited for."""

    pid: int
    parent: int
    session: int
    state: str
    cpu_s: float
    rss_bytes: int


def parse_stat(text: str) -> Stat:
    """A line of /proc/PID/stat; the program's name may hold blanks and brackets (proc(5))."""
    head, _, tail = text.rpartition(")")
    fields = tail.split()  # the third field of proc(5) is fields[0]
    cpu_ticks = sum(int(field) for field in fields[11:15])  # utime, stime, cutime, cstime
    return Stat(
        pid=int(head.split(" ", 1)[0]),
        parent=int(fields[1]),
        session=int(fields[3]),
        state=fields[0],
        cpu_s=cpu_ticks / _TICKS_PER_S,
        rss_bytes=int(fields[21]) * _PAGE_BYTES,
    )


def stat(pid: int) -> Stat | None:
    """The process, zombies included; None when there is none."""
    with suppress(OSError):
        return parse_stat((_PROC / str(pid) / "stat").read_text())
    return None


def pids() -> Iterator[int]:
    """Every process of this machine."""
    return (int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit())


def everyone() -> list[Stat]:
    """Every process of this machine."""
    return [found for pid in pids() if (found := stat(pid)) is not None]


def family(leader: int, everybody: Iterable[Stat]) -> list[Stat]:
    """The leader, its descendants, and whoever shares the session that it leads."""
    everybody = list(everybody)
    members = {leader} | {one.pid for one in everybody if one.session == leader}
    while True:
        more = {one.pid for one in everybody if one.parent in members} - members
        if not more:
            return [one for one in everybody if one.pid in members]
        members |= more


def inside(inode: int) -> list[int]:
    """The processes whose network namespace has this inode."""
    found = []
    for pid in pids():
        with suppress(OSError):
            if (_PROC / str(pid) / "ns" / "net").stat().st_ino == inode:
                found.append(pid)
    return found


def kill(victims: Iterable[int]) -> None:
    """SIGKILL each; who has gone already is passed over."""
    for pid in victims:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
