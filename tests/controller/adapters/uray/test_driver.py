"""The uray driver against a unit's HTTP boundary: what it asks, writes, believes and refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from controller.decision.model import EncoderTarget
from controller.ports import Impact, Impacts, Outcome
from tests.controller.adapters.uray.rig import LIVE, LOWER, NOW, driver
from tests.fakes.clock import FakeClock
from tests.fakes.new_orange import PUBLISH_ADDRESS, SETTINGS, FakeUnit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def unit() -> AsyncIterator[FakeUnit]:
    """A unit that applies what it says."""
    async with FakeUnit(applies="live") as unit:
        yield unit


async def test_reads_settings_and_telemetry(unit: FakeUnit) -> None:
    """A read gives the target in bit/s, push, input, uptime and CPU load as a ratio."""
    status = await driver(unit).read()

    assert (status.reachable, status.problem, status.configured) == (True, None, NOW)
    assert (status.publishing, status.has_input, status.uptime_s, status.cpu_ratio) == (True, True, 3600.0, 0.41)


async def test_a_change_is_written_whole_and_read_back(unit: FakeUnit) -> None:
    """Only the bitrate differs in what is written, every other setting is repeated, and the read-back counts."""
    result = await driver(unit).apply(LOWER, Impact.GLITCH)

    reported = {"vi_cap_width", "vi_cap_height", "venc_codec_supported", "srt_publish_status"}
    whole = {name: value for name, value in SETTINGS.items() if name not in reported}
    assert unit.writes() == [whole | {"venc_bitrate": "1200"}]
    assert (result.outcome, result.read_back, result.clamped) == (Outcome.APPLIED, LOWER, False)


async def test_the_publish_address_survives_a_write(unit: FakeUnit) -> None:
    """An address full of reserved characters arrives as it was read."""
    await driver(unit).apply(LOWER, Impact.GLITCH)

    assert unit.stored["rtmp_publish_uri"] == PUBLISH_ADDRESS


async def test_what_is_set_already_is_not_written(unit: FakeUnit) -> None:
    """Asking for what is there writes nothing: the unit's flash wears."""
    result = await driver(unit).apply(NOW, Impact.NONE)

    assert (result.outcome, unit.writes()) == (Outcome.APPLIED, [])


async def test_854_becomes_850(unit: FakeUnit) -> None:
    """The unit has no 854x480: 850x480 is written and the result says so."""
    result = await driver(unit).apply(EncoderTarget(1_200_000, 854, 480, 24), Impact.GLITCH)

    assert (unit.stored["venc_width"], unit.stored["venc_height"], unit.stored["venc_framerate"]) == (
        "850",
        "480",
        "24",
    )
    assert (result.outcome, result.clamped) == (Outcome.APPLIED, True)
    assert result.read_back == EncoderTarget(1_200_000, 850, 480, 24)


async def test_a_second_order_for_854_changes_nothing(unit: FakeUnit) -> None:
    """Once at 850x480, an order for 854x480 costs no further size change."""
    encoder = driver(unit)
    await encoder.apply(EncoderTarget(1_200_000, 854, 480, 24), Impact.GLITCH)
    result = await encoder.apply(EncoderTarget(1_200_000, 854, 480, 24), Impact.NONE)

    assert (result.outcome, len(unit.writes())) == (Outcome.APPLIED, 1)


@pytest.mark.parametrize(
    ("impacts", "target", "max_impact"),
    [
        (Impacts(), LOWER, Impact.RECONNECT),
        (Impacts(bitrate=Impact.REBOOT), LOWER, Impact.RECONNECT),
        (Impacts(bitrate=Impact.NONE), EncoderTarget(1_200_000, 640, 360, 30), Impact.RECONNECT),
        (Impacts(bitrate=Impact.NONE), EncoderTarget(2_500_000, 1280, 720, 24), Impact.GLITCH),
        (Impacts(bitrate=Impact.GLITCH), LOWER, Impact.NONE),
    ],
)
async def test_refuses_what_costs_too_much(
    unit: FakeUnit, impacts: Impacts, target: EncoderTarget, max_impact: Impact
) -> None:
    """A change above the permitted impact is refused unwritten, and what nobody calibrated counts as a reboot."""
    result = await driver(unit, impacts=impacts).apply(target, max_impact)

    assert (result.outcome, unit.writes()) == (Outcome.REFUSED, [])
    assert "costs" in result.detail


