"""The guard's metrics, described from its report. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from exporters.collecting import Point
from mptcp.guard.acting import Report
from mptcp.guard.model import Deed, Phase, UplinkMemory

_COUNTERS = {
    Deed.SUPPRESS: "mptcp_guard_suppressions_total",
    Deed.REVIVE: "mptcp_guard_revivals_total",
    Deed.RENEW: "mptcp_guard_renewals_total",
    Deed.DEMOTE: "mptcp_guard_demotions_total",
    Deed.DETOUR: "mptcp_guard_detours_total",
    Deed.PROMOTE: "mptcp_guard_promotions_total",
}


def describe(report: Report) -> Iterator[Point]:
    """All points; an uplink that has no endpoint shows its counters only."""
    for name, memory in report.state.uplinks.items():
        label = (name,)
        for deed, metric in _COUNTERS.items():
            yield Point(metric, report.actions.get((deed, name), 0), label)
        yield Point("mptcp_guard_probes_total", report.probes_sent.get(name, 0), label)
        yield Point("mptcp_guard_probes_answered_total", report.probes_answered.get(name, 0), label)
        if memory.phase is not Phase.ABSENT:
            yield from _standing(memory, label)
    yield Point("mptcp_guard_resets_total", report.actions.get((Deed.RESET, ""), 0))
    for deed in Deed:
        yield Point("mptcp_guard_action_failures_total", report.failures.get(deed, 0), (deed.value,))


def _standing(memory: UplinkMemory, label: tuple[str, ...]) -> Iterable[Point]:
    yield Point("mptcp_guard_uplink_suppressed", float(memory.phase is Phase.SUPPRESSED), label)
    yield Point("mptcp_guard_uplink_demoted", float(memory.demoted), label)
    yield Point("mptcp_guard_uplink_flaps", memory.flaps, label)
    newest = memory.probes.newest_answered
    if newest is not None and newest.rtt_s is not None:
        yield Point("mptcp_guard_probe_rtt_seconds", newest.rtt_s, label)
