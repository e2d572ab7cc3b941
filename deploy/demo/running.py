"""One run of the demo, from the look at the machine to the last word."""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from rich.live import Live

from deploy.demo import drive as drives
from deploy.demo import preflight, rendering
from deploy.demo import report as reports
from deploy.demo.assembly import Assembly, assemble
from deploy.demo.control import ControlError
from deploy.demo.driving import Driver
from deploy.demo.namespaces import NamespaceError
from deploy.demo.options import Options, parse
from deploy.demo.part import Event, Happening, PartError
from deploy.demo.portal import Portal, PortTakenError
from deploy.demo.recording import Recorder, process_rows
from deploy.demo.runner import Runner, run
from deploy.demo.view import render
from deploy.demo.watching import Watcher
from deploy.demo.world import World

BAD_INPUT = 2
LOOK_EVERY_S = 1.0
LINE_EVERY_S = 10  # where no terminal shows the live view, one line says how it goes


class Demo:
    """One run of the demo. `console` is where it speaks."""

    def __init__(self, options: Options, console: Console) -> None:
        self._options = options
        self._console = console
        self._began_s = time.monotonic()

    async def run(self) -> int:
        """Set up, drive, take down; the exit code. Whatever happens, nothing is left running."""
        directory = _new_directory(self._options.directory)
        async with AsyncExitStack() as stack:
            world = await stack.enter_async_context(World())
            assembly = assemble(world, self._options, directory)
            portals = [
                await stack.enter_async_context(Portal(name, namespace, target=("127.0.0.1", port), port=outside))
                for name, namespace, port, outside in assembly.doors(self._options.port_base)
            ]
            self._console.print(f"starting {len(assembly.parts)} programs; their logs are in {directory}")
            runner = await stack.enter_async_context(
                Runner(assembly.parts, directory=directory, progress=self._tell, secrets=assembly.secrets)
            )
            await self._until_picture(assembly)
            ready_s = time.monotonic() - self._began_s
            self._console.print(f"everything is ready after {ready_s:.1f} s")
            addresses = [(portal.name, portal.url) for portal in portals]
            for line in how_to_order(addresses[0][1], assembly.control_token):
                self._console.print(line, highlight=False)
            return await self._drive(world, runner, assembly, addresses=addresses, ready_s=ready_s)

    def _tell(self, event: Event) -> None:
        if event.happening in {Happening.READY, Happening.ENDED, Happening.KILLED}:
            took = "" if event.took_s is None else f" after {event.took_s:.1f} s"
            self._console.print(f"  {event.part}: {event.happening}{took} {event.detail}".rstrip(), highlight=False)

    async def _until_picture(self, assembly: Assembly) -> None:
        """Wait for the first picture at the platform: only then has every part done its work."""
        deadline = time.monotonic() + assembly.picture_timeout_s
        while time.monotonic() < deadline:
            if assembly.picture_arrives(time.time()):
                return
            await asyncio.sleep(0.1)
        raise TimeoutError("no picture reached the platform; look into obs.log and encoder.log of the log directory")

    async def _drive(
        self,
        world: World,
        runner: Runner,
        assembly: Assembly,
        *,
        addresses: list[tuple[str, str]],
        ready_s: float,
    ) -> int:
        story = drives.scripted(tuple(uplink.name for uplink in world.uplinks))
        length_s = self._options.length_s
        if length_s is not None and length_s < story.length_s:
            story = story.scaled(length_s)
        start_s = time.time()
        driver = Driver(story, world.control, clock=time.time)
        recorder = Recorder()
        steering = asyncio.create_task(driver.play(start_s=start_s, repeat=True), name="drive")
        try:
            async with Watcher(world, assembly.pictures, start_s=start_s) as watcher:
                await self._watch(watcher, driver, recorder, start_s=start_s, addresses=addresses)
        finally:
            steering.cancel()
            if self._options.report is not None:
                rows = process_rows(runner.usage(), world)
                reports.write(recorder.report(ready_s=ready_s, processes=rows), self._options.report)
                self._console.print(f"the report is in {self._options.report}")
        return 0

    async def _watch(
        self,
        watcher: Watcher,
        driver: Driver,
        recorder: Recorder,
        *,
        start_s: float,
        addresses: list[tuple[str, str]],
    ) -> None:
        notes = [rendering.NOTE, "Ctrl-C ends the demo and leaves nothing behind"]
        with Live(console=self._console, auto_refresh=False, transient=False) as live:
            number = 0
            while self._options.length_s is None or number <= self._options.length_s:
                await asyncio.sleep(max(0.0, start_s + number * LOOK_EVERY_S - time.time()))
                snapshot = await watcher.look(driver.event)
                recorder.see(snapshot)
                if self._console.is_terminal:
                    live.update(render(snapshot, addresses=addresses, notes=notes), refresh=True)
                elif number % LINE_EVERY_S == 0:
                    self._console.print(recorder.line(snapshot), highlight=False)
                number += 1


def how_to_order(url: str, token_file: Path) -> tuple[str, ...]:
    """What to tell a person who wants to look and give orders; the token itself stays in its file."""
    address = urlsplit(url)
    vvlive = Path(sys.executable).with_name("vvlive")  # of this environment, which need not be on the PATH
    return (
        f"the page for a phone: {url} (from elsewhere after `ssh -L {address.port}:{address.netloc} THIS-MACHINE`)",
        f'orders need the token in {token_file}: once on the page, under "More orders"',
        f"from a shell: {vvlive} override --url {url} --token-file {token_file} --emergency --for 1m",
        f"why it did what it did: {vvlive} why --url {url}, or at a moment: --at 14:32",
    )


def _new_directory(base: Path) -> Path:
    """A fresh directory for this run's files under `base`; `latest` points to it."""
    directory = base / time.strftime("%Y%m%d-%H%M%S")
    directory.mkdir(parents=True, mode=0o700)
    latest = base / "latest"
    latest.unlink(missing_ok=True)
    latest.symlink_to(directory.name)
    return directory


def main() -> int:
    """Check the machine, then run the demo; exit code 2 means that something must be put right first."""
    options = parse(sys.argv[1:])
    console = Console(soft_wrap=True)
    machine = preflight.examine()
    if found := preflight.problems(machine):
        for problem in found:
            sys.stderr.write(f"vvlive: {problem}\n")
        return BAD_INPUT
    try:
        code = run(Demo(options, console).run)
    except (ControlError, NamespaceError, PartError, PortTakenError, TimeoutError, OSError) as error:
        sys.stderr.write(f"vvlive: {error}\n")
        return BAD_INPUT
    console.print("stopped; no process and no namespace of the demo is left")
    return code
