"""One part's process, through all its lives: start, readiness, end, restart, accounting."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from deploy.demo import processes
from deploy.demo.blotting import BlottedLog
from deploy.demo.namespaces import mortal
from deploy.demo.part import Event, Happening, Part, PartError, Usage
from deploy.demo.readiness import Started

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

LOOK_EVERY_S = 0.1
ORPHAN_LOOK_S = 0.01
ORPHAN_LOOKS = 200  # 2 s: only a process in uninterruptible sleep outlives SIGKILL for longer
LOG_LINES = 12
LOG_TAIL_BYTES = 16384


class Supervised:
    """A part and its present process. One caller at a time: the runner sees to that.

    `log` is the file that takes standard output and standard error, less the `secrets`. The parent-death signal and the
    session of its own make sure that the process ends with the runner, and not by a Ctrl-C before.
    """

    def __init__(self, part: Part, *, log: Path, tell: Callable[[Event], None], secrets: Sequence[str] = ()) -> None:
        self.part, self.log = part, log
        self._secrets = tuple(filter(None, secrets))
        self._tell = tell
        self._process: subprocess.Popen[bytes] | None = None
        self._output: BlottedLog | None = None
        self._pidfd = -1
        self._ended = asyncio.Event()
        self._ended.set()
        self._orphans: set[int] = set()
        self._log_start = 0
        self._started_at = 0.0
        self._restarts = self._commanded = 0
        self._past_cpu_s = self._cpu_s = 0.0
        self._max_rss_bytes = 0

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return None if self._process is None or self._ended.is_set() else self._process.pid

    async def launch(self) -> None:
        """Start the process and wait until it is ready. Raises `PartError`; then it does not run."""
        self._tell(Event(self.part.name, Happening.STARTING))
        await self._orphans_gone()  # they may hold the ports that the new process needs
        self._spawn()
        try:
            await self._become_ready()
        except PartError:
            await self._kill()
            raise
        self.sample(processes.everyone())
        self._tell(Event(self.part.name, Happening.READY, took_s=time.monotonic() - self._started_at))

    async def keep(self) -> None:
        """Restart the process whenever it ends, for ever; returns at once without a restart policy."""
        policy = self.part.restart
        if policy is None:
            return
        delays = policy.delays()
        while True:
            await self._ended.wait()
            if time.monotonic() - self._started_at > policy.healthy_s:
                delays = policy.delays()
            delay = next(delays)
            self._tell(Event(self.part.name, Happening.ENDED, f"{self._code()}; again in {delay:g} s"))
            await asyncio.sleep(delay)
            self._restarts += 1
            try:
                await self.launch()
            except PartError as error:
                self._tell(Event(self.part.name, Happening.ENDED, error.reason))

    async def halt(self) -> None:
        """Ask the process to end, kill it when it does not, and kill what it leaves of its session."""
        if self.pid is None:
            await self._orphans_gone()
            return
        asked_at = time.monotonic()
        self._tell(Event(self.part.name, Happening.STOPPING))
        self.sample(processes.everyone())
        signal.pidfd_send_signal(self._pidfd, self.part.stop_signal)
        try:
            async with asyncio.timeout(self.part.stop_timeout_s):
                await self._ended.wait()
        except TimeoutError:
            await self._kill()
            late = f"it did not end within {self.part.stop_timeout_s:g} s of {self.part.stop_signal.name}"
            self._tell(Event(self.part.name, Happening.KILLED, late))
        await self._orphans_gone()
        self._tell(Event(self.part.name, Happening.STOPPED, took_s=time.monotonic() - asked_at))

    async def restart(self) -> None:
        """Stop and start on command. Raises `PartError`."""
        await self.halt()
        self._commanded += 1
        await self.launch()

    def sample(self, everybody: Iterable[processes.Stat]) -> None:
        """Account for the process and its family as they are in `everybody`."""
        if self._process is None or self._ended.is_set():
            return
        members = processes.family(self._process.pid, everybody)
        # A child that nobody waited for takes its time with it; what was once counted stays counted.
        self._cpu_s = max(self._cpu_s, sum(member.cpu_s for member in members))
        self._max_rss_bytes = max(self._max_rss_bytes, sum(member.rss_bytes for member in members))

    def usage(self) -> Usage:
        """The account so far."""
        cpu_s = self._past_cpu_s + self._cpu_s
        return Usage(self.part.name, self._restarts, self._commanded, cpu_s, self._max_rss_bytes)

    def _spawn(self) -> None:
        part = self.part
        if shutil.which(part.argv[0], path=part.env.get("PATH")) is None:
            raise self._error(f"the program {part.argv[0]} is not installed")
        argv = mortal(part.argv) if part.namespace is None else part.namespace.command(part.argv)
        output = BlottedLog(self.log, self._secrets)
        self._log_start = output.start
        try:
            self._process = subprocess.Popen(
                argv,
                cwd=part.cwd,
                env={**os.environ, **part.env},
                stdin=subprocess.DEVNULL,
                stdout=output.writer,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        finally:
            output.attach()
        self._output = output
        self._ended.clear()
        self._started_at = time.monotonic()
        self._pidfd = os.pidfd_open(self._process.pid)
        asyncio.get_running_loop().add_reader(self._pidfd, self._on_end)

    def _on_end(self) -> None:
        """Take the last account while the process is a zombie, then let it go, and its session with it."""
        process = self._process
        if process is None or self._ended.is_set():
            return
        everybody = processes.everyone()
        self.sample(everybody)
        self._orphans = {one.pid for one in processes.family(process.pid, everybody)} - {process.pid}
        processes.kill(self._orphans)
        asyncio.get_running_loop().remove_reader(self._pidfd)
        os.close(self._pidfd)
        process.wait()
        if self._output is not None:
            self._output.finish()
        self._past_cpu_s, self._cpu_s = self._past_cpu_s + self._cpu_s, 0.0
        self._ended.set()

    async def _orphans_gone(self) -> None:
        """Wait until what the last process left behind, killed by then, is gone."""
        for _ in range(ORPHAN_LOOKS):
            self._orphans = {pid for pid in self._orphans if (found := processes.stat(pid)) and found.state != "Z"}
            if not self._orphans:
                return
            await asyncio.sleep(ORPHAN_LOOK_S)

    async def _become_ready(self) -> None:
        if self.part.ready is None:
            return
        started, missing = Started(self.part.namespace, self._written), "not looked at yet"
        limit = asyncio.timeout(self.part.ready_timeout_s)
        try:
            async with limit:
                while (found := await self.part.ready.missing(started)) is not None:
                    missing = found
                    if self._ended.is_set():
                        raise self._error(f"{self._code()} before it was ready")
                    await asyncio.sleep(LOOK_EVERY_S)
        except TimeoutError:
            if not limit.expired():
                raise
            raise self._error(f"not ready after {self.part.ready_timeout_s:g} s: {missing}") from None

    async def _kill(self) -> None:
        if self._process is not None and not self._ended.is_set():
            processes.kill(one.pid for one in processes.family(self._process.pid, processes.everyone()))
            await self._ended.wait()

    def _code(self) -> str:
        code = None if self._process is None else self._process.returncode
        if code is not None and code < 0:
            return f"ended by {signal.Signals(-code).name}"
        return f"ended with code {code}"

    def _written(self) -> str:
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def _error(self, reason: str) -> PartError:
        lines: tuple[str, ...] = ()
        with suppress(FileNotFoundError):
            lines = tuple(self._written()[-LOG_TAIL_BYTES:].splitlines()[-LOG_LINES:])
        return PartError(self.part, reason, log=self.log, lines=lines)
