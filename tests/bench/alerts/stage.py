"""The whole demo, standing on good links, its alerts, and what may be done to it."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import aiohttp
import simpleobsws

from deploy.demo import ports, rendering
from deploy.demo.assembly import Assembly, assemble
from deploy.demo.link import Change
from deploy.demo.namespaces import Namespace
from deploy.demo.options import Options
from deploy.demo.part import Part
from deploy.demo.portal import Portal
from deploy.demo.readiness import Started, connector
from deploy.demo.runner import Runner
from deploy.demo.world import World, environment
from tests.bench.alerts.admission import Admission
from tests.bench.alerts.sightings import Sighting, sightings

PICTURE_WITHIN_S = 90.0
READY_WITHIN_S = 30.0
END_WITHIN_S = 10.0
LOOK_EVERY_S = 0.25


@dataclass
class Stage:
    """The demo for the length of an `async with`.

    Attributes:
        began_s: when its first program was started, epoch.
        url: where this machine reaches the VPS's Prometheus.
    """

    options: Options
    directory: Path
    began_s: float = 0.0
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def __aenter__(self) -> Self:
        """Start everything, and wait for the first picture at the platform.

        Raises:
            PartError, TimeoutError: what did not come up.
        """
        async with AsyncExitStack() as stack:
            self.world = await stack.enter_async_context(World())
            assembly = assemble(self.world, self.options, self.directory)
            admission = Admission(self.world.vps, self.directory)
            self.admission = admission
            self.assembly: Assembly = replace(assembly, parts=(*assembly.parts, admission.part()))
            timeout = aiohttp.ClientTimeout(5.0)
            self._session = await stack.enter_async_context(
                aiohttp.ClientSession(connector=connector(self.world.vps), timeout=timeout)
            )
            self.began_s = time.time()
            portal = Portal("Prometheus", self.world.vps, target=("127.0.0.1", ports.PROMETHEUS))
            self.url = (await stack.enter_async_context(portal)).url
            runner = Runner(self.assembly.parts, directory=self.directory, secrets=self.assembly.secrets)
            self.runner = await stack.enter_async_context(runner)
            async with asyncio.timeout(PICTURE_WITHIN_S):
                while not self.assembly.picture_arrives(time.time()):  # noqa: ASYNC110 - a file tells no event
                    await asyncio.sleep(LOOK_EVERY_S)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def alerts(self, *, since_s: float) -> list[Sighting]:
        """Every evaluation of an alert since then, as the VPS's Prometheus keeps them."""
        window_s = max(1, round(time.time() - since_s) + 1)
        return sightings(await self.asked(f'ALERTS{{rig="{rendering.RIG}"}}[{window_s}s]'))

    async def asked(self, query: str) -> list[dict[str, Any]]:
        """What the VPS's Prometheus answers now."""
        url = f"http://127.0.0.1:{ports.PROMETHEUS}/api/v1/query"
        async with self._session.post(url, data={"query": query}, raise_for_status=True) as answer:
            found: dict[str, Any] = await answer.json()
        result: list[dict[str, Any]] = found["data"]["result"]
        return result

    async def order(self, url: str) -> None:
        """GET a URL of the VPS, which does something there."""
        async with self._session.get(url, raise_for_status=True):
            return

    async def until(self, query: str) -> None:
        """Wait until the VPS's Prometheus has an answer to it. Raises TimeoutError."""
        async with asyncio.timeout(READY_WITHIN_S):
            while not await self.asked(query):  # noqa: ASYNC110 - Prometheus tells no event
                await asyncio.sleep(LOOK_EVERY_S)

    def argv(self, name: str) -> tuple[str, ...]:
        """How a part was started."""
        return self._part(name).argv

    def shade(self, *uplinks: str, dark: bool) -> None:
        """Swallow everything on these uplinks in silence, or no longer."""
        for uplink in uplinks:
            self.world.control.set(uplink, Change(hole=dark))

    @asynccontextmanager
    async def without(self, *names: str) -> AsyncIterator[None]:
        """These parts killed, as if the machine had, and started again afterwards."""
        await self._kill(*names)
        try:
            yield
        finally:
            for name in names:
                await self.runner.start(name)

    @asynccontextmanager
    async def frozen(self, name: str) -> AsyncIterator[None]:
        """A part that has its connections and does nothing."""
        pid = self.runner.pid(name)
        assert pid is not None, f"{name} does not run"
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    @asynccontextmanager
    async def instead(self, name: str, *more: str, **replaced: str) -> AsyncIterator[None]:
        """A part with other arguments: `more` behind its own, and in these each key replaced by its value."""
        argv = [_renamed(argument, replaced) for argument in self.argv(name)]
        async with self.running(name, *argv, *more):
            yield

    @asynccontextmanager
    async def running(self, name: str, *argv: str, ready: bool = False) -> AsyncIterator[int]:
        """Something else in a part's place, on its host; its process id, once it is `ready` as the part would be."""
        part = self._part(name)
        assert part.namespace is not None, f"{name} runs on no host of the demo"
        await self._kill(name)
        with (self.directory / f"{name}-instead.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *part.namespace.command(argv), env=environment() | dict(part.env), stdout=log, stderr=log
            )
        try:
            if ready and part.ready is not None:
                async with asyncio.timeout(READY_WITHIN_S):
                    while await part.ready.missing(Started(part.namespace, str)):  # noqa: ASYNC110 - as the runner
                        await asyncio.sleep(LOOK_EVERY_S)
            yield process.pid
        finally:
            process.terminate()
            async with asyncio.timeout(END_WITHIN_S):
                await process.wait()
            await self.runner.start(name)

    @asynccontextmanager
    async def filtered(self, host: Namespace, *rules: str) -> AsyncIterator[None]:
        """Rules of nftables for what a host sends, its own loopback included."""
        lines = ("table inet harm {", "chain sent {", "type filter hook output priority 0;", *rules, "}", "}", "")
        host.run(["nft", "-f", "-"], stdin="\n".join(lines))
        try:
            yield
        finally:
            host.run(["nft", "delete", "table", "inet", "harm"])

    @asynccontextmanager
    async def told(self, request: str, data: Mapping[str, object], back: Mapping[str, object]) -> AsyncIterator[None]:
        """OBS told something over its WebSocket, as by a person at its mixer, and afterwards to take it `back`."""
        await self._tell(request, data)
        try:
            yield
        finally:
            await self._tell(request, back)

    async def _tell(self, request: str, data: Mapping[str, object]) -> None:
        password = (self.directory / "obs.password").read_text(encoding="utf-8").strip()
        async with Portal("OBS", self.world.vps, target=("127.0.0.1", ports.OBS_WEBSOCKET)) as portal:
            client: Any = simpleobsws.WebSocketClient(f"ws://127.0.0.1:{portal.port}", password)
            await client.connect()
            await client.wait_until_identified()
            answer = await client.call(simpleobsws.Request(request, dict(data)))
            await client.disconnect()
        assert answer.ok(), f"OBS would not do {request}: {answer.requestStatus.comment}"

    async def _kill(self, *names: str) -> None:
        for name in names:
            pid = self.runner.pid(name)
            assert pid is not None, f"{name} does not run"
            os.kill(pid, signal.SIGKILL)
        for name in names:
            await self.runner.stop(name)

    def _part(self, name: str) -> Part:
        return next(part for part in self.assembly.parts if part.name == name)


def _renamed(argument: str, replaced: dict[str, str]) -> str:
    for old, new in replaced.items():
        argument = argument.replace(old, new)
    return argument
