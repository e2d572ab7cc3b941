"""Two controllers over a connection that breaks: nothing lost, nothing doubled, orders in force at once."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from controller.adapters.link_http import LinkHttp
from controller.api.app import build_app
from controller.api.serving import bind, serve
from controller.decision.model import Override, Quality
from controller.journal import Journal
from controller.linking.edge import EdgeLink, LinkError
from controller.linking.messages import MOST_EVENTS, Ordered, OverrideMessage, ReportMessage, ordered_from
from controller.linking.vps import CONNECTED_S, VpsEnd
from controller.overriding.desk import OverrideDesk
from controller.overriding.standing import By
from controller.timeline.keeper import Keeper
from controller.timeline.records import Happening, Kind
from controller.timeline.store import Store
from tests.controller.faces import CONTROL, LINK, Behind
from tests.fakes.clock import StandingClock

if TYPE_CHECKING:
    from controller.overriding.standing import Standing


class Side:
    """One controller's desk and timeline, on a clock of its own."""

    def __init__(self, wall_s: float = 1_700_000_000.0) -> None:
        self.clock, self.journal = StandingClock(wall_s), Journal()
        self.desk = OverrideDesk(clock=self.clock, journal=self.journal)
        self.keeper = Keeper(store=Store(None), clock=self.clock)

    def vps(self) -> VpsEnd:
        """This side as the VPS."""
        return VpsEnd(keeper=self.keeper, desk=self.desk, clock=self.clock, expected=True)

    async def order(self, *, for_s: float = 600.0) -> Standing:
        """Give an override here."""
        override = Override(until_s=self.clock.wall_s() + for_s, reason="tunnel", state=Quality.LOW)
        return await self.desk.give(override, by=By.HAND)

    def foreign(self) -> list[int]:
        """The numbers of the other's events that are kept here."""
        kept = self.keeper.store.events(limit=10_000)
        return [one.happening.data["n"] for one in kept if one.origin]


class Direct:
    """The other end without a network; loses a question or an answer where `lossy` says so."""

    def __init__(self, vps: VpsEnd, *, seed: int | None = None, refuses: str = "") -> None:
        self._vps = vps
        self._random = None if seed is None else random.Random(seed)  # noqa: S311 - losses, not secrets
        self._refuses = refuses
        self.closed = False

    def _lost(self) -> bool:
        return self._random is not None and self._random.random() < 0.3

    async def report(self, report: ReportMessage) -> int:
        """Hand the report over, or lose it, or lose its answer."""
        if self._lost():
            raise LinkError("lost on its way there")
        if self._refuses and any(one.text == self._refuses for one in report.events):
            raise LinkError("not understood", refused=True)
        received = await self._vps.take(ReportMessage.model_validate_json(report.model_dump_json()))
        if self._lost():
            raise LinkError("lost on its way back")
        return received

    async def ordered(self, *, book: str, number: int, wait_s: float) -> Ordered:
        """What stands there."""
        if self._lost():
            raise LinkError("lost")
        return ordered_from(await self._vps.ordered(book=book, number=number, wait_s=wait_s))

    async def close(self) -> None:
        """Note it."""
        self.closed = True


def linked(edge: Side, other: Direct | LinkHttp) -> EdgeLink:
    """The rig's end over `other`."""
    return EdgeLink(
        other=other,
        keeper=edge.keeper,
        desk=edge.desk,
        clock=edge.clock,
        journal=edge.journal,
        status=lambda: {"state": "LOW"},
    )


def events(first: int, last: int) -> list[Happening]:
    """Events of the rig."""
    return [Happening(float(n), Kind.DECISION, "encoder", f"event {n}", {"n": n}) for n in range(first, last + 1)]


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_is_lost_on_the_way_arrives_once_and_in_order(seed: int) -> None:
    """A third of all questions and answers lost, the sender restarted in the middle: every event, once."""
    edge, vps = Side(), Side()
    end = vps.vps()
    link = linked(edge, Direct(end, seed=seed))
    for step in range(150):
        if step < 50:
            edge.keeper.store.add(events(2 * step + 1, 2 * step + 2))
        if step == 30:
            link = linked(edge, Direct(end, seed=seed + 1_000))
        try:
            await link.report()
        except LinkError:
            continue

    assert vps.foreign() == list(range(1, 101))


async def test_an_outage_is_caught_up_from_the_log() -> None:
    """What happened while nobody listened comes afterwards, a few at a time."""
    edge, vps = Side(), Side()
    edge.keeper.store.add(events(1, 95))
    link = linked(edge, Direct(vps.vps()))
    counts = []
    for _ in range(7):
        await link.report()
        counts.append(len(vps.foreign()))

    assert counts == [0, 20, 40, 60, 80, 95, 95]


