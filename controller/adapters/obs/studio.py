"""The Studio port over connections that are never repaired: one at a time, thrown away after any fault."""

from __future__ import annotations

import asyncio
import logging
import math
import random
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TypeVar

from controller.adapters.obs.faults import SILENT, SLOW_DELAY_S, FaultError, NotConnectedError, Retry, delays
from controller.adapters.obs.sequences import (
    Sighting,
    Watched,
    check_version,
    operator_scene,
    read_studio,
    show_scene,
    sighting,
)
from controller.ports import Outcome, SceneResult, StudioAnswer, StudioStatus

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from controller.adapters.obs.protocol import Answer

_log = logging.getLogger(__name__)
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long things may take, seconds. Healthy calls take milliseconds, a scene change up to 0.1 s."""

    connect_s: float = 3.0  # connecting and identifying together
    call_s: float = 3.0
    # A read is five requests; a scene change waits up to 1.5 s for OBS to get ready and 1 s to show.
    action_s: float = 5.0


class Link(Protocol):
    """One connection to OBS. After a fault it is closed and never used again."""

    async def call(self, request_type: str, data: Mapping[str, object] | None = None, /) -> Answer:
        """Send one request and give its answer. Raises FaultError."""
        ...

    async def listen(self, *, to_sound: bool) -> None:
        """Hear how loud inputs are from now on, or no more. Raises FaultError."""
        ...

    def level(self, input_name: str) -> float | None:
        """How loud the input was since the last time; None when that is unknown."""
        ...

    async def close(self) -> None:
        """Give the connection back at once, in whatever state it is."""
        ...


class ReconnectingStudio:
    """OBS through whatever `connect` opens. `where` names it in messages.

    One request at a time; while OBS is left alone after a fault every call answers at once.
    `clock` is monotonic seconds; `jitter` gives 0 to 1.
    """

    def __init__(  # noqa: PLR0913 (a shell and everything it does not own, keyword-only)
        self,
        *,
        connect: Callable[[], Awaitable[Link]],
        where: str,
        watched: Watched = Watched(),  # noqa: B008 (frozen)
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
        deadlines: Deadlines = Deadlines(),
    ) -> None:
        self._deadlines = deadlines
        self._connect = connect
        self._where = where
        self._watched = watched
        self._clock = clock
        self._jitter = jitter
        self._one_at_a_time = asyncio.Lock()
        self._link: Link | None = None
        self._delays: Iterator[float] = delays(jitter)
        self._ask_from_s = -math.inf
        self._problem: str | None = None
        # What is on program by our last order, or was when OBS was found.
        self._expected: str | None = None
        self._sighted: Sighting | None = None

    async def read(self) -> StudioStatus:
        """Read scene, stream and statistics; `operator_scene` where somebody else's scene has stayed."""
        try:
            status = await self._run(self._read)
        except FaultError as fault:
            return StudioStatus(reachable=False, problem=fault.problem)
        now_s = self._clock()
        self._expected = self._expected or status.scene_name
        self._sighted = sighting(self._sighted, expected=self._expected, seen=status.scene_name, now_s=now_s)
        theirs = operator_scene(self._sighted, now_s)
        return replace(
            status,
            operator_scene=theirs,
            settling=self._sighted is not None and theirs is None,
            sound_raw_peak=self._level(),
        )

    async def _read(self, link: Link) -> StudioStatus:
        status = await read_studio(link.call, self._watched)
        await link.listen(to_sound=status.streaming is True and status.ingest_muted is True)
        return status

    def _level(self) -> float | None:
        sound = self._watched.sound
        return None if sound is None or self._link is None else self._link.level(sound)

    async def show(self, scene_name: str) -> SceneResult:
        """Put the scene on program and read it back; REFUSED when OBS could not be asked at all."""
        started_s = self._clock()
        try:
            result = await self._run(lambda link: show_scene(link.call, scene_name))
        except NotConnectedError as fault:
            result = SceneResult(Outcome.REFUSED, fault.problem)
        except FaultError as fault:
            result = SceneResult(Outcome.UNKNOWN, fault.problem)  # the order may have arrived
        self._expected = scene_name if result.outcome is Outcome.APPLIED else None
        return replace(result, took_s=self._clock() - started_s)

    async def ask(self, request_type: str, data: Mapping[str, object] | None = None) -> StudioAnswer:
        """Send one request and give OBS's answer to it."""
        try:
            answer = await self._run(lambda link: link.call(request_type, data))
        except FaultError as fault:
            return StudioAnswer(reachable=False, problem=fault.problem)
        return StudioAnswer(True, None, answer.ok, answer.code, answer.comment, answer.data)  # noqa: FBT003 - the fields in order

    async def close(self) -> None:
        """Give the connection back."""
        async with self._one_at_a_time:
            await self._drop()

    async def _run(self, action: Callable[[Link], Awaitable[_Result]]) -> _Result:
        async with self._one_at_a_time:
            try:
                link = self._link or await self._opened()
                result = await self._acted(action, link)
            except BaseException:  # cancelled in mid-call too: the answer may still be on its way
                await self._drop()
                raise
            self._succeeded()
            return result

    async def _opened(self) -> Link:
        if self._clock() < self._ask_from_s:
            raise NotConnectedError(self._problem or "")
        try:
            async with asyncio.timeout(self._deadlines.connect_s):
                self._link = await self._connect()
                self._expected = None  # a new OBS shows what it was saved with: nobody's order
                await check_version(self._link.call)
        except (FaultError, TimeoutError) as wrong:
            raise NotConnectedError(self._postponed(wrong)) from None
        return self._link

    async def _acted(self, action: Callable[[Link], Awaitable[_Result]], link: Link) -> _Result:
        try:
            async with asyncio.timeout(self._deadlines.action_s):
                return await action(link)
        except (FaultError, TimeoutError) as wrong:
            raise FaultError(self._postponed(wrong)) from None

    async def _drop(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            await link.close()

    def _postponed(self, wrong: FaultError | TimeoutError) -> str:
        fault = wrong if isinstance(wrong, FaultError) else FaultError(SILENT)
        self._ask_from_s = self._clock() + self._delay_after(fault)
        problem = f"OBS at {self._where}: {fault.problem}"
        if problem != self._problem:
            _log.warning("%s", problem)
        self._problem = problem
        return problem

    def _delay_after(self, fault: FaultError) -> float:
        if fault.retry is Retry.NEVER:
            return math.inf
        return SLOW_DELAY_S if fault.retry is Retry.SLOWLY else next(self._delays)

    def _succeeded(self) -> None:
        if self._problem is not None:
            _log.info("OBS at %s: it answers again", self._where)
        self._problem = None
        self._ask_from_s = -math.inf
        self._delays = delays(self._jitter)
