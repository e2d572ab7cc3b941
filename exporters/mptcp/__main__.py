"""`python -m exporters.mptcp`: the command line."""

from __future__ import annotations

import asyncio
import contextlib

from exporters.catalog import MPTCP
from exporters.mptcp import reading
from exporters.mptcp.probing import Settings, read_key
from exporters.mptcp.summing import Scope
from exporters.mptcp.uplinks import Role, Surroundings, conflicts, parse_uplink
from exporters.mptcp.watching import Watch, probe_source, sources
from exporters.serving import (
    Exporter,
    Listen,
    Parser,
    StartError,
    checked,
    main,
    megabits,
    megabytes,
    port,
    seconds,
    serve,
)


def parser() -> Parser:
    """The command line."""
    described = Parser(prog="python -m exporters.mptcp", description="Prometheus exporter of MPTCP uplinks.")
    described.add_argument(
        "--uplink",
        action="append",
        required=True,
        metavar="NAME=TARGET",
        type=checked(parse_uplink),
        help="a name and its interface, address or endpoint id (id:2); at the receiver the remote address; repeatable",
    )
    described.add_argument("--role", type=Role, choices=list(Role), default=Role.SENDER, help="which end of the stream")
    described.add_argument(
        "--port", type=checked(port), help="the stream's MPTCP port, at either end; default: all MPTCP"
    )
    described.add_argument(
        "--front-port", type=checked(port), help="the plain TCP port of a proxy before the MPTCP connection"
    )
    described.add_argument(
        "--sample-interval", type=checked(seconds), default=0.1, metavar="SECONDS", help="default 0.1"
    )
    described.add_argument("--listen", type=checked(Listen.parse), default=Listen("127.0.0.1", 12751))
    probing = described.add_argument_group("probing", "packet trains that show room which the stream does not use")
    probing.add_argument("--probe", type=checked(Listen.parse), metavar="HOST:PORT", help="the responder on the VPS")
    probing.add_argument("--probe-key-file", type=checked(read_key), metavar="FILE", help="the key that it has too")
    probing.add_argument("--probe-interval", type=checked(seconds), default=10, metavar="SECONDS", help="default 10")
    probing.add_argument(
        "--probe-budget", type=checked(megabytes), default=20e6, metavar="MB", help="megabytes an hour; default 20"
    )
    probing.add_argument(
        "--probe-pad-to",
        type=checked(megabits),
        metavar="MBIT",
        help="besides, top the stream up to so many Mbit/s on each uplink, for a second after each train; default: not",
    )
    return described


def run() -> None:
    """Check the command line against the machine, then poll and serve."""
    options = parser().parse_args()
    if options.front_port is not None and options.port is None:
        raise StartError("--front-port needs --port: give the port of the MPTCP connection behind the proxy too")
    scope = Scope(options.role, options.port, options.front_port)
    around = asyncio.run(_surroundings())
    problems = conflicts(options.uplink, scope.role, around)
    if problems:
        raise StartError("; ".join(problems))
    watch = Watch(reading.Diag, scope, tuple(options.uplink), around)
    polled = sources(watch, options.sample_interval)
    if options.probe is None and options.probe_pad_to is not None:
        raise StartError("--probe-pad-to needs --probe: the responder says what of the padding arrived")
    if options.probe is not None:
        if options.probe_key_file is None:
            raise StartError("--probe needs --probe-key-file: a key shared with the responder; openssl rand -hex 32")
        settings = Settings(
            options.probe.host,
            options.probe.port,
            options.probe_key_file,
            options.probe_budget,
            pad_to=options.probe_pad_to,
        )
        names = [uplink.name for uplink in options.uplink]
        polled = (*polled, probe_source(watch, settings, names, options.probe_interval))
    serve(Exporter("mptcp", "MPTCP exporter", MPTCP, polled, close=watch.close), options.listen)


async def _surroundings() -> Surroundings:
    """Addresses and endpoints at the start, as far as they can be read; the sources report what cannot."""
    addresses: dict[str, frozenset[str]] = {}
    with contextlib.suppress(Exception):  # pyroute2 raises several kinds
        addresses = await reading.interface_addresses()
    with contextlib.suppress(Exception):
        return Surroundings(addresses, (await reading.path_manager()).endpoints)
    return Surroundings(addresses)


if __name__ == "__main__":
    main(run, "python -m exporters.mptcp")
