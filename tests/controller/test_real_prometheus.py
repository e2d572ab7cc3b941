"""The query path and the whole controller against the installed Prometheus."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from controller.adapters.prometheus import PrometheusSource
from controller.config import Config
from controller.decision.model import Freshness
from controller.ports import NoAnswer, Window
from controller.queries import raw_window
from controller.running import SystemClock
from controller.wiring import compose, prometheus_source
from tests.fakes.devices import FakeEncoder
from tests.fakes.prometheus_binary import Exporter, PrometheusBinary

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

pytestmark = pytest.mark.asyncio(loop_scope="module")
LABELS = {"rig": "r1", "site": "edge"}
LOWER = "mptcp_connection_capacity_lower_bytes_per_second"
UPPER = "mptcp_connection_capacity_upper_bytes_per_second"
DEADLINE_S = 30.0


@pytest.fixture(scope="module")
def exporter() -> Iterator[Exporter]:
    """An exporter of a connection that carries 20 Mbit/s."""
    with Exporter() as one:
        one.lines = [f"{LOWER} 2500000", "unrelated 1"]
        yield one


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def prometheus(tmp_path_factory: pytest.TempPathFactory, exporter: Exporter) -> AsyncIterator[PrometheusBinary]:
    """A Prometheus that scrapes it; one for all tests, for it needs five seconds to find its first target."""
    async with PrometheusBinary(tmp_path_factory.mktemp("prometheus"), target=exporter.target, labels=LABELS) as one:
        yield one


async def until(true: Callable[[], bool]) -> None:
    """Wait until something is true, with an end."""
    async with asyncio.timeout(DEADLINE_S):
        while not true():  # noqa: ASYNC110 - the controller publishes values, not events
            await asyncio.sleep(0.05)


async def window(source: PrometheusSource, *, samples: int) -> Window:
    """The first window that holds so many samples of one series."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            answer = await source.fetch()
            if isinstance(answer, Window) and any(len(one.samples) >= samples for one in answer.series):
                return answer
            await asyncio.sleep(0.1)


async def test_samples_come_with_their_own_age(prometheus: PrometheusBinary) -> None:
    """Only the metrics asked for come, with target labels, in order, no older than the window, and fresh."""
    query = raw_window((LOWER, UPPER), match=LABELS, window_s=2.0)
    source = PrometheusSource(url=prometheus.url, query=query, timeout_s=5.0)
    found = await window(source, samples=8)
    await source.close()

    (one,) = found.series
    times_s = [sample.t_s for sample in one.samples]
    assert (one.metric, one.label("rig"), one.label("site")) == (LOWER, "r1", "edge")
    assert {sample.value for sample in one.samples} == {2_500_000.0}
    assert times_s == sorted(times_s)
    assert times_s[-1] - times_s[0] <= 2.0
    assert found.newest_s is not None
    assert -0.5 < time.time() - found.newest_s < 5.0


async def test_the_controllers_own_query_is_understood(prometheus: PrometheusBinary) -> None:
    """The query that the product composes is valid PromQL for the installed version, and picks the rig."""
    encoder = {"url": "http://192.0.2.1", "password_env": "X"}
    for rig, count in (("r1", 1), ("r2", 0)):
        document = {"rig": rig, "encoder": encoder, "prometheus": {"url": prometheus.url, "timeout_s": 5.0}}
        source = prometheus_source(Config.model_validate(document))
        if count:
            await window(source, samples=1)
        answer = await source.fetch()
        await source.close()

        assert isinstance(answer, Window)
        assert len(answer.series) == count


async def test_a_wrong_query_is_unknown_with_prometheus_own_words(prometheus: PrometheusBinary) -> None:
    """A query that Prometheus cannot run is a value, not an exception."""
    source = PrometheusSource(url=prometheus.url, query="{", timeout_s=5.0)
    answer = await source.fetch()
    await source.close()

    assert answer == NoAnswer("unknown because Prometheus answered HTTP 400")


async def test_the_controller_drives_through_a_restart_of_prometheus(
    prometheus: PrometheusBinary, exporter: Exporter
) -> None:
    """It arms itself, commands the encoder, says unknown while Prometheus is away, and goes on by itself."""
    encoder = FakeEncoder()
    document = {
        "rig": "r1",
        "prometheus": {"url": prometheus.url, "period_s": 0.25},
        "encoder": {"url": "http://192.0.2.1", "password_env": "X", "impacts": {"bitrate": "none"}, "spacing_s": 0.0},
        "policy": {"name": "adaptive"},
    }
    config = Config.model_validate(document)
    controller = compose(
        config=config, clock=SystemClock(), source=prometheus_source(config), encoder=encoder, studio=None
    )

    def freshness() -> Freshness | None:
        decided = controller.status().decided
        return None if decided is None else decided.freshness

    driving = asyncio.create_task(controller.drive())
    await until(lambda: controller.status().armed and freshness() is Freshness.FRESH)
    await prometheus.stop()
    await until(lambda: controller.status().source_problem is not None)
    problem = controller.status().source_problem
    await until(lambda: freshness() is not Freshness.FRESH)
    await prometheus.start()
    await until(lambda: freshness() is Freshness.FRESH and controller.status().source_problem is None)
    exporter.lines = [f"{LOWER} 50000", f"{UPPER} 60000", "mptcp_connection_drain_time_seconds 5"]
    await until(lambda: encoder.plays.bitrate_bps < 1_000_000)
    counts = controller.status().counts
    driving.cancel()
    await asyncio.gather(driving, return_exceptions=True)

    assert problem is not None
    assert problem.startswith("unknown because")
    assert counts.ticks_failed == 0
    assert encoder.closed
