"""From a picture to points of the catalogue. Pure; what is unknown gives no point."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from exporters.collecting import Point
from exporters.srtla.model import Role
from exporters.srtla.picture import BondPicture, Picture, UplinkPicture
from exporters.srtla.wire import REGISTRATIONS


def describe(seen: Picture, interfaces: Mapping[str, str], *, epoch_s: float) -> Iterator[Point]:
    """Uplinks, the bond, and what was counted of both; `interfaces` are the configured ones by uplink.

    `epoch_s` added to a time of the picture gives seconds since the epoch.
    """
    for uplink in seen.uplinks:
        yield Point("srtla_uplink_info", 1, (uplink.name, interfaces.get(uplink.name, ""), uplink.keepalive))
        for name, value in _uplink(uplink, seen.role):
            if value is not None:
                yield Point(f"srtla_uplink_{name}", float(value), (uplink.name,))
    for name, value in _bond(seen.bond, seen.role, epoch_s):
        if value is not None:
            yield Point(f"srtla_{name}", float(value))
    for message in REGISTRATIONS.values():
        yield Point("srtla_registration_messages_total", seen.registrations.get(message, 0), (message,))
    for reason, count in sorted(seen.rejections.items()):
        yield Point("srtla_rejections_total", count, (reason,))
    for table in ("groups", "links"):
        yield Point("srtla_evictions_total", seen.evictions.get(table, 0), (table,))
    yield Point("srtla_malformed_datagrams_total", seen.malformed)


def _uplink(uplink: UplinkPicture, role: Role) -> Iterator[tuple[str, float | None]]:
    yield from _counts(uplink, role)
    yield "subflows", uplink.links
    yield "dead", uplink.dead
    yield "rtt_seconds", uplink.rtt_s
    yield "rtt_variation_seconds", uplink.rtt_variation_s
    yield "min_rtt_seconds", uplink.min_rtt_s
    yield "jitter_seconds", uplink.jitter_s
    yield "relative_delay_seconds", uplink.relative_delay_s
    yield "queue_delay_seconds", uplink.queue_delay_s
    yield "window_segments", uplink.window
    yield "unacknowledged_segments", uplink.in_flight
    yield "unacknowledged_bytes", uplink.in_flight_bytes
    yield "last_packet_age_seconds", uplink.last_packet_age_s
    yield "last_acknowledgement_age_seconds", uplink.last_acknowledgement_age_s
    yield "capacity_lower_bytes_per_second", uplink.bounds.lower
    yield "capacity_upper_bytes_per_second", uplink.bounds.upper


def _counts(uplink: UplinkPicture, role: Role) -> Iterator[tuple[str, float | None]]:
    tally, sender = uplink.tally, role is Role.SENDER
    up, down = ("transmit", "receive") if sender else ("receive", "transmit")
    yield f"{up}_bytes_total", tally.up_bytes
    yield f"{down}_bytes_total", tally.down_bytes
    yield f"{up}_datagrams_total", tally.up_datagrams
    yield f"{down}_datagrams_total", tally.down_datagrams
    yield f"{up}_segments_total", tally.segments
    yield "retransmitted_segments_total", tally.retransmitted
    yield "retransmitted_bytes_total", tally.retransmitted_bytes
    yield "duplicate_segments_total", None if sender else tally.duplicates
    yield "acknowledged_bytes_total", tally.acknowledged_bytes if sender else None
    # At the receiver only extended keepalives tell of losses: without them their number is unknown.
    yield "lost_segments_total", tally.lost if sender or uplink.keepalive == "extended" or tally.lost else None
    yield "late_segments_total", tally.late if sender else None
    yield "subflows_created_total", uplink.created
    yield "subflows_closed_total", uplink.closed
    yield "rebinds_total", uplink.rebinds


def _bond(bond: BondPicture, role: Role, epoch_s: float) -> Iterator[tuple[str, float | None]]:
    yield "connections", bond.groups
    yield "connection_subflows", bond.links
    yield "stray_subflows", bond.stray_links
    yield "stray_receive_bytes_total", bond.stray_bytes
    yield "connection_backlog_bytes", bond.backlog_bytes
    yield "connection_drain_time_seconds", bond.drain_s
    yield "connection_drain_time_max_seconds", bond.drain_max_s
    direction = "receive" if role is Role.RECEIVER else "acknowledged"
    yield f"connection_{direction}_bytes_total", bond.stream_bytes
    yield "connection_expected_segments_total", bond.expected
    yield "connection_lost_segments_total", bond.lost
    yield "connection_dropped_segments_total", bond.dropped
    yield "connection_missing_segments_total", bond.missing if role is Role.RECEIVER else None
    yield "connection_keyframes_total", bond.keyframes
    yield "connection_whole_timestamp_seconds", None if bond.whole_s is None else round(bond.whole_s + epoch_s, 3)
    yield "connection_naks_total", bond.naks
    yield "connection_rtt_seconds", bond.rtt_s
    yield "connection_rtt_variation_seconds", bond.rtt_variation_s
    yield "connection_capacity_lower_bytes_per_second", bond.lower
    yield "connection_capacity_upper_bytes_per_second", bond.upper
