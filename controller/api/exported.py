"""`/api/ingest`, `/api/srtla`, `/api/rtmp-auth`: what the exporters beside us say, through Prometheus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi.responses import JSONResponse, PlainTextResponse

from controller.api.access import Scope
from controller.api.lookups import Found, by_label
from controller.api.views import View

if TYPE_CHECKING:
    from fastapi import FastAPI

    from controller.api.face import Face

NGINX_EXAMPLE = """\
# in the rtmp application that takes the stream in
application live {
    live on;
    drop_idle_publisher 5s;
    notify_method post;
    notify_update_timeout 10s;
    # asked with the stream's name before anybody may publish; 2xx permits, anything else refuses
    on_publish http://127.0.0.1:12756/auth/;
    on_update http://127.0.0.1:12756/auth/;
    on_publish_done http://127.0.0.1:12756/auth/;
    on_play http://127.0.0.1:12756/auth/;
}
"""
AUTH_EXAMPLE = {
    "live": [
        "a-long-random-key",
        {
            "key": "another-long-random-key",
            "alias": "cam",
            "created": "2026-11-01",
            "expires": "2027-11-01",
            "networks": ["192.0.2.0/24"],
            "calls": ["publish"],
        },
    ]
}


class ExportedView(View):
    """What is known of a part that an exporter watches. `problem` says why nothing is."""

    known: bool
    problem: str | None
    age_s: float | None


class RowsView(ExportedView):
    """Newest values by the part's name and metric; units stand in the metrics' names."""

    rows: dict[str, dict[str, float]]


class IngestView(RowsView):
    """The ingest: what the last decision saw, and each stream by its alias."""

    publishing: bool | None
    received_bps: float | None
    lag_s: float | None


class SampleView(View):
    """One series' newest sample."""

    metric: str
    labels: dict[str, str]
    at_s: float
    value: float


class RawView(ExportedView):
    """Every series as Prometheus has it."""

    samples: list[SampleView]


class PartHealthView(ExportedView):
    """Whether a part's exporter reads it; null where nothing is known."""

    healthy: bool | None


def _rows(found: Found, now_s: float, *, label: str, prefix: str) -> RowsView:
    rows = by_label(found, label, strip=f"{prefix}_")
    return RowsView(known=bool(rows), problem=found.problem, age_s=found.age_s(now_s), rows=rows)


def _raw(found: Found, now_s: float) -> RawView:
    samples = [
        SampleView(metric=one.metric, labels=dict(one.labels), at_s=one.samples[-1].t_s, value=one.samples[-1].value)
        for one in found.series
    ]
    return RawView(known=bool(samples), problem=found.problem, age_s=found.age_s(now_s), samples=samples)


def _healthy(found: Found, now_s: float, *, prefix: str) -> PartHealthView:
    reads = [one.samples[-1].value > 0 for one in found.series if one.metric == f"{prefix}_scrape_collector_success"]
    return PartHealthView(
        known=bool(reads), problem=found.problem, age_s=found.age_s(now_s), healthy=all(reads) if reads else None
    )


def add_exported(app: FastAPI, face: Face) -> None:
    """Add the routes to `app`."""
    _ingest(app, face)
    _srtla(app, face)
    _rtmp_auth(app, face)


def _ingest(app: FastAPI, face: Face) -> None:
    @app.get("/api/ingest/stats", dependencies=face.needs(Scope.READ))
    async def stats() -> IngestView:
        """The streams that arrive, each by its alias; never by its key."""
        rows = _rows(await face.lookups.newest("ingest"), face.clock.wall_s(), label="stream", prefix="ingest")
        decided = face.status().decided
        return IngestView(
            **rows.model_dump(),
            publishing=decided.ingest.publishing if decided else None,
            received_bps=decided.ingest.received_bps if decided else None,
            lag_s=decided.ingest.lag_s if decided else None,
        )


def _srtla(app: FastAPI, face: Face) -> None:
    @app.get("/api/srtla/status", dependencies=face.needs(Scope.READ))
    async def status() -> PartHealthView:
        """Whether an SRTLA exporter reads its source; unknown where none runs."""
        return _healthy(await face.lookups.newest("srtla"), face.clock.wall_s(), prefix="srtla")

    @app.get("/api/srtla/metrics", dependencies=face.needs(Scope.READ))
    async def links() -> RowsView:
        """Links by uplink, in base units."""
        return _rows(await face.lookups.newest("srtla"), face.clock.wall_s(), label="uplink", prefix="srtla")

    @app.get("/api/srtla/raw", dependencies=face.needs(Scope.READ))
    async def raw() -> RawView:
        """Every SRTLA series as Prometheus has it."""
        return _raw(await face.lookups.newest("srtla"), face.clock.wall_s())


def _rtmp_auth(app: FastAPI, face: Face) -> None:
    @app.get("/api/rtmp-auth/status", dependencies=face.needs(Scope.READ))
    async def status() -> RawView:
        """What the RTMP authentication's exporter says; unknown where none runs."""
        return _raw(await face.lookups.newest("rtmp_auth"), face.clock.wall_s())

    @app.get("/api/rtmp-auth/health", dependencies=face.needs(Scope.READ))
    async def healthy() -> PartHealthView:
        """Whether the RTMP authentication answers its exporter."""
        return _healthy(await face.lookups.newest("rtmp_auth"), face.clock.wall_s(), prefix="rtmp_auth")

    @app.get(
        "/api/rtmp-auth/config-example/nginx", dependencies=face.needs(Scope.READ), response_class=PlainTextResponse
    )
    async def nginx() -> PlainTextResponse:
        """An nginx application that asks before it lets anybody publish."""
        return PlainTextResponse(NGINX_EXAMPLE)

    @app.get("/api/rtmp-auth/config-example/auth", dependencies=face.needs(Scope.READ))
    async def auth() -> JSONResponse:
        """The file of the authentication service: keys by application, plain or with what is known of them."""
        return JSONResponse(AUTH_EXAMPLE)
