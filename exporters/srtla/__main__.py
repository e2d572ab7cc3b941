"""`python -m exporters.srtla`: the command line."""

from __future__ import annotations

from exporters.catalog import SRTLA
from exporters.serving import Exporter, Listen, Parser, StartError, checked, main, port, serve
from exporters.srtla.capture import Capture, CaptureError
from exporters.srtla.filtering import Watched
from exporters.srtla.model import Role
from exporters.srtla.naming import conflicts, parse_uplink
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
    passive = described.add_argument_group("passive", "watch packets; needs CAP_NET_RAW")
    passive.add_argument("--watch", type=checked(port), metavar="PORT", help="the UDP port of the SRTLA receiver")
    passive.add_argument("--role", type=Role, choices=list(Role), default=Role.RECEIVER, help="which end this is")
    passive.add_argument(
        "--interface",
        metavar="NAME",
        help="watch one interface only; needed where a packet passes several, as in a team",
    )
    described.add_argument("--listen", type=checked(Listen.parse), default=Listen("127.0.0.1", 12753))
    return described


def run() -> None:
    """Check the command line, then poll and serve."""
    options = parser().parse_args()
    problems = conflicts(options.uplink, options.role)
    if problems:
        raise StartError("; ".join(problems))
    if options.watch is None:
        raise StartError("nothing to read: give --watch PORT")
    try:
        capture = Capture(Watched(options.watch, options.role), options.interface)
    except CaptureError as error:
        raise StartError(str(error)) from error
    named = tuple(options.uplink)
    watch = Watch(capture, options.role, lambda: named)
    serve(Exporter("srtla", "SRTLA exporter", SRTLA, (watch.source(),), close=watch.close), options.listen)


if __name__ == "__main__":
    main(run, "python -m exporters.srtla")
