"""What the links do with the stream right now: the queue before them, and what they carry.

Only while a queue stands is the rate carried the links' capacity. It is read per uplink where that is
known: when a path dies, in-order delivery stops although the other path still carries, and what
the connection acknowledges reads as nothing, then as a burst. The uplinks' own acknowledgements show neither.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from controller.decision.model import Transport
from exporters.units import bits

if TYPE_CHECKING:
    from controller.decision.model import Observation


STALL_S = 2.0
"""In-order delivery that waits longer than this is not about to go on: the picture is late by now."""

OUT_OF_ORDER = 0.5
"""In-order delivery below this share of what the uplinks deliver waits for a lost path, above its inverse it
catches up; two healthy paths of different delay stay well inside."""


@dataclass(frozen=True, slots=True)
class Links:
    """`queue_s`: how long the queue takes to drain, propagation excluded; `queued_bits` what stands in it.

    `disordered`: a path has died and its data comes over another one, which is not seen to be full; what the
    connection acknowledges says nothing of the links until it has caught up.
    """

    queue_s: float
    queued_bits: float
    carried_bps: float
    disordered: bool = False


def read_links(seen: Observation) -> Links | None:
    """The links as seen; None when queue or rate are unknown."""
    uplinks_bps = _uplinks_bps(seen)
    carried_bps = seen.capacity.upper_bps if seen.capacity.upper_bps is not None else uplinks_bps
    if seen.drain_time_s is None or carried_bps is None or _swallowed(seen):
        return None
    round_trip_s = min((u.min_rtt_s for u in seen.uplinks if u.min_rtt_s is not None), default=0.0)
    drain_s, in_order_bps = seen.drain_time_s, seen.delivered_bps
    backlog = drain_s * carried_bps if seen.backlog_bytes is None else bits(seen.backlog_bytes)
    waits = catches_up = False
    if uplinks_bps and in_order_bps is not None:
        waits = in_order_bps < OUT_OF_ORDER * uplinks_bps and drain_s < STALL_S
        # SRT acknowledges what it gives up, too, and that is no data that came over another path.
        catches_up = seen.carrier is not Transport.SRTLA and in_order_bps * OUT_OF_ORDER > uplinks_bps
    if waits and carried_bps > 0:
        # What the uplinks deliver ahead of the order is not in the queue any more.
        backlog -= min(backlog, bits(seen.ahead_bytes or 0.0))
        drain_s = min(drain_s, backlog / carried_bps)
    queue_s = max(0.0, drain_s - round_trip_s)
    return Links(
        queue_s=queue_s,
        queued_bits=max(0.0, backlog - round_trip_s * carried_bps) if queue_s > 0 else 0.0,
        carried_bps=carried_bps,
        disordered=catches_up or (waits and seen.capacity.upper_bps is None),
    )


def _swallowed(seen: Observation) -> bool:
    """Whether nothing is under way: an SRTLA sender without a working link drops all, and no queue tells of it."""
    return seen.carrier is Transport.SRTLA and not seen.drain_time_s and not seen.delivered_bps


def _uplinks_bps(seen: Observation) -> float | None:
    """What the uplinks deliver in sum; what the connection does where they are not known one by one."""
    known = [uplink.delivered_bps for uplink in seen.uplinks if uplink.delivered_bps is not None]
    return sum(known) if known else seen.delivered_bps
