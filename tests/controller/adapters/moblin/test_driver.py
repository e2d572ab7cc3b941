"""The encoder port through a phone, whatever the phone does."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
import pytest
from pydantic import SecretStr

from controller.adapters.moblin import MoblinEncoder
from controller.decision.model import EncoderTarget
from controller.ports import Impact, Impacts, Outcome
from tests.fakes.phone import PASSWORD, FakePhone

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NOW = EncoderTarget(2_500_000, 1280, 720, 30)
LOWER = EncoderTarget(1_200_000, 1280, 720, 30)
LIVE = Impacts(bitrate=Impact.NONE)


@asynccontextmanager
async def listening(impacts: Impacts = LIVE) -> AsyncIterator[MoblinEncoder]:
    """A driver that waits for its phone."""
    encoder = MoblinEncoder(
        host="127.0.0.1",
        port=0,
        password=SecretStr(PASSWORD),
        geometry=(1280, 720, 30),
        impacts=impacts,
        patience_s=0.4,
    )
    await encoder.read()
    yield encoder
    await encoder.close()


async def until_told(encoder: MoblinEncoder) -> None:
    """Wait for the phone's first word."""
    for _ in range(200):
        phone = encoder.assistant.phone
        if phone is not None and phone.state.preset is not None:
            return
        await asyncio.sleep(0.01)
    pytest.fail("the phone said nothing")


@asynccontextmanager
async def rig(character: str = "honest", *, impacts: Impacts = LIVE) -> AsyncIterator[tuple[MoblinEncoder, FakePhone]]:
    """A driver and its phone, which has told its state."""
    async with listening(impacts) as encoder, FakePhone(encoder.assistant.port, character=character) as phone:
        await until_told(encoder)
        yield encoder, phone


async def test_reads_what_the_phone_tells() -> None:
    """Preset and stream are the phone's word; the size is the configured one."""
    async with rig() as (encoder, _):
        status = await encoder.read()

    assert (status.reachable, status.configured, status.publishing, status.problem) == (True, NOW, True, None)


async def test_applies_the_highest_preset_not_above() -> None:
    """1200 kbit/s becomes the preset of 1000, is told as clamped, and what is set is not ordered again."""
    async with rig() as (encoder, phone):
        result = await encoder.apply(LOWER, Impact.NONE)
        again = await encoder.apply(LOWER, Impact.NONE)

    assert (result.outcome, result.clamped, phone.preset) == (Outcome.APPLIED, True, "id-low")
    assert result.read_back == EncoderTarget(1_000_000, 1280, 720, 30)
    assert again.outcome is Outcome.APPLIED
    assert phone.requests.count("setBitratePreset") == 1


@pytest.mark.parametrize("character", ["lies", "half", "hangs", "garbage", "leaves"])
async def test_only_the_state_is_believed(character: str) -> None:
    """An ok without a change of the state told, another preset, no answer, garbage or an end: all are unknown."""
    async with rig(character) as (encoder, _):
        result = await encoder.apply(LOWER, Impact.NONE)

    assert result.outcome is Outcome.UNKNOWN


async def test_a_phone_that_never_told_its_preset_is_not_driven() -> None:
    """Without a state nothing is configured, and the operator reads what to do."""
    async with listening() as encoder, FakePhone(encoder.assistant.port, character="mute") as phone:
        for _ in range(200):
            if phone.result is not None:
                break
            await asyncio.sleep(0.01)
        status = await encoder.read()

    assert (status.reachable, status.configured) == (True, None)
    assert "choose one there once" in (status.problem or "")


async def test_uncalibrated_counts_as_a_reboot() -> None:
    """As shipped nothing is ordered below a permitted reboot."""
    async with rig(impacts=Impacts()) as (encoder, phone):
        refused = await encoder.apply(LOWER, Impact.RECONNECT)

    assert refused.outcome is Outcome.REFUSED
    assert "setBitratePreset" not in phone.requests


async def test_no_phone() -> None:
    """Before a phone has connected, and after it left, the operator reads where it shall connect to."""
    async with listening() as encoder:
        before = await encoder.read()
        async with FakePhone(encoder.assistant.port, character="honest"):
            await until_told(encoder)
        for _ in range(100):
            after = await encoder.read()
            if not after.reachable:
                break
            await asyncio.sleep(0.01)
        refused = await encoder.apply(LOWER, Impact.NONE)

    assert f"ws://THIS-HOST:{encoder.assistant.port}" in (before.problem or "")
    assert (after.reachable, after.last_configured) == (False, None)
    assert refused.outcome is Outcome.REFUSED


async def test_a_wrong_password_is_refused() -> None:
    """A phone that does not know the password is told so, let go, and never asked anything."""
    async with listening() as encoder, FakePhone(encoder.assistant.port, password="another") as phone:
        for _ in range(200):
            if phone.result is not None:
                break
            await asyncio.sleep(0.01)
        status = await encoder.read()

    assert (phone.result, phone.requests) == ("wrongPassword", [])
    assert "wrong password" in (status.problem or "")


@pytest.mark.parametrize("first", ["<html>", "[]", '{"identify": {}}', '{"identify": {"authentication": "\\u00e9"}}'])
async def test_who_does_not_identify_is_let_go(first: str) -> None:
    """Whatever the first message is, without the proof the connection ends."""
    async with listening() as encoder, aiohttp.ClientSession() as session:
        async with session.ws_connect(f"ws://127.0.0.1:{encoder.assistant.port}/") as socket:
            await socket.receive_str()
            await socket.send_str(first)
            refusal = await socket.receive_str()
            end = await socket.receive()
        assert encoder.assistant.phone is None

    assert "wrongPassword" in refusal
    assert end.type is aiohttp.WSMsgType.CLOSE


async def test_a_newer_connection_replaces_the_older() -> None:
    """A phone that changed its network comes again before its old connection is seen to be dead."""
    async with rig() as (encoder, _):
        before = encoder.assistant.phone
        async with FakePhone(encoder.assistant.port, character="honest") as second:
            second.preset = "id-low"
            for _ in range(200):
                if encoder.assistant.phone is not before:
                    break
                await asyncio.sleep(0.01)
            await until_told(encoder)
            status = await encoder.read()

    assert status.configured == EncoderTarget(1_000_000, 1280, 720, 30)


async def test_publishing_is_believed_from_the_state() -> None:
    """The stream on the phone ends and begins as asked."""
    async with rig() as (encoder, phone):
        off = await encoder.publish(on=False)
        status = await encoder.read()
        on = await encoder.publish(on=True)

    assert (off.outcome, on.outcome, status.publishing, phone.streaming) == (
        Outcome.APPLIED,
        Outcome.APPLIED,
        False,
        True,
    )


async def test_its_presets_are_its_limits() -> None:
    """The lowest and the highest preset bound what automation may ask, and it adapts by itself."""
    async with rig() as (encoder, _):
        found = await encoder.probe()

    assert found is not None
    assert (found.min_bitrate_bps, found.max_bitrate_bps, found.own_abr) == (500_000, 5_000_000, True)


async def test_a_taken_port_is_told() -> None:
    """Where something else listens the operator reads which key to change."""
    async with listening() as first:
        second = MoblinEncoder(
            host="127.0.0.1", port=first.assistant.port, password=SecretStr("x"), geometry=(1280, 720, 30)
        )
        status = await second.read()
        await second.close()

    assert "write another encoder.listen" in (status.problem or "")
