"""The demo's process runner: parts start when what they need is ready, and stop before it does.

    async with Runner(parts, directory=logs, progress=print) as runner:
        await runner.restart("prometheus")
        runner.usage()

Leaving the block stops every part, dependents first, each with its own signal. `run` is the frame
for a program around it: the first Ctrl-C or SIGTERM cancels, and everything is taken down in order.
"""

from __future__ import annotations

import asyncio
import signal
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any, Self, TypeVar

from deploy.demo import processes
from deploy.demo.part import Event, Part, PartError, Usage
from deploy.demo.supervised import Supervised

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence
    from pathlib import Path

SAMPLE_EVERY_S = 1.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

T = TypeVar("T")


class Runner:
    """Runs the parts for the length of an `async with`; one log file per part in `directory`.

    Raises ValueError for parts that share a name, or need an unknown part or each other.
    `progress` hears every `Event`. `secrets` are blotted out of whatever the parts write.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        *,
        directory: Path,
        progress: Callable[[Event], None] = lambda _: None,
        secrets: Sequence[str] = (),
    ) -> None:
        _check(parts)
        directory.mkdir(parents=True, exist_ok=True)
        self._supervised = {
            part.name: Supervised(part, log=directory / f"{part.name}.log", tell=progress, secrets=secrets)
            for part in parts
        }
        self._keepers: dict[str, asyncio.Task[None]] = {}
        self._turns = {part.name: asyncio.Lock() for part in parts}
        self._sampler: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Start everything. Raises the `PartError` of the first part that fails, with all others stopped."""
        self._sampler = asyncio.create_task(self._sample(), name="process sampler")
        try:
            await self._start_all()
        except BaseException:
            await uninterrupted(self._stop_all())
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await uninterrupted(self._stop_all())

    def pid(self, name: str) -> int | None:
        """The part's process id while it runs."""
        return self._supervised[name].pid

    async def restart(self, name: str) -> None:
        """Stop and start one part; its dependents stay. Raises `PartError`, and goes on trying by itself."""
        async with self._turns[name]:
            await self._dismiss_keeper(name)
            try:
                await self._supervised[name].restart()
            finally:
                self._engage_keeper(name)

    async def stop(self, name: str) -> None:
        """Stop one part and leave it stopped; its dependents stay."""
        async with self._turns[name]:
            await self._dismiss_keeper(name)
            await self._supervised[name].halt()

    async def start(self, name: str) -> None:
        """Start a part that `stop` stopped. Raises `PartError`, and goes on trying by itself."""
        async with self._turns[name]:
            if self._supervised[name].pid is None:
                await self._dismiss_keeper(name)
                try:
                    await self._supervised[name].launch()
                finally:
                    self._engage_keeper(name)

    def usage(self) -> list[Usage]:
        """What every part has cost so far, up to now; valid after the end too."""
        everybody = processes.everyone()
        for supervised in self._supervised.values():
            supervised.sample(everybody)
        return [supervised.usage() for supervised in self._supervised.values()]

    async def _start_all(self) -> None:
        ready = {name: asyncio.Event() for name in self._supervised}

        async def bring_up(name: str) -> None:
            for needed in self._supervised[name].part.after:
                await ready[needed].wait()
            await self._supervised[name].launch()
            self._engage_keeper(name)
            ready[name].set()

        try:
            async with asyncio.TaskGroup() as group:
                for name in self._supervised:
                    group.create_task(bring_up(name), name=f"start {name}")
        except ExceptionGroup as errors:
            raise _first(errors) from None

    async def _stop_all(self) -> None:
        if self._sampler is not None:
            self._sampler.cancel()
        dependents: dict[str, list[str]] = {name: [] for name in self._supervised}
        for name, supervised in self._supervised.items():
            for needed in supervised.part.after:
                dependents[needed].append(name)
        down = {name: asyncio.Event() for name in self._supervised}

        async def take_down(name: str) -> None:
            for dependent in dependents[name]:
                await down[dependent].wait()
            try:
                await self.stop(name)
            finally:
                down[name].set()

        await asyncio.gather(*map(take_down, self._supervised))

    def _engage_keeper(self, name: str) -> None:
        self._keepers[name] = asyncio.create_task(self._supervised[name].keep(), name=f"keep {name}")

    async def _dismiss_keeper(self, name: str) -> None:
        if (keeper := self._keepers.pop(name, None)) is not None:
            keeper.cancel()
            await asyncio.wait({keeper})
            if not keeper.cancelled():
                keeper.result()  # a mistake of ours shows here

    async def _sample(self) -> None:
        while True:
            self.usage()
            await asyncio.sleep(SAMPLE_EVERY_S)


def _check(parts: Sequence[Part]) -> None:
    names = [part.name for part in parts]
    if len(set(names)) != len(names):
        raise ValueError(f"two parts share a name: {', '.join(sorted(names))}")
    for part in parts:
        if unknown := set(part.after) - set(names):
            raise ValueError(f"part {part.name} comes after unknown parts: {', '.join(sorted(unknown))}")
    try:
        TopologicalSorter({part.name: part.after for part in parts}).prepare()
    except CycleError as error:
        raise ValueError(f"parts wait for each other: {' -> '.join(error.args[1])}") from error


def _first(errors: ExceptionGroup[Any]) -> Exception:
    found = [error for error in errors.exceptions if isinstance(error, PartError)]
    return found[0] if found else errors


async def uninterrupted(work: Coroutine[Any, Any, T]) -> T:
    """Finish `work` even when cancelled meanwhile; a cancellation is passed on afterwards."""
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        raise asyncio.CancelledError
    return task.result()


def run(main: Callable[[], Awaitable[int]]) -> int:
    """Run `main` to its end and return its exit code.

    The first SIGINT, SIGTERM or SIGHUP cancels it, so that its `async with` blocks take everything
    down; later ones change nothing. Unless `main` makes a code of its own out of the cancellation,
    the code is then 128 + the signal, as from a shell.
    """
    return asyncio.run(_until_signalled(main))


async def _until_signalled(main: Callable[[], Awaitable[int]]) -> int:
    loop, received = asyncio.get_running_loop(), list[signal.Signals]()
    task = asyncio.ensure_future(main())

    def on_signal(number: signal.Signals) -> None:
        if not received:
            task.cancel()
        received.append(number)

    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, on_signal, number)
    try:
        return await task
    except asyncio.CancelledError:
        if not received:
            raise
        return 128 + received[0]
