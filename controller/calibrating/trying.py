"""One trial after the other: order, watch encoder and ingest, put back what was; in any case."""

from __future__ import annotations

import asyncio
import dataclasses
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from controller.calibrating.judging import RATE_OVER_S, Field, Finding, Glance, Look, judged, rate_bps, shows
from controller.ports import Impact, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from controller.decision.model import EncoderTarget
    from controller.ports import Clock, Encoder, EncoderCapabilities, EncoderStatus

# Smaller pictures that encoders commonly have, largest first; the first that is smaller and on offer is tried.
SIZES_PX = ((1280, 720), (854, 480), (850, 480), (640, 360), (480, 270))
FRAME_RATES_HZ = (24, 25, 20)
LEAST_TRIED_BPS = 300_000


class Ingest(Protocol):
    """What arrives."""

    async def look(self) -> tuple[Look, ...] | str:
        """The newest looks, oldest first, some of them seen before; or why there are none."""
        ...


@dataclass(frozen=True, slots=True)
class Timing:
    """How long is watched, seconds."""

    every_s: float = 0.5
    before_s: float = 6.0
    shows_within_s: float = 20.0
    after_s: float = 6.0  # what it costs may come after it showed
    rate_over_s: float = RATE_OVER_S
    restart_within_s: float = 180.0


@dataclass
class Trial:
    """One change on its way: what was seen, and what came of it."""

    field: Field
    start: EncoderTarget
    goal: EncoderTarget
    ordered_s: float = 0.0
    outcome: Outcome = Outcome.UNKNOWN
    detail: str = ""
    looks: list[Look] = dataclasses.field(default_factory=list)
    glances: list[Glance] = dataclasses.field(default_factory=list)
    finding: Finding | None = None


class NotPossibleError(Exception):
    """Nothing can be tried; the message is the operator's line."""


