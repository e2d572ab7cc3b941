"""The metric source against a real HTTP server: every way to fail is a value with a reason."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import TYPE_CHECKING

import pytest

from controller.adapters.prometheus import MAX_ANSWER_BYTES, PrometheusSource
from controller.ports import NoAnswer, Window
from tests.fakes.prometheus_server import PrometheusServer, matrix

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

GOOD = matrix(({"__name__": "up"}, [(1.0, "1")]))


@pytest.fixture
async def server() -> AsyncIterator[PrometheusServer]:
    """A Prometheus that answers well."""
    async with PrometheusServer(GOOD) as server:
        yield server


async def fetch(server: PrometheusServer, *, timeout_s: float = 2.0) -> Window | NoAnswer:
    """One answer through a source of its own."""
    source = PrometheusSource(url=server.url, query="q[1s]", timeout_s=timeout_s)
    try:
        return await source.fetch()
    finally:
        await source.close()


async def test_a_good_answer_is_a_window(server: PrometheusServer) -> None:
    """The series of the answer arrive."""
    answer = await fetch(server)

    assert isinstance(answer, Window)
    assert [one.metric for one in answer.series] == ["up"]


async def test_the_query_carries_its_own_deadline(server: PrometheusServer) -> None:
    """Prometheus is told the deadline too, so that it does not go on with what nobody waits for."""
    await fetch(server, timeout_s=0.8)

    assert server.queries == [{"query": "q[1s]", "timeout": "800ms"}]


async def test_one_connection_serves_many_queries(server: PrometheusServer) -> None:
    """The connection is kept alive between ticks."""
    source = PrometheusSource(url=server.url, query="q", timeout_s=2.0)
    for _ in range(5):
        assert isinstance(await source.fetch(), Window)
    await source.close()

    assert server.connections == 1


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (503, "unknown because Prometheus is starting or overloaded (503)"),
        (422, "unknown because Prometheus cannot run the query (422)"),
        (401, "unknown because Prometheus refuses us (401): it asks for credentials"),
        (302, "unknown because Prometheus answered HTTP 302"),
        (500, "unknown because Prometheus answered HTTP 500"),
    ],
)
async def test_a_refusal_names_its_status(server: PrometheusServer, status: int, says: str) -> None:
    """A status other than 200 is unknown even with a good body, and a redirect is not followed."""
    server.status = status

    assert await fetch(server) == NoAnswer(says)


@pytest.mark.parametrize("fault", ["hang", "trickle"])
async def test_slowness_ends_at_the_deadline(server: PrometheusServer, fault: str) -> None:
    """A server that never answers, or a byte at a time, costs the deadline and no more."""
    server.fault = fault
    started_s = time.monotonic()

    assert await fetch(server, timeout_s=0.3) == NoAnswer("unknown because Prometheus did not answer within 0.3 s")
    assert time.monotonic() - started_s < 3.0


@pytest.mark.parametrize("fault", ["truncate", "reset"])
async def test_a_broken_connection_is_unknown(server: PrometheusServer, fault: str) -> None:
    """A connection that ends inside or before the answer gives nothing."""
    server.fault = fault

    answer = await fetch(server)

    assert isinstance(answer, NoAnswer)
    assert answer.why.startswith("unknown because the connection to Prometheus broke: ")


async def test_an_endless_answer_is_cut_off(server: PrometheusServer) -> None:
    """What is larger than the limit is not read to its end."""
    server.fault = "huge"

    says = f"unknown because Prometheus' answer is larger than {MAX_ANSWER_BYTES} bytes"
    assert await fetch(server, timeout_s=10.0) == NoAnswer(says)


async def test_nothing_listening_is_unknown_with_a_remedy() -> None:
    """A refused connection says what to look at."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        source = PrometheusSource(url=f"http://127.0.0.1:{closed.getsockname()[1]}", query="q", timeout_s=1.0)
        answer = await source.fetch()
        await source.close()

    assert answer == NoAnswer(
        "unknown because Prometheus cannot be reached: is it running, and is prometheus.url right?"
    )


async def test_after_a_restart_the_same_source_answers_again() -> None:
    """A Prometheus that went away and came back needs no new source."""
    server = PrometheusServer(GOOD)
    await server.start(0)
    port = server.port
    source = PrometheusSource(url=server.url, query="q", timeout_s=1.0)
    first = await source.fetch()
    await server.stop()
    gone = await source.fetch()
    await server.start(port)
    back = await source.fetch()
    await source.close()
    await server.stop()

    assert [type(answer) for answer in (first, gone, back)] == [Window, NoAnswer, Window]


async def test_a_base_path_is_kept(server: PrometheusServer) -> None:
    """A backend under a path of its own, as Mimir's, is asked there."""
    source = PrometheusSource(url=f"{server.url}/prometheus", query="q", timeout_s=2.0)
    answer = await source.fetch()
    await source.close()

    assert isinstance(answer, Window)
    assert server.paths == ["/prometheus/api/v1/query"]


async def test_a_cancelled_question_leaves_the_source_usable(server: PrometheusServer) -> None:
    """A fetch that is given up does not spoil the next one."""
    server.fault = "hang"
    source = PrometheusSource(url=server.url, query="q", timeout_s=5.0)
    given_up = asyncio.create_task(source.fetch())
    await asyncio.sleep(0.05)
    given_up.cancel()
    server.fault = ""
    answer = await source.fetch()
    await source.close()

    assert isinstance(answer, Window)
