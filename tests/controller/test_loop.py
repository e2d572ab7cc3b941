"""The loop on virtual time: on time, never waiting, never ended by a fault, and honest about what it knows."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, cast

import pytest

from controller.config import Config
from controller.decision.model import Freshness, Override, Quality, Scene, Series
from controller.decision.sources import EDGE_SITE
from controller.overriding.standing import By
from controller.ports import NoAnswer, Window
from controller.wiring import compose
from tests.fakes.devices import FakeEncoder, FakeSource, FakeStudio, series
from tests.fakes.virtual_time import START_WALL_S, VirtualClock, VirtualTimeLoop, virtually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from controller.running import Controller

ENCODER = {"url": "http://192.0.2.1", "password_env": "X", "impacts": {"bitrate": "none", "geometry": "none"}}


def config(**changed: object) -> Config:
    """A configuration that drives both devices."""
    document = {"rig": "r1", "encoder": ENCODER, "obs": {}, "policy": {"name": "locked"}}
    return Config.model_validate({**document, **changed})


class LiveSource(FakeSource):
    """A Prometheus whose samples are of now: the connection carries `lower_bps`, the ingest is `lag_s` late."""

    def __init__(self, *, lower_bps: float = 20e6, upper_bps: float | None = None, lag_s: float = 0.2) -> None:
        super().__init__()
        self.lower_bps, self.upper_bps, self.lag_s = lower_bps, upper_bps, lag_s
        self.age_s = 0.3
        self.failing: NoAnswer | None = None
        self.broken_series = False

    async def fetch(self) -> Window | NoAnswer:
        """The window of this moment."""
        await super().fetch()
        if self.failing is not None:
            return self.failing
        if self.broken_series:
            return Window(series=(cast("Series", None),))
        until_s = START_WALL_S + asyncio.get_running_loop().time() - self.age_s
        at = {"site": EDGE_SITE, "job": "mptcp"}
        ingest = {"site": "vps", "job": "ingest", "stream": "cam"}
        found = [
            series(
                "mptcp_connection_capacity_lower_bytes_per_second",
                *[self.lower_bps / 8] * 12,
                until_s=until_s,
                labels=at,
            ),
            series("ingest_stream_lag_seconds", *[self.lag_s] * 12, until_s=until_s, labels=ingest),
            series("ingest_stream_publishing", *[1.0] * 12, until_s=until_s, labels=ingest),
        ]
        if self.upper_bps is not None:
            found.append(
                series(
                    "mptcp_connection_capacity_upper_bytes_per_second",
                    *[self.upper_bps / 8] * 12,
                    until_s=until_s,
                    labels=at,
                )
            )
        return Window(series=tuple(found))


class Rig:
    """A controller over fakes, whose loop and devices run without its HTTP face."""

    def __init__(self, source: FakeSource, **changed: object) -> None:
        self.source, self.encoder, self.studio, self.clock = source, FakeEncoder(), FakeStudio(), VirtualClock()
        settings = config(**changed)
        self.controller: Controller = compose(
            config=settings,
            clock=self.clock,
            source=source,
            encoder=self.encoder if settings.encoder else None,
            studio=self.studio if settings.obs else None,
        )

    @property
    def events(self) -> list[str]:
        """What was told, oldest first."""
        return [f"{event.subject}: {event.text}" for event in reversed(self.controller.journal.events())]


@asynccontextmanager
async def running(source: FakeSource, **changed: object) -> AsyncIterator[Rig]:
    """A rig that runs."""
    rig = Rig(source, **changed)
    task = asyncio.create_task(rig.controller.drive())
    try:
        yield rig
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("period_s", [0.25, 1.0, 5.0])
@virtually
async def test_a_decision_per_period(period_s: float) -> None:
    """In sixty periods sixty decisions are made, and none of them late."""
    async with running(LiveSource(), prometheus={"period_s": period_s}) as rig:
        await asyncio.sleep(60 * period_s - 0.001)

        counts = rig.controller.status().counts
        assert (counts.decisions, counts.ticks_late, counts.ticks_failed) == (60, 0, 0)


@virtually
async def test_a_late_tick_makes_no_later_one_late() -> None:
    """Work that blocks the process costs the periods that it lasted, and nothing is caught up in a burst."""
    async with running(LiveSource()) as rig:
        await asyncio.sleep(5.5)
        cast("VirtualTimeLoop", asyncio.get_running_loop()).take(3.2)
        await asyncio.sleep(1.3 - 0.001)

        counts = rig.controller.status().counts
        assert (counts.decisions, counts.ticks_late) == (6 + 2, 1)


@virtually
async def test_a_source_that_hangs_costs_half_a_period_of_each_tick() -> None:
    """The tick goes on without the answer, says so, and never asks a second time meanwhile."""
    source = FakeSource(takes_s=3_600.0)
    async with running(source) as rig:
        await asyncio.sleep(19.9)

        status = rig.controller.status()
        assert status.counts.decisions == 20
        assert status.tick_duration_s == pytest.approx(0.5)
        assert status.source_problem == "unknown because Prometheus is slow: no answer yet"
        assert (source.fetches, source.most_in_flight) == (1, 1)


@virtually
async def test_an_answer_that_comes_late_is_used_by_the_next_tick() -> None:
    """A slow Prometheus gives old data, not none: its age says how far it is trusted."""
    source = LiveSource()
    source.takes_s = 0.8
    async with running(source) as rig:
        await asyncio.sleep(10.9)

        decided = rig.controller.status().decided
        assert decided is not None
        assert decided.freshness is Freshness.FRESH
        assert decided.age_s is not None
        assert 0.8 < decided.age_s < 1.5


@virtually
async def test_without_prometheus_everything_is_unknown_and_nothing_is_driven() -> None:
    """A controller whose Prometheus never answers decides on, says unknown, and touches no device."""
    async with running(FakeSource(answer=NoAnswer("unknown because the test says so"))) as rig:
        await asyncio.sleep(120.0)

        status = rig.controller.status()
        assert status.counts.decisions >= 120
        assert (status.source_problem, status.armed) == ("unknown because the test says so", False)
        assert status.decided is not None
        assert (status.decided.freshness, status.decided.age_s) == (Freshness.BLIND, None)
        assert status.decided.capacity.lower_bps is None
        assert (rig.encoder.orders, rig.studio.orders) == ([], [])


@virtually
async def test_data_too_old_to_control_with_drives_nothing() -> None:
    """A store that hides its newest half minute never arms the controller."""
    source = LiveSource()
    source.age_s = 30.0
    async with running(source) as rig:
        await asyncio.sleep(60.0)

        status = rig.controller.status()
        assert status.self_test == "not armed: data was up to 30.0 s old, at most 2.5 s are usable"
        assert rig.encoder.orders == []


@virtually
async def test_an_outage_of_prometheus_passes() -> None:
    """When Prometheus is away data grows late, then blind; when it is back, so is the knowledge."""
    source = LiveSource()
    async with running(source) as rig:
        seen = []
        for failing, seconds in ((None, 10.0), ("503", 5.0), ("503", 10.0), (None, 2.0)):
            source.failing = NoAnswer(f"unknown because {failing}") if failing else None
            await asyncio.sleep(seconds)
            decided = rig.controller.status().decided
            assert decided is not None
            seen.append(decided.freshness)

        assert seen == [Freshness.FRESH, Freshness.LATE, Freshness.BLIND, Freshness.FRESH]
        assert [event for event in rig.events if event.startswith("prometheus")] == [
            "prometheus: it answers",
            "prometheus: unknown because 503",
            "prometheus: it answers",
        ]


@virtually
async def test_samples_of_another_rig_are_none() -> None:
    """An answer without series is told as such: the labels are the likely reason."""
    async with running(FakeSource()) as rig:
        await asyncio.sleep(1.0)

        assert rig.controller.status().source_problem == "unknown because Prometheus has no samples of this rig"


@virtually
async def test_a_fall_of_the_links_reaches_the_encoder() -> None:
    """From a healthy start, a capacity that falls below the rung brings the encoder down, and the journal says why."""
    source = LiveSource()
    async with running(source) as rig:
        await asyncio.sleep(10.0)
        before = rig.encoder.plays.bitrate_bps
        source.lower_bps, source.upper_bps = 0.4e6, 0.45e6
        await asyncio.sleep(40.0)

        (newest, *_) = rig.controller.journal.entries()
        order = newest.order("encoder")
        assert before == 2_500_000
        assert rig.encoder.plays.bitrate_bps < 600_000
        assert newest.quality in {Quality.VERY_LOW, Quality.ERROR}
        assert newest.reason.text
        assert order is not None
        assert order.applied_s is not None
        assert order.applied_s - newest.at_s < 1.0


@virtually
async def test_a_late_picture_changes_the_scene() -> None:
    """OBS is on the simple scene when the picture is late, and back on the main scene when it is not."""
    source = LiveSource()
    async with running(source, encoder=None) as rig:
        await asyncio.sleep(10.0)
        source.lag_s = 5.0
        await asyncio.sleep(3.0)
        during = rig.studio.scene
        source.lag_s = 0.1
        await asyncio.sleep(5.0)

        assert (during, rig.studio.scene) == ("Emergency - Simple", "Main Camera")
        assert [entry.scene for entry in rig.controller.journal.entries()][:2] == [Scene.MAIN, Scene.SIMPLE]


@virtually
async def test_a_hanging_encoder_delays_no_tick_and_no_scene() -> None:
    """Each device has its own task: one that hangs neither slows the loop nor the other device."""
    source = LiveSource()
    async with running(source) as rig:
        rig.encoder.hangs = True
        await asyncio.sleep(10.0)
        source.lag_s = 5.0
        await asyncio.sleep(2.99)

        counts = rig.controller.status().counts
        assert (counts.decisions, counts.ticks_late) == (13, 0)
        assert rig.studio.scene == "Emergency - Simple"


@virtually
async def test_a_defect_of_the_source_does_not_end_the_loop() -> None:
    """A source that raises is an unknown with the defect's name."""
    source = FakeSource(broken=True)
    async with running(source) as rig:
        await asyncio.sleep(10.0)

        status = rig.controller.status()
        assert status.counts.decisions >= 10
        assert status.source_problem == "unknown because the metric source failed: RuntimeError"


