"""What the links do with the stream right now: the queue before them, and what they carry.

Only while a queue stands is the rate carried the links' capacity. It is read per uplink where that is
known: when a path dies, in-order delivery stops although the other path still carries, and what
the connection acknowledges reads as nothing, then as a burst. The uplinks' own acknowledgements show neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from exporters.units import bits

if TYPE_CHECKING:
    from controller.decision.model import Observation


@dataclass(frozen=True, slots=True)
class Links:
    """`queue_s`: how long the queue takes to drain, propagation excluded; `queued_bits` what stands in it."""

    queue_s: float
    queued_bits: float
    carried_bps: float


def read_links(seen: Observation) -> Links | None:
    """The links as seen; None when queue or rate are unknown."""
    carried_bps = _carried_bps(seen)
    if seen.drain_time_s is None or carried_bps is None:
        return None
    round_trip_s = min((u.min_rtt_s for u in seen.uplinks if u.min_rtt_s is not None), default=0.0)
    queue_s = max(0.0, seen.drain_time_s - round_trip_s)
    queued = queue_s * carried_bps if seen.backlog_bytes is None else bits(seen.backlog_bytes)
    return Links(
        queue_s=queue_s,
        queued_bits=max(0.0, queued - round_trip_s * carried_bps) if queue_s > 0 else 0.0,
        carried_bps=carried_bps,
    )


def _carried_bps(seen: Observation) -> float | None:
    if seen.capacity.upper_bps is not None:
        return seen.capacity.upper_bps
    known = [uplink.delivered_bps for uplink in seen.uplinks if uplink.delivered_bps is not None]
    return sum(known) if known else seen.delivered_bps
