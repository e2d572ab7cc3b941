"""`python -m exporters.srtla`: the command line."""

from __future__ import annotations

import argparse
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from exporters.catalog import SRTLA
from exporters.collecting import Source
from exporters.serving import Exporter, Listen, Parser, StartError, checked, main, port, serve
from exporters.srtla import naming
from exporters.srtla.capture import Capture, CaptureError
from exporters.srtla.filtering import Watched
from exporters.srtla.mapping import UplinkFile
from exporters.srtla.model import Role
from exporters.srtla.naming import parse_uplink
from exporters.srtla.reports import options as told
from exporters.srtla.reports.sources import asked
from exporters.srtla.watching import Watch


def parser() -> Parser:
    """The command line."""
    described = Parser(prog="python -m exporters.srtla", description="Prometheus exporter of SRTLA bonds and SRT.")
    described.add_argument(
        "--uplink",
        action="append",
        default=[],
        metavar="NAME=TARGET",
        type=checked(parse_uplink),
        help="a name and how to tell its links: conn:ID, ADDRESS, NETWORK/BITS, ADDRESS:PORT, port:N, or, beside the "
        "sender, INTERFACE; repeatable, also for one name",
    )
    described.add_argument("--uplinks", metavar="FILE", help="a file of such lines, read again when it changes")
    described.add_argument("--listen", type=checked(Listen.parse), default=Listen("127.0.0.1", 12753))
    passive = described.add_argument_group("passive", "watch packets; needs CAP_NET_RAW")
    passive.add_argument("--watch", type=checked(port), metavar="PORT", help="the UDP port of the SRTLA receiver")
    passive.add_argument("--role", type=Role, choices=list(Role), default=Role.RECEIVER, help="which end this is")
    passive.add_argument(
        "--interface", metavar="NAME", help="watch one only; needed where a packet passes several, as in a team"
    )
    _reports(described)
    return described


def _reports(described: Parser) -> None:
    group = described.add_argument_group("socket, file, api", "ask programs; what is seen on the wire goes first")
    group.add_argument(
        "--socket",
        action="append",
        default=[],
        metavar="KIND=WHERE",
        type=checked(told.parse_socket),
        help="srtla_send=PATH of its control socket, or openirl=PORT of its SRT server (needs CAP_NET_RAW)",
    )
    group.add_argument(
        "--file",
        action="append",
        default=[],
        metavar="KIND=PATH",
        type=checked(told.parse_file),
        help="live-transmit:ALIAS=PATH (live-transmit-totals with -fullstats), srtla-group=PATH, ceralive=PATH",
    )
    group.add_argument(
        "--api",
        action="append",
        default=[],
        metavar="KIND=WHERE",
        type=checked(lambda text: _with_file(told.parse_api, text)),
        help="sls=URL, openirl=URL, or json=FILE of a mapping",
    )
    group.add_argument("--api-key-file", metavar="FILE", type=checked(lambda text: _with_file(told.parse_key, text)))
    group.add_argument(
        "--stream",
        action="append",
        default=[],
        metavar="ALIAS=NAME",
        type=checked(lambda text: _with_file(told.parse_stream, text)),
        help="a stream at the server and the alias to show it by; ALIAS=@FILE reads its name, the key, from a file",
    )


def run() -> None:
    """Check the command line, then poll and serve."""
    options = parser().parse_args()
    programs = [*options.socket, *options.file, *options.api]
    problems = naming.conflicts(options.uplink, options.role) + told.conflicts(programs, options.stream)
    if options.watch is None and not programs:
        problems.append("nothing to read: give --watch, --socket, --file or --api")
    if problems:
        raise StartError("; ".join(problems))
    try:
        sources, closes = _sources(options)
    except (CaptureError, ValueError) as error:
        raise StartError(str(error)) from error
    except OSError as error:
        raise StartError(f"cannot read {error.filename}: {error.strerror}") from error

    async def close() -> None:
        for one in closes:
            await one()

    serve(Exporter("srtla", "SRTLA exporter", SRTLA, sources, close=close), options.listen)


def _sources(options: argparse.Namespace) -> tuple[list[Source[Any]], list[Callable[[], Awaitable[None]]]]:
    """What is read, in the order of trust: what passes on the wire, then what programs say."""
    uplinks = UplinkFile(options.uplink, options.uplinks, options.role)
    sources: list[Source[Any]] = []
    closes: list[Callable[[], Awaitable[None]]] = []
    if options.watch is not None:
        watch = Watch(Capture(Watched(options.watch, options.role), options.interface), options.role, uplinks)
        sources.append(watch.source())
        closes.append(watch.close)
    for one in (*options.socket, *options.file, *options.api):
        program = asked(one, options.stream, uplinks, options.api_key_file or "")
        sources.append(program.source)
        closes.append(program.close)
    return sources, closes


def _with_file(parse: Callable[[str, told.ReadFile], Any], text: str) -> Any:  # noqa: ANN401 - whatever `parse` makes
    try:
        return parse(text, lambda path: Path(path).read_bytes())
    except OSError as error:
        raise ValueError(f"cannot read {error.filename}: {error.strerror}") from error


if __name__ == "__main__":
    main(run, "python -m exporters.srtla")
