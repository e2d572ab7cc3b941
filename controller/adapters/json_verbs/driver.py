"""The encoder port by questions in JSON: ask, compare, order, ask again.

The other end's word that it applied something is not believed; its next answer to `read` is.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from controller.adapters.json_verbs import messages
from controller.adapters.json_verbs.carrying import Carrier, Ended
from controller.adapters.json_verbs.messages import BadAnswerError, OrderAnswer, ReadAnswer, Said
from controller.ports import ApplyResult, EncoderCapabilities, EncoderStatus, Impact, Impacts, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from controller.decision.model import EncoderTarget


@dataclass(frozen=True, slots=True)
class Range:
    """The bitrates that the encoder takes, bit/s."""

    min_bps: int = 300_000
    max_bps: int = 30_000_000
    step_bps: int = 1_000


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long a question may take, seconds."""

    read_s: float = 3.0
    order_s: float = 5.0


class VerbsEncoder:
    """Drives the encoder that `carrier` reaches.

    `impacts` is what each kind of change is known to cost; what is not known counts as a reboot.
    `evidence` says how it is known. `clock` is monotonic seconds.
    """

    def __init__(  # noqa: PLR0913 (all that is known of an encoder, keyword-only)
        self,
        *,
        carrier: Carrier,
        impacts: Impacts = Impacts(),  # noqa: B008 (frozen)
        bitrates: Range = Range(),
        deadlines: Deadlines = Deadlines(),
        evidence: str = "as configured by the user",
        restartable: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._carrier = carrier
        self._impacts = impacts
        self._bitrates = bitrates
        self._deadlines = deadlines
        self._evidence = evidence
        self._restartable = restartable
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._last_configured: EncoderTarget | None = None

    async def probe(self) -> EncoderCapabilities | None:
        """The configured capabilities, once the encoder has answered; None when it does not."""
        async with self._one_at_a_time:
            answer = await self._asked()
        if isinstance(answer, str):
            return None
        return EncoderCapabilities(
            bitrate_impact=self._impacts.bitrate,
            geometry_impact=self._impacts.geometry,
            audio_only_impact=self._impacts.audio_only,
            min_bitrate_bps=self._bitrates.min_bps,
            max_bitrate_bps=self._bitrates.max_bps,
            step_bps=self._bitrates.step_bps,
            sizes_px=(),
            own_abr=False,
            restartable=self._restartable,
            identity=answer.identity or self._carrier.name,
            evidence=(("all", self._evidence),),
        )

    async def read(self) -> EncoderStatus:
        """What is told of the encoder."""
        async with self._one_at_a_time:
            answer = await self._asked()
        if isinstance(answer, str):
            return EncoderStatus(reachable=False, problem=answer, last_configured=self._last_configured)
        self._last_configured = answer.configured or self._last_configured
        return EncoderStatus(
            reachable=True,
            problem=answer.problem,
            configured=answer.configured,
            publishing=answer.publishing,
            has_input=answer.has_input,
            uptime_s=answer.uptime_s,
            last_configured=self._last_configured,
        )

    async def apply(self, target: EncoderTarget, max_impact: Impact) -> ApplyResult:
        """Order `target`, brought within the configured bitrates, at no more than `max_impact`."""
        async with self._one_at_a_time:
            started_s = self._clock()
            result = await self._apply(target, max_impact)
            return replace(result, took_s=self._clock() - started_s)

    async def publish(self, *, on: bool) -> ApplyResult:
        """Order publishing on or off, and ask whether it is."""
        async with self._one_at_a_time:
            said = await self._ordered(messages.publish_request(on=on))
            after = await self._asked()
        if isinstance(said, OrderAnswer) and said.said is Said.REFUSED:
            return self._result(Outcome.REFUSED, said.detail)
        if isinstance(after, ReadAnswer) and after.publishing is on:
            return ApplyResult(Outcome.APPLIED, "the read-back shows it", after.configured)
        return self._result(Outcome.UNKNOWN, "the read-back does not show it")

    async def restart(self) -> ApplyResult:
        """Order a restart, once; UNKNOWN until a later read shows a smaller uptime."""
        async with self._one_at_a_time:
            said = await self._ordered(messages.restart_request())
        if isinstance(said, OrderAnswer) and said.said is Said.REFUSED:
            return self._result(Outcome.REFUSED, said.detail)
        if isinstance(said, Ended) and not said.started:
            return self._result(Outcome.REFUSED, said.problem)
        return self._result(Outcome.UNKNOWN, "restart ordered; proved when the uptime has fallen")

    async def close(self) -> None:
        """Nothing is held."""

    async def _apply(self, target: EncoderTarget, max_impact: Impact) -> ApplyResult:
        before = await self._asked()
        if isinstance(before, str):
            return ApplyResult(Outcome.REFUSED, before)
        goal = self._within(target)
        clamped = goal != target
        if matches(before.configured, goal):
            return ApplyResult(Outcome.APPLIED, "it is set so already", goal, clamped=clamped)
        impact = impact_of(before.configured, goal, self._impacts)
        if impact > min(max_impact, Impact.REBOOT):
            return self._result(
                Outcome.REFUSED, f"the change costs {impact.name.lower()}, at most {max_impact.name.lower()} is allowed"
            )
        said = await self._ordered(messages.apply_request(goal, max_impact))
        if isinstance(said, Ended) and not said.started:
            return self._result(Outcome.REFUSED, said.problem)
        after = await self._asked()
        if isinstance(after, str):
            return ApplyResult(Outcome.UNKNOWN, f"ordered, but the read-back failed: {after}")
        return self._judged(said, goal, before, after, clamped=clamped, impact=impact)

    def _judged(  # noqa: PLR0913 (what was, what was asked, what was said, what is)
        self,
        said: OrderAnswer | Ended,
        goal: EncoderTarget,
        before: ReadAnswer,
        after: ReadAnswer,
        *,
        clamped: bool,
        impact: Impact,
    ) -> ApplyResult:
        taken = said.target if isinstance(said, OrderAnswer) and said.target is not None else goal
        shows = matches(after.configured, taken) and taken.bitrate_bps <= goal.bitrate_bps
        if isinstance(said, OrderAnswer) and said.said is Said.REFUSED:
            outcome = Outcome.REFUSED if after.configured == before.configured else Outcome.UNKNOWN
            return replace(self._result(outcome, said.detail or "it refused"), read_back=after.configured)
        if not shows:
            detail = said.problem if isinstance(said, Ended) else f"it said {said.said}, but reads back otherwise"
            return replace(self._result(Outcome.UNKNOWN, detail), read_back=after.configured)
        stored = impact >= Impact.REBOOT or (isinstance(said, OrderAnswer) and said.said is Said.STORED)
        outcome, text = (
            (Outcome.STORED, "it holds the new settings") if stored else (Outcome.APPLIED, "the read-back shows it")
        )
        return ApplyResult(outcome, text, after.configured, clamped=clamped or taken != goal)

    async def _asked(self) -> ReadAnswer | str:
        """The answer to `read`, or the operator's line on why there is none."""
        ended = await self._carrier.ask(messages.read_request(), deadline_s=self._deadlines.read_s)
        if ended.output is None:
            return self._line(ended.problem)
        try:
            return messages.read_answer(ended.output)
        except BadAnswerError as wrong:
            return self._line(f"answered badly: {wrong}")

    async def _ordered(self, question: bytes) -> OrderAnswer | Ended:
        ended = await self._carrier.ask(question, deadline_s=self._deadlines.order_s)
        if ended.output is None:
            return ended
        try:
            return messages.order_answer(ended.output)
        except BadAnswerError as wrong:
            return Ended(None, f"answered badly: {wrong}")

    def _within(self, target: EncoderTarget) -> EncoderTarget:
        bitrates = self._bitrates
        stepped_bps = target.bitrate_bps // bitrates.step_bps * bitrates.step_bps
        return replace(target, bitrate_bps=max(bitrates.min_bps, min(bitrates.max_bps, stepped_bps)))

    def _line(self, problem: str) -> str:
        return f"{self._carrier.name} {problem}; {self._carrier.remedy}"

    def _result(self, outcome: Outcome, detail: str) -> ApplyResult:
        return ApplyResult(outcome, f"{self._carrier.name}: {detail}")


def matches(now: EncoderTarget | None, goal: EncoderTarget) -> bool:
    """Whether `now` is `goal`; a goal without a floor is met with any."""
    return now is not None and goal == (now if goal.floor_bps is not None else replace(now, floor_bps=None))


def impact_of(now: EncoderTarget | None, goal: EncoderTarget, impacts: Impacts) -> Impact:
    """What bringing `now` to `goal` costs at most; what nobody calibrated counts as a reboot."""
    costs = [Impact.NONE]
    if now is None or now.bitrate_bps != goal.bitrate_bps or goal.floor_bps not in {None, now.floor_bps}:
        costs.append(impacts.bitrate)
    if now is None or _geometry(now) != _geometry(goal):
        costs.append(impacts.geometry)
    if now is None or now.audio_only != goal.audio_only:
        costs.append(impacts.audio_only)
    return min(max(costs), Impact.REBOOT)


def _geometry(target: EncoderTarget) -> tuple[int, int, int]:
    return target.width_px, target.height_px, target.frame_rate_hz
