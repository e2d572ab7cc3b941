"""The demo's simulated unit with its driver, and an ingest that receives what the unit has on air."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from aiohttp import web
from pydantic import SecretStr

from controller.adapters.uray import UrayEncoder
from controller.adapters.uray.device import Deadlines
from controller.calibrating.judging import Look
from deploy.demo.encoder.authentication import Door
from deploy.demo.encoder.device import DEFAULTS, Fault, Personality
from deploy.demo.encoder.orders import Order, PipelineStatus
from deploy.demo.encoder.server import SimulatedDevice, Unit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

KEY = "5ecretstreamkey"
PASSWORD = "5ecretpassword"
ADDRESS = f"rtmp://192.0.2.1/publish/cam?token={KEY}"


SCRAPED_EACH_S = 0.02
NOTHING = PipelineStatus(
    connected=False,
    encoded_frames=0,
    dropped_frames=0,
    encoded_bytes=0,
    sent_bytes=0,
    queued_s=0.0,
    connections=1,
)


class Air:
    """The unit's pipeline and the ingest in one: what is ordered is received, byte by byte."""

    def __init__(self) -> None:
        self.order: Order | None = None
        self._bytes, self._since_s = 0.0, time.time()
        self._looks: deque[Look] = deque(maxlen=500)
        self.silent = False
        self.status: PipelineStatus | None = NOTHING

    async def obey(self, order: Order) -> None:
        """Put this on air."""
        self._advance()
        self.order = order
        self.status = replace(NOTHING, connected=order.publish_url is not None)

    def _advance(self) -> None:
        """Note what has arrived since the last time, a sample each 20 ms, as a scraper does."""
        order, until_s = self.order, time.time()
        on_air = order is not None and order.publish_url is not None
        while self._since_s + SCRAPED_EACH_S <= until_s:
            self._since_s += SCRAPED_EACH_S
            if order is not None and on_air and not self.silent:
                self._bytes += order.video.bitrate_bps / 8 * SCRAPED_EACH_S
            video = None if order is None else order.video
            self._looks.append(
                Look(
                    self._since_s,
                    self._bytes,
                    publishing=on_air,
                    width_px=video.width_px if video else None,
                    height_px=video.height_px if video else None,
                    frame_rate_hz=video.frame_rate_hz if video else None,
                )
            )

    async def look(self) -> tuple[Look, ...]:
        """What the ingest had in the last seconds."""
        self._advance()
        return tuple(self._looks)


class Stand:
    """The unit, what it has on air, and the driver that commands it."""

    def __init__(self, device: SimulatedDevice, air: Air, encoder: UrayEncoder) -> None:
        self.device, self.air, self.encoder = device, air, encoder


@asynccontextmanager
async def stand(personality: Personality, fault: Fault = Fault.NONE) -> AsyncIterator[Stand]:
    """A unit of this character on air, uncalibrated."""
    unit = Unit(personality, Door("admin", PASSWORD, digest=True, nonce=""), reboot_s=0.3, gap_s=0.3)
    air = Air()
    device = SimulatedDevice(unit, air, fields=DEFAULTS | {"rtmp_publish_uri": ADDRESS})
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
    await asyncio.sleep(3 * SCRAPED_EACH_S)  # the unit has been on air for as long as an ingest needs to notice
    device.fault = fault
    encoder = UrayEncoder(
        base_url=f"http://127.0.0.1:{port}",
        username="admin",
        password=SecretStr(PASSWORD),
        deadlines=Deadlines(read_s=2.0, write_s=2.0, settle_s=0.01),
    )
    try:
        yield Stand(device, air, encoder)
    finally:
        await encoder.close()
        await runner.cleanup()
