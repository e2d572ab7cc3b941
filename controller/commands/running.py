"""The commands that load all of a controller: to run one, check its file, replay its past, or examine the machine."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from controller import notifying, wiring
from controller.api.app import hanging
from controller.api.serving import ListenError, bind
from controller.commands import calibrating, doctoring, replaying
from controller.commands.asking import BAD_INPUT, DEFAULT_CONFIG, AsJson, ConfigPath, show_json
from controller.config_file import ConfigError, load
from controller.memory_file import MemoryFileError
from controller.wiring_encoder import described

if TYPE_CHECKING:
    import socket

    from controller.config_file import Loaded
    from controller.running import Controller

# Libraries that log what they send: addresses with stream keys, and at worst a password.
_TALKATIVE = ("httpx", "httpcore", "obsws_python", "websocket", "asyncio")

app = typer.Typer()


@app.command()
def run(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Run the controller until it is told to end (SIGTERM, SIGINT)."""
    loaded = _loaded(config)
    _log_at(loaded.config.log_level)
    for note in loaded.notes:
        logging.getLogger(__name__).warning("%s", note)
    try:
        bound = bind(*loaded.config.api.address)
        with bound:
            asyncio.run(_run(loaded, bound))
    except (ListenError, MemoryFileError) as error:
        _refuse((str(error),))


@app.command()
def check(config: ConfigPath = DEFAULT_CONFIG, *, as_json: AsJson = False) -> None:
    """Check the configuration and say what the controller would drive, without driving it."""
    loaded = _loaded(config)
    settings = loaded.config
    if as_json:
        show_json(settings.model_dump(mode="json"))
        return
    typer.echo(f"{config}: correct")
    typer.echo(f"rig {settings.rig}, policy {settings.policy.name}, every {settings.prometheus.period_s:g} s")
    typer.echo(f"Prometheus at {settings.prometheus.url}")
    typer.echo(described(settings.encoder, loaded.measured) if settings.encoder else "no encoder")
    typer.echo(f"OBS at {settings.obs.host} port {settings.obs.port}" if settings.obs else "no OBS")
    typer.echo(f"API on {settings.api.listen}")
    for note in loaded.notes:
        typer.echo(note)


app.command()(replaying.replay)
doctoring.app.command()(calibrating.encoder)
app.add_typer(doctoring.app)


def _loaded(path: Path) -> Loaded:
    try:
        return load(path, environment=os.environ)
    except ConfigError as error:
        _refuse(error.lines)


def _refuse(lines: tuple[str, ...]) -> NoReturn:
    for line in lines:
        typer.echo(f"vvlive: {line}", err=True)
    raise typer.Exit(BAD_INPUT)


def _log_at(level: str) -> None:
    logging.basicConfig(level=level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("obsws_python").setLevel(logging.CRITICAL)  # it logs a traceback for each refused request


async def _run(loaded: Loaded, bound: socket.socket) -> None:
    controller = wiring.controller_from(loaded)
    running = asyncio.create_task(controller.run(bound))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    logging.getLogger(__name__).info("rig %s: listening on %s", loaded.config.rig, loaded.config.api.listen)
    accompanying = _accompanied(controller)
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await running
    finally:
        accompanying.cancel()
        await asyncio.wait({accompanying})


def _accompanied(controller: Controller) -> asyncio.Task[None]:
    """Tell systemd how the controller is, where systemd started us."""
    manager = notifying.own_service_manager()
    if manager is None:
        return asyncio.create_task(asyncio.sleep(0))
    return asyncio.create_task(
        notifying.accompany(
            manager,
            ticking=lambda: controller.status().last_tick_age_s is not None,
            hanging=lambda: hanging(controller.status()) is not None,
        )
    )
