"""`/api/events`, `/api/sessions`, `/api/ledger`: what happened, and as it happens."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Header, HTTPException, Query
from fastapi.responses import StreamingResponse

from controller.api.access import Scope
from controller.api.failing import UNKEPT
from controller.api.views import View
from controller.timeline.records import Kept, Kind, Session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from fastapi import FastAPI

    from controller.api.face import Face
    from controller.timeline.keeper import Keeper

# A page per phone and a bot; each keeps a connection for as long as it looks.
MOST_STREAMS = 20
# Proxies close what is silent for a minute.
KEEP_ALIVE_S = 15.0
_BATCH = 200
_LARGEST_NUMBER = 2**53


class HappeningView(View):
    """An event. `origin` is "" for this controller's own, else the log that it came from."""

    number: int
    at_s: float
    kind: str
    subject: str
    text: str
    data: dict[str, Any]
    origin: str


class HappeningsView(View):
    """Events; `next` is the number to go on after."""

    events: list[HappeningView]
    next: int


class SessionView(View):
    """A stream; times are seconds since the epoch. `ended_s` is null while it runs."""

    number: int | None
    started_s: float
    ended_s: float | None
    seen_s: float
    live_s: float
    late_s: float
    gone_s: float
    unknown_s: float
    seconds_by_state: dict[str, float]
    bytes_by_uplink: dict[str, float]


class SessionsView(View):
    """The last streams, newest first."""

    sessions: list[SessionView]


class MonthView(View):
    """What an uplink carried in a billing month; `cap_bytes` is null where none is configured."""

    uplink: str
    month: str
    bytes: float
    cap_bytes: int | None
    present: bool


class LedgerView(View):
    """Bytes per uplink and billing month, newest first."""

    months: list[MonthView]


def happening_view(kept: Kept) -> HappeningView:
    """`kept` as answered."""
    one = kept.happening
    return HappeningView(
        number=kept.number,
        at_s=one.at_s,
        kind=one.kind,
        subject=one.subject,
        text=one.text,
        data=dict(one.data),
        origin=kept.origin,
    )


def session_view(session: Session) -> SessionView:
    """`session` as answered."""
    return SessionView(
        number=session.number,
        started_s=session.started_s,
        ended_s=session.ended_s,
        seen_s=session.seen_s,
        live_s=session.live_s,
        late_s=session.late_s,
        gone_s=session.gone_s,
        unknown_s=session.unknown_s,
        seconds_by_state=dict(session.states),
        bytes_by_uplink=dict(session.octets),
    )


def ledger_view(keeper: Keeper, caps_bytes: dict[str, int]) -> LedgerView:
    """The ledger as answered; an uplink with a cap is there from the beginning."""
    months = dict(keeper.ledger.months)
    for uplink in caps_bytes:
        months.setdefault((uplink, keeper.month(uplink)), 0.0)
    rows = sorted(months.items(), key=lambda row: (row[0][1], row[0][0]), reverse=True)
    return LedgerView(
        months=[
            MonthView(
                uplink=uplink,
                month=month,
                bytes=carried,
                cap_bytes=caps_bytes.get(uplink),
                present=month == keeper.month(uplink),
            )
            for (uplink, month), carried in rows
        ]
    )


async def feed(keeper: Keeper, after: int, *, keep_alive_s: float = KEEP_ALIVE_S) -> AsyncIterator[str]:
    """Server-sent events from number `after` on, until the controller ends."""
    yield "retry: 2000\n\n"
    while not keeper.ended:
        found = await asyncio.to_thread(keeper.store.events, after=after, limit=_BATCH)
        for kept in found:
            body = json.dumps(happening_view(kept).model_dump(), separators=(",", ":"))
            yield f"id: {kept.number}\nevent: {kept.happening.kind}\ndata: {body}\n\n"
            after = kept.number
        if not found:
            before = keeper.kept_count
            await keeper.kept(within_s=keep_alive_s)
            if keeper.kept_count == before:
                yield ": nothing new\n\n"


def add_timeline(app: FastAPI, face: Face) -> None:
    """Add the routes to `app`."""
    keeper = face.keeper
    streams = asyncio.Semaphore(MOST_STREAMS)

    @app.get("/api/events", dependencies=face.needs(Scope.READ), responses=UNKEPT)
    async def events(
        after: Annotated[int | None, Query(ge=0, le=_LARGEST_NUMBER, examples=[1200])] = None,
        since_s: Annotated[float, Query(ge=0, le=1e12, examples=[1793527200])] = 0.0,
        until_s: Annotated[float, Query(ge=0, le=1e12, examples=[1793530800])] = 1e12,
        kind: Annotated[list[Kind] | None, Query(examples=[["transition", "uplink"]])] = None,
        limit: Annotated[int, Query(ge=1, le=1000, examples=[50])] = 100,
    ) -> HappeningsView:
        """Events of the timeline: the newest first, or with `after` those that follow that number, oldest first."""
        found = await asyncio.to_thread(
            keeper.store.events,
            after=after or 0,
            since_s=since_s,
            until_s=until_s,
            kinds=kind or (),
            limit=limit,
            newest_first=after is None,
        )
        newest = max((one.number for one in found), default=after or 0)
        return HappeningsView(events=[happening_view(one) for one in found], next=newest)

    @app.get(
        "/api/events/stream",
        dependencies=face.needs(Scope.READ),
        response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {}}}, 503: {"description": "Too many listen."}},
    )
    async def stream(
        after: Annotated[int | None, Query(ge=0, le=_LARGEST_NUMBER, examples=[1200])] = None,
        last_event_id: Annotated[str | None, Header(examples=["1200"])] = None,
    ) -> StreamingResponse:
        """Events from now on, or after a number, as server-sent events; `Last-Event-ID` goes on where it broke."""
        if streams.locked():
            raise HTTPException(503, f"{MOST_STREAMS} listen already", {"Retry-After": "10"})
        if last_event_id is not None and last_event_id.isdecimal():
            after = min(int(last_event_id), _LARGEST_NUMBER)
        first = await asyncio.to_thread(keeper.store.newest) if after is None else after

        async def bounded() -> AsyncIterator[str]:
            async with streams:
                async for text in feed(keeper, first):
                    yield text

        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(bounded(), media_type="text/event-stream", headers=headers)

    @app.get("/api/sessions", dependencies=face.needs(Scope.READ), responses=UNKEPT)
    async def sessions(limit: Annotated[int, Query(ge=1, le=1000, examples=[5])] = 20) -> SessionsView:
        """The last streams, newest first; the one that runs is as of now."""
        found = list(await asyncio.to_thread(keeper.store.sessions, limit=limit))
        running = keeper.session
        if running is not None:
            found = [running, *(one for one in found if one.started_s != running.started_s)][:limit]
        return SessionsView(sessions=[session_view(one) for one in found])

    @app.get("/api/ledger", dependencies=face.needs(Scope.READ))
    async def ledger() -> LedgerView:
        """Bytes per uplink and billing month, payload only: carriers count about 5 % more."""
        return ledger_view(keeper, dict(face.caps_bytes))
