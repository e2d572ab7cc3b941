"""Every endpoint, with data and with nothing known: never a 5xx, never an invented number."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema_rs import Draft202012Validator

from controller.api.app import build_app
from controller.api.examples import examples
from exporters.rtmp_auth.keys import hasher, parse
from tests.controller.api.samples import known, unknown
from tests.controller.faces import ALERT, CONTROL, LINK, Behind, asking

if TYPE_CHECKING:
    from fastapi.routing import APIRoute


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
    async with asking(known()) as client:
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


# How each path that changes something is called; a body, or a query.
CALLS: dict[str, dict[str, Any]] = {
    "/api/override": {"json": {"reason": "tunnel", "hold": True}},
    "/webhooks/alertmanager": {"json": {"version": "4", "alerts": []}},
    "/api/obs/scene": {"params": {"scene_name": "Audio Only"}},
    "/api/obs-http/scene": {"params": {"scene_name": "Audio Only"}},
    "/api/obs/mute": {"params": {"muted": True}},
    "/api/link/report": {"json": {"log": "rig"}},
    "/emit/GetVersion": {"json": {}},
    "/call/GetVersion": {"json": {}},
}
CHANGING = [*paths("post"), "/emit/GetVersion", "/call/GetVersion"]
TOKEN_OF = {"/webhooks/alertmanager": ALERT, "/api/link/report": LINK}
# What they answer where no OBS is configured; the others do not need one.
WITHOUT_OBS = re.compile(r"/api/(obs|obs-http|ingest)/|/emit/|/call/")


@pytest.mark.parametrize("path", CHANGING)
async def test_every_order_is_taken_with_data(path: str) -> None:
    """Each path that changes something answers 200 when everything is there."""
    async with asking(known(), token=TOKEN_OF.get(path, CONTROL)) as client:
        answer = await client.post(path, **CALLS.get(path, {}))

    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("path", CHANGING)
async def test_every_order_says_what_is_missing(path: str) -> None:
    """With nothing behind it, an order to OBS is 404 with the remedy; the others need nothing behind them."""
    async with asking(unknown(), token=TOKEN_OF.get(path, CONTROL)) as client:
        answer = await client.post(path, **CALLS.get(path, {}))

    assert answer.status_code == (404 if WITHOUT_OBS.match(path) else 200), answer.text
    if answer.status_code == 404:
        assert answer.json() == {"detail": "no OBS is configured here: add the section obs"}


def test_every_promised_endpoint_is_there() -> None:
    """No promised path is missing, under whatever method."""
    promised = {
        "get": "/health /api/status /api/metrics /api/metrics/aggregated /api/obs/status /api/obs/screenshot "
        "/api/obs/library-info /api/obs-http/status /api/obs-http/health /api/obs-http/scene /api/ingest/stats "
        "/api/srtla/status /api/srtla/metrics /api/srtla/raw /api/rtmp-auth/status /api/rtmp-auth/health "
        "/api/rtmp-auth/config-example/nginx /api/rtmp-auth/config-example/auth /api/state-machine/retry-status "
        "/api/decisions /api/override /api/events /api/events/stream /api/sessions /metrics /-/ready",
        "post": "/api/obs/scene /api/obs/stream/start /api/obs/stream/stop /api/obs/record/start /api/obs/record/stop "
        "/api/obs/mute /api/obs/fix /api/obs-http/scene /api/ingest/mute /api/ingest/fix "
        "/api/state-machine/reset-retry /api/override /webhooks/alertmanager",
        "delete": "/api/override",
    }

    assert {method: sorted(set(text.split()) - set(paths(method))) for method, text in promised.items()} == {
        method: [] for method in promised
    }


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
    """The keys in them are placeholders, in the format that the service reads."""
    async with asking(known()) as client:
        nginx = await client.get("/api/rtmp-auth/config-example/nginx")
        auth = await client.get("/api/rtmp-auth/config-example/auth")

    assert "on_publish http://127.0.0.1:12756/auth/;" in nginx.text
    assert [entry.alias for entry in parse(auth.text, hasher(b"test"))["live"]] == ["live-1", "cam"]


async def test_the_schema_names_scope_and_examples() -> None:
    """Whoever reads the schema sees where a token is needed, and what an order looks like."""
    schema = build_app(Behind().face()).openapi()

    assert schema["components"]["schemas"]["OverrideOrder"]["examples"]
    assert schema["paths"]["/api/override"]["post"]["security"] == [{"HTTPBearer": []}]
    assert "HTTPBearer" in schema["components"]["securitySchemes"]


def test_every_parameter_and_body_has_an_example() -> None:
    """Whoever reads the schema sees what to write, and each example is one that the schema takes."""
    schema = build_app(Behind().face()).openapi()
    operations = [one for item in schema["paths"].values() for one in item.values()]
    parameters = [(one["name"], one["schema"]) for operation in operations for one in operation.get("parameters", ())]
    bodies = [one["requestBody"]["content"]["application/json"]["schema"] for one in operations if "requestBody" in one]
    named = [schema["components"]["schemas"][one["$ref"].rsplit("/", 1)[1]] if "$ref" in one else one for one in bodies]

    assert [name for name, one in parameters if not one.get("examples")] == []
    assert [one for one in named if not one.get("examples")] == []
    for _, one in [*parameters, *(("", body) for body in named)]:
        validator = Draft202012Validator({**one, "components": schema["components"]})
        assert [error.message for example in one["examples"] for error in validator.iter_errors(example)] == []


def test_every_answer_has_an_example() -> None:
    """Each 200 answer in JSON shows what comes, the example is one that its schema takes, and none is of nothing."""
    schema = build_app(Behind().face()).openapi()
    shapes = schema["components"]["schemas"]
    operations = [one for item in schema["paths"].values() for one in item.values()]
    answers = [one["responses"].get("200", {}).get("content", {}).get("application/json", {}) for one in operations]
    named = {one["schema"]["$ref"].rsplit("/", 1)[1] for one in answers if "$ref" in one.get("schema", {})}

    assert [name for name in sorted(named) if not shapes[name].get("examples")] == []
    assert set(examples()) == named
    for name in named:
        validator = Draft202012Validator({**shapes[name], "components": schema["components"]})
        assert [error.message for one in shapes[name]["examples"] for error in validator.iter_errors(one)] == [], name


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
