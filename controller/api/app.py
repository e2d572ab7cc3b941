"""The routes. Each reads what is known already: none asks a device or Prometheus, none delays a tick."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse

from controller import __version__, metrics
from controller.api.access import Scope
from controller.api.alerts import add_alerts
from controller.api.bodies import BodyLimit
from controller.api.bridge import add_bridge
from controller.api.examples import add_examples
from controller.api.exported import add_exported
from controller.api.failing import add_failing
from controller.api.link import add_link
from controller.api.machine import add_machine
from controller.api.network import add_network
from controller.api.overrides import add_overrides
from controller.api.refusals import REFUSALS
from controller.api.studio import add_studio
from controller.api.timeline import add_timeline
from controller.api.views import DecisionsView, HealthView, StatusView, decisions_view, status_view

if TYPE_CHECKING:
    from collections.abc import Callable

    from controller.api.face import Face
    from controller.status import Status

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Missed ticks after which the loop counts as hanging; a systemd or container probe restarts us then.
_TICKS_MISSED = 10
_HANGS: dict[int | str, dict[str, Any]] = {503: {"description": "The loop hangs.", "content": {"text/plain": {}}}}
_NOT_ARMED: dict[int | str, dict[str, Any]] = {503: {"description": "Not armed.", "content": {"text/plain": {}}}}
_PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def build_app(face: Face) -> FastAPI:
    """The API over what stands behind it."""
    # The interactive pages load scripts from other hosts; the schema itself stays at /openapi.json.
    app = FastAPI(title="VVLIVE controller", version=__version__, docs_url=None, redoc_url=None)
    app.add_middleware(BodyLimit)
    app.add_exception_handler(RequestValidationError, _refuse)
    add_failing(app)
    _operations(app, face.status)
    app.router.responses = REFUSALS  # of the routes that follow: those above are open to all
    _answers(app, face)
    _page(app)
    add_overrides(app, face)
    add_alerts(app, face)
    add_timeline(app, face)
    add_network(app, face)
    add_exported(app, face)
    add_studio(app, face)
    add_bridge(app, face)
    add_machine(app, face)
    add_link(app, face)
    add_examples(app)
    return app


async def _refuse(_: Request, error: Exception) -> Response:
    """What is wrong with a request, without repeating it: it may hold a secret, or a number that is none."""
    found = error.errors() if isinstance(error, RequestValidationError) else ()
    told = [{"loc": list(one["loc"]), "msg": one["msg"], "type": one["type"]} for one in found]
    return JSONResponse({"detail": told}, status_code=422)


def _operations(app: FastAPI, status: Callable[[], Status]) -> None:
    registry = metrics.registry(status)

    @app.get("/metrics", response_class=PlainTextResponse)
    async def exposition() -> Response:
        """The controller's own metrics in Prometheus' text format."""
        return Response(metrics.exposition(registry), media_type=METRICS_TYPE)

    @app.get("/-/healthy", response_class=PlainTextResponse, responses=_HANGS)
    async def healthy() -> Response:
        """200 while the loop ticks, 503 when it hangs."""
        problem = hanging(status())
        return PlainTextResponse(problem or "healthy\n", status_code=503 if problem else 200)

    @app.get("/-/ready", response_class=PlainTextResponse, responses=_NOT_ARMED)
    async def ready() -> Response:
        """200 once automation is armed, 503 with the reason until then."""
        now = status()
        return PlainTextResponse(f"{now.self_test}\n", status_code=200 if now.armed else 503)

    @app.get("/health")
    async def health() -> HealthView:
        """Whether the loop runs, and which parts are configured."""
        now = status()
        problem = hanging(now)
        features = {"encoder": now.drives_encoder, "obs": now.drives_studio}
        return HealthView(healthy=problem is None, problem=problem, features=features)


def _answers(app: FastAPI, face: Face) -> None:
    @app.get("/api/status", dependencies=face.needs(Scope.READ))
    async def now() -> StatusView:
        """State, target, devices and uplinks at this moment; null is unknown."""
        return status_view(face.status())

    @app.get("/api/decisions", dependencies=face.needs(Scope.READ))
    async def decisions(limit: Annotated[int, Query(ge=1, le=2000, examples=[20])] = 100) -> DecisionsView:
        """The last decisions and events with reasons and what became of them, newest first."""
        return decisions_view(face.journal.entries(limit), face.journal.events(limit))


def _page(app: FastAPI) -> None:
    """One page that shows the controller and gives orders to it; it holds no data until it has asked for some."""
    for path, name, kind in (
        ("/", "page.html", "text/html"),
        ("/page.css", "page.css", "text/css"),
        ("/page.js", "page.js", "text/javascript"),
    ):
        text = resources.files("controller.api").joinpath(name).read_text(encoding="utf-8")
        answer = Response(text, media_type=kind, headers=_PAGE_HEADERS)

        async def part(_: Request, answer: Response = answer) -> Response:
            return answer

        app.add_route(path, part)


def hanging(status: Status) -> str | None:
    """What is wrong with the loop, or None while it ticks."""
    if status.last_tick_age_s is None:
        return "the loop has not ticked yet\n" if status.uptime_s > _TICKS_MISSED * status.period_s else None
    limit_s = max(_TICKS_MISSED * status.period_s, 5.0)
    return f"the last tick was {status.last_tick_age_s:.1f} s ago\n" if status.last_tick_age_s > limit_s else None
