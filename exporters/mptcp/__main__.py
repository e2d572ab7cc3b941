"""`python -m exporters.mptcp`: command line and wiring."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

from exporters.catalog import MPTCP
from exporters.collecting import Schedule, Source
from exporters.mptcp import collector, reading
from exporters.mptcp.model import Kernel, PathManager
from exporters.mptcp.observing import Observation, Observer
from exporters.mptcp.summing import Scope
from exporters.mptcp.uplinks import Resolved, Role, Surroundings, Uplink, conflicts, parse_uplink, resolve
from exporters.serving import Exporter, Listen, Parser, StartError, checked, main, port, seconds, serve

_log = logging.getLogger(__name__)


class Watch:
    """The exporter's sources, and what one of them tells another: addresses and endpoints.

    `open_diag` is called for a socket at the first dump and after each failure.
    """

    def __init__(
        self,
        open_diag: Callable[[], reading.Diag],
        scope: Scope,
        uplinks: tuple[Uplink, ...],
        around: Surroundings,
    ) -> None:
        self._open_diag = open_diag
        self._diag: reading.Diag | None = None
        self._scope = scope
        self._uplinks = uplinks
        self._around = around
        self._observer = Observer(scope, [uplink.name for uplink in uplinks])
        self._missing: frozenset[str] = frozenset()

    async def sockets(self) -> Observation:
        """Dump the sockets and observe them. Raises OSError for what the kernel refuses."""
        if self._diag is None:
            self._diag = self._open_diag()
        try:
            dump = await self._diag.dump(self._scope.ports)
        except OSError:
            await self.close()
            raise
        return self._observer.observe(dump, self._resolved())

    async def close(self) -> None:
        """Give the netlink socket back. Idempotent."""
        if self._diag is not None:
            self._diag.close()
            self._diag = None

    async def addresses(self) -> None:
        """Learn the interfaces' addresses anew: a modem that reconnects comes back with another."""
        self._around = Surroundings(await reading.interface_addresses(), self._around.endpoints)

    async def path_manager(self) -> PathManager:
        """Learn the path manager's endpoints anew."""
        found = await reading.path_manager()
        self._around = Surroundings(self._around.addresses, found.endpoints)
        return found

    def _resolved(self) -> tuple[Resolved, ...]:
        resolved = resolve(self._uplinks, self._around)
        if self._scope.role is Role.SENDER:
            self._report(frozenset(entry.uplink.name for entry in resolved if not entry.addresses))
        return resolved

    def _report(self, missing: frozenset[str]) -> None:
        for name in sorted(missing - self._missing):
            _log.warning("uplink %s: has no address now; waiting for its interface or endpoint", name)
        for name in sorted(self._missing - missing):
            _log.info("uplink %s: has an address again", name)
        self._missing = missing


async def kernel() -> Kernel:
    """Read the kernel's counters; a file in memory, never slow."""
    return reading.kernel()


def sources(watch: Watch, sample_interval_s: float) -> tuple[Source[Any], ...]:
    """The four sources on their schedules."""
    return (
        Source(
            "sockets",
            watch.sockets,
            collector.sockets,
            Schedule(sample_interval_s, timeout_s=1, stale_after_s=max(2.0, 3 * sample_interval_s)),
        ),
        Source("addresses", watch.addresses, lambda _: (), Schedule(1, timeout_s=2, stale_after_s=5)),
        Source("path_manager", watch.path_manager, collector.path_manager, Schedule(2, timeout_s=2, stale_after_s=10)),
        Source("kernel", kernel, collector.kernel, Schedule(1, timeout_s=1, stale_after_s=5)),
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
