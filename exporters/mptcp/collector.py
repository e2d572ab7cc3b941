"""From observations to points of the catalogue. Pure; what is unknown gives no point."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from exporters.collecting import Point
from exporters.mptcp.capacity import UplinkEstimate
from exporters.mptcp.layout import TcpInfo
from exporters.mptcp.model import Kernel, PathManager, Probes
from exporters.mptcp.observing import Observation
from exporters.mptcp.parsing import ESTABLISHED, TcpRow
from exporters.mptcp.sampling import freshest, last_ack_age_s, rtt_s
from exporters.mptcp.uplinks import Role

_UNPACED = 2**64 - 1

_UPLINK_TOTALS = (
    ("mptcp_uplink_transmit_bytes_total", "bytes_sent"),
    ("mptcp_uplink_acknowledged_bytes_total", "bytes_acked"),
    ("mptcp_uplink_receive_bytes_total", "bytes_received"),
    ("mptcp_uplink_retransmitted_bytes_total", "bytes_retrans"),
    ("mptcp_uplink_transmit_segments_total", "data_segs_out"),
    ("mptcp_uplink_retransmitted_segments_total", "total_retrans"),
)
_CONNECTION_TOTALS = (
    ("mptcp_connection_acknowledged_bytes_total", "bytes_acked"),
    ("mptcp_connection_receive_bytes_total", "bytes_received"),
    ("mptcp_connection_retransmitted_bytes_total", "bytes_retrans"),
)


def sockets(seen: Observation) -> Iterator[Point]:
    """Uplinks, subflows and the connection."""
    for resolved in seen.resolved:
        yield Point("mptcp_uplink_info", 1, (resolved.uplink.name, resolved.interface or ""))
        if seen.role is Role.SENDER:
            yield Point("mptcp_uplink_present", float(bool(resolved.addresses)), (resolved.uplink.name,))
    for name in seen.rows.by_uplink:
        yield from _known(_uplink(seen, name), (name,))
    for estimate in seen.estimate.uplinks:
        yield from _known(_estimated(estimate), (estimate.name,))
    for place, row in seen.subflows:
        yield from _known(_gauges("mptcp_subflow", row), (place.uplink, place.role, str(place.slot)))
    yield from _known(_connection(seen), ())


def path_manager(found: PathManager) -> Iterator[Point]:
    """Endpoints and limits."""
    yield Point("mptcp_endpoints", len(found.endpoints))
    yield from _known(
        [
            ("mptcp_limit_subflows", found.subflow_limit),
            ("mptcp_limit_accepted_addresses", found.accepted_address_limit),
        ],
        (),
    )


def kernel(found: Kernel) -> Iterator[Point]:
    """The switch, and the counters that tell that bonding was switched off."""
    counters = found.counters
    yield from _known([("mptcp_enabled", found.enabled)], ())
    if counters:
        fallbacks = sum(value for name, value in counters.items() if "Fallback" in name)
        yield Point("mptcp_kernel_fallback_total", fallbacks)
    yield from _known(
        [
            ("mptcp_kernel_blackhole_total", counters.get("Blackhole")),
            ("mptcp_kernel_syn_transmit_disabled_total", counters.get("MPCapableSYNTXDisabled")),
            ("mptcp_kernel_stale_subflows_total", counters.get("SubflowStale")),
        ],
        (),
    )


def probes(found: Probes) -> Iterator[Point]:
    """What the packet trains did, and what they may still cost."""
    for name, probed in found.uplinks.items():
        yield from _known(
            [
                ("mptcp_uplink_probe_rate_bytes_per_second", probed.rate),
                ("mptcp_uplink_probes_total", probed.sent),
                ("mptcp_uplink_probe_failures_total", probed.failed),
                ("mptcp_uplink_probe_transmit_bytes_total", probed.sent_bytes),
                ("mptcp_uplink_paddings_total", probed.paddings),
                ("mptcp_uplink_padded_rate_bytes_per_second", probed.padded_rate),
            ],
            (name,),
        )
    yield Point("mptcp_probe_budget_bytes", found.budget_left_bytes)


_Values = Iterable[tuple[str, float | None]]


def _known(values: _Values, labels: tuple[str, ...]) -> Iterator[Point]:
    return (Point(name, float(value), labels) for name, value in values if value is not None)


def _uplink(seen: Observation, name: str) -> Iterator[tuple[str, float | None]]:
    rows = seen.rows.by_uplink[name]
    live = [row for row in rows if row.state == ESTABLISHED]
    yield "mptcp_uplink_subflows", len(live)
    yield "mptcp_uplink_subflows_created_total", seen.subflows_created[name]
    yield "mptcp_uplink_subflows_closed_total", seen.subflows_closed[name]
    for metric, counter in _UPLINK_TOTALS:
        yield metric, seen.uplink_totals[name].get(counter)
    best = freshest(live)
    if best is not None:
        yield from _gauges("mptcp_uplink", best)


def _gauges(prefix: str, row: TcpRow) -> Iterator[tuple[str, float | None]]:
    info = row.info
    yield f"{prefix}_rtt_seconds", rtt_s(info.rtt)
    yield f"{prefix}_rtt_variation_seconds", rtt_s(info.rttvar)
    yield f"{prefix}_min_rtt_seconds", rtt_s(info.min_rtt)
    yield f"{prefix}_cwnd_segments", info.snd_cwnd
    yield f"{prefix}_pacing_rate_bytes_per_second", None if info.pacing_rate == _UNPACED else info.pacing_rate
    yield f"{prefix}_delivery_rate_bytes_per_second", info.delivery_rate
    yield f"{prefix}_unacknowledged_bytes", _in_flight(info)
    yield f"{prefix}_unsent_bytes", info.notsent_bytes
    yield f"{prefix}_last_acknowledgement_age_seconds", last_ack_age_s(row)
    yield f"{prefix}_backup", None if row.ulp is None else float(row.ulp.backup)


def _in_flight(info: TcpInfo) -> int | None:
    return None if info.unacked is None or info.snd_mss is None else info.unacked * info.snd_mss


def _estimated(estimate: UplinkEstimate) -> _Values:
    return (
        ("mptcp_uplink_delivery_rate_max_bytes_per_second", estimate.delivery_rate_max),
        ("mptcp_uplink_capacity_lower_bytes_per_second", estimate.capacity_lower),
        ("mptcp_uplink_capacity_upper_bytes_per_second", estimate.capacity_upper),
        ("mptcp_uplink_dead", estimate.dead),
    )


def _connection(seen: Observation) -> Iterator[tuple[str, float | None]]:
    estimate = seen.estimate
    yield "mptcp_connections", len(seen.rows.connections)
    yield "mptcp_connection_subflows", len(seen.rows.live) + seen.rows.strays
    yield "mptcp_stray_subflows", seen.rows.strays
    yield "mptcp_subflow_details_shown", seen.rows.details_shown
    yield "mptcp_connection_backlog_bytes", seen.backlog_bytes
    yield "mptcp_connection_drain_time_seconds", estimate.drain_time_s
    yield "mptcp_connection_drain_time_max_seconds", estimate.drain_time_max_s
    for metric, counter in _CONNECTION_TOTALS:
        yield metric, seen.connection_totals.get(counter)
    yield "mptcp_connection_capacity_lower_bytes_per_second", estimate.capacity_lower
    yield "mptcp_connection_capacity_upper_bytes_per_second", estimate.capacity_upper
    yield "mptcp_connection_head_of_line_gap_bytes", estimate.head_of_line_gap_bytes
    yield "mptcp_connection_stuck", estimate.stuck
    yield "mptcp_connection_fallback", seen.rows.fallback