async def test_a_stream_begins_and_ends_once_on_the_vps() -> None:
    """The VPS tells of streams itself, from its ingest; what the rig noted of them stays with the rig."""
    edge, vps = Side(), Side()
    edge.keeper.store.add([*events(1, 2), Happening(3.0, Kind.SESSION, "stream", "it began"), *events(4, 5)])
    link = linked(edge, Direct(vps.vps()))
    for _ in range(3):
        await link.report()

    assert vps.foreign() == [1, 2, 4, 5]
    assert [one.happening.kind for one in edge.keeper.store.events()].count(Kind.SESSION) == 1


async def test_a_timeline_that_cannot_be_read_does_not_silence_the_rig() -> None:
    """The other end hears that we live and how the stream is; the events come when they can be read again."""
    edge, vps = Side(), Side()
    end = vps.vps()
    link = linked(edge, Direct(end))
    await link.report()
    edge.keeper.store.close()
    await link.report()
    rig = end.rig()

    assert rig is not None
    assert rig.connected
    assert vps.foreign() == []


async def test_a_refused_event_does_not_hold_up_the_others() -> None:
    """The one that is not understood stays here, with a word about it; the rest arrives."""
    edge, vps = Side(), Side()
    edge.keeper.store.add(events(1, 30))
    link = linked(edge, Direct(vps.vps(), refuses="event 7"))
    for _ in range(30):
        try:
            await link.report()
        except LinkError:
            continue

    assert vps.foreign() == [n for n in range(1, 31) if n != 7]
    assert [one.text for one in edge.journal.events()] == ["an event was refused there and is kept here only: event 7"]


async def test_an_override_is_taken_over_with_the_seconds_left() -> None:
    """The two clocks differ by a day, and the order lasts as long on both."""
    edge, vps = Side(1_700_086_400.0), Side()
    link = linked(edge, Direct(vps.vps()))
    await vps.order(for_s=600.0)
    vps.clock.advance(100.0)
    await link.listen(wait_s=0.0)
    taken = edge.desk.in_force()
    await vps.desk.end(by=By.HAND)
    await link.listen(wait_s=0.0)

    assert taken is not None
    assert taken.override.until_s - edge.clock.wall_s() == 500.0
    assert taken.override.state is Quality.LOW
    assert edge.desk.in_force() is None


async def test_what_is_no_news_does_not_touch_an_order_given_here() -> None:
    """An override given on the rig stands until the VPS gives another."""
    edge, vps = Side(), Side()
    link = linked(edge, Direct(vps.vps()))
    await vps.order()
    await link.listen(wait_s=0.0)
    local = await edge.order()
    await link.listen(wait_s=0.0)
    kept = edge.desk.in_force()
    newer = await vps.order()
    await link.listen(wait_s=0.0)

    assert kept == local
    assert edge.desk.in_force() != local
    assert newer.number == 2


async def test_an_alerts_order_follows_one_by_hand_that_has_run_out() -> None:
    """What was in force underneath reaches the rig too."""
    edge, vps = Side(), Side()
    link = linked(edge, Direct(vps.vps()))
    alarm = Override(until_s=vps.clock.wall_s() + 600.0, reason="alert", hold=True)
    await vps.desk.give(alarm, by=By.ALERT)
    await vps.order(for_s=60.0)
    await link.listen(wait_s=0.0)
    by_hand = edge.desk.in_force()
    for side in (edge, vps):
        side.clock.advance(60.0)
    await link.listen(wait_s=0.0)
    afterwards = edge.desk.in_force()

    assert by_hand is not None
    assert afterwards is not None
    assert (by_hand.override.reason, afterwards.override.reason) == ("tunnel", "alert")


async def test_who_waits_gets_an_order_when_it_is_given() -> None:
    """The answer to a waiting question comes with the order, not with the next question."""
    edge, vps = Side(), Side()
    link = linked(edge, Direct(vps.vps()))
    await link.listen(wait_s=0.0)
    waiting = asyncio.create_task(link.listen(wait_s=10.0))
    await asyncio.sleep(0.01)
    await vps.order()
    async with asyncio.timeout(5.0):
        await waiting

    assert edge.desk.in_force() is not None


