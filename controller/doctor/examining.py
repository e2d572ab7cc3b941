"""Reading what the findings are judged from. Each question has a deadline, and none changes anything."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from controller import wiring
from controller.adapters.link_http import LinkHttp
from controller.doctor import findings
from controller.doctor.findings import Finding, Room, Verdict
from controller.linking.edge import LinkError
from controller.wiring_encoder import encoder_driver

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator, Sequence

    from controller.config import Config
    from controller.config_file import Loaded

_ANSWER_S = 3.0
# The bond's doctor asks netlink and some programs; on a busy Pi that takes its time.
_BOND_S = 20.0
Part = list[Finding]


async def examine(loaded: Loaded, *, wall_s: Callable[[], float], side: str | None = None) -> Part:
    """Everything that can be found out about an installation, in the order in which it is set up.

    `side` is the end of the bond that this machine is, "pi" or "vps"; None leaves the bond out.
    """
    config = loaded.config
    questions: list[Coroutine[Any, Any, Part]] = [] if side is None else [_bond(side)]
    questions += [_clock(), _prometheus(config, wall_s)]
    questions += [_encoder(loaded)] if config.encoder is not None else []
    questions += [_studio(loaded)] if config.obs is not None else []
    questions += [_link(loaded)] if config.link is not None else []
    questions += [_controller(config)]
    found = [one for part in await asyncio.gather(*questions) for one in part]
    found.append(findings.of_room(_room(config), most_bytes=config.timeline.max_bytes))
    return [*found, *findings.of_secrets(_secret_modes(config.model_dump()))]


def side_of(config: Config) -> str | None:
    """The end of the bond that a machine with this configuration usually is; None where it may be both, or neither."""
    if config.transport == "srtla" or (config.encoder is None) == (config.obs is None):
        return None
    return "pi" if config.encoder is not None else "vps"


async def _prometheus(config: Config, wall_s: Callable[[], float]) -> Part:
    source = wiring.prometheus_source(config)
    try:
        answer = await source.fetch()
    finally:
        await source.close()
    limit_s = config.prometheus.max_age_s
    return list(findings.of_prometheus(answer, now_s=wall_s(), max_age_s=limit_s, match=config.match))


async def _encoder(loaded: Loaded) -> Part:
    section = loaded.config.encoder
    if section is None:
        return []
    try:
        encoder = encoder_driver(section, loaded.secrets.encoder_password, loaded.measured)
    except ValueError as error:
        return [Finding("encoder", Verdict.WRONG, str(error), "correct that key of the section encoder")]
    try:
        return [findings.of_encoder(await encoder.read())]
    finally:
        await encoder.close()


async def _studio(loaded: Loaded) -> Part:
    section = loaded.config.obs
    if section is None:
        return []
    studio = wiring.obs_studio(section, loaded.secrets.obs_password)
    try:
        status = await studio.read()
        inputs = await studio.ask("GetInputList") if status.reachable else None
    finally:
        await studio.close()
    scenes = wiring.scene_names(section).values()
    return list(findings.of_studio(status, inputs, scenes=scenes, source=section.ingest_source))


async def _link(loaded: Loaded) -> Part:
    section = loaded.config.link
    if section is None:
        return []
    other = LinkHttp(url=section.url, token=loaded.secrets.link_token, deadline_s=_ANSWER_S)
    try:
        await other.ordered(book="", number=0, wait_s=0.0)
    except LinkError as error:
        return [findings.of_link(str(error))]
    finally:
        await other.close()
    return [findings.of_link(None)]


async def _controller(config: Config) -> Part:
    listen = config.api.listen
    try:
        async with httpx.AsyncClient(timeout=_ANSWER_S, trust_env=False) as client:
            answer = await client.get(f"http://{listen}/health")
        health = answer.json() if answer.is_success else None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        health = None
    return [findings.of_controller(health if isinstance(health, dict) else None, listen=listen)]


async def _clock() -> Part:
    told = await _output(("timedatectl", "show", "--property=NTPSynchronized", "--value"), within_s=_ANSWER_S)
    return [findings.of_clock({"yes": True, "no": False}.get(told.strip()))]


async def _bond(side: str) -> Part:
    told = await _output((sys.executable, "-m", "mptcp.doctor", "--side", side, "--json"), within_s=_BOND_S)
    try:
        return list(findings.of_bond(side, json.loads(told)))
    except (ValueError, KeyError, TypeError):
        remedy = f"run it alone, as root: python -m mptcp.doctor --side {side}"
        return [Finding("bond", Verdict.UNKNOWN, "its doctor could not examine this machine", remedy)]


async def _output(command: Sequence[str], *, within_s: float) -> str:
    """What a program writes; empty where it cannot be run, or takes too long."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
    except OSError:
        return ""
    try:
        async with asyncio.timeout(within_s):
            told, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return ""
    return told.decode(errors="replace")


def _room(config: Config) -> Room | None:
    if config.state_dir is None:
        return None
    directory = Path(config.state_dir)
    # The controller makes it at its start; until then its place is what counts.
    there = next(one for one in (directory, *directory.parents) if one.exists())
    usage = os.statvfs(there)
    writable = there.is_dir() and os.access(there, os.W_OK | os.X_OK)
    return Room(directory=directory, writable=writable, free_bytes=usage.f_bavail * usage.f_frsize)


def _secret_modes(section: object) -> Iterator[tuple[Path, int]]:
    """Every file that the configuration's keys `..._file` name, with its mode."""
    if not isinstance(section, dict):
        return
    for key, value in section.items():
        if key in {"password_file", "token_file"} and isinstance(value, str):
            yield Path(value), stat.S_IMODE(Path(value).stat().st_mode)
        else:
            yield from _secret_modes(value)
