"""What an encoder is spared, what it says of itself, and when it is restarted or its push toggled."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.actuation.devices import Calibration, EncoderDevice
from controller.decision.model import EncoderTraits
from controller.ports import EncoderCapabilities, Impact, Impacts, Outcome
from tests.fakes.clock import FakeClock
from tests.fakes.devices import PLAYING, FakeEncoder

LIVE = Impacts(bitrate=Impact.NONE, geometry=Impact.GLITCH)
REBOOTING = Impacts(bitrate=Impact.REBOOT)
LOWER = replace(PLAYING, bitrate_bps=1_000_000)
HIGHER = replace(PLAYING, bitrate_bps=4_000_000)
UNIT = EncoderCapabilities(
    bitrate_impact=Impact.NONE,
    geometry_impact=Impact.UNKNOWN,
    audio_only_impact=Impact.UNKNOWN,
    min_bitrate_bps=500_000,
    max_bitrate_bps=6_000_000,
    step_bps=100_000,
    sizes_px=(),
    own_abr=True,
    restartable=True,
    identity="unit 7",
    evidence=(("bitrate", "measured"),),
)


class Care:
    """An encoder under a calibration, its clock, and what the operator was told."""

    def __init__(self, encoder: FakeEncoder, *, impacts: Impacts = LIVE, **changed: object) -> None:
        self.encoder, self.clock, self.told = encoder, FakeClock(), list[str]()
        calibration = Calibration(impacts=impacts, max_impact=Impact.REBOOT, traits=EncoderTraits())
        self.device = EncoderDevice(
            encoder,
            replace(calibration, **changed),  # type: ignore[arg-type] # fields by their names
            tell=self.told.append,
            clock=self.clock,
        )


async def test_a_unit_introduces_itself_once() -> None:
    """Before its first order it says what it is and what its changes cost; later reads do not repeat it."""
    care = Care(FakeEncoder(capabilities=UNIT))
    await care.device.read()
    await care.device.read()

    line = "it is unit 7; a change costs: bitrate none, geometry unknown, audio only unknown (bitrate: measured)"
    assert (care.told, care.device.introduction) == ([line], line)


async def test_what_the_unit_can_do_bounds_what_is_asked() -> None:
    """Range, step and a loop of its own come from the unit, where they are narrower than the configured."""
    care = Care(FakeEncoder(capabilities=UNIT))
    await care.device.read()
    traits = care.device.traits

    assert (traits.min_bitrate_bps, traits.max_bitrate_bps, traits.step_bps, traits.own_abr) == (
        500_000,
        6_000_000,
        100_000,
        True,
    )


@pytest.mark.parametrize(("calibrated", "fitted"), [("unit 7", LOWER), (None, LOWER), ("unit 8", PLAYING)])
async def test_anothers_calibration_says_nothing_of_this_unit(calibrated: str | None, fitted: object) -> None:
    """What was measured on another unit is not used, and the operator reads why."""
    care = Care(FakeEncoder(capabilities=UNIT), unit=calibrated)
    await care.device.read()

    assert care.device.fit(LOWER, PLAYING) == fitted
    assert ("run `vvlive doctor encoder`" in (care.device.remark or "")) is (calibrated == "unit 8")


async def test_changes_are_bounded_by_the_hour() -> None:
    """Of ten changes rises may use six; falls go on to the tenth; the operator is told once."""
    care = Care(FakeEncoder(), most_changes_per_hour=10)
    await care.device.read()
    for _ in range(6):
        assert care.device.fit(HIGHER, PLAYING) == HIGHER
        await care.device.write(HIGHER)

    assert care.device.fit(HIGHER, PLAYING) is None
    assert care.device.fit(PLAYING, PLAYING) == PLAYING
    for _ in range(4):
        assert care.device.fit(LOWER, PLAYING) == LOWER
        await care.device.write(LOWER)
    assert care.device.fit(LOWER, PLAYING) is None
    care.clock.advance(3_601)
    assert care.device.fit(HIGHER, PLAYING) == HIGHER
    assert len([line for line in care.told if "only falls are ordered" in line]) == 1


async def test_a_refused_order_costs_nothing() -> None:
    """What was not written has not worn anything."""
    care = Care(FakeEncoder(outcome=Outcome.REFUSED), most_changes_per_hour=10)
    for _ in range(20):
        await care.device.write(LOWER)

    assert care.device.fit(HIGHER, PLAYING) == HIGHER


async def test_a_permitted_reboot_is_one_in_half_an_hour() -> None:
    """A unit calibrated to reboot for a change is restarted for it, told, and then left alone for its time."""
    care = Care(FakeEncoder(outcome=Outcome.STORED), impacts=REBOOTING)
    await care.device.read()
    written = await care.device.write(LOWER)

    assert (written.outcome, care.encoder.restarts) == (Outcome.UNKNOWN, 1)
    assert "restarted for its new settings" in care.told[0]
    assert care.device.fit(HIGHER, PLAYING) == PLAYING
    assert care.device.traits.bitrate_cost_s is None
    care.clock.advance(1_801)
    assert care.device.fit(HIGHER, PLAYING) == HIGHER


async def test_an_uncalibrated_unit_is_never_restarted() -> None:
    """A unit that stores what was thought to be live is not asked again, and not restarted."""
    care = Care(FakeEncoder(outcome=Outcome.STORED))
    await care.device.read()
    written = await care.device.write(LOWER)

    assert (written.outcome, care.encoder.restarts) == (Outcome.STORED, 0)


async def test_a_push_that_stays_down_is_switched_once() -> None:
    """After its time off and on, once an outage; then the operator is told."""
    care = Care(FakeEncoder(publishing=False, push_on=True), republish_after_s=60.0)
    for _ in range(300):
        await care.device.read()
        care.clock.advance(1.0)

    assert care.encoder.pushes == [False, True]
    assert [line.split(":")[0] for line in care.told] == [
        "its push was down for 60 s and is switched off and on",
        "its push is still down",
    ]


@pytest.mark.parametrize("state", [{"push_on": False}, {"push_on": True, "has_input": False}, {"push_on": None}])
async def test_a_push_that_may_be_meant_so_is_left_alone(state: dict[str, bool | None]) -> None:
    """Switched off by somebody, without a picture, or not told: nothing is switched."""
    care = Care(FakeEncoder(publishing=False, **state), republish_after_s=60.0)  # type: ignore[arg-type] # as above
    for _ in range(200):
        await care.device.read()
        care.clock.advance(1.0)

    assert (care.encoder.pushes, care.told) == ([], [])