async def test_uncalibrated_change_is_stored_at_most(unit: FakeUnit) -> None:
    """With a reboot permitted the change is written, and a read-back of it is no proof that it is on air."""
    unit.applies = "stored"
    result = await driver(unit, impacts=Impacts()).apply(LOWER, Impact.REBOOT)

    assert (result.outcome, unit.stored["venc_bitrate"], unit.air["venc_bitrate"]) == (Outcome.STORED, "1200", "2500")


@pytest.mark.parametrize("applies", ["nothing", "half", "elsewhere"])
@pytest.mark.parametrize("impacts", [LIVE, Impacts()])
async def test_succeed_alone_proves_nothing(unit: FakeUnit, applies: str, impacts: Impacts) -> None:
    """A unit that says `succeed` and applies nothing, half, or something else is never believed."""
    unit.applies = applies
    result = await driver(unit, impacts=impacts).apply(EncoderTarget(1_200_000, 640, 360, 30), Impact.REBOOT)

    assert len(unit.writes()) == 1
    assert result.outcome is Outcome.UNKNOWN
    assert "read back otherwise" in result.detail


async def test_audio_only_is_met_with_the_video_target(unit: FakeUnit) -> None:
    """The driver cannot drop the video track: the bitrate still falls, and the result is marked clamped."""
    result = await driver(unit).apply(EncoderTarget(300_000, 1280, 720, 30, audio_only=True), Impact.GLITCH)

    assert (result.outcome, result.clamped, unit.stored["venc_bitrate"]) == (Outcome.APPLIED, True, "300")


async def test_switches_the_push(unit: FakeUnit) -> None:
    """Publishing goes off and on by its flag alone, read back like every write."""
    encoder = driver(unit)
    off = await encoder.publish(on=False)
    assert (off.outcome, unit.stored["rtmp_publish_enable"]) == (Outcome.APPLIED, "0")
    on = await encoder.publish(on=True)
    assert (on.outcome, unit.stored["rtmp_publish_enable"]) == (Outcome.APPLIED, "1")
    assert unit.stored["rtmp_publish_uri"] == PUBLISH_ADDRESS


async def test_switching_the_push_is_read_back(unit: FakeUnit) -> None:
    """A unit that says `succeed` to the switch and ignores it is not believed."""
    unit.applies = "nothing"
    result = await driver(unit).publish(on=False)

    assert result.outcome is Outcome.UNKNOWN


async def test_a_firmware_without_push_switch_is_left_alone(unit: FakeUnit) -> None:
    """Where the settings name no switch, nothing is guessed and nothing written."""
    del unit.stored["rtmp_publish_enable"]
    result = await driver(unit).publish(on=False)

    assert (result.outcome, unit.writes()) == (Outcome.REFUSED, [])


async def test_a_restart_is_proved_by_the_uptime(unit: FakeUnit) -> None:
    """After a reboot order the unit counts as restarting until its uptime has fallen and its push is up."""
    clock = FakeClock()
    encoder = driver(unit, clock=clock)
    assert (await encoder.restart()).outcome is Outcome.UNKNOWN

    unit.venc["rtmp_status"] = "-1"
    clock.advance(20)
    unit.status["runtime"] = "5"
    assert (await encoder.read()).restarting
    assert (await encoder.apply(LOWER, Impact.GLITCH)).outcome is Outcome.REFUSED

    unit.venc["rtmp_status"] = "0"
    clock.advance(2)
    assert not (await encoder.read()).restarting
    assert (await encoder.apply(LOWER, Impact.GLITCH)).outcome is Outcome.APPLIED


