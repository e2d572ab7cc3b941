"""`/api/events`, `/api/sessions`, `/api/ledger` and the stream of events."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest

from controller.api.app import build_app
from controller.api.serving import bind, serve
from controller.api.timeline import feed
from controller.timeline.keeper import Keeper
from controller.timeline.ledger import Ledger
from controller.timeline.records import Happening, Kind, Session
from controller.timeline.store import Store
from tests.controller.faces import Behind, asking
from tests.fakes.clock import StandingClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def happening(number: int, kind: Kind = Kind.DEVICE) -> Happening:
    """An event."""
    return Happening(at_s=float(number), kind=kind, subject="obs", text=f"event {number}")


def behind(count: int = 0) -> Behind:
    """A face over a timeline of `count` events."""
    found = Behind()
    found.store.add([happening(n, Kind.ALERT if n % 2 else Kind.DEVICE) for n in range(1, count + 1)])
    return found


async def test_events_come_newest_first_or_after_a_number() -> None:
    """A page shows the newest; a client that follows asks after what it has."""
    async with asking(behind(5)) as client:
        newest = (await client.get("/api/events?limit=2")).json()
        following = (await client.get("/api/events?after=3")).json()
        nothing = (await client.get("/api/events?after=5")).json()
        alerts = (await client.get("/api/events?kind=alert&kind=override")).json()

    assert [one["number"] for one in newest["events"]] == [5, 4]
    assert ([one["number"] for one in following["events"]], following["next"]) == ([4, 5], 5)
    assert nothing == {"events": [], "next": 5}
    assert [one["number"] for one in alerts["events"]] == [5, 3, 1]


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "after=-1", "after=1e30", "kind=party", "since_s=nan"])
async def test_a_bad_query_is_refused(query: str) -> None:
    """What cannot be asked is the client's error."""
    async with asking() as client:
        assert (await client.get(f"/api/events?{query}")).status_code == 422


async def test_sessions_are_told_with_the_running_one_as_of_now() -> None:
    """The newest first; numbers that are not known are null."""
    found = Behind()
    found.store.put_session(Session(started_s=1.0, seen_s=2.0, ended_s=2.0, states={"LOW": 1.0}))
    found.store.put_session(Session(started_s=5.0, seen_s=6.0, live_s=1.0))
    async with asking(found) as client:
        told = (await client.get("/api/sessions")).json()["sessions"]

    assert [(one["number"], one["ended_s"], one["seconds_by_state"]) for one in told] == [
        (2, None, {}),
        (1, 2.0, {"LOW": 1.0}),
    ]


async def test_the_ledger_shows_caps_from_the_beginning() -> None:
    """An uplink with a cap is there before its first byte; months of the past are told apart."""
    store = Store(None)
    store.put_ledger(Ledger(months={("a", "2023-11-01"): 5.0, ("a", "2023-10-01"): 9.0}))
    found = Behind(store=store, caps_bytes={"a": 100, "b": 200})
    async with asking(found) as client:
        months = (await client.get("/api/ledger")).json()["months"]

    assert [(m["uplink"], m["month"], m["bytes"], m["cap_bytes"], m["present"]) for m in months] == [
        ("b", "2023-11-01", 0.0, 200, True),
        ("a", "2023-11-01", 5.0, 100, True),
        ("a", "2023-10-01", 9.0, 100, False),
    ]


async def taken(texts: AsyncIterator[str], count: int) -> list[str]:
    """The next `count` parts of a feed."""
    async with asyncio.timeout(5.0):
        return [await anext(texts) for _ in range(count)]


async def test_a_feed_goes_on_with_what_is_new() -> None:
    """What is there comes first, then what is kept meanwhile, each with its number; silence is kept alive."""
    store = Store(None)
    keeper = Keeper(store=store, clock=StandingClock())
    store.add([happening(1), happening(2)])
    texts = feed(keeper, 1, keep_alive_s=0.02)
    first = await taken(texts, 3)
    keeper.note(happening(3))
    await keeper.flush()
    later = [text for text in await taken(texts, 3) if not text.startswith(":")]

    assert first[0] == "retry: 2000\n\n"
    assert first[1].startswith("id: 2\nevent: device\ndata: {")
    assert first[1].endswith("}\n\n")
    assert first[2] == ": nothing new\n\n"
    assert [text.split("\n")[0] for text in later] == ["id: 3"]


async def test_a_feed_ends_with_the_controller() -> None:
    """A listener does not hold up the end of the controller."""
    keeper = Keeper(store=Store(None), clock=StandingClock())
    running = asyncio.create_task(keeper.run())
    texts = feed(keeper, 0)
    await anext(texts)
    listening = asyncio.ensure_future(anext(texts))
    await asyncio.sleep(0.05)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    async with asyncio.timeout(5.0):
        with pytest.raises(StopAsyncIteration):
            await listening


async def test_a_browser_goes_on_where_its_connection_broke() -> None:
    """Over a real connection, `Last-Event-ID` gives what was missed, and no more."""
    bound = bind("127.0.0.1", 0)
    url = f"http://127.0.0.1:{bound.getsockname()[1]}/api/events/stream"
    serving = asyncio.create_task(serve(build_app(behind(3).face()), bound))
    try:
        async with (
            asyncio.timeout(10.0),
            httpx.AsyncClient(trust_env=False) as client,
            client.stream("GET", url, headers={"Last-Event-ID": "1"}) as answer,
        ):
            found = []
            async for line in answer.aiter_lines():
                found += [line] if line.startswith("id:") else []
                if len(found) == 2:
                    break
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert found == ["id: 2", "id: 3"]
