"""One run of the user's program: a question in, an answer out, an end in any case."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from controller.adapters.json_verbs import Ended
from controller.adapters.json_verbs.messages import read_request

if TYPE_CHECKING:
    from collections.abc import Sequence

STDIN, STDOUT = 0, 1
LONGEST_ANSWER_BYTES = 64 * 1024
REAP_DEADLINE_S = 1.0  # a killed process is gone at once, unless the kernel holds it in a system call
# The controller's own environment may hold its secrets.
PASSED_ON = ("PATH", "HOME", "LANG", "TZ")


class Program:
    """Starts `argv` for each question. Raises ValueError for a first word that is no absolute path."""

    def __init__(self, argv: Sequence[str]) -> None:
        if not argv or not Path(argv[0]).is_absolute():
            raise ValueError("encoder program: write its absolute path, and each argument as a word of its own")
        self._argv = tuple(argv)

    @property
    def name(self) -> str:
        """The program, for messages."""
        return f"encoder program {Path(self._argv[0]).name}"

    @property
    def remedy(self) -> str:
        """How to put the question by hand."""
        return f"try it by hand: echo '{read_request().decode().strip()}' | {Path(self._argv[0]).name}"

    async def ask(self, question: bytes, *, deadline_s: float) -> Ended:
        """Run it once."""
        return await run(self._argv, question, deadline_s=deadline_s)


class _Conversation(asyncio.SubprocessProtocol):
    """Takes the output. `over` when the program has ended and its output too, or when there is too much of it."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.output = bytearray()
        self.exited, self.over = loop.create_future(), loop.create_future()
        self._output_ended = False

    @property
    def complete(self) -> bool:
        """Whether nothing is left that runs or writes."""
        return self.exited.done() and self._output_ended

    def pipe_data_received(self, fd: int, data: bytes | str) -> None:
        if fd == STDOUT and isinstance(data, bytes):
            self.output += data
        self._look()

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        del exc
        self._output_ended = self._output_ended or fd == STDOUT
        self._look()

    def process_exited(self) -> None:
        if not self.exited.done():
            self.exited.set_result(None)
        self._look()

    def _look(self) -> None:
        if not self.over.done() and (self.complete or len(self.output) > LONGEST_ANSWER_BYTES):
            self.over.set_result(None)


async def run(argv: Sequence[str], question: bytes, *, deadline_s: float) -> Ended:
    """Start `argv`, give it `question` on stdin, and take what it writes until it ends.

    It runs in a session of its own, with a bare environment and its stderr discarded; after
    `deadline_s` seconds, or 64 KiB, it and its children are killed.
    """
    loop = asyncio.get_running_loop()
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    try:
        transport, talk = await loop.subprocess_exec(
            _Conversation, *argv, stderr=asyncio.subprocess.DEVNULL, env=environment, start_new_session=True
        )
    except OSError as error:
        return Ended(
            None, f"cannot be started: {error.strerror}; check the path and that it is executable", started=False
        )
    try:
        stdin = transport.get_pipe_transport(STDIN)
        if isinstance(stdin, asyncio.WriteTransport):
            stdin.write(question)
            stdin.close()
        async with asyncio.timeout(deadline_s):
            await talk.over
    except TimeoutError:
        return Ended(None, f"did not end within {deadline_s:g} s")
    finally:
        if not talk.complete:
            _kill(transport)
            await asyncio.wait({talk.exited}, timeout=REAP_DEADLINE_S)
        transport.close()
    return _judged(bytes(talk.output), transport.get_returncode())


def _judged(output: bytes, status: int | None) -> Ended:
    if len(output) > LONGEST_ANSWER_BYTES:
        return Ended(None, "wrote more than 64 KiB")
    if status != 0:
        return Ended(None, f"ended with status {status}")
    return Ended(output)


def _kill(transport: asyncio.SubprocessTransport) -> None:
    # Its session is its process group: children that hold the output or the device end with it.
    with suppress(ProcessLookupError):
        os.killpg(transport.get_pid(), signal.SIGKILL)
