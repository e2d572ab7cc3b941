"""The exporter's sources, wired to each other: what is read when, and what one source tells another."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from exporters.collecting import Schedule, Source
from exporters.mptcp import collector, reading
from exporters.mptcp.model import Kernel, PathManager, Probes
from exporters.mptcp.observing import Observation, Observer
from exporters.mptcp.padding import ANSWERED_WITHIN_S, LENGTH_S, LOOK_S
from exporters.mptcp.probing import Prober, Settings
from exporters.mptcp.sampler import Estimate
from exporters.mptcp.summing import Scope
from exporters.mptcp.uplinks import Resolved, Role, Surroundings, Uplink, resolve

PROBE_BELOW_DRAIN_S = 0.2  # a train of 100 ms behind a longer backlog would push the stream over 300 ms
PADDING_S = LOOK_S + LENGTH_S + ANSWERED_WITHIN_S

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
        self._wrong: set[str] = set()
        self._estimate: Estimate | None = None
        self._acknowledged: dict[str, tuple[float, float]] = {}

    async def sockets(self) -> Observation:
        """Dump the sockets and observe them. Raises OSError for what the kernel refuses."""
        if self._diag is None:
            self._diag = self._open_diag()
        try:
            dump = await self._diag.dump(self._scope.ports)
        except OSError:
            await self.close()
            raise
        seen = self._observer.observe(dump, self._resolved())
        self._estimate = seen.estimate
        self._acknowledged = {
            name: (dump.at_s, sums["bytes_acked"]) for name, sums in seen.uplink_totals.items() if "bytes_acked" in sums
        }
        if seen.rows.details_shown is not None:
            self._note(
                "subflows",
                "the kernel hides their roles and backup flags; give CAP_NET_ADMIN, or use Linux 6.15 or newer",
                "the kernel shows their roles and backup flags",
                wrong=not seen.rows.details_shown,
            )
        return seen

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

    async def kernel(self) -> Kernel:
        """Read the kernel's counters: files in memory, never slow."""
        found = reading.kernel()
        self._note(
            "MPTCP",
            "is off here, so nothing is bonded; set net.mptcp.enabled=1, on a kernel with CONFIG_MPTCP",
            "is on again",
            wrong=found.enabled is False,
        )
        return found

    async def probe(self, prober: Prober) -> Probes:
        """Probe the uplinks that have a subflow and room; never into a standing queue, nor a dead radio."""
        return await prober.probe(resolve(self._uplinks, self._around), self.with_room())

    def probed(self, uplink: str, at_s: float, rate: float) -> None:
        """Tell the estimate what a probe showed."""
        self._observer.probed(uplink, at_s, rate)

    def padded(self, uplink: str, at_s: float, rate: float) -> None:
        """Tell the estimate what stream and padding carried together."""
        self._observer.padded(uplink, at_s, rate)

    def carried(self, uplink: str) -> tuple[float, float] | None:
        """When the sockets were last looked at, and the bytes acknowledged on the uplink by then."""
        return self._acknowledged.get(uplink)

    def with_room(self) -> dict[str, float | None]:
        """The uplinks that may be probed now, with the rate known of each."""
        estimate = self._estimate
        if estimate is None or estimate.drain_time_s is None or estimate.drain_time_s > PROBE_BELOW_DRAIN_S:
            return {}
        return {
            uplink.name: uplink.capacity_lower
            for uplink in estimate.uplinks
            if uplink.capacity_upper is None and not uplink.dead
        }

    def _resolved(self) -> tuple[Resolved, ...]:
        resolved = resolve(self._uplinks, self._around)
        if self._scope.role is Role.SENDER:
            for entry in resolved:
                self._note(
                    f"uplink {entry.uplink.name}",
                    "has no address now; waiting for its interface or endpoint",
                    "has an address again",
                    wrong=not entry.addresses,
                )
        return resolved

    def _note(self, subject: str, begun: str, over: str, *, wrong: bool) -> None:
        """One line when something goes wrong, and one when it is over; nothing in between."""
        if wrong and subject not in self._wrong:
            self._wrong.add(subject)
            _log.warning("%s: %s", subject, begun)
        elif not wrong and subject in self._wrong:
            self._wrong.discard(subject)
            _log.info("%s: %s", subject, over)


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
        Source("kernel", watch.kernel, collector.kernel, Schedule(1, timeout_s=1, stale_after_s=5)),
    )


def probe_source(watch: Watch, settings: Settings, names: list[str], interval_s: float) -> Source[Probes]:
    """The source that probes; its reading is kept for as long as it takes to get the next."""
    prober = Prober(settings, names, watch.probed, watch)
    longest_s = 10 + (0 if settings.pad_to is None else PADDING_S * len(names))
    schedule = Schedule(interval_s, timeout_s=longest_s, stale_after_s=3 * interval_s + longest_s)
    return Source("probe", lambda: watch.probe(prober), collector.probes, schedule)