def trials_for(now: EncoderTarget, found: EncoderCapabilities) -> list[Trial]:
    """What to try from `now`: half the bitrate, a smaller size, a lower frame rate; what it lacks is left out."""
    trials = []
    half_bps = max(now.bitrate_bps // 2 // 1000 * 1000, found.min_bitrate_bps, LEAST_TRIED_BPS)
    if half_bps < 0.7 * now.bitrate_bps:
        trials.append(Trial(Field.BITRATE, now, replace(now, bitrate_bps=half_bps)))
    fixed = found.sizes_px == ((now.width_px, now.height_px),)
    smaller = [
        size
        for size in SIZES_PX
        if size[0] < now.width_px and size[1] < now.height_px and (not found.sizes_px or size in found.sizes_px)
    ]
    if smaller and not fixed:
        width_px, height_px = smaller[0]
        trials.append(Trial(Field.SIZE, now, replace(now, width_px=width_px, height_px=height_px)))
    lower_hz = next((rate for rate in FRAME_RATES_HZ if rate < now.frame_rate_hz), None)
    if lower_hz is not None and not fixed:
        trials.append(Trial(Field.FRAME_RATE, now, replace(now, frame_rate_hz=lower_hz)))
    return trials


class Calibration:
    """Tries changes on `encoder` and watches `ingest`; `tell` takes the operator's lines.

    With `may_restart`, a change that is only stored is followed by one restart of the unit.
    """

    def __init__(  # noqa: PLR0913 - what it is made of, each part by its name
        self,
        *,
        encoder: Encoder,
        ingest: Ingest,
        clock: Clock,
        tell: Callable[[str], None] = lambda _: None,
        timing: Timing = Timing(),
        may_restart: bool = False,
    ) -> None:
        self._encoder, self._ingest, self._clock = encoder, ingest, clock
        self._tell, self._timing, self._may_restart = tell, timing, may_restart
        self.trials: list[Trial] = []
        self.restored: bool | None = None

    async def run(self) -> list[Finding]:
        """Every trial in turn. Whatever happens, the encoder is put back to what it was, and `restored` says so.

        Raises:
            NotPossibleError: encoder or ingest cannot be watched.
        """
        status, found = await self._encoder.read(), await self._encoder.probe()
        if not status.reachable or status.configured is None or found is None:
            raise NotPossibleError(status.problem or "the encoder does not tell its settings")
        self.restored = True
        for trial in trials_for(status.configured, found):
            self.trials.append(trial)
            self._tell(f"trying {trial.field}: {_difference(trial)}")
            try:
                await self._try(trial)
            finally:
                await asyncio.shield(self._put_back(trial))
            if trial.finding is not None:
                self._tell(trial.finding.text)
            if not self.restored:
                break
        return [trial.finding for trial in self.trials if trial.finding is not None]

    async def _try(self, trial: Trial) -> None:
        before_bps = await self._settled(trial)
        trial.ordered_s = self._clock.wall_s()
        result = await self._encoder.apply(trial.goal, Impact.REBOOT)
        trial.outcome, trial.detail = result.outcome, result.detail
        shown_at_s = await self._watched(trial, before_bps, within_s=self._timing.shows_within_s)
        if shown_at_s is None and result.outcome is Outcome.STORED and self._may_restart:
            self._tell(f"{trial.field}: only stored; restarting the unit")
            await self._encoder.restart()
            shown_at_s = await self._watched(trial, before_bps, within_s=self._timing.restart_within_s)
        trial.finding = judged(
            trial.field,
            outcome=trial.outcome,
            detail=trial.detail,
            shown_at_s=shown_at_s,
            ordered_s=trial.ordered_s,
            looks=[look for look in trial.looks if look.at_s >= trial.ordered_s - 1.0],
            glances=trial.glances,
        )

    async def _settled(self, trial: Trial) -> float:
        """The rate before the change, once enough was seen. Raises NotPossibleError."""
        began_s = self._clock.monotonic_s()
        rate: float | None = None
        while not rate or self._clock.monotonic_s() - began_s < self._timing.before_s:
            problem = await self._see(trial)
            if problem is not None:
                raise NotPossibleError(problem)
            if trial.looks:
                rate = rate_bps(trial.looks, until_s=trial.looks[-1].at_s, over_s=self._timing.rate_over_s)
            if not rate and self._clock.monotonic_s() - began_s > 3 * self._timing.before_s:
                raise NotPossibleError("no bytes arrive at the ingest; start the stream first")
            await asyncio.sleep(self._timing.every_s)
        return rate

    async def _watched(self, trial: Trial, before_bps: float | None, *, within_s: float) -> float | None:
        """Watch until the change shows and some time longer; when it showed first, None where it did not."""
        shown_at_s: float | None = None
        until_s = self._clock.monotonic_s() + within_s
        while self._clock.monotonic_s() < until_s:
            await self._see(trial)
            seen = shows(
                trial.field,
                trial.goal,
                trial.looks,
                before_bps=before_bps,
                since_s=trial.ordered_s,
                over_s=self._timing.rate_over_s,
            )
            if seen and shown_at_s is None:
                shown_at_s = trial.looks[-1].at_s
                until_s = min(until_s, self._clock.monotonic_s() + self._timing.after_s)
            await asyncio.sleep(self._timing.every_s)
        return shown_at_s

    async def _see(self, trial: Trial) -> str | None:
        """One look at the ingest and one at the encoder; the ingest's problem, if it has one."""
        found, status = await self._ingest.look(), await self._encoder.read()
        trial.glances.append(Glance(self._clock.wall_s(), status.reachable, status.publishing, status.uptime_s))
        if isinstance(found, str):
            return found
        newest_s = trial.looks[-1].at_s if trial.looks else 0.0
        trial.looks += [look for look in found if look.at_s > newest_s]
        return None

    async def _put_back(self, trial: Trial) -> None:
        """Order what was, until it reads back so; a unit that only stores is restarted for it, where it may be."""
        self.restored = await self._ordered_back(trial)
        if trial.finding is not None and trial.finding.rebooted and self._may_restart:
            self._tell("restarting the unit once more, for its old settings")
            await self._encoder.restart()
            self.restored = await self._ordered_back(trial)

    async def _ordered_back(self, trial: Trial) -> bool:
        until_s = self._clock.monotonic_s() + self._timing.restart_within_s
        while self._clock.monotonic_s() < until_s:
            await self._encoder.apply(trial.start, Impact.REBOOT)
            status: EncoderStatus = await self._encoder.read()
            if status.configured == trial.start and status.publishing is not False:
                return True
            await asyncio.sleep(self._timing.every_s)
        return False


def _difference(trial: Trial) -> str:
    start, goal = trial.start, trial.goal
    if trial.field is Field.BITRATE:
        return f"{start.bitrate_bps // 1000} to {goal.bitrate_bps // 1000} kbit/s"
    if trial.field is Field.SIZE:
        return f"{start.width_px}x{start.height_px} to {goal.width_px}x{goal.height_px}"
    return f"{start.frame_rate_hz} to {goal.frame_rate_hz} frames per second"
