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
    uplinks_bps, round_trip_s = _uplinks_bps(seen), _round_trip_s(seen)
    carried_bps = seen.capacity.upper_bps if seen.capacity.upper_bps is not None else uplinks_bps
    if seen.drain_time_s is None or carried_bps is None or round_trip_s is None or _swallowed(seen):
        return None
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


def _round_trip_s(seen: Observation) -> float | None:
    """How long the way itself takes; None where that is unknown, and the drain time could be it.

    No way takes as long as what drains in `STALL_S`: uplinks that have all gone leave a queue, whatever theirs was.
    """
    known = [uplink.min_rtt_s for uplink in seen.uplinks if uplink.min_rtt_s is not None]
    if known:
        return min(known)
    return 0.0 if seen.drain_time_s == 0 or (seen.drain_time_s or 0.0) >= STALL_S else None


def _uplinks_bps(seen: Observation) -> float | None:
    """What the uplinks deliver in sum; what the connection does where more than that of the dead is unknown.

    But never less than those that are known.
    """
    known = [uplink.delivered_bps for uplink in seen.uplinks if uplink.delivered_bps is not None]
    if known and all(uplink.dead or uplink.delivered_bps is not None for uplink in seen.uplinks):
        return sum(known)
    return None if seen.delivered_bps is None else max(seen.delivered_bps, sum(known))
