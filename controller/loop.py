"""The loop: fetch, observe, decide, want, record; once per period, whatever the devices do.

A tick never waits for a device, and for the metric source only a part of its period: what has not
arrived by then is decided without, from samples whose age says how far they may be trusted.
"""

from __future__ import annotations

import asyncio
import logging
import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from controller import arming
from controller.decision.machine import decide
from controller.decision.memory import State
from controller.decision.model import Transport
from controller.decision.observing import observe
from controller.ports import NoAnswer, Window
from controller.status import Counts

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from controller.arming import SelfTest
    from controller.decision.machine import Decision
    from controller.decision.model import Observation, Override, Quality, Series
    from controller.decision.policy import Policy
    from controller.driven import DrivenEncoder, DrivenStudio
    from controller.journal import Journal
    from controller.ports import Clock, MetricSource
    from controller.recording import Recorder

_log = logging.getLogger(__name__)
# The rest of the period is for the decision itself, the API, and being on time for the next one.
_FETCH_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Pulse:
    """How the loop itself is doing; moments on the monotonic clock."""

    counts: Counts = field(default_factory=Counts)
    ticked_s: float | None = None
    took_s: float | None = None
    source_problem: str | None = "unknown because Prometheus has not been asked yet"


class Loop:
    """Runs the ticks. What it drives is beside it: tasks of their own, told what is wanted and never awaited."""

    def __init__(  # noqa: PLR0913 - the composition of the controller, each part by its name
        self,
        *,
        clock: Clock,
        source: MetricSource,
        policy: Policy,
        period_s: float,
        encoder: DrivenEncoder,
        studio: DrivenStudio,
        recorder: Recorder,
        journal: Journal,
        self_test: SelfTest,
        state: State | None = None,
        override: Callable[[], Override | None] = lambda: None,
        carriers: Callable[[float, tuple[Series, ...]], Collection[Transport]] = lambda *_: tuple(Transport),
        looked: Callable[[Observation, Quality, Window], None] = lambda *_: None,
    ) -> None:
        self.policy = policy
        self.period_s = period_s
        self.pulse = Pulse()
        self.self_test = self_test
        self.last: tuple[Observation, Decision] | None = None
        self._clock = clock
        self._source = source
        self._encoder = encoder
        self._studio = studio
        self._recorder = recorder
        self._journal = journal
        self.state = State.initial(policy) if state is None else state
        self._window = Window(series=())
        self._source_answered: bool | None = None
        self._defect: str | None = None
        self._fetching: asyncio.Task[Window | NoAnswer] | None = None
        self._override = override
        self._looked = looked
        self._carriers = carriers
        self._hurried = asyncio.Event()

    def hurry(self) -> None:
        """Make a tick now, besides those of the schedule: somebody waits for what was just ordered."""
        self._hurried.set()

    async def run(self) -> None:
        """Tick until cancelled, at whole periods after the start: a late tick makes no later one late."""
        start_s, number = self._clock.monotonic_s(), 0
        try:
            while True:
                if await self._hurried_before(start_s + number * self.period_s):
                    await self.tick()
                    continue
                await self.tick()
                passed = (self._clock.monotonic_s() - start_s) / self.period_s
                number = max(number + 1, math.ceil(passed))
        finally:
            if self._fetching is not None:
                self._fetching.cancel()

    async def _hurried_before(self, due_s: float) -> bool:
        """Wait until `due_s`; True where a tick is asked for sooner."""
        try:
            async with asyncio.timeout(max(0.0, due_s - self._clock.monotonic_s())):
                await self._hurried.wait()
        except TimeoutError:
            if self._clock.monotonic_s() - due_s > self.period_s / 2:
                self._count(ticks_late=1)
            return False
        self._hurried.clear()
        return True

    async def tick(self) -> None:
        """One tick. A defect in it is counted, and told when it is new; the next tick has another chance."""
        started_s = self._clock.monotonic_s()
        try:
            await self._refresh()
            self._decide()
            self._defect = None
        except Exception as error:  # noqa: BLE001 - a defect in one decision must not end all later ones
            self._count(ticks_failed=1)
            self._tell_defect(error)
        ended_s = self._clock.monotonic_s()
        self.pulse = replace(self.pulse, ticked_s=ended_s, took_s=ended_s - started_s)

    def _decide(self) -> None:
        at_s, series = self._clock.wall_s(), self._window.series
        observation = observe(
            at_s=at_s,
            series=series,
            encoder=self._encoder.reading(),
            encoder_traits=self._encoder.traits,
            scene=self._studio.reading(),
            override=self._override(),
            policy=self.policy,
            carriers=self._carriers(at_s, series),
        )
        decision = decide(self.state, observation, self.policy)
        self.state = decision.state
        self.last = (observation, decision)
        if decision.changed_from is not None:
            move = (decision.changed_from.value, decision.quality.value, decision.reason.rule)
            moves = self.pulse.counts.transitions
            counts = replace(self.pulse.counts, transitions={**moves, move: moves.get(move, 0) + 1})
            self.pulse = replace(self.pulse, counts=counts)
        self._count(decisions=1)
        number = self._recorder.record(observation, decision)
        if self.self_test.armed:
            self._encoder.want(decision.target, number=number)
            self._studio.want(decision.scene, number=number)
        self._encoder.watch_arrival(observation)
        self._looked(observation, decision.quality, self._window)

    async def _refresh(self) -> None:
        """Take the source's answer if it comes in time; there is never more than one question under way.

        An answer that came after the last tick had to go on is taken first, and the next one asked for.
        """
        answer = self._taken()
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._source.fetch())
        await asyncio.wait({self._fetching}, timeout=self.period_s * _FETCH_SHARE)
        answer = self._taken() or answer
        if isinstance(answer, Window):
            self._window = answer
            self._source_says(None if answer.series else "unknown because Prometheus has no samples of this rig")
            self._test_source(answer)
        else:
            self._source_says(answer.why if answer else "unknown because Prometheus is slow: no answer yet")

    def _taken(self) -> Window | NoAnswer | None:
        """The answer of the question under way, if it is there; None while it is not."""
        if self._fetching is None or not self._fetching.done():
            return None
        fetched, self._fetching = self._fetching, None
        error = fetched.exception()
        if error is None:
            return fetched.result()
        _log.error("the metric source failed", exc_info=error)
        return NoAnswer(f"unknown because the metric source failed: {type(error).__name__}")

    def _test_source(self, answer: Window) -> None:
        newest_s, armed = answer.newest_s, self.self_test.armed
        age_s = None if newest_s is None else self._clock.wall_s() - newest_s
        self.self_test = arming.answered(self.self_test, age_s)
        if self.self_test.armed and not armed:
            self._notice("controller", self.self_test.verdict)

    def _source_says(self, problem: str | None) -> None:
        if self._source_answered is not (problem is None):
            self._source_answered = problem is None
            level = logging.INFO if problem is None else logging.WARNING
            self._notice("prometheus", problem or "it answers", level=level)
        self.pulse = replace(self.pulse, source_problem=problem)

    def _tell_defect(self, error: Exception) -> None:
        defect = f"a tick failed: {type(error).__name__}; the log says where"
        if defect != self._defect:
            self._defect = defect
            _log.error("the tick failed", exc_info=error)
            self._notice("controller", defect)

    def _notice(self, subject: str, text: str, *, level: int = logging.INFO) -> None:
        _log.log(level, "%s: %s", subject, text)
        self._journal.noticed(at_s=self._clock.wall_s(), subject=subject, text=text)

    def _count(self, *, decisions: int = 0, ticks_late: int = 0, ticks_failed: int = 0) -> None:
        counts = self.pulse.counts
        self.pulse = replace(
            self.pulse,
            counts=replace(
                counts,
                decisions=counts.decisions + decisions,
                ticks_late=counts.ticks_late + ticks_late,
                ticks_failed=counts.ticks_failed + ticks_failed,
            ),
        )
