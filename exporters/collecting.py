"""The frame of every exporter: poll sources on their own schedules, describe them at the scrape.

Each source is read by its own task with its own deadline, and its last reading is kept as a value.
A scrape only describes those values, so that a slow, hanging or failing source delays and fails
nothing else. A reading that has grown too old is not repeated: its series are left out, and
Prometheus marks them stale.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from exporters import __version__
from exporters.catalog import Metric

_Reading = TypeVar("_Reading")

_log = logging.getLogger(__name__)


class Point(NamedTuple):
    """One sample to expose: the catalogue's name, its value, label values in the catalogue's order."""

    metric: str
    value: float
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Clock:
    """Where a frame takes time from: `monotonic` for ages, `wall` for timestamps, both in seconds."""

    monotonic: Callable[[], float]
    wall: Callable[[], float]


@dataclass(frozen=True, slots=True)
class _Success(Generic[_Reading]):
    reading: _Reading
    at_s: float
    wall_s: float


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a source is read, how long that may take, and how long a reading is shown."""

    interval_s: float
    timeout_s: float
    stale_after_s: float


class Source(Generic[_Reading]):
    """One thing that an exporter reads.

    `read` obtains a value; `describe` turns it into points at each scrape, and must be pure.
    """

    def __init__(
        self,
        name: str,
        read: Callable[[], Awaitable[_Reading]],
        describe: Callable[[_Reading], Iterable[Point]],
        schedule: Schedule,
    ) -> None:
        self.name = name
        self._read = read
        self._describe = describe
        self._schedule = schedule
        self._last: _Success[_Reading] | None = None
        self._failing_since_s: float | None = None
        self._duration_s: float | None = None

    async def poll_forever(self, clock: Clock) -> None:
        """Poll on a fixed grid; a grid point missed by a slow read is left out, not caught up with."""
        due_s = clock.monotonic()
        while True:
            await self.poll(clock)
            now_s = clock.monotonic()
            due_s = max(due_s + self._schedule.interval_s, now_s)
            await asyncio.sleep(due_s - now_s)

    async def poll(self, clock: Clock) -> None:
        """Read once. Never raises but when cancelled; logs the first failure of an outage, and its end."""
        started_s = clock.monotonic()
        try:
            async with asyncio.timeout(self._schedule.timeout_s):
                reading = await self._read()
        except Exception as error:  # noqa: BLE001 - the frame's promise: whatever a source does, the others go on
            self._failed(error, started_s)
        else:
            self._succeeded(_Success(reading, clock.monotonic(), clock.wall()))
        self._duration_s = clock.monotonic() - started_s

    def points(self, prefix: str, now_s: float) -> Iterator[Point]:
        """The source's success, duration and age, and what it read while that is young enough."""
        label = (self.name,)
        if self._duration_s is not None:
            yield Point(f"{prefix}_scrape_collector_success", float(self._failing_since_s is None), label)
            yield Point(f"{prefix}_scrape_collector_duration_seconds", self._duration_s, label)
        if self._last is None:
            return
        yield Point(f"{prefix}_scrape_collector_last_success_timestamp_seconds", self._last.wall_s, label)
        if now_s - self._last.at_s <= self._schedule.stale_after_s:
            yield from self._describe(self._last.reading)

    def _failed(self, error: Exception, now_s: float) -> None:
        if self._failing_since_s is None:
            reason = (
                f"no answer within {self._schedule.timeout_s:g} s" if isinstance(error, TimeoutError) else str(error)
            )
            _log.warning("%s: cannot read: %s", self.name, reason or type(error).__name__)
            self._failing_since_s = now_s

    def _succeeded(self, success: _Success[_Reading]) -> None:
        if self._failing_since_s is not None:
            _log.info("%s: reads again after %.1f s", self.name, success.at_s - self._failing_since_s)
            self._failing_since_s = None
        self._last = success


class Exposition(Collector):
    """Describes all sources as metric families, in the catalogue's order."""

    def __init__(self, prefix: str, catalogue: Sequence[Metric], sources: Sequence[Source[Any]], clock: Clock) -> None:
        self._prefix = prefix
        self._catalogue = catalogue
        self._sources = sources
        self._clock = clock

    def describe(self) -> Iterable[Family]:
        """Nothing: the names are the catalogue's, and registering must not read anything."""
        return ()

    def collect(self) -> Iterable[Family]:
        """Build the families of this scrape from the readings at hand."""
        now_s = self._clock.monotonic()
        points = [
            Point(f"{self._prefix}_exporter_clock_timestamp_seconds", self._clock.wall()),
            Point(f"{self._prefix}_exporter_build_info", 1, (__version__,)),
        ]
        for source in self._sources:
            points += source.points(self._prefix, now_s)
        return families(self._catalogue, points)


def families(catalogue: Sequence[Metric], points: Iterable[Point]) -> list[Family]:
    """Group points by metric, in the catalogue's order; metrics without a point are left out.

    Where two points have the same metric and labels the first one counts: sources are given in the
    order of trust. Raises KeyError for a point whose metric the catalogue does not have.
    """
    by_name: dict[str, dict[tuple[str, ...], Point]] = {metric.name: {} for metric in catalogue}
    for point in points:
        by_name[point.metric].setdefault(point.labels, point)
    return [_family(metric, found.values()) for metric in catalogue if (found := by_name[metric.name])]


def _family(metric: Metric, points: Iterable[Point]) -> Family:
    family = Family(metric.name.removesuffix("_total"), metric.help, metric.kind.value)
    for point in points:
        family.add_sample(metric.name, dict(zip(metric.labels, point.labels, strict=True)), point.value)
    return family
