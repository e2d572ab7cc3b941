"""A calibration of the simulated unit, in each of its personalities."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import pytest
import pytest_asyncio

from controller.calibrating.judging import Field, Finding, costs_of, impacts_of
from controller.calibrating.trying import Calibration, NotPossibleError, Timing, trials_for
from controller.decision.model import EncoderTarget
from controller.ports import EncoderCapabilities, Impact, Outcome
from controller.running import SystemClock
from deploy.demo.encoder.device import Fault, Personality
from tests.controller.calibrating.stands import Stand, stand

START = EncoderTarget(2_500_000, 1280, 720, 30)
TIMING = Timing(every_s=0.05, before_s=0.4, shows_within_s=0.9, after_s=0.2, restart_within_s=6.0, rate_over_s=0.3)
ABLE = EncoderCapabilities(
    bitrate_impact=Impact.UNKNOWN,
    geometry_impact=Impact.UNKNOWN,
    audio_only_impact=Impact.UNKNOWN,
    min_bitrate_bps=32_000,
    max_bitrate_bps=32_000_000,
    step_bps=1_000,
    sizes_px=(),
    own_abr=False,
    restartable=True,
    identity="a unit",
)


def calibration(unit: Stand, *, may_restart: bool = False) -> Calibration:
    """A quick one."""
    return Calibration(
        encoder=unit.encoder, ingest=unit.air, clock=SystemClock(), timing=TIMING, may_restart=may_restart
    )


@dataclass(frozen=True)
class Tried:
    """What a calibration found, and how it left the unit."""

    findings: list[Finding]
    restored: bool | None
    after: EncoderTarget | None


async def tried(personality: Personality, fault: Fault = Fault.NONE, *, may_restart: bool = False) -> Tried:
    """A calibration of a unit of this character."""
    async with stand(personality, fault) as unit:
        await asyncio.sleep(1.1)  # the unit tells its uptime in whole seconds: let it have one to lose
        run = calibration(unit, may_restart=may_restart)
        findings = await run.run()
        return Tried(findings, run.restored, (await unit.encoder.read()).configured)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def runs() -> dict[str, Tried]:
    """One calibration of each kind of unit, side by side: they mostly wait."""
    kinds = {
        "live": tried(Personality.LIVE),
        "restart": tried(Personality.RESTART),
        "as shipped": tried(Personality.STORED),
        "lies": tried(Personality.LIVE, Fault.LIES),
        "restarted": tried(Personality.STORED, may_restart=True),
    }
    return dict(zip(kinds, await asyncio.gather(*kinds.values()), strict=True))


def test_a_live_unit_costs_nothing_and_a_glitch(runs: dict[str, Tried]) -> None:
    """Bitrate is live; size and frame rate cost a new picture."""
    findings = runs["live"].findings

    assert [(one.field, one.impact) for one in findings] == [
        (Field.BITRATE, Impact.NONE),
        (Field.SIZE, Impact.GLITCH),
        (Field.FRAME_RATE, Impact.GLITCH),
    ]
    assert impacts_of(findings) == (Impact.NONE, Impact.GLITCH)
    assert costs_of(findings) == (None, None)


def test_a_unit_that_restarts_its_encoder_costs_a_reconnect(runs: dict[str, Tried]) -> None:
    """Every change drops the connection for a moment, and the moment is what it costs."""
    findings = runs["restart"].findings

    assert {one.impact for one in findings} == {Impact.RECONNECT}
    assert all(one.reconnected and 0.2 <= one.gap_s < 2.0 for one in findings)


def test_a_unit_as_shipped_is_not_live(runs: dict[str, Tried]) -> None:
    """A unit that only stores reads back as ordered and shows nothing: unknown, with the reason."""
    findings = runs["as shipped"].findings

    assert {(one.impact, one.outcome, one.shown) for one in findings} == {(Impact.UNKNOWN, Outcome.STORED, False)}
    assert "does not show at the ingest: not live on this unit" in findings[0].text


def test_a_unit_that_lies_is_found_out_at_the_ingest(runs: dict[str, Tried]) -> None:
    """Its read-back shows every change, and the bytes that arrive do not."""
    assert {one.impact for one in runs["lies"].findings} == {Impact.UNKNOWN}


def test_a_permitted_restart_shows_what_a_stored_change_costs(runs: dict[str, Tried]) -> None:
    """The unit goes away and comes back with the change: that costs a reboot, and so many seconds without a byte."""
    bitrate = runs["restarted"].findings[0]

    assert (bitrate.impact, bitrate.rebooted) == (Impact.REBOOT, True)
    assert bitrate.gap_s >= 0.2


@pytest.mark.parametrize("kind", ["live", "restart", "as shipped", "lies", "restarted"])
def test_every_unit_is_put_back(runs: dict[str, Tried], kind: str) -> None:
    """Afterwards it is set as it was before, whatever it is."""
    assert (runs[kind].restored, runs[kind].after) == (True, START)


async def test_what_breaks_off_is_put_back() -> None:
    """Cancelled in mid-trial, the unit is brought back to what it was."""
    async with stand(Personality.LIVE) as unit:
        running = asyncio.create_task(calibration(unit).run())
        for _ in range(400):
            order = unit.air.order
            if order is not None and order.video.bitrate_bps != START.bitrate_bps:
                break
            await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        for _ in range(400):
            after = (await unit.encoder.read()).configured
            if after == START:
                break
            await asyncio.sleep(0.01)

    assert after == START


async def test_without_a_stream_nothing_is_tried() -> None:
    """No byte at the ingest could show anything, so nothing is changed."""
    async with stand(Personality.LIVE) as unit:
        unit.air.silent = True
        run = calibration(unit)
        with pytest.raises(NotPossibleError, match="no bytes arrive at the ingest; start the stream first"):
            await run.run()

    assert unit.air.order is not None
    assert unit.air.order.video.bitrate_bps == START.bitrate_bps


async def test_without_an_answer_nothing_is_tried() -> None:
    """A unit that does not answer is told by its own line."""
    async with stand(Personality.LIVE, Fault.DENIES) as unit:
        with pytest.raises(NotPossibleError, match="user name or password refused"):
            await calibration(unit).run()


@pytest.mark.parametrize(
    ("now", "found", "fields"),
    [
        (START, ABLE, [Field.BITRATE, Field.SIZE, Field.FRAME_RATE]),
        (START, replace(ABLE, sizes_px=((1280, 720),)), [Field.BITRATE]),
        (START, replace(ABLE, min_bitrate_bps=2_000_000), [Field.SIZE, Field.FRAME_RATE]),
        (EncoderTarget(350_000, 480, 270, 20), ABLE, []),
    ],
)
def test_only_what_it_has_is_tried(now: EncoderTarget, found: EncoderCapabilities, fields: list[Field]) -> None:
    """A fixed picture, a narrow range or the smallest size leave something out."""
    assert [trial.field for trial in trials_for(now, found)] == fields
