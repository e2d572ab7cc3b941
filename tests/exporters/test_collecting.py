"""The frame: sources fail alone, age, and are described at the scrape."""

from __future__ import annotations

import asyncio
import logging
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from exporters import __version__
from exporters.catalog import INGEST
from exporters.collecting import Clock, Exposition, Point, Schedule, Source, families

SCHEDULE = Schedule(interval_s=1, timeout_s=0.05, stale_after_s=5)
SUCCESS = "ingest_scrape_collector_success"
DURATION = "ingest_scrape_collector_duration_seconds"
LAST = "ingest_scrape_collector_last_success_timestamp_seconds"


class Hands:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def clock(self) -> Clock:
        """Both clocks; the wall clock is 1 000 000 s ahead."""
        return Clock(lambda: self.now_s, lambda: self.now_s + 1e6)


class Reads:
    """A source's reads: each answer is returned, or raised when it is an exception."""

    def __init__(self, *answers: int | Exception) -> None:
        self._answers = iter(answers)

    async def __call__(self) -> int:
        """Give the next answer."""
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer


def describe(reading: int) -> Iterator[Point]:
    """The reading as the number of unknown streams."""
    yield Point("ingest_unknown_streams", reading)


def values(source: Source[int], now_s: float) -> dict[str, float]:
    """What the source shows at `now_s`."""
    return {point.metric: point.value for point in source.points("ingest", now_s)}


async def test_reading_is_shown_with_success_and_age() -> None:
    """A good read shows the reading, success 1, and when that was by the wall clock."""
    hands = Hands()
    source = Source("page", Reads(3), describe, SCHEDULE)

    await source.poll(hands.clock())

    assert values(source, 100) == {SUCCESS: 1, DURATION: 0, LAST: 1000100, "ingest_unknown_streams": 3}


async def test_source_never_read_claims_nothing() -> None:
    """Before the first read neither success nor failure is known."""
    source = Source("page", Reads(), describe, SCHEDULE)

    assert values(source, 100) == {}


async def test_failure_keeps_young_reading_and_says_so() -> None:
    """After a failure the last reading is still shown while it is young, with success 0."""
    hands = Hands()
    source = Source("page", Reads(3, OSError("gone")), describe, SCHEDULE)
    await source.poll(hands.clock())

    hands.now_s = 104
    await source.poll(hands.clock())

    assert values(source, 104) == {SUCCESS: 0, DURATION: 0, LAST: 1000100, "ingest_unknown_streams": 3}


async def test_old_reading_is_left_out() -> None:
    """A reading older than its limit is not repeated: Prometheus shall mark it stale."""
    hands = Hands()
    source = Source("page", Reads(3), describe, SCHEDULE)
    await source.poll(hands.clock())

    assert "ingest_unknown_streams" in values(source, 105)
    assert "ingest_unknown_streams" not in values(source, 105.1)


async def test_hanging_source_fails_at_its_deadline(caplog: pytest.LogCaptureFixture) -> None:
    """A source that never answers fails after its timeout, and the log says what was waited for."""

    async def hang() -> int:
        await asyncio.Event().wait()
        raise AssertionError

    source = Source("page", hang, describe, SCHEDULE)

    await source.poll(Hands().clock())

    assert values(source, 100)[SUCCESS] == 0
    assert "page: cannot read: no answer within 0.05 s" in caplog.text


async def test_outage_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """An outage of many polls is one warning and, at its end, one line with its length."""
    caplog.set_level(logging.INFO)
    hands = Hands()
    source = Source("page", Reads(OSError("gone"), OSError("gone"), ValueError("odd"), 3, 4), describe, SCHEDULE)

    for _ in range(5):
        await source.poll(hands.clock())
        hands.now_s += 2

    assert [record.message for record in caplog.records] == [
        "page: cannot read: gone",
        "page: reads again after 6.0 s",
    ]


async def test_error_without_text_is_named(caplog: pytest.LogCaptureFixture) -> None:
    """An exception that says nothing is logged by its type."""
    source = Source("page", Reads(ConnectionResetError()), describe, SCHEDULE)

    await source.poll(Hands().clock())

    assert "page: cannot read: ConnectionResetError" in caplog.text


