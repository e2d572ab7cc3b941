"""The pipeline as a child process: orders go down its stdin, reports come up its stdout."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.demo.encoder.orders import Order, PipelineStatus

if TYPE_CHECKING:
    from asyncio.subprocess import Process

ROOT = Path(__file__).resolve().parents[3]  # what `deploy` is imported from
STOP_WITHIN_S = 5.0


class PipelineChild:
    """One pipeline process. It is not restarted: an encoder that dies is for the runner to judge."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.status: PipelineStatus | None = None
        self.ended = asyncio.create_task(self._listen())

    @classmethod
    async def start(cls, python: str) -> PipelineChild:
        """Start the pipeline under the interpreter that has the GStreamer bindings."""
        process = await asyncio.create_subprocess_exec(
            python,
            "-m",
            "deploy.demo.encoder.pipeline",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        return cls(process)

    async def _listen(self) -> int:
        """Follow the reports to their end; the result is the exit code."""
        assert self._process.stdout is not None  # noqa: S101 - it was asked for as a pipe
        async for line in self._process.stdout:
            self.status = PipelineStatus.from_line(line.decode())
        return await self._process.wait()

    async def obey(self, order: Order) -> None:
        """Send an order; it replaces the one before."""
        await self.write(order.to_line().encode() + b"\n")

    async def write(self, line: bytes) -> None:
        """Send a line as it is."""
        assert self._process.stdin is not None  # noqa: S101 - it was asked for as a pipe
        self._process.stdin.write(line)
        await self._process.stdin.drain()

    async def stop(self) -> None:
        """End the process: SIGTERM, then SIGKILL."""
        if self._process.returncode is None:
            self._process.terminate()
        try:
            await asyncio.wait_for(asyncio.shield(self.ended), STOP_WITHIN_S)
        except TimeoutError:
            self._process.kill()
            await self.ended
