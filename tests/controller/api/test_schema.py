"""The live API against its own schema: whatever is sent, no server error, and no answer that the schema hides."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from controller.api.app import build_app
from controller.api.serving import bind, serve
from tests.controller.api.samples import known
from tests.controller.faces import ALERT, CONTROL, LINK
from tests.fakes.clock import StandingClock

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
]
TOKEN_OF = {"/webhooks/alertmanager": ALERT, "/api/link/report": LINK, "/api/link/override": LINK}
ENDLESS = "/api/events/stream"


class Leaping(StandingClock):
    """A clock on which each look is a second later, so that nobody ever asks too often."""

    def monotonic_s(self) -> float:
        """One second later than before."""
        self.advance(1.0)
        return super().monotonic_s()


@pytest.fixture(scope="module")
def api() -> Iterator[schemathesis.BaseSchema]:
    """The schema of a server that listens and has everything behind it."""
    behind = known()
    behind.clock = Leaping()
    bound = bind("127.0.0.1", 0)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    serving = asyncio.run_coroutine_threadsafe(serve(build_app(behind.face()), bound), loop)
    try:
        yield schemathesis.openapi.from_url(f"http://127.0.0.1:{bound.getsockname()[1]}/openapi.json")
    finally:
        serving.cancel()
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.3), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def operations() -> list[tuple[str, str, GenerationMode]]:
    """Every operation of the schema that ends, once with valid requests, and once with invalid ones where there are."""
    paths = build_app(known().face()).openapi()["paths"]
    return [
        (method, path, mode)
        for path, item in paths.items()
        for method, operation in item.items()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
        if path != ENDLESS and (mode is GenerationMode.POSITIVE or {"parameters", "requestBody"} & set(operation))
    ]


@pytest.mark.parametrize(
    ("method", "path", "mode"), [pytest.param(*one, id=f"{one[0]} {one[1]} {one[2].value}") for one in operations()]
)
@settings(max_examples=8, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_server_error_and_no_breach_of_the_schema(
    api: schemathesis.BaseSchema, method: str, path: str, mode: GenerationMode, data: st.DataObject
) -> None:
    """Valid and invalid requests alike are answered as the schema says."""
    case = data.draw(api[path][method].as_strategy(generation_mode=mode))
    if path == "/api/link/override":
        case.query = {**(case.query or {}), "wait_s": 0}
    token = TOKEN_OF.get(path, CONTROL)
    case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, checks=CHECKS, timeout=5)
