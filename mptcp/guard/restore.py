"""`python -m mptcp.guard.restore`: puts the endpoints back as the operator configured them.

The guard starts it with `--watch` and holds the other end of its standard input: when that closes,
the guard has ended, kill -9 included. systemd runs it once more after the service (ExecStopPost),
and the guard itself at its start.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from exporters.serving import Parser, main
from mptcp.guard import keeping

STATE = Path("/run/vvlive-guard/endpoints.json")

_log = logging.getLogger(__name__)


async def restore(path: Path, only_pid: int | None = None) -> list[str]:
    """Put back what the file names and empty it; a sentence for each endpoint.

    With `only_pid` a file of another process is left alone. Raises OSError when the kernel refuses,
    ValueError when the file is damaged.
    """
    kept = keeping.read(path)
    if kept is None or (only_pid is not None and kept.pid != only_pid):
        return []
    done = await _put_back(kept)
    keeping.write(path, keeping.Kept(kept.pid))
    return done


async def _put_back(kept: keeping.Kept) -> list[str]:
    # Loaded here: the watcher waits for hours, and without pyroute2 it waits in a third of the memory.
    from exporters.mptcp.reading import interface_addresses  # noqa: PLC0415 - see above
    from mptcp.guard.endpoints import Endpoints  # noqa: PLC0415 - see above

    if not kept.endpoints:
        return []
    here = {address for addresses in (await interface_addresses()).values() for address in addresses}
    done: list[str] = []
    async with Endpoints() as kernel:
        present = {endpoint.address: endpoint for endpoint in await kernel.show()}
        for wanted in kept.endpoints.values():
            now = present.get(wanted.address)
            if now is not None and now.backup != wanted.backup:
                await kernel.set_backup(now, on=wanted.backup)
                done.append(f"endpoint {wanted.number}: backup flag as configured")
            elif now is None and wanted.address in here:
                await kernel.add(wanted)
                done.append(f"endpoint {wanted.number}: added again")
            elif now is None:
                done.append(f"endpoint {wanted.number}: its address has gone, left to the lease")
    return done


def parser() -> Parser:
    """The command line."""
    described = Parser(prog="python -m mptcp.guard.restore", description="Restores what the guard changed.")
    described.add_argument("--state", type=Path, default=STATE, help=f"the guard's file; default {STATE}")
    described.add_argument(
        "--watch", type=int, metavar="PID", help="wait until standard input closes, then for PID only"
    )
    return described


def run(arguments: Sequence[str] | None = None) -> None:
    """Wait when told to, then restore."""
    options = parser().parse_args(arguments)
    if options.watch is not None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # they are meant for the guard
            signal.signal(number, signal.SIG_IGN)
        sys.stdin.buffer.read()
    for sentence in asyncio.run(restore(options.state, options.watch)):
        _log.info("restored: %s", sentence)


if __name__ == "__main__":
    main(run, "python -m mptcp.guard.restore")
