"""The demo's command line."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.demo import ports

DURATION = re.compile(r"(\d+(?:\.\d+)?)(s|m|min|h)?")
SECONDS_OF = {"s": 1.0, None: 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked for. `length_s` None: until Ctrl-C, the drive over and over."""

    length_s: float | None
    report: Path | None
    encoder: str
    policy: str
    transport: str
    port_base: int
    directory: Path


def duration_s(text: str) -> float:
    """Seconds in `300s`, `5m`, `1h` or `300`; raises ValueError for anything else, and for less than 10 s."""
    found = DURATION.fullmatch(text.strip())
    if found is None or float(found[1]) * SECONDS_OF[found[2]] < 10:
        raise ValueError(f"{text!r} is no duration of at least 10 s; write it like 300s or 5m")
    return float(found[1]) * SECONDS_OF[found[2]]


def _duration(text: str) -> float:
    try:
        return duration_s(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _report(text: str) -> Path:
    path = Path(text)
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise argparse.ArgumentTypeError(f"{text}: not a file in a directory that exists; name one, like out.json")
    return path


def _port_base(text: str) -> int:
    if not text.isdecimal() or not 1024 <= int(text) <= 65_500:
        raise argparse.ArgumentTypeError(f"{text!r} is no port from 1024 to 65500")
    return int(text)


def parse(argv: Sequence[str]) -> Options:
    """The options in `argv`; exits with code 2 and one line about the first that is wrong."""
    parser = argparse.ArgumentParser(
        prog="make demo ARGS=",
        description="The whole chain on this machine: encoder, two emulated uplinks bonded by MPTCP, ingest, OBS, "
        "Prometheus and the controller, driven through bad coverage. Ctrl-C ends it and leaves nothing behind.",
    )
    parser.add_argument(
        "--for", dest="length_s", type=_duration, metavar="300s", help="end after this; default: Ctrl-C"
    )
    parser.add_argument("--report", type=_report, metavar="OUT.json", help="write what happened, second by second")
    parser.add_argument(
        "--encoder",
        choices=("live", "restart", "stored"),
        default="live",
        help="how the simulated encoder takes changes: live, after 2 s without picture, or as shipped: at a reboot",
    )
    parser.add_argument("--policy", choices=("adaptive", "locked"), default="adaptive", help="default: %(default)s")
    parser.add_argument(
        "--transport",
        choices=("mptcp", "srtla", "hybrid"),
        default="mptcp",
        help="what bonds the uplinks; of both, one carries; default: %(default)s",
    )
    parser.add_argument(
        "--port-base", type=_port_base, default=ports.OUTSIDE_BASE, help="first of the browser's ports, %(default)s"
    )
    parser.add_argument("--logs", type=Path, default=Path(".demo"), metavar="DIR", help="default: %(default)s")
    found = parser.parse_args(argv)
    return Options(
        length_s=found.length_s,
        report=found.report,
        encoder=found.encoder,
        policy=found.policy,
        transport=found.transport,
        port_base=found.port_base,
        directory=found.logs.absolute(),
    )
