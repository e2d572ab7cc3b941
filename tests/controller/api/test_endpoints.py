"""Every endpoint, with data and with nothing known: never a 5xx, never an invented number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from controller.api.app import build_app
from controller.decision.model import Freshness, IngestReading, Interval, Observation, UplinkReading
from controller.ports import NoAnswer, StudioStatus, Window
from tests.controller.faces import CONTROL, Behind, asking
from tests.controller.statuses import UNKNOWN
from tests.fakes.devices import FakeSource, series

if TYPE_CHECKING:
    from fastapi.routing import APIRoute

AT_S = 1_700_000_099.0
SEEN = Observation(
    at_s=AT_S,
    freshness=Freshness.FRESH,
    age_s=0.5,
    capacity=Interval(4e6, 6e6),
    delivered_bps=2.6e6,
    drain_time_s=0.1,
    uplinks=(UplinkReading(name="modem-a", dead=False, rtt_s=0.05),),
    ingest=IngestReading(age_s=0.7, publishing=True, received_bps=2.55e6, lag_s=0.2),
)
OBS = StudioStatus(
    reachable=True, scene_name="Main Camera", scene_names=("Main Camera", "Audio Only"), streaming=True, output_bytes=9
)
EXPORTED = Window(
    series=(
        series("ingest_stream_lag_seconds", 0.3, until_s=AT_S, labels={"stream": "cam"}),
        series("srtla_link_up", 1.0, until_s=AT_S, labels={"uplink": "modem-a"}),
        series("srtla_scrape_collector_success", 1.0, until_s=AT_S, labels={"collector": "socket"}),
        series("rtmp_auth_scrape_collector_success", 0.0, until_s=AT_S, labels={"collector": "http"}),
    )
)


def known() -> Behind:
    """Everything is known."""
    return Behind(observation=SEEN, studio_status=OBS, source=FakeSource(answer=EXPORTED))


def unknown() -> Behind:
    """Nothing is."""
    silent = FakeSource(answer=NoAnswer("unknown because the test says so"))
    return Behind(status=UNKNOWN, source=silent, studio=None, ingest_source=None)


def paths(method: str) -> list[str]:
    """Every path of the API with that method, and no parameters in it."""
    schema = build_app(Behind().face()).openapi()
    return [path for path, item in schema["paths"].items() if method in item and "{" not in path]


READABLE = [path for path in paths("get") if path not in {"/api/events/stream", "/api/link/override"}]


def numbers(value: Any) -> list[float]:  # noqa: ANN401 - any JSON
    """Every number in an answer that is neither a count nor a time."""
    if isinstance(value, dict):
        free = {"at_s", "period_s", "uptime_s", "number", "decisions", "ticks_late", "ticks_failed", "next", "weight"}
        return [one for key, inner in value.items() if key not in free for one in numbers(inner)]
    if isinstance(value, list):
        return [one for inner in value for one in numbers(inner)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) and value else []


@pytest.mark.parametrize("path", READABLE)
async def test_every_endpoint_answers_with_data(path: str) -> None:
    """Each path that can be read answers 200 when everything is known; a picture is what OBS gives."""
    behind = known()
    assert behind.studio is not None
    behind.studio.answers = {"GetSourceScreenshot": {"imageData": "data:image/png;base64,iVBORw0KGgo="}}
    async with asking(behind) as client:
        answer = await client.get(path, params={"source": "Ingest"} if path.endswith("screenshot") else {})

    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("path", [path for path in READABLE if path.startswith("/api/")])
async def test_every_endpoint_says_unknown_and_invents_nothing(path: str) -> None:
    """With nothing known there is no number in any answer, and no server error."""
    async with asking(unknown()) as client:
        answer = await client.get(path)

    assert answer.status_code in {200, 404}
    if answer.headers["content-type"] == "application/json" and "config-example" not in path:
        own = {"encoder", "studio"} if path == "/api/status" else set()
        found = {key: value for key, value in answer.json().items() if key not in own}
        assert numbers(found) == []


@pytest.mark.parametrize("path", paths("post"))
async def test_nothing_is_changed_without_a_token(path: str) -> None:
    """Every POST is refused before anything is looked at."""
    behind = known()
    async with asking(behind) as client:
        answer = await client.post(path, params={"scene_name": "Audio Only"})

    assert answer.status_code == 401
    assert behind.studio is not None
    assert (behind.studio.orders, behind.studio.asked) == ([], [])


async def test_the_network_is_told_as_the_last_decision_saw_it() -> None:
    """Totals, extremes and each uplink."""
    async with asking(known()) as client:
        found = (await client.get("/api/metrics")).json()

    assert (found["delivered_bps"], found["min_rtt_s"], found["uplinks_active"]) == (2_600_000, 0.05, 1)
    assert found["uplinks"][0]["name"] == "modem-a"


async def test_the_health_score_has_its_parts() -> None:
    """The score is that of the decision core; transport and ingest are compared."""
    async with asking(known()) as client:
        found = (await client.get("/api/metrics/aggregated")).json()

    assert found["health_score"] is not None
    assert 0 <= found["health_score"] <= 100
    assert {part["name"] for part in found["parts"]} >= {"picture", "queue", "uplinks"}
    assert found["divergence"]["difference_bps"] == 50_000


async def test_what_exporters_say_is_told_by_name() -> None:
    """The ingest by stream, SRTLA by uplink, authentication by whether it is read."""
    async with asking(known()) as client:
        ingest = (await client.get("/api/ingest/stats")).json()
        links = (await client.get("/api/srtla/metrics")).json()
        raw = (await client.get("/api/srtla/raw")).json()
        auth = (await client.get("/api/rtmp-auth/health")).json()

    assert ingest["rows"] == {"cam": {"stream_lag_seconds": 0.3}}
    assert (ingest["age_s"], ingest["publishing"]) == (1.0, True)
    assert links["rows"]["modem-a"]["link_up"] == 1.0
    assert {one["metric"] for one in raw["samples"]} >= {"srtla_link_up"}
    assert (auth["known"], auth["healthy"]) == (True, False)


async def test_configuration_examples_hold_no_secret() -> None:
    """A key is named by its file."""
    async with asking(known()) as client:
        nginx = await client.get("/api/rtmp-auth/config-example/nginx")
        auth = await client.get("/api/rtmp-auth/config-example/auth")

    assert "on_publish http://127.0.0.1:8080/auth;" in nginx.text
    assert auth.json()["streams"][0]["key_file"] == "/etc/vvlive/stream-key"


async def test_the_schema_names_scope_and_examples() -> None:
    """Whoever reads the schema sees where a token is needed, and what an order looks like."""
    schema = build_app(Behind().face()).openapi()

    assert schema["components"]["schemas"]["OverrideOrder"]["examples"]
    assert schema["paths"]["/api/override"]["post"]["security"] == [{"HTTPBearer": []}]
    assert "HTTPBearer" in schema["components"]["securitySchemes"]


def test_every_route_but_the_operational_ones_checks_a_scope() -> None:
    """A route that forgets its scope would be everybody's."""
    app = build_app(Behind().face())
    open_to_all = {"/", "/health", "/metrics", "/-/healthy", "/-/ready", "/openapi.json"}
    routes: list[APIRoute] = [route for route in app.routes if hasattr(route, "dependencies")]  # type: ignore[misc] # idem
    unguarded = {route.path for route in routes if not route.dependencies}

    assert unguarded <= open_to_all
    assert len(routes) > 30


async def test_a_token_reads_what_it_may_change() -> None:
    """The control token is enough for a page that shows and orders."""
    async with asking(known(), token=CONTROL, host="192.0.2.1") as client:
        assert (await client.get("/api/obs/status")).json()["scene_name"] == "Main Camera"
