"""`python -m tests.bench.alerts.ahead --listen HOST:PORT --real URL --by SECONDS -- COMMAND`: a clock that is ahead.

A machine whose clock is wrong stamps its samples wrongly, and a clock cannot be set for one namespace alone. So this
starts the exporter, passes its metrics on, and stamps each sample as a Prometheus whose clock is ahead would;
what the exporter says of its own clock is as far ahead.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time

import aiohttp
from aiohttp import web

from deploy.demo.namespaces import mortal

CLOCK = "_exporter_clock_timestamp_seconds"


def stamped(text: str, *, at_s: float, by_s: float) -> str:
    """Metrics in Prometheus' text format, as of `at_s` by a clock that is `by_s` ahead."""
    lines = (line if line.startswith("#") else _stamped(line, at_s + by_s, by_s) for line in text.splitlines())
    return "\n".join((*lines, ""))


def _stamped(line: str, at_s: float, by_s: float) -> str:
    series, _, value = line.rpartition(" ")
    moved = float(value) + by_s if series.partition("{")[0].endswith(CLOCK) else value
    return f"{series} {moved} {at_s * 1000:.0f}"


async def _serve(options: argparse.Namespace) -> int:
    process = await asyncio.create_subprocess_exec(*mortal(options.command))
    async with aiohttp.ClientSession() as session:

        async def passed_on(request: web.Request) -> web.Response:
            try:
                async with session.get(options.real + request.path, headers={"Accept": "text/plain"}) as answer:
                    text = await answer.text()
            except aiohttp.ClientError:
                return web.Response(status=502)
            if request.path == "/metrics":
                text = stamped(text, at_s=time.time(), by_s=options.by)
            return web.Response(text=text, status=answer.status)

        app = web.Application()
        app.router.add_get("/{path:.*}", passed_on)
        runner = web.AppRunner(app, access_log=None, handle_signals=True)
        await runner.setup()
        host, _, port = options.listen.rpartition(":")
        await web.TCPSite(runner, host, int(port)).start()
        return await process.wait()


def main() -> int:
    """Pass on until ended."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.alerts.ahead", description=__doc__)
    parser.add_argument("--listen", required=True, metavar="HOST:PORT")
    parser.add_argument("--real", required=True, metavar="URL", help="where the command serves")
    parser.add_argument("--by", type=float, required=True, metavar="S")
    parser.add_argument("command", nargs="+")
    return asyncio.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