@virtually
async def test_a_defect_in_a_tick_is_told_once_and_passes() -> None:
    """A tick that fails is counted, its defect told when it is new, and the ticks after it go on."""
    source = LiveSource()
    async with running(source) as rig:
        await asyncio.sleep(9.5)
        source.broken_series = True
        await asyncio.sleep(10.0)
        source.broken_series = False
        await asyncio.sleep(10.0)

        counts = rig.controller.status().counts
        assert (counts.ticks_failed, counts.decisions) == (10, 20)
        told = [event for event in rig.events if "failed" in event]
        assert told == ["controller: a tick failed: AttributeError; the log says where"]


@virtually
async def test_a_clock_that_jumps_ends_nothing() -> None:
    """An hour forwards or back makes data unknown for a while and the loop go on."""
    source = LiveSource()
    async with running(source) as rig:
        await asyncio.sleep(10.0)
        for jump_s in (3_600.0, 0.0, -3_600.0, 0.0):
            rig.clock.wall_jump_s = jump_s
            await asyncio.sleep(10.0)

        status = rig.controller.status()
        assert status.counts.ticks_failed == 0
        assert status.counts.decisions >= 50
        assert status.decided is not None
        assert status.decided.freshness is Freshness.FRESH


@virtually
async def test_transitions_are_counted_by_their_rule() -> None:
    """Each change of state counts under from, to and rule."""
    source = LiveSource()
    async with running(source) as rig:
        await asyncio.sleep(5.0)
        source.lower_bps, source.upper_bps = 0.4e6, 0.45e6
        await asyncio.sleep(40.0)

        transitions = rig.controller.status().counts.transitions
        changes = [entry for entry in rig.controller.journal.entries() if entry.changed_from is not None]
        assert sum(transitions.values()) == len(changes) > 0
        assert {(str(change.changed_from), str(change.quality), change.reason.rule) for change in changes} == set(
            transitions
        )


