"""What the process runner runs, and what it says about it: data only."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from deploy.demo.namespaces import Namespace
    from deploy.demo.readiness import Probe


@dataclass(frozen=True, slots=True)
class Backoff:
    """Delays between restarts: doubling from `first_s` to `most_s`, anew after `healthy_s` of running."""

    first_s: float = 0.5
    most_s: float = 8.0
    healthy_s: float = 30.0

    def delays(self) -> Iterator[float]:
        """The delays in their order, without end."""
        delay = self.first_s
        while True:
            yield delay
            delay = min(delay * 2, self.most_s)


@dataclass(frozen=True, slots=True)
class Part:
    """One program of the demo.

    Attributes:
        argv: program and arguments, the program found on PATH; nothing here is ever logged.
        namespace: the host it runs on; None is the machine itself.
        env: added to the runner's own environment.
        ready: what must be true before its dependents start; None means: it was started.
        after: names of the parts that must be ready before this one starts, and stop after it.
        stop_signal, stop_timeout_s: how it is asked to end, and when it is killed instead.
        restart: the back-off after an unexpected end, code 0 included; None leaves it ended.
        remedy: what the user can do when it does not start.
    """

    name: str
    argv: tuple[str, ...]
    namespace: Namespace | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    ready: Probe | None = None
    ready_timeout_s: float = 30.0
    after: tuple[str, ...] = ()
    stop_signal: signal.Signals = signal.SIGTERM
    stop_timeout_s: float = 5.0
    restart: Backoff | None = field(default_factory=Backoff)
    remedy: str = ""


class Happening(StrEnum):
    """What can happen to a part."""

    STARTING = "starting"
    READY = "ready"
    ENDED = "ended"  # unexpectedly
    STOPPING = "stopping"
    STOPPED = "stopped"
    KILLED = "killed"  # it did not heed its stop signal in time


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a part; `detail` is for people, `took_s` says how long READY or STOPPED took."""

    part: str
    happening: Happening
    detail: str = ""
    took_s: float | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What a part cost, with everything it started: processes are summed, over all its restarts.

    `restarts` were forced by an unexpected end, `commanded_restarts` were asked for.
    """

    name: str
    restarts: int
    commanded_restarts: int
    cpu_s: float
    max_rss_bytes: int


class PartError(Exception):
    """A part did not start: its name, why, the last lines of its log, and the remedy."""

    def __init__(self, part: Part, reason: str, *, log: Path, lines: tuple[str, ...] = ()) -> None:
        self.name, self.reason, self.remedy, self.log, self.lines = part.name, reason, part.remedy, log, lines
        shown = "".join(f"\n  | {line}" for line in lines)
        remedy = f"\n{part.remedy}" if part.remedy else ""
        super().__init__(f"{part.name}: {reason}; its log is {log}{shown}{remedy}")