async def test_the_rigs_status_has_an_age() -> None:
    """Heard of a moment ago it is connected; after some missed reports it is not, and its age says since when."""
    edge, vps = Side(), Side()
    end = vps.vps()
    before = end.rig()
    await linked(edge, Direct(end)).report()
    vps.clock.advance(CONNECTED_S + 1)
    after = end.rig()

    assert before is not None
    assert (before.connected, before.age_s, before.status) == (False, None, None)
    assert after is not None
    assert (after.connected, after.age_s, after.status) == (False, CONNECTED_S + 1, {"state": "LOW"})


async def until(condition: str, *, met: asyncio.Event) -> None:
    """Wait for an event, and say which where it does not come."""
    try:
        async with asyncio.timeout(20.0):
            await met.wait()
    except TimeoutError:
        pytest.fail(f"never: {condition}")


async def test_over_a_real_connection_that_goes_and_comes_back() -> None:
    """The server is stopped and started again on its port: events and orders of the outage arrive after it."""
    edge, behind = Side(), Behind()
    face = behind.face()
    bound = bind("127.0.0.1", 0)
    port = bound.getsockname()[1]
    serving = asyncio.create_task(serve(build_app(face), bound))
    url = f"http://127.0.0.1:{port}"
    running = asyncio.create_task(linked(edge, LinkHttp(url=url, token=SecretStr(LINK), deadline_s=2.0)).run())
    ordered = asyncio.Event()
    edge.desk.on_change = ordered.set
    try:
        order = Override(until_s=behind.clock.wall_s() + 60.0, reason="r", hold=True)
        await asyncio.sleep(0.2)
        assert behind.desk is not None
        await behind.desk.give(order, by=By.HAND)
        await until("the first order arrives", met=ordered)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        ordered.clear()
        edge.keeper.store.add(events(1, 5))
        await behind.desk.end(by=By.HAND)
        await asyncio.sleep(0.5)
        serving = asyncio.create_task(serve(build_app(face), bind("127.0.0.1", port)))
        await until("the end of the order arrives", met=ordered)
        for _ in range(400):
            if behind.store.newest() >= 5:
                break
            await asyncio.sleep(0.05)
    finally:
        for task in (running, serving):
            task.cancel()
        await asyncio.gather(running, serving, return_exceptions=True)

    assert edge.desk.in_force() is None
    assert [one.happening.data["n"] for one in behind.store.events() if one.origin] == [1, 2, 3, 4, 5]
    assert [one.text for one in edge.journal.events() if one.subject == "link"][
        -1
    ] == "the VPS's controller is connected"


@pytest.mark.parametrize(("token", "says"), [("wrong" * 5, "refuses the token"), (CONTROL, "needs the scope link")])
async def test_a_wrong_token_is_named_and_not_shown(token: str, says: str) -> None:
    """Both ends must have the same token, and it must be the link's."""
    bound = bind("127.0.0.1", 0)
    serving = asyncio.create_task(serve(build_app(Behind().face()), bound))
    other = LinkHttp(url=f"http://127.0.0.1:{bound.getsockname()[1]}", token=SecretStr(token))
    with pytest.raises(LinkError) as refusal:
        await other.report(ReportMessage(log="x"))
    await other.close()
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)

    assert says in str(refusal.value)
    assert token not in str(refusal.value)


async def test_nobody_there_is_said() -> None:
    """A VPS that does not listen is one line."""
    with bind("127.0.0.1", 0) as bound:
        port = bound.getsockname()[1]
    other = LinkHttp(url=f"http://127.0.0.1:{port}", token=SecretStr(LINK))
    with pytest.raises(LinkError, match="cannot be reached: is it running"):
        await other.ordered(book="", number=0, wait_s=0.0)
    await other.close()


@pytest.mark.parametrize(
    ("override", "left_s"),
    [
        ({"until_s": 1.0, "reason": "r"}, 5.0),
        ({"until_s": 1.0, "reason": "r", "hold": True}, None),
        ({"until_s": 1.0, "reason": "r", "hold": True}, -1.0),
        ({"until_s": 1.0, "reason": "r", "hold": True}, 1e9),
        ({"reason": "r", "hold": True}, 5.0),
    ],
)
def test_an_order_without_sense_or_end_is_not_taken(override: dict[str, object], left_s: float | None) -> None:
    """Nothing that the API would refuse comes in by the other door."""
    with pytest.raises(ValueError, match=r".+"):
        ordered_from(OverrideMessage(book="b", number=1, left_s=left_s, override=override))


def test_a_report_is_bounded() -> None:
    """More events than fit are no report."""
    one = {"number": 1, "at_s": 1.0, "kind": "alert", "subject": "s", "text": "t"}
    with pytest.raises(ValueError, match="at most 200"):
        ReportMessage.model_validate({"log": "x", "events": [one] * (MOST_EVENTS + 1)})
