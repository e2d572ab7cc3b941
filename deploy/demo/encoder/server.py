"""The simulated device: the HTTP API in front, configuration in the middle, a pipeline behind."""

from __future__ import annotations

import asyncio
import secrets
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from aiohttp import web

from deploy.demo.encoder import device
from deploy.demo.encoder.authentication import Door
from deploy.demo.encoder.device import Effect, Fault, Personality

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from deploy.demo.encoder.orders import Order, PipelineStatus

GAP_S = 2.0  # what a restart of the encoder costs on units that restart it for a change
PAGE = "<html><body>Video Encoder</body></html>"
HANG_S = 3600.0


class Pipeline(Protocol):
    """What the device needs of its encoder."""

    status: PipelineStatus | None

    async def obey(self, order: Order) -> None:
        """Take the order that replaces the one before."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Which device this is; all of it is fixed for the life of the process."""

    personality: Personality
    door: Door
    reboot_s: float = 60.0
    gap_s: float = GAP_S


class SimulatedDevice:
    """Keeps what is stored apart from what runs, and moves the one to the other as its personality says."""

    def __init__(self, unit: Unit, pipeline: Pipeline, *, fields: device.Fields) -> None:
        self.unit, self.fault = unit, Fault.NONE
        self._pipeline = pipeline
        self._door = unit.door
        self._stored, self._stored_audio_only = dict(fields), False
        self._running = device.order_of(fields, audio_only=False)
        self._booted_s = time.monotonic()
        self._changing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self.reopen: Callable[[float], Awaitable[None]] | None = None

    async def boot(self) -> None:
        """Run what is stored, with a new nonce and an uptime of zero."""
        self._door = replace(self._door, nonce=secrets.token_hex(16))
        self._booted_s = time.monotonic()
        self._running = device.order_of(self._stored, audio_only=self._stored_audio_only)
        await self._pipeline.obey(self._running)

    def application(self) -> web.Application:
        """The HTTP interface."""
        app = web.Application(middlewares=[self._gate])
        for name in ("get_status", "get_output", "set_output", "get_adv", "set_adv", "reboot"):
            app.router.add_get(f"/{name}", getattr(self, f"_{name}"))
        return app

    @web.middleware
    async def _gate(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if self.fault is Fault.HANGS:
            await asyncio.sleep(HANG_S)
        header = request.headers.get("Authorization")
        opens = self._door.admits(header, method=request.method, target=request.raw_path)
        if self.fault is Fault.DENIES or not opens:
            return web.Response(status=401, headers={"WWW-Authenticate": self._door.challenge()})
        if self.fault is Fault.GARBAGE:
            return web.Response(text=PAGE, content_type="text/html")
        return await handler(request)

    async def _get_status(self, _: web.Request) -> web.Response:
        health = device.Health(uptime_s=time.monotonic() - self._booted_s, pipeline=self._pipeline.status)
        return web.Response(text=device.status_xml(self._running, health), content_type="text/xml")

    async def _get_output(self, request: web.Request) -> web.Response:
        if (request.query.get("input"), request.query.get("output")) != ("0", "0"):
            return web.Response(text="failed")
        return web.Response(text=device.output_xml(self._stored), content_type="text/xml")

    async def _set_output(self, request: web.Request) -> web.Response:
        if (request.query.get("input"), request.query.get("output")) != ("0", "0"):
            return web.Response(text="failed")
        try:
            after = device.merged(self._stored, dict(request.query), wipes=self.fault is Fault.WIPES)
        except ValueError:
            return web.Response(text="failed")
        if self.fault is not Fault.IGNORES:
            self._stored = after
            await self._apply()
        return web.Response(text="succeed")

    async def _get_adv(self, _: web.Request) -> web.Response:
        return web.Response(text=device.adv_xml(audio_only=self._stored_audio_only), content_type="text/xml")

    async def _set_adv(self, request: web.Request) -> web.Response:
        if self.fault is not Fault.IGNORES and "audio_only" in request.query:
            self._stored_audio_only = request.query["audio_only"] == "1"
            await self._apply()
        return web.Response(text="succeed")

    async def _reboot(self, _: web.Request) -> web.Response:
        self._later(self._restart_device())
        return web.Response(text="succeed")

    def _wanted(self) -> Order | None:
        """What should run by what is stored, seen through the fault; None where nothing can."""
        if self.fault is Fault.LIES:
            return None
        try:
            wanted = device.order_of(self._stored, audio_only=self._stored_audio_only)
        except ValueError:  # wiped fields
            return None
        if self.fault is Fault.HALF:
            return replace(
                wanted, video=replace(self._running.video, bitrate_bps=wanted.video.bitrate_bps), audio_only=False
            )
        return wanted

    async def _apply(self) -> None:
        wanted = self._wanted()
        if wanted is None:
            return
        effect = device.effect(self.unit.personality, self._running, wanted)
        if effect is Effect.AT_ONCE:
            self._running = wanted
            await self._pipeline.obey(wanted)
        elif effect is Effect.AFTER_GAP:
            self._later(self._restart_encoder())

    def _later(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _restart_encoder(self) -> None:
        """Two seconds without picture, then whatever is stored by then."""
        async with self._changing:
            wanted = self._wanted()
            if wanted is None or wanted == self._running:
                return  # a restart that was under way took this change along
            await self._pipeline.obey(replace(self._running, publish_url=None))
            await asyncio.sleep(self.unit.gap_s)
            self._running = self._wanted() or self._running
            await self._pipeline.obey(self._running)

    async def _restart_device(self) -> None:
        """No answer and no picture for the length of a reboot, then a fresh device."""
        async with self._changing:
            await self._pipeline.obey(replace(self._running, publish_url=None))
            if self.reopen:
                await self.reopen(self.unit.reboot_s)
            await self.boot()
