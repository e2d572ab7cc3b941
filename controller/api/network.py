"""`/api/metrics` and `/api/metrics/aggregated`: the network and the health of the stream, from the last decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.api.access import Scope
from controller.api.views import UplinkView, View, uplink_views
from controller.decision.health import health

if TYPE_CHECKING:
    from fastapi import FastAPI

    from controller.api.face import Face
    from controller.status import Status


class NetworkView(View):
    """The network as the last decision saw it. Rates are bit/s; null is unknown."""

    at_s: float | None
    age_s: float | None
    freshness: str | None
    delivered_bps: float | None
    capacity_lower_bps: float | None
    capacity_upper_bps: float | None
    loss_ratio: float | None
    min_rtt_s: float | None
    max_rtt_s: float | None
    drain_time_s: float | None
    uplinks_configured: int
    uplinks_active: int | None
    uplinks: list[UplinkView]


class PartView(View):
    """One part of the health score: 0 to 1, null where it is unknown and counts nothing."""

    name: str
    value: float | None
    weight: float
    text: str
    vital: bool


class DivergenceView(View):
    """What the bond delivers against what the ingest receives: a difference that stays is data lost between them."""

    transport_bps: float | None
    ingest_bps: float | None
    difference_bps: float | None
    ratio: float | None


class AggregatedView(View):
    """The health score, 0 to 100, and what it is made of; null while nothing vital is known."""

    health_score: float | None
    parts: list[PartView]
    divergence: DivergenceView


def network_view(status: Status) -> NetworkView:
    """The network of `status`."""
    decided = status.decided
    uplinks = decided.uplinks if decided else ()
    rtts_s = [one.rtt_s for one in uplinks if one.rtt_s is not None and not one.dead]
    known = [one.dead for one in uplinks if one.dead is not None]
    return NetworkView(
        at_s=decided.at_s if decided else None,
        age_s=decided.age_s if decided else None,
        freshness=decided.freshness if decided else None,
        delivered_bps=decided.delivered_bps if decided else None,
        capacity_lower_bps=decided.capacity.lower_bps if decided else None,
        capacity_upper_bps=decided.capacity.upper_bps if decided else None,
        loss_ratio=decided.loss_ratio if decided else None,
        min_rtt_s=decided.min_rtt_s if decided else None,
        max_rtt_s=max(rtts_s, default=None),
        drain_time_s=decided.drain_time_s if decided else None,
        uplinks_configured=len(uplinks),
        uplinks_active=known.count(False) if known else None,
        uplinks=uplink_views(decided),
    )


def divergence_view(status: Status) -> DivergenceView:
    """Transport and ingest of `status` compared."""
    decided = status.decided
    sent_bps = decided.delivered_bps if decided else None
    received_bps = decided.ingest.received_bps if decided else None
    both = sent_bps is not None and received_bps is not None
    return DivergenceView(
        transport_bps=sent_bps,
        ingest_bps=received_bps,
        difference_bps=sent_bps - received_bps if sent_bps is not None and received_bps is not None else None,
        ratio=received_bps / sent_bps if both and sent_bps and received_bps is not None else None,
    )


def add_network(app: FastAPI, face: Face) -> None:
    """Add the routes to `app`."""

    @app.get("/api/metrics", dependencies=face.needs(Scope.READ))
    async def network() -> NetworkView:
        """Bandwidth, loss, round trips and uplinks."""
        return network_view(face.status())

    @app.get("/api/metrics/aggregated", dependencies=face.needs(Scope.READ))
    async def aggregated() -> AggregatedView:
        """The health score with its parts, and transport against ingest."""
        seen = face.observation()
        found = None if seen is None else health(seen)
        return AggregatedView(
            health_score=found.score if found else None,
            parts=[
                PartView(name=one.name, value=one.value, weight=one.weight, text=one.text, vital=one.vital)
                for one in (found.parts if found else ())
            ],
            divergence=divergence_view(face.status()),
        )