async def test_a_reboot_that_did_not_happen_ends_with_the_grace(unit: FakeUnit) -> None:
    """A unit that says `succeed` to a reboot and goes on is waited for 120 s, and not longer."""
    clock = FakeClock()
    encoder = driver(unit, clock=clock)
    unit.trouble["/reboot"] = ["empty"]
    await encoder.restart()
    clock.advance(60)
    unit.status["runtime"] = "3660"
    assert (await encoder.read()).restarting
    clock.advance(60)
    assert not (await encoder.read()).restarting


async def test_a_reboot_is_ordered_once(unit: FakeUnit) -> None:
    """Whatever becomes of the order, it is not repeated, also not when asked again inside the grace."""
    unit.trouble["/reboot"] = ["closes"]
    encoder = driver(unit)
    first, second = await encoder.restart(), await encoder.restart()

    assert (first.outcome, second.outcome) == (Outcome.UNKNOWN, Outcome.REFUSED)
    assert unit.asked_paths().count("/reboot") == 1


async def test_no_reboot_where_it_could_not_be_proved(unit: FakeUnit) -> None:
    """Without an uptime to compare with, no reboot is ordered."""
    del unit.status["runtime"]
    result = await driver(unit).restart()

    assert (result.outcome, "/reboot" in unit.asked_paths()) == (Outcome.REFUSED, False)


async def test_notices_another_hand(unit: FakeUnit) -> None:
    """A read-back that we did not write, after one that we confirmed, is somebody else's change."""
    encoder = driver(unit)
    await encoder.apply(LOWER, Impact.GLITCH)
    assert not (await encoder.read()).foreign_change
    unit.stored["venc_bitrate"] = "4000"

    assert (await encoder.read()).foreign_change


async def test_probe_tells_limits_and_evidence(unit: FakeUnit) -> None:
    """The capabilities carry the calibrated impacts, the web page's range, and how each is known."""
    capabilities = await driver(unit, impacts=Impacts(bitrate=Impact.NONE)).probe()

    assert capabilities is not None
    assert (capabilities.min_bitrate_bps, capabilities.max_bitrate_bps) == (32_000, 32_000_000)
    assert (capabilities.bitrate_impact, capabilities.geometry_impact) == (Impact.NONE, Impact.UNKNOWN)
    assert dict(capabilities.evidence)["geometry"].startswith("not calibrated")
    assert unit.writes() == []


async def test_probe_of_a_unit_that_answers_rubbish(unit: FakeUnit) -> None:
    """Capabilities are None rather than guessed where the unit does not answer as it should."""
    unit.trouble["/get_output"] = ["html"]

    assert await driver(unit).probe() is None


async def test_hls_lowers_the_upper_limit(unit: FakeUnit) -> None:
    """With HLS on the unit takes 8000 kbit/s at most, and a higher target is clamped to it."""
    unit.stored["http_hls_enable"] = "1"
    result = await driver(unit).apply(EncoderTarget(12_000_000, 1280, 720, 30), Impact.GLITCH)

    assert (unit.stored["venc_bitrate"], result.clamped) == ("8000", True)


async def test_asks_allowed_paths_only(unit: FakeUnit) -> None:
    """Whatever is done, only the four allowed paths are ever requested."""
    encoder = driver(unit)
    await encoder.probe()
    await encoder.read()
    await encoder.apply(LOWER, Impact.GLITCH)
    await encoder.publish(on=False)
    await encoder.restart()
    await encoder.close()

    assert set(unit.asked_paths()) == {"/get_status", "/get_output", "/set_output", "/reboot"}


async def test_the_push_is_redirected(unit: FakeUnit) -> None:
    """Another address is written with everything else as it was, and one that is set so already is not."""
    device = driver(unit)
    first = await device.publish_to(SecretStr("srt://127.0.0.1:5000?mode=caller"))
    second = await device.publish_to(SecretStr("srt://127.0.0.1:5000?mode=caller"))

    assert (first.outcome, second.outcome) == (Outcome.APPLIED, Outcome.APPLIED)
    assert unit.stored["rtmp_publish_uri"] == "srt://127.0.0.1:5000?mode=caller"
    assert len(unit.writes()) == 1
    assert "srt:" not in f"{first}{second}"
