"""Looking up families of metrics: rarely, together, and honestly when nothing is there."""

from __future__ import annotations

import asyncio

from controller.api.lookups import Lookups, by_label
from controller.ports import NoAnswer, Window
from tests.fakes.clock import StandingClock
from tests.fakes.devices import FakeSource, series

ROWS = Window(
    series=(
        series("srtla_link_up", 1.0, until_s=1_700_000_099.0, labels={"uplink": "a"}),
        series("srtla_link_rtt_seconds", 0.05, 0.06, until_s=1_700_000_099.0, labels={"uplink": "a"}),
        series("srtla_exporter_build_info", 1.0, until_s=1_700_000_098.0, labels={"version": "1"}),
    )
)


async def test_many_that_ask_cost_one_question_a_second() -> None:
    """A flood of requests is one query; after a second the next one asks anew."""
    source, clock = FakeSource(answer=ROWS, takes_s=0.01), StandingClock()
    lookups = Lookups(reader=source, match={"rig": "r1"}, clock=clock)
    found = await asyncio.gather(*(lookups.newest("srtla") for _ in range(50)))
    clock.advance(1.0)
    await lookups.newest("srtla")

    assert {one.problem for one in found} == {None}
    assert source.queries == ['{__name__=~"srtla_.+",rig="r1"}[10000ms]'] * 2


async def test_nothing_is_said_to_be_nothing_and_why() -> None:
    """No series, or no answer, is a problem in words and never a value."""
    clock = StandingClock()
    empty = await Lookups(reader=FakeSource(), match={}, clock=clock).newest("srtla")
    failing = FakeSource(answer=NoAnswer("unknown because the test says so"))
    failed = await Lookups(reader=failing, match={}, clock=clock).newest("srtla")

    assert empty.problem == "unknown because Prometheus has no samples of srtla_... of this rig"
    assert failed.problem == "unknown because the test says so"
    assert (empty.age_s(1.0), failed.series) == (None, ())


async def test_rows_are_by_label_and_metric() -> None:
    """The newest value of each metric under the part's name; series without the label are no rows."""
    clock = StandingClock()
    found = await Lookups(reader=FakeSource(answer=ROWS), match={}, clock=clock).newest("srtla")

    assert by_label(found, "uplink", strip="srtla_") == {"a": {"link_up": 1.0, "link_rtt_seconds": 0.06}}
    assert found.age_s(clock.wall_s()) == 1.0
