"""From rows to the sampler's samples: one per uplink, one for the connection. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from exporters.mptcp.capacity import UplinkSample
from exporters.mptcp.parsing import ESTABLISHED, MptcpRow, TcpRow
from exporters.mptcp.sampler import ConnectionSample
from exporters.mptcp.summing import Sorted
from exporters.units import seconds_from_ms, seconds_from_us

_NO_RTT_US = frozenset({None, 0, 0xFFFFFFFF})  # what the kernel shows before the first measurement


def freshest(rows: Sequence[TcpRow]) -> TcpRow | None:
    """The established subflow that acknowledged last: a dead one's RTT must not pass for health."""
    live = [row for row in rows if row.state == ESTABLISHED]
    return min(live, key=lambda row: _or_forever(row.info.last_ack_recv), default=None)


def uplink_sample(name: str, rows: Sequence[TcpRow], sums: Mapping[str, int]) -> UplinkSample:
    """The sample of one uplink, from its rows and its totals."""
    live = [row for row in rows if row.state == ESTABLISHED]
    acknowledged = sums.get("bytes_acked", 0)
    best = freshest(live)
    if best is None:
        return UplinkSample(name, acknowledged)
    return UplinkSample(
        name,
        delivered_bytes=acknowledged + sum((row.info.sacked or 0) * segment_bytes(row) for row in live),
        outstanding_bytes=sum(in_flight_segments(row) * segment_bytes(row) for row in live),
        unsent_bytes=sum(row.info.notsent_bytes or 0 for row in live),
        delivery_rate=_delivery_rate(live),
        rtt_s=rtt_s(best.info.rtt),
        min_rtt_s=rtt_s(best.info.min_rtt),
        last_ack_age_s=last_ack_age_s(best),
        timeout_s=rtt_s(best.info.rto),
        backoff=best.info.backoff,
    )


def connection_sample(rows: Sorted, sums: Mapping[str, int]) -> ConnectionSample:
    """The sample of the stream's connections, from their rows and totals."""
    return ConnectionSample(pending_bytes(rows), sums.get("bytes_acked", 0))


def pending_bytes(rows: Sorted) -> float | None:
    """Bytes accepted and not acknowledged end to end, a proxy's share included; None without a connection."""
    if rows.fallback:
        return float(sum(row.send_queue for row in rows.live) + rows.front_bytes)
    known = [pending for row in rows.connections if (pending := _pending(row)) is not None]
    return float(sum(known) + rows.front_bytes) if known else None


def segment_bytes(row: TcpRow) -> float:
    """Mean payload of the subflow's segments: MPTCP's options and small writes make it less than the MSS."""
    info = row.info
    if not info.data_segs_out or info.bytes_sent is None:
        return float(info.snd_mss or 0)
    return min(info.bytes_sent / info.data_segs_out, float(info.snd_mss or 0))


def in_flight_segments(row: TcpRow) -> int:
    """Segments on their way, as the kernel counts them: neither received out of order nor given up."""
    info = row.info
    gone = (info.sacked or 0) + (info.lost or 0)
    return max((info.unacked or 0) - gone, 0) + (info.retrans or 0)


def rtt_s(microseconds: int | None) -> float | None:
    """Seconds; None for the kernel's "no sample yet"."""
    return None if microseconds is None or microseconds in _NO_RTT_US else seconds_from_us(microseconds)


def last_ack_age_s(row: TcpRow) -> float | None:
    """Seconds since the subflow's last acknowledgement."""
    return None if row.info.last_ack_recv is None else seconds_from_ms(row.info.last_ack_recv)


def _delivery_rate(rows: Sequence[TcpRow]) -> float | None:
    """The kernel's newest samples, in payload: it counts whole segments of the nominal size."""
    rates = [
        row.info.delivery_rate * segment_bytes(row) / row.info.snd_mss
        for row in rows
        if row.info.delivery_rate is not None and row.info.snd_mss
    ]
    return sum(rates) if rates else None


def _pending(row: MptcpRow) -> int | None:
    info = row.info
    return None if info.write_seq is None or info.snd_una is None else info.write_seq - info.snd_una


def _or_forever(milliseconds: int | None) -> float:
    return float("inf") if milliseconds is None else milliseconds
