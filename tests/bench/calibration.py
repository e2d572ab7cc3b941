"""`vvlive doctor encoder --calibrate` on the whole demo: `python -m tests.bench.calibration`. Needs root, 3 min a kind.

The rig's controller is stopped, and the command is run beside the simulated encoder as a user would, with the VPS's
Prometheus as witness, over the bond. What it finds is held against what the encoder is known to be; its transcript
must not hold one of the run's secrets, and the encoder must be as before. Exits with 1 where that is not so.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from deploy.demo import ports
from deploy.demo.assembly import assemble
from deploy.demo.options import parse
from deploy.demo.runner import Runner
from deploy.demo.world import World, environment
from tests.bench.asking import Asked
from tests.bench.targets import Result, report

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# By the kind of encoder: what the calibration must find of bitrate and geometry.
KNOWN = {"live": ("none", "glitch"), "restart": ("reconnect", "reconnect"), "stored": ("unknown", "unknown")}
SETTLE_S = 10.0
DEADLINE_S = 300.0


async def calibrated(kind: str) -> list[Result]:
    """One calibration of an encoder of that kind."""
    async with AsyncExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vvlive-")))
        world = stack.enter_context(World())
        assembly = assemble(world, parse(["--encoder", kind]), directory)
        runner = await stack.enter_async_context(Runner(assembly.parts, directory=directory, secrets=assembly.secrets))
        token = assembly.control_token.read_text(encoding="utf-8").strip()
        rig = await stack.enter_async_context(Asked(world.pi, token))
        await rig.until("/api/status", lambda one: one["source"]["armed"] and one["encoder"]["reachable"])
        await asyncio.sleep(SETTLE_S)
        await runner.stop("controller-edge")
        config = _uncalibrated(directory)
        argv = ["doctor", "encoder", "--config", str(config), "--calibrate", "--yes", "--json"]
        argv += [
            "--ingest-url",
            f"http://127.0.0.1:{ports.RIG_REMOTE_WRITE}",
            "--transcript",
            str(directory / "t.json"),
        ]
        began_s = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            *world.pi.command([sys.executable, "-m", "controller", *argv]),
            env=environment(),
            stdout=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(DEADLINE_S):
            said, _ = await process.communicate()
        found = json.loads(said)
        text = (directory / "t.json").read_text(encoding="utf-8")
        leaked = [secret for secret in assembly.secrets if secret in text]
        kept = yaml.safe_load((directory / "calibration.yml").read_text(encoding="utf-8"))
        return list(_results(kind, found, kept, leaked=bool(leaked), took_s=time.monotonic() - began_s))


def _uncalibrated(directory: Path) -> Path:
    """The rig's configuration without what is known of the encoder, and with a place for what is found."""
    config: dict[str, Any] = yaml.safe_load((directory / "edge.yml").read_text(encoding="utf-8"))
    for known in ("impacts", "costs_s"):
        del config["encoder"][known]
    config["encoder"]["calibration_file"] = str(directory / "calibration.yml")
    path = directory / "uncalibrated.yml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def _results(
    kind: str, found: dict[str, Any], kept: dict[str, Any], *, leaked: bool, took_s: float
) -> Iterator[Result]:
    impacts = (kept["impacts"]["bitrate"], kept["impacts"]["geometry"])
    expected = KNOWN[kind]
    yield Result(f"{kind}: bitrate, geometry", ", ".join(impacts), ", ".join(expected), impacts == expected)
    for one in found["findings"]:
        yield Result(f"{kind}: {one['field']}", f"{one['text']}; gap {one['gap_s']:g} s", "-", holds=True)
    yield Result(f"{kind}: put back as it was", str(found["restored"]), "True", found["restored"] is True)
    yield Result(f"{kind}: secrets in the transcript", str(leaked), "False", not leaked)
    yield Result(f"{kind}: problem", str(found["problem"]), "None", found["problem"] is None)
    yield Result(f"{kind}: took", f"{took_s:.0f} s", "-", holds=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Calibrate and print; 1 where something is not found as it is."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.calibration", description=__doc__)
    parser.add_argument("--kind", choices=sorted(KNOWN), action="append", help="repeatable; default: all three")
    options = parser.parse_args(argv)

    def results() -> Iterator[Result]:
        for kind in options.kind or KNOWN:
            yield from asyncio.run(calibrated(kind))

    return 0 if report(results()) else 1


if __name__ == "__main__":
    sys.exit(main())
