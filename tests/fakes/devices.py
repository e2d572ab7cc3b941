"""An encoder, an OBS and a metric source that do what the test says, and write down what they were asked."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from controller.decision.model import EncoderTarget, Sample, Series
from controller.ports import (
    ApplyResult,
    EncoderCapabilities,
    EncoderStatus,
    Impact,
    MediaState,
    NoAnswer,
    Outcome,
    SceneResult,
    StudioAnswer,
    StudioStatus,
    Window,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

PLAYING = EncoderTarget(bitrate_bps=2_500_000, width_px=1280, height_px=720, frame_rate_hz=30)


@dataclass
class FakeEncoder:
    """An encoder. `outcome` is what it makes of orders; `silent` and `broken` are its absences."""

    plays: EncoderTarget = PLAYING
    outcome: Outcome = Outcome.APPLIED
    takes_s: float = 0.0
    silent: bool = False
    broken: bool = False
    hangs: bool = False
    publishing: bool | None = True
    has_input: bool | None = True
    push_on: bool | None = None
    capabilities: EncoderCapabilities | None = None
    pushes: list[bool] = field(default_factory=list)
    restarts: int = 0
    uptime_s: float | None = 1_000.0
    restarting: bool = False
    clamps_to: EncoderTarget | None = None
    orders: list[EncoderTarget] = field(default_factory=list)
    impacts: list[Impact] = field(default_factory=list)
    reads: int = 0
    in_flight: int = 0
    most_in_flight: int = 0
    closed: bool = False

    async def probe(self) -> EncoderCapabilities | None:
        """What the test says that it is."""
        return self.capabilities

    async def read(self) -> EncoderStatus:
        """What it plays now."""
        self.reads += 1
        await self._call()
        if self.silent:
            return EncoderStatus(reachable=False, problem="no answer from the test encoder")
        return EncoderStatus(
            reachable=True,
            configured=self.plays,
            publishing=self.publishing,
            has_input=self.has_input,
            uptime_s=self.uptime_s,
            restarting=self.restarting,
            push_on=self.push_on,
        )

    async def apply(self, target: EncoderTarget, max_impact: Impact) -> ApplyResult:
        """Take the order down, and do with it what the test says."""
        self.orders.append(target)
        self.impacts.append(max_impact)
        await self._call()
        if self.silent:
            return ApplyResult(Outcome.UNKNOWN, "no answer from the test encoder")
        if self.outcome in {Outcome.APPLIED, Outcome.STORED}:
            self.plays = self.clamps_to or target
        return ApplyResult(self.outcome, f"the test says {self.outcome}", read_back=self.plays)

    async def publish(self, *, on: bool) -> ApplyResult:
        """Note the switch."""
        self.pushes.append(on)
        return ApplyResult(Outcome.APPLIED, "the test says so")

    async def restart(self) -> ApplyResult:
        """Note the order."""
        self.restarts += 1
        return ApplyResult(Outcome.UNKNOWN, "restart ordered")

    async def close(self) -> None:
        """Note that it was closed."""
        self.closed = True

    async def _call(self) -> None:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            if self.broken:
                raise RuntimeError("a defect of the driver")
            await asyncio.sleep(3_600.0 if self.hangs else self.takes_s)
        finally:
            self.in_flight -= 1


@dataclass
class FakeStudio:
    """An OBS with four scenes."""

    scene: str | None = "Main Camera"
    scenes: tuple[str, ...] = ("Main Camera", "Emergency - Simple", "Audio Only", "Stream Offline", "Intro")
    outcome: Outcome = Outcome.APPLIED
    silent: bool = False
    streaming: bool | None = True
    media_state: MediaState | None = None
    media_cursor_s: float | None = None
    orders: list[str] = field(default_factory=list)
    closed: bool = False
    answers: dict[str, dict[str, object]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    obeys: bool = True  # whether starting and stopping an output shows

    async def read(self) -> StudioStatus:
        """What it shows now."""
        if self.silent:
            return StudioStatus(reachable=False, problem="no connection to the test OBS")
        return StudioStatus(
            reachable=True,
            scene_name=self.scene,
            streaming=self.streaming,
            media_state=self.media_state,
            media_cursor_s=self.media_cursor_s,
            scene_names=self.scenes,
        )

    async def show(self, scene_name: str) -> SceneResult:
        """Take the order down, and do with it what the test says."""
        self.orders.append(scene_name)
        if self.silent:
            return SceneResult(Outcome.UNKNOWN, "no connection to the test OBS")
        if self.outcome is Outcome.APPLIED:
            self.scene = scene_name
        return SceneResult(self.outcome, f"the test says {self.outcome}", shown_name=self.scene)

    async def ask(self, request_type: str, data: Mapping[str, object] | None = None) -> StudioAnswer:
        """Answer from `answers`; what is not there OBS does not know."""
        self.asked.append((request_type, dict(data or {})))
        if self.silent:
            return StudioAnswer(reachable=False, problem="no connection to the test OBS")
        if request_type not in self.answers:
            return StudioAnswer(reachable=True, code=204, comment="unknown request")
        self._obey(request_type)
        return StudioAnswer(reachable=True, ok=True, code=100, data=self.answers[request_type])

    def _obey(self, request_type: str) -> None:
        for verb, active in (("Start", True), ("Stop", False)):
            status = f"Get{request_type.removeprefix(verb)}Status"
            if self.obeys and request_type.startswith(verb) and status in self.answers:
                self.answers[status] = {**self.answers[status], "outputActive": active}

    async def close(self) -> None:
        """Note that it was closed."""
        self.closed = True


@dataclass
class FakeSource:
    """A metric source that answers with `answer`, after `takes_s`."""

    answer: Window | NoAnswer = field(default_factory=lambda: Window(series=()))
    takes_s: float = 0.0
    fetches: int = 0
    in_flight: int = 0
    most_in_flight: int = 0
    closed: bool = False
    broken: bool = False
    queries: list[str] = field(default_factory=list)

    async def fetch(self) -> Window | NoAnswer:
        """Give the test's answer."""
        self.fetches += 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await asyncio.sleep(self.takes_s)
        finally:
            self.in_flight -= 1
        if self.broken:
            raise RuntimeError("a defect of the source")
        return self.answer

    async def look_up(self, query: str) -> Window | NoAnswer:
        """Give the test's answer to any question."""
        self.queries.append(query)
        return self.answer

    async def close(self) -> None:
        """Note that it was closed."""
        self.closed = True


def series(metric: str, *values: float, until_s: float, labels: dict[str, str]) -> Series:
    """A window of one series with a sample per second, the last at `until_s`."""
    first_s = until_s - len(values) + 1
    samples = tuple(Sample(t_s=first_s + place, value=value) for place, value in enumerate(values))
    return Series(metric=metric, labels=tuple(sorted(labels.items())), samples=samples)
