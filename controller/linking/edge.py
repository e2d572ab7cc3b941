"""The rig's end: two tasks, one that reports and one that waits for orders. Neither ever delays a decision.

What was not acknowledged is sent again, from the log on disk; the other end keeps each number once. So an
outage, a crash on either side or a lost answer costs nothing but time.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from typing import TYPE_CHECKING, Any, Protocol

from controller.linking.messages import EventMessage, Ordered, ReportMessage, event_messages
from controller.overriding.desk import NotKeptError
from controller.timeline.records import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from controller.journal import Journal
    from controller.overriding.desk import OverrideDesk
    from controller.ports import Clock
    from controller.timeline.keeper import Keeper

_log = logging.getLogger(__name__)
# About 12 kbit/s; the stream needs the rest.
REPORT_EVERY_S = 2.0
# With one report each two seconds, catching up after an outage costs 100 kbit/s at most.
EVENTS_AT_ONCE = 20
WAIT_S = 5.0
_BACKOFF_S = (0.5, 1.0, 2.0)
# Some seconds in which reports arrive and orders do not.
_FAILURES_TOLD = 3
# When a stream begins and ends is what the ingest sees, and the VPS tells it itself.
_REPORTED = tuple(kind for kind in Kind if kind is not Kind.SESSION)


class LinkError(Exception):
    """The other end did not answer usefully; the message is the operator's line. `refused`: it read and refused."""

    def __init__(self, text: str, *, refused: bool = False) -> None:
        super().__init__(text)
        self.refused = refused


class OtherEnd(Protocol):
    """The VPS's controller as the rig reaches it. Each call has a deadline of its own."""

    async def report(self, report: ReportMessage) -> int:
        """Send a report; the highest number kept there. Raises LinkError."""
        ...

    async def ordered(self, *, book: str, number: int, wait_s: float) -> Ordered:
        """What stands there, once it is news, or after `wait_s`. Raises LinkError."""
        ...

    async def close(self) -> None:
        """Give connections back."""
        ...


class EdgeLink:
    """Both tasks over `other`. `status` gives what is shown of us there."""

    def __init__(  # noqa: PLR0913 - what it connects, each part by its name
        self,
        *,
        other: OtherEnd,
        keeper: Keeper,
        desk: OverrideDesk,
        clock: Clock,
        journal: Journal,
        status: Callable[[], dict[str, Any]],
    ) -> None:
        self.problem: str | None = None
        self.connected: bool | None = None
        self.deaf = False
        self._other = other
        self._keeper = keeper
        self._desk = desk
        self._clock = clock
        self._journal = journal
        self._status = status
        self._acknowledged: int | None = None
        self._at_once = EVENTS_AT_ONCE

    async def run(self) -> None:
        """Report and listen until cancelled; then give the connections back."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._reporting())
                tasks.create_task(self._listening())
        finally:
            await self._other.close()

    async def _reporting(self) -> None:
        failures = 0
        while True:
            try:
                await self.report()
                failures = 0
                self._says(None)
            except LinkError as error:
                failures += 1
                self._says(str(error))
            await asyncio.sleep(_BACKOFF_S[min(failures, len(_BACKOFF_S)) - 1] if failures else REPORT_EVERY_S)

    async def report(self) -> None:
        """Send the next events, as far as it is known what the other end has, and the status of now."""
        events = await self._next_events()
        report = ReportMessage(log=self._keeper.store.log_name, events=events, status=self._status())
        try:
            self._acknowledged = await self._other.report(report)
            self._at_once = EVENTS_AT_ONCE
        except LinkError as error:
            if error.refused and events:
                self._passed_over(events)
            raise

    async def _next_events(self) -> list[EventMessage]:
        if self._acknowledged is None:
            return []
        try:
            found = await asyncio.to_thread(
                self._keeper.store.events, after=self._acknowledged, kinds=_REPORTED, limit=self._at_once, own=True
            )
        except sqlite3.Error as error:
            # The keeper tells it; the other end still wants to hear that we live, and how the stream is.
            _log.debug("no events to report: %s", error)
            return []
        return event_messages(found)

    def _passed_over(self, events: list[EventMessage]) -> None:
        """One event that the other end refuses must not hold up all later ones: find it, tell it, leave it out."""
        if len(events) > 1:
            self._at_once = 1
            return
        self._acknowledged = events[0].number
        self._notice(f"an event was refused there and is kept here only: {events[0].text[:100]}")

    async def _listening(self) -> None:
        failures = 0
        while True:
            try:
                await self.listen(wait_s=WAIT_S)
                failures = 0
                self._obeys(None)
            except (LinkError, NotKeptError) as error:
                failures += 1
                # Where nothing comes through, reporting finds out as well, and tells it.
                if failures >= _FAILURES_TOLD and self.connected:
                    self._obeys(str(error))
                await asyncio.sleep(_BACKOFF_S[min(failures, len(_BACKOFF_S)) - 1])

    async def listen(self, *, wait_s: float) -> None:
        """Wait for what stands there, and take it over."""
        book = self._desk.book
        ordered = await self._other.ordered(book=book.source, number=book.followed, wait_s=wait_s)
        await self._desk.follow(ordered.at(self._clock.wall_s()), source=ordered.book, number=ordered.number)

    def _says(self, problem: str | None) -> None:
        if self.connected is not (problem is None):
            self.connected = problem is None
            self._notice(problem or "the VPS's controller is connected")
        self.problem = problem

    def _obeys(self, problem: str | None) -> None:
        if self.deaf is not (problem is not None):
            self.deaf = problem is not None
            self._notice("orders from there count again" if problem is None else f"no order can be taken: {problem}")

    def _notice(self, text: str) -> None:
        _log.info("link: %s", text)
        self._journal.noticed(at_s=self._clock.wall_s(), subject="link", text=text)
