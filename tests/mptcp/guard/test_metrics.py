"""The guard's metrics."""

from __future__ import annotations

from exporters.catalog import GUARD
from exporters.collecting import families
from mptcp.guard.acting import Report
from mptcp.guard.metrics import describe
from mptcp.guard.model import Deed, Phase, State, UplinkMemory
from mptcp.guard.probes import Answer, Probes

PROBES = Probes().and_sent(1.0).and_answered(Answer("verizon", 1.0, 0.045))
REPORT = Report(
    state=State({"verizon": UplinkMemory(Phase.LIVE, probes=PROBES), "att": UplinkMemory(Phase.SUPPRESSED, flaps=2)}),
    actions={(Deed.SUPPRESS, "att"): 3, (Deed.REVIVE, "att"): 2, (Deed.DETOUR, "att"): 5, (Deed.RESET, ""): 1},
    failures={Deed.RENEW: 4},
    probes_sent={"verizon": 10, "att": 12},
    probes_answered={"verizon": 10},
)


def _values(report: Report) -> dict[str, float]:
    return {" ".join((point.metric, *point.labels)): point.value for point in describe(report)}


def test_deeds_are_counted_by_uplink() -> None:
    """Each kind has its counter; what never happened is 0, for the guard knows that it did not."""
    values = _values(REPORT)

    assert values["mptcp_guard_suppressions_total att"] == 3
    assert values["mptcp_guard_revivals_total att"] == 2
    assert values["mptcp_guard_detours_total att"] == 5
    assert values["mptcp_guard_suppressions_total verizon"] == 0
    assert values["mptcp_guard_resets_total"] == 1
    assert values["mptcp_guard_action_failures_total renew"] == 4
    assert values["mptcp_guard_action_failures_total suppress"] == 0


def test_standing_of_each_uplink() -> None:
    """Suppressed, flapping, and how fast its last probe was; no round trip where none is known."""
    values = _values(REPORT)

    assert (values["mptcp_guard_uplink_suppressed att"], values["mptcp_guard_uplink_suppressed verizon"]) == (1, 0)
    assert values["mptcp_guard_uplink_flaps att"] == 2
    assert values["mptcp_guard_probe_rtt_seconds verizon"] == 0.045
    assert "mptcp_guard_probe_rtt_seconds att" not in values


def test_uplink_without_an_endpoint_has_no_standing() -> None:
    """It is neither suppressed nor not: it is not the guard's."""
    values = _values(Report(State({"att": UplinkMemory()}), {}, {}, {}, {}))

    assert "mptcp_guard_uplink_suppressed att" not in values
    assert values["mptcp_guard_suppressions_total att"] == 0


def test_every_metric_of_the_catalogue_is_filled_and_no_other() -> None:
    """The frame's own metrics apart."""
    frame = {metric.name for metric in GUARD if "_exporter_" in metric.name or "_scrape_" in metric.name}
    described = {point.metric for point in describe(REPORT)}

    assert described == {metric.name for metric in GUARD} - frame
    assert len(families(GUARD, describe(REPORT))) == len(described)
