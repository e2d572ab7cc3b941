"""`python -m mptcp.guard`: command line and wiring. Runs on the Pi with CAP_NET_ADMIN and nothing else."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

from exporters.catalog import GUARD
from exporters.collecting import Schedule, Source
from exporters.mptcp.reading import Diag
from exporters.mptcp.uplinks import Uplink, parse_uplink
from exporters.serving import Exporter, Listen, Parser, StartError, checked, main, serve
from mptcp.guard.acting import Guard, Setting
from mptcp.guard.metrics import describe
from mptcp.guard.model import Policy
from mptcp.guard.prober import Prober
from mptcp.guard.responder import read_key
from mptcp.guard.restore import STATE

PI_UP_UPLINKS = Path("/var/lib/vvlive/mptcp/uplinks")


def parse_responder(text: str) -> tuple[str, int]:
    """Read ADDRESS:PORT. Raises ValueError: a name would need a resolver, perhaps behind the uplink that is dead."""
    listen = Listen.parse(text)
    try:
        return str(ip_address(listen.host)), listen.port
    except ValueError as error:
        example = "203.0.113.1:8445 or [2001:db8::1]:8445"
        raise ValueError(f"{text!r}: give the VPS's address and the port, for example {example}") from error


def parse_pi_up(lines: str) -> tuple[Uplink, ...]:
    """The uplinks that pi-up set up, from the file it leaves: NAME=IFACE[,ADDRESS/PREFIX,GATEWAY] a line."""
    return tuple(parse_uplink(line.partition(",")[0]) for line in lines.splitlines() if line)


def parser() -> Parser:
    """The command line."""
    described = Parser(prog="python -m mptcp.guard", description="Keeps the bond alive when an uplink dies.")
    described.add_argument(
        "--uplink",
        action="append",
        metavar="NAME=TARGET",
        type=checked(parse_uplink),
        help="a name and its interface or address; repeatable; default: those of pi-up",
    )
    described.add_argument("--port", type=int, action="append", help="the stream's port at the VPS; default 8443")
    described.add_argument(
        "--responder",
        metavar="ADDRESS:PORT",
        type=checked(parse_responder),
        help="where `python -m mptcp.guard.responder` runs; without it idle uplinks cannot be judged",
    )
    described.add_argument("--key-file", type=Path, help="file with the key that the responder has too")
    described.add_argument(
        "--budget", type=_milliseconds, default=Policy().budget_s, metavar="MS", help="latency budget; default 300"
    )
    described.add_argument("--state", type=Path, default=STATE, help=f"what must be put back; default {STATE}")
    described.add_argument("--listen", type=checked(Listen.parse), default=Listen("127.0.0.1", 12755))
    return described


def _milliseconds(text: str) -> float:
    return int(text) / 1000


def run() -> None:
    """Check the command line, then guard and serve until told to end."""
    options = parser().parse_args()
    setting = Setting(
        uplinks=tuple(options.uplink or _uplinks_of_pi_up()),
        ports=tuple(options.port or (8443,)),
        state_file=options.state,
        policy=Policy(budget_s=options.budget),
    )
    with Diag() as diag, _watcher(options.state):
        guard = Guard(setting, diag, _prober(options))
        schedule = Schedule(setting.policy.look_s, timeout_s=5, stale_after_s=2)
        source = Source("bond", guard.look, describe, schedule)
        serve(Exporter("mptcp_guard", "MPTCP guard", GUARD, (source,), guard.close), options.listen)


def _uplinks_of_pi_up() -> tuple[Uplink, ...]:
    try:
        return parse_pi_up(PI_UP_UPLINKS.read_text(encoding="ascii"))
    except FileNotFoundError as error:
        raise StartError(f"no --uplink given, and pi-up has not left {PI_UP_UPLINKS}: run it, or name them") from error


def _prober(options: argparse.Namespace) -> Prober | None:
    if (options.responder is None) != (options.key_file is None):
        raise StartError("--responder and --key-file go together: the responder answers only who has its key")
    return None if options.responder is None else Prober(options.responder, read_key(options.key_file))


@contextmanager
def _watcher(state: Path) -> Iterator[None]:
    """A process that restores the endpoints when this one ends in whatever way: the pipe to it closes."""
    command = [sys.executable, "-m", "mptcp.guard.restore", "--watch", str(os.getpid()), "--state", str(state)]
    with subprocess.Popen(command, stdin=subprocess.PIPE):
        yield


if __name__ == "__main__":
    main(run, "python -m mptcp.guard")
