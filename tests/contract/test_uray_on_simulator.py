"""The uray driver on the demo's simulated encoder: two programs written apart from the same documents."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from pydantic import SecretStr

from controller.adapters.uray import UrayEncoder
from controller.adapters.uray.device import Deadlines
from controller.decision.model import EncoderTarget
from controller.ports import Impact, Impacts, Outcome
from deploy.demo.encoder.authentication import Door
from deploy.demo.encoder.device import DEFAULTS, Fault, Personality
from deploy.demo.encoder.orders import Order, PipelineStatus
from deploy.demo.encoder.server import SimulatedDevice, Unit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ADDRESS = "rtmp://192.0.2.1/publish/cam?token=a&b=c d"
LOWER = EncoderTarget(1_200_000, 854, 480, 24)
CALIBRATED = Impacts(bitrate=Impact.NONE, geometry=Impact.GLITCH)


class Pipeline:
    """Takes orders and says that it publishes them."""

    def __init__(self) -> None:
        self.status: PipelineStatus | None = PipelineStatus(
            connected=True,
            encoded_frames=0,
            dropped_frames=0,
            encoded_bytes=0,
            sent_bytes=0,
            queued_s=0.0,
            connections=1,
        )
        self.orders: list[Order] = []

    async def obey(self, order: Order) -> None:
        """Remember."""
        self.orders.append(order)


class Rig:
    """The simulated device, what it encodes, and the driver that commands it."""

    def __init__(self, device: SimulatedDevice, pipeline: Pipeline, encoder: UrayEncoder) -> None:
        self.device, self.pipeline, self.encoder = device, pipeline, encoder

    @property
    def on_air_bps(self) -> int:
        """The bitrate that the pipeline was last told to encode."""
        return self.pipeline.orders[-1].video.bitrate_bps


@asynccontextmanager
async def rig(
    personality: Personality, fault: Fault = Fault.NONE, *, digest: bool = True, impacts: Impacts = CALIBRATED
) -> AsyncIterator[Rig]:
    """A device of this character, up and publishing, with a driver for it."""
    unit = Unit(personality, Door("admin", "secret", digest=digest, nonce=""), reboot_s=0.2, gap_s=0.1)
    pipeline = Pipeline()
    device = SimulatedDevice(unit, pipeline, fields=DEFAULTS | {"rtmp_publish_uri": ADDRESS})
    runner = web.AppRunner(device.application(), access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]

    async def reopen(closed_s: float) -> None:
        for site in list(runner.sites):
            await site.stop()
        await asyncio.sleep(closed_s)
        await web.TCPSite(runner, "127.0.0.1", port, reuse_address=True).start()

    device.reopen = reopen
    await device.boot()
    device.fault = fault
    encoder = UrayEncoder(
        base_url=f"http://127.0.0.1:{port}",
        username="admin",
        password=SecretStr("secret"),
        impacts=impacts,
        deadlines=Deadlines(read_s=3.0, write_s=3.0, settle_s=0.01),
    )
    yield Rig(device, pipeline, encoder)
    await encoder.close()
    await runner.cleanup()


@pytest.mark.parametrize("digest", [True, False])
async def test_a_live_unit_follows(digest: bool) -> None:  # noqa: FBT001 (a row of the table)
    """A unit that changes live reads back what was asked, nearest size and all, and encodes it."""
    async with rig(Personality.LIVE, digest=digest) as unit:
        result = await unit.encoder.apply(LOWER, Impact.GLITCH)
        status = await unit.encoder.read()
        last = unit.pipeline.orders[-1]

    assert (result.outcome, result.clamped) == (Outcome.APPLIED, True)
    assert (last.video.bitrate_bps, last.video.width_px, last.video.frame_rate_hz) == (1_200_000, 850, 24)
    assert (status.configured, status.publishing, last.publish_url) == (result.read_back, True, ADDRESS)


async def test_a_storing_unit_is_not_written_unless_a_reboot_is_allowed() -> None:
    """As shipped and uncalibrated, the unit is left as it is; with a reboot allowed the change is stored."""
    async with rig(Personality.STORED, impacts=Impacts()) as unit:
        refused = await unit.encoder.apply(LOWER, Impact.RECONNECT)
        stored = await unit.encoder.apply(LOWER, Impact.REBOOT)
        still_bps = unit.on_air_bps

    assert (refused.outcome, stored.outcome, still_bps) == (Outcome.REFUSED, Outcome.STORED, 2_500_000)


async def test_a_reboot_brings_what_was_stored() -> None:
    """After an ordered reboot the unit is found again with its new settings on air."""
    async with rig(Personality.STORED, impacts=Impacts()) as unit:
        await unit.encoder.apply(LOWER, Impact.REBOOT)
        await asyncio.sleep(1.1)  # the unit tells its uptime in whole seconds: let it have one to lose
        await unit.encoder.restart()
        for _ in range(200):
            status = await unit.encoder.read()
            if not status.restarting:
                break
            await asyncio.sleep(0.05)
        on_air_bps = unit.on_air_bps

    assert (status.reachable, status.configured, on_air_bps) == (
        True,
        EncoderTarget(1_200_000, 850, 480, 24),
        1_200_000,
    )


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault.IGNORES, Outcome.UNKNOWN),
        (Fault.HANGS, Outcome.REFUSED),
        (Fault.DENIES, Outcome.REFUSED),
        (Fault.GARBAGE, Outcome.REFUSED),
        (Fault.WIPES, Outcome.APPLIED),
        # The read-back is all that a driver has: these two are for whoever watches what arrives.
        (Fault.LIES, Outcome.APPLIED),
        (Fault.HALF, Outcome.APPLIED),
    ],
)
async def test_faults(fault: Fault, outcome: Outcome) -> None:
    """Each fault of the simulated unit has its outcome, and what was published before stays published."""
    async with rig(Personality.LIVE, fault) as unit:
        result = await unit.encoder.apply(LOWER, Impact.GLITCH)
        last = unit.pipeline.orders[-1]

    assert (result.outcome, last.publish_url) == (outcome, ADDRESS)


async def test_the_push_goes_off_and_on() -> None:
    """The publish switch reaches the pipeline at once, on a unit that stores everything else."""
    async with rig(Personality.STORED) as unit:
        off = await unit.encoder.publish(on=False)
        gone = unit.pipeline.orders[-1].publish_url
        on = await unit.encoder.publish(on=True)
        back = unit.pipeline.orders[-1].publish_url

    assert (off.outcome, on.outcome, gone, back) == (Outcome.APPLIED, Outcome.APPLIED, None, ADDRESS)