async def test_polling_goes_on_after_failures() -> None:
    """A failing source is polled again at its next turn, and recovers by itself."""
    recovered = asyncio.Event()

    def note(reading: int) -> Iterator[Point]:
        yield Point("ingest_unknown_streams", reading)

    reads = Reads(OSError("gone"), 3)

    async def read() -> int:
        answer = await reads()
        recovered.set()
        return answer

    source = Source("page", read, note, Schedule(interval_s=0.001, timeout_s=1, stale_after_s=5))
    polling = asyncio.create_task(source.poll_forever(Clock(asyncio.get_running_loop().time, lambda: 0.0)))
    async with asyncio.timeout(5):
        await recovered.wait()
        await asyncio.sleep(0)
    polling.cancel()

    assert values(source, asyncio.get_running_loop().time())["ingest_unknown_streams"] == 3


async def test_polling_ends_when_cancelled() -> None:
    """Cancelling is not taken for a failure of the source."""
    source = Source("page", Reads(3), describe, SCHEDULE)
    polling = asyncio.create_task(source.poll_forever(Clock(asyncio.get_running_loop().time, lambda: 0.0)))
    await asyncio.sleep(0.01)

    polling.cancel()

    with pytest.raises(asyncio.CancelledError):
        await polling


async def test_one_failing_source_leaves_the_others() -> None:
    """A scrape shows every source that reads, whatever another one does."""
    hands = Hands()
    good = Source("page", Reads(3), describe, SCHEDULE)
    bad = Source("other", Reads(OSError("gone")), describe, SCHEDULE)
    for source in (good, bad):
        await source.poll(hands.clock())

    shown = {
        (family.name, *sample.labels.values()): sample.value
        for family in Exposition("ingest", INGEST, [good, bad], hands.clock()).collect()
        for sample in family.samples
    }

    assert shown[(SUCCESS, "page")] == 1
    assert shown[(SUCCESS, "other")] == 0
    assert shown[("ingest_unknown_streams",)] == 3
    assert shown[("ingest_exporter_clock_timestamp_seconds",)] == 1000100
    assert ("ingest_exporter_build_info", __version__) in shown


def test_exposition_describes_itself_without_reading() -> None:
    """Registering must not run a collection."""
    assert list(Exposition("ingest", INGEST, [], Hands().clock()).describe()) == []


def test_version_is_the_projects() -> None:
    """What the exporters call themselves is the version in the project file."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))

    assert __version__ == project["project"]["version"]


def test_families_follow_the_catalogue() -> None:
    """Families come in the catalogue's order, one for all samples of a metric, counters named without suffix."""
    found = families(
        INGEST,
        [
            Point("ingest_unknown_streams", 0),
            Point("ingest_stream_receive_bytes_total", 5, ("cam",)),
            Point("ingest_stream_receive_bytes_total", 6, ("spare",)),
        ],
    )

    assert [(family.name, len(family.samples)) for family in found] == [
        ("ingest_stream_receive_bytes", 2),
        ("ingest_unknown_streams", 1),
    ]
    assert found[0].samples[0].labels == {"stream": "cam"}


def test_first_source_of_a_value_counts() -> None:
    """Where two sources say the same of the same stream, the one that is named first is believed."""
    metric = "ingest_stream_receive_bytes_total"
    found = families(INGEST, [Point(metric, 5, ("cam",)), Point(metric, 6, ("cam",)), Point(metric, 7, ("spare",))])

    assert [sample.value for sample in found[0].samples] == [5, 7]


@pytest.mark.parametrize(
    ("point", "error"),
    [
        (Point("ingest_no_such_metric", 1), KeyError),
        (Point("mptcp_enabled", 1), KeyError),
        (Point("ingest_stream_audio", 1), ValueError),
    ],
)
def test_points_outside_the_catalogue_are_refused(point: Point, error: type[Exception]) -> None:
    """An unknown metric, another exporter's, or missing labels are programming errors."""
    with pytest.raises(error):
        families(INGEST, [point])
