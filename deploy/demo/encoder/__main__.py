"""`python -m deploy.demo.encoder`: the simulated encoder as a process of the demo.

Ready when `GET /get_status` answers (401 counts) and "listening" stands on stdout. Stop it with
SIGTERM or SIGINT: the pipeline goes first. It exits with 1 when the pipeline dies by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from aiohttp import web

from deploy.demo.encoder import device
from deploy.demo.encoder.authentication import Door
from deploy.demo.encoder.child import PipelineChild
from deploy.demo.encoder.device import Fault, Personality
from deploy.demo.encoder.server import SimulatedDevice, Unit

SHUTDOWN_S = 0.5  # for answers under way; the fault that never answers would wait for ever
FACTORY_USER, FACTORY_PASSWORD = "admin", "admin"  # the vendor's, printed in its manual


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.demo.encoder", description=__doc__)
    parser.add_argument("--listen", required=True, metavar="HOST:PORT")
    parser.add_argument("--publish-url-file", required=True, type=Path, help="one line: where to publish, key included")
    parser.add_argument("--personality", choices=list(Personality), default=Personality.STORED, type=Personality)
    parser.add_argument("--fault", choices=list(Fault), default=Fault.NONE, type=Fault)
    parser.add_argument("--authentication", choices=["digest", "basic"], default="digest")
    parser.add_argument("--password-file", type=Path, help="one line; the factory password without it")
    parser.add_argument("--reboot-seconds", type=float, default=60.0)
    parser.add_argument("--size", default="1280x720", metavar="WxH")
    parser.add_argument("--frame-rate", type=int, default=30, metavar="HZ")
    parser.add_argument("--bitrate-kbit", type=int, default=2500)
    parser.add_argument("--python", default="/usr/bin/python3", help="the interpreter with the GStreamer bindings")
    return parser.parse_args(argv)


def configuration(options: argparse.Namespace) -> device.Fields:
    """The device's configuration at its first boot.

    Raises:
        ValueError: the size, rate or bitrate is none the device has.
        OSError: the address file cannot be read.
    """
    width, _, height = options.size.partition("x")
    fields = device.DEFAULTS | {
        "venc_width": width,
        "venc_height": height,
        "venc_framerate": str(options.frame_rate),
        "venc_gop": str(2 * options.frame_rate),
        "venc_bitrate": str(options.bitrate_kbit),
        "rtmp_publish_uri": options.publish_url_file.read_text().strip(),
    }
    device.video_of(fields)
    return fields


def _door(options: argparse.Namespace) -> Door:
    """The device's door.

    Raises:
        OSError: the password file cannot be read.
    """
    password = options.password_file.read_text().strip() if options.password_file else FACTORY_PASSWORD
    return Door(user=FACTORY_USER, password=password, digest=options.authentication == "digest", nonce="")


async def _serve(options: argparse.Namespace, fields: device.Fields, door: Door) -> int:
    pipeline = await PipelineChild.start(options.python)
    unit = Unit(personality=options.personality, door=door, reboot_s=options.reboot_seconds)
    simulated = SimulatedDevice(unit, pipeline, fields=fields)
    simulated.fault = options.fault
    runner = web.AppRunner(simulated.application(), access_log=None, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    host, _, port = options.listen.rpartition(":")

    async def listen() -> None:
        await web.TCPSite(runner, host, int(port), reuse_address=True).start()

    async def reopen(closed_s: float) -> None:
        for site in list(runner.sites):
            await site.stop()
        if runner.server is not None:
            await runner.server.shutdown(SHUTDOWN_S)  # connections that are kept alive die with the device
        await asyncio.sleep(closed_s)
        await listen()

    simulated.reopen = reopen
    try:
        await listen()
        await simulated.boot()
        print(f"listening on {options.listen}, personality {options.personality}", flush=True)
        return await _until_told(pipeline)
    finally:
        await pipeline.stop()
        await runner.cleanup()


async def _until_told(pipeline: PipelineChild) -> int:
    """Wait for a signal (0) or the pipeline's own end (1)."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    stop = asyncio.create_task(stopping.wait())
    await asyncio.wait({stop, pipeline.ended}, return_when=asyncio.FIRST_COMPLETED)
    if not pipeline.ended.done():
        return 0
    stop.cancel()
    print(f"the pipeline ended with code {pipeline.ended.result()}: see the lines above", file=sys.stderr)
    return 1


def main(argv: list[str] | None = None) -> int:
    """Run until a signal or the pipeline's end; 2 for options that cannot work."""
    options = _arguments(argv)
    try:
        return asyncio.run(_serve(options, configuration(options), _door(options)))
    except (OSError, ValueError) as error:
        print(f"encoder: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
