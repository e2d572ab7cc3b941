"""The VPS's end: keeps what the rig reports, and knows how old its last word is."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from controller.linking.messages import OverrideMessage, ReportMessage, override_message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.overriding.desk import OverrideDesk
    from controller.ports import Clock
    from controller.timeline.keeper import Keeper

# Three reports missed; the rig sends one every two seconds.
CONNECTED_S = 7.0
# A connection that died silently is found out by the rig after this and its own deadline.
LONGEST_WAIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Rig:
    """The rig's controller as last heard of. `age_s` is None before its first word."""

    connected: bool
    age_s: float | None
    status: Mapping[str, Any] | None

    @property
    def plain_status(self) -> dict[str, Any] | None:
        """Its status as it was sent."""
        return None if self.status is None else dict(self.status)


class VpsEnd:
    """Takes reports and gives overrides; `expected` says whether a rig may report here at all."""

    def __init__(self, *, keeper: Keeper, desk: OverrideDesk, clock: Clock, expected: bool) -> None:
        self.expected = expected
        self._keeper = keeper
        self._desk = desk
        self._clock = clock
        self._status: dict[str, Any] | None = None
        self._heard_s: float | None = None

    async def take(self, report: ReportMessage) -> int:
        """Keep a report's events, each once; the highest number kept of its log."""
        events = [(one.number, one.happening()) for one in report.events]
        received = await asyncio.to_thread(self._keeper.store.add_foreign, report.log, events)
        self._heard_s = self._clock.monotonic_s()
        self._status = report.status or self._status
        if events:
            self._keeper.announce()
        return received

    async def ordered(self, *, book: str, number: int, wait_s: float) -> OverrideMessage:
        """What stands here, at once where it is news to who has `number` of `book`, else after a change or `wait_s`."""
        own = self._keeper.store.log_name
        if book == own and number == self._number():
            await self._desk.changed_after(self._desk.book.number, within_s=min(wait_s, LONGEST_WAIT_S))
        standing = self._desk.in_force()
        override = None if standing is None else standing.override
        return override_message(own, self._number(), override, now_s=self._clock.wall_s())

    def _number(self) -> int:
        """The number of what is in force; it falls where an alert's order outlasts one by hand."""
        standing = self._desk.in_force()
        return self._desk.book.number if standing is None else standing.number

    def rig(self) -> Rig | None:
        """The rig's controller; None where none may report."""
        if not self.expected:
            return None
        age_s = None if self._heard_s is None else self._clock.monotonic_s() - self._heard_s
        return Rig(connected=age_s is not None and age_s <= CONNECTED_S, age_s=age_s, status=self._status)
