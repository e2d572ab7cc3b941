"""How far a device may be brought to what is wanted, and what is learned of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.actuation.devices import Calibration, EncoderDevice, StudioDevice, changed_fields
from controller.decision.model import EncoderTarget, EncoderTraits
from controller.ports import Impact, Impacts, Outcome
from tests.fakes.devices import PLAYING, FakeEncoder, FakeStudio

LIVE = Impacts(bitrate=Impact.NONE, geometry=Impact.GLITCH, audio_only=Impact.GLITCH)
OTHER = EncoderTarget(bitrate_bps=600_000, width_px=640, height_px=360, frame_rate_hz=24, audio_only=True)
TRAITS = EncoderTraits(bitrate_cost_s=0.0, geometry_cost_s=0.5, audio_only_cost_s=0.5)


def device(
    encoder: FakeEncoder, *, impacts: Impacts = LIVE, max_impact: Impact = Impact.GLITCH, own_abr: bool = False
) -> EncoderDevice:
    """An encoder under a calibration."""
    traits = replace(TRAITS, own_abr=own_abr)
    return EncoderDevice(encoder, Calibration(impacts=impacts, max_impact=max_impact, traits=traits))


async def test_what_is_calibrated_may_all_be_changed() -> None:
    """With every change calibrated and cheap the whole target is ordered."""
    assert device(FakeEncoder()).fit(OTHER, PLAYING) == OTHER


@pytest.mark.parametrize("impact", [Impact.RECONNECT, Impact.REBOOT, Impact.UNKNOWN])
def test_what_costs_too_much_stays_as_it_is(impact: Impact) -> None:
    """Fields whose change costs more than permitted, or nobody knows what, keep their present value."""
    impacts = Impacts(bitrate=Impact.NONE, geometry=impact, audio_only=impact)

    fitted = device(FakeEncoder(), impacts=impacts).fit(OTHER, PLAYING)

    assert fitted == replace(PLAYING, bitrate_bps=OTHER.bitrate_bps)


def test_an_uncalibrated_unit_is_left_alone() -> None:
    """Without any calibration nothing is ordered, even where a reboot would be permitted."""
    uncalibrated = device(FakeEncoder(), impacts=Impacts(), max_impact=Impact.REBOOT)

    assert uncalibrated.fit(OTHER, PLAYING) == PLAYING
    traits = uncalibrated.traits
    assert (traits.bitrate_cost_s, traits.geometry_cost_s, traits.audio_only_cost_s) == (None, None, None)


def test_a_cost_beyond_the_permitted_is_not_offered_to_the_decision() -> None:
    """The core is told only of changes that will be carried out."""
    impacts = replace(LIVE, geometry=Impact.REBOOT)

    assert device(FakeEncoder(), impacts=impacts).traits == replace(TRAITS, geometry_cost_s=None)


def test_a_floor_is_only_for_encoders_with_a_loop_of_their_own() -> None:
    """Where the encoder does not trim its own bitrate, a floor means nothing and is no difference."""
    wanted = replace(PLAYING, floor_bps=300_000)

    assert device(FakeEncoder()).fit(wanted, PLAYING) == PLAYING
    assert device(FakeEncoder(), own_abr=True).fit(wanted, PLAYING) == wanted


@pytest.mark.parametrize(
    ("encoder", "falls", "rises"),
    [
        (FakeEncoder(has_input=False), False, False),
        (FakeEncoder(restarting=True), False, False),
        (FakeEncoder(publishing=False), True, False),
        (FakeEncoder(publishing=None, has_input=None), True, True),
    ],
)
async def test_when_it_is_no_time_to_change(encoder: FakeEncoder, falls: bool, rises: bool) -> None:  # noqa: FBT001 - pytest passes parameters by name
    """No picture or a restart bar every change; without a publisher a fall is right and a rise is not."""
    one = device(encoder)
    await one.read()

    assert (one.fit(replace(PLAYING, bitrate_bps=600_000), PLAYING) is not None) is falls
    assert (one.fit(replace(PLAYING, bitrate_bps=4_500_000), PLAYING) is not None) is rises


def test_nothing_is_ordered_of_an_encoder_whose_settings_are_unknown() -> None:
    """What it plays must be known before it is changed."""
    assert device(FakeEncoder()).fit(OTHER, None) is None


async def test_a_stored_bitrate_is_not_asked_for_again() -> None:
    """A field that the device only stores counts as not live, and the core is told so."""
    encoder = FakeEncoder(outcome=Outcome.STORED)
    one = device(encoder)
    await one.read()
    lower = replace(PLAYING, bitrate_bps=600_000)
    written = await one.write(lower)

    assert written.outcome is Outcome.STORED
    assert one.traits.bitrate_cost_s is None
    assert one.traits.geometry_cost_s == 0.5
    assert one.fit(replace(PLAYING, bitrate_bps=300_000), lower) == lower


async def test_a_restart_is_proved_by_the_run_time_and_ends_mistrust() -> None:
    """A run time that fell is a restart; what was not live before may be now."""
    encoder = FakeEncoder(uptime_s=500.0)
    one = device(encoder)
    first = await one.read()
    one.disbelieve()
    distrusted = one.traits.bitrate_cost_s
    encoder.uptime_s = 3.0
    second = await one.read()

    assert (first.restarted, second.restarted, distrusted, one.traits.bitrate_cost_s) == (False, True, None, 0.0)


async def test_a_missing_run_time_is_no_restart() -> None:
    """A read without run time proves nothing, and does not forget the last one."""
    encoder = FakeEncoder(uptime_s=500.0)
    one = device(encoder)
    restarts = []
    for uptime_s in (500.0, None, 501.0, 2.0):
        encoder.uptime_s = uptime_s
        restarts.append((await one.read()).restarted)

    assert restarts == [False, False, False, True]


async def test_the_permitted_impact_goes_with_every_order() -> None:
    """The driver is told how much a change may cost, so that it can refuse unwritten."""
    encoder = FakeEncoder()
    await device(encoder, max_impact=Impact.RECONNECT).write(PLAYING)

    assert encoder.impacts == [Impact.RECONNECT]


@pytest.mark.parametrize(
    ("after", "fields"),
    [
        (PLAYING, set()),
        (replace(PLAYING, bitrate_bps=1), {"bitrate"}),
        (replace(PLAYING, frame_rate_hz=24), {"geometry"}),
        (replace(PLAYING, height_px=480), {"geometry"}),
        (replace(PLAYING, audio_only=True), {"audio_only"}),
        (OTHER, {"bitrate", "geometry", "audio_only"}),
    ],
)
def test_the_kinds_of_change_between_two_targets(after: EncoderTarget, fields: set[str]) -> None:
    """Size and frame rate are one kind; bitrate and audio only are each their own."""
    assert changed_fields(PLAYING, after) == fields


async def test_a_scene_that_obs_lacks_is_not_ordered() -> None:
    """A name that is not in OBS is not sent again and again; once the list is known it counts as no order."""
    studio = FakeStudio(scenes=("Main Camera",))
    one = StudioDevice(studio)
    before_reading = one.fit("Audio Only", None)
    await one.read()

    assert before_reading == "Audio Only"
    assert one.fit("Audio Only", "Main Camera") == "Main Camera"
    assert one.fit("Main Camera", None) == "Main Camera"