@virtually
async def test_without_an_encoder_the_edge_state_is_followed() -> None:
    """A controller beside OBS mirrors the fresh state of the edge, and wants nothing of an encoder."""

    class WithEdge(LiveSource):
        async def fetch(self) -> Window | NoAnswer:
            window = await super().fetch()
            assert isinstance(window, Window)
            until_s = START_WALL_S + asyncio.get_running_loop().time() - 1.0
            at = {"site": EDGE_SITE, "job": "controller"}
            states = tuple(
                series(
                    "vvlive_quality_state",
                    *[float(state is Quality.LOW)] * 5,
                    until_s=until_s,
                    labels={**at, "state": state.value},
                )
                for state in Quality
            )
            return Window(series=window.series + states)

    async with running(WithEdge(), encoder=None) as rig:
        await asyncio.sleep(10.0)

        status = rig.controller.status()
        assert status.decided is not None
        assert (status.decided.edge_state, status.decided.quality) == (Quality.LOW, Quality.LOW)
        assert (status.drives_encoder, status.encoder, status.decided.target) == (False, None, None)


@virtually
async def test_an_override_is_decided_at_once_and_costs_the_schedule_nothing() -> None:
    """A tick of its own honours it, in no time; the periodic ticks stay where they were."""
    async with running(LiveSource(), prometheus={"period_s": 5.0}) as rig:
        await asyncio.sleep(6.0)
        before = rig.controller.status().counts.decisions
        until_s = rig.clock.wall_s() + 60.0
        await rig.controller.desk.give(Override(until_s=until_s, reason="r", state=Quality.LOW), by=By.HAND)
        await asyncio.sleep(0.01)
        status = rig.controller.status()
        await asyncio.sleep(13.9)

        assert status.decided is not None
        assert (status.decided.quality, status.decided.reason.rule) == (Quality.LOW, "override-state")
        assert status.counts.decisions == before + 1
        counts = rig.controller.status().counts
        assert (counts.decisions, counts.ticks_late) == (before + 3, 0)


@virtually
async def test_an_override_ends_by_itself() -> None:
    """After its end the machine decides again, and the journal says so."""
    async with running(LiveSource()) as rig:
        until_s = rig.clock.wall_s() + 10.0
        await rig.controller.desk.give(Override(until_s=until_s, reason="r", state=Quality.LOW), by=By.HAND)
        await asyncio.sleep(12.0)
        status = rig.controller.status()

        assert status.override is None
        assert status.decided is not None
        assert not status.decided.reason.rule.startswith("override")
        assert "override: it has run out: r" in rig.events
