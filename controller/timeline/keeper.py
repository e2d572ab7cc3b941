"""Keeps the timeline beside the loop: the loop only puts things into a queue, a thread writes them.

What may come each second waits a few seconds to be written together, for cards wear; everything else is
written at once. A disk that refuses costs nothing but what the bounded queue cannot hold.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import sqlite3
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from controller.status import History
from controller.timeline import ledger as ledgers
from controller.timeline.glances import Verdicts, uplink_events, uplinks_of
from controller.timeline.records import FREQUENT, Happening, Kind, Session
from controller.timeline.sessions import follow
from controller.timeline.telling import happening_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.decision.model import Observation, Quality
    from controller.journal import Told
    from controller.ports import Clock, Window
    from controller.timeline.ledger import Ledger
    from controller.timeline.store import Store

_log = logging.getLogger(__name__)
# What a kill may cost of decisions and of the ledger; the ledger finds its part again in Prometheus' counters.
TOGETHER_S = 10.0
_PRUNE_EVERY_S = 600.0
# An hour of decisions each second.
_QUEUED = 5_000


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is kept: seconds, and bytes of the file."""

    keep_s: float = 90 * 86_400.0
    most_bytes: int = 200_000_000


@dataclass(frozen=True, slots=True)
class _Batch:
    """What is written together."""

    happenings: tuple[Happening, ...]
    ended: tuple[Session, ...]
    session: Session | None
    ledger: Ledger | None


class Keeper:
    """The timeline of one controller over `store`. `billing_days` are by uplink, 1 where it is not named.

    `notes_uplinks` is to be switched off where the rig's controller tells of its uplinks itself.
    """

    def __init__(
        self, *, store: Store, clock: Clock, billing_days: Mapping[str, int] | None = None, bounds: Bounds = Bounds()
    ) -> None:
        self.store = store
        self.ledger = store.ledger()
        self.kept_count = 0
        self.ended = False
        self.notes_uplinks = True
        self._clock = clock
        self._billing_days = dict(billing_days or {})
        self._bounds = bounds
        self._queue: deque[Happening] = deque(maxlen=_QUEUED)
        self._verdicts: Verdicts = {}
        newest = next(iter(store.sessions(limit=1)), None)
        self._session = None if newest is None or newest.ended_s is not None else newest
        self._ended: list[Session] = []
        self._dirty = False
        self._hurry = asyncio.Event()
        self._kept = asyncio.Event()
        self._refused: str | None = None
        self._lost = 0
        self._pruned_s = -math.inf

    def tell(self, told: Told) -> None:
        """Keep what the journal tells."""
        self.note(happening_of(told))

    def note(self, happening: Happening) -> None:
        """Keep an event; returns at once."""
        self._lost += len(self._queue) == _QUEUED
        self._queue.append(happening)
        if happening.kind not in FREQUENT:
            self._hurry.set()

    def looked(self, seen: Observation, quality: Quality, window: Window) -> None:
        """Keep what one look of the loop adds: uplinks that died, the session, the bytes."""
        for happening in uplink_events(self._verdicts, seen) if self.notes_uplinks else ():
            self.note(happening)
        self._verdicts = {**self._verdicts, **uplinks_of(seen)}
        self.ledger, carried = ledgers.count(self.ledger, window.series, billing_days=self._billing_days)
        before = self._session
        self._session, ended = follow(before, seen, quality=quality, carried=carried)
        self._dirty = self._dirty or bool(carried) or self._session != before
        if ended is not None and ended.ended_s is not None:
            self._ended.append(ended)
            self.note(Happening(ended.ended_s, Kind.SESSION, "stream", "it ended", {"session": ended.number}))
        if self._session is not None and (before is None or ended is not None):
            self.note(Happening(self._session.started_s, Kind.SESSION, "stream", "it began"))

    @property
    def history(self) -> History:
        """How writing goes."""
        return History(problem=self._refused, waiting=len(self._queue), lost=self._lost)

    @property
    def session(self) -> Session | None:
        """The session that runs."""
        return self._session

    def month(self, uplink: str) -> str:
        """The billing month of now."""
        return ledgers.month_of(self._clock.wall_s(), billing_day=self._billing_days.get(uplink, 1))

    async def run(self) -> None:
        """Write what comes, until cancelled; then what is left, and let go who waits. The store stays open."""
        try:
            while True:
                await self._due()
                await self.flush()
                await self._prune()
        finally:
            with contextlib.suppress(sqlite3.Error, OSError):  # told before, and nobody is left to tell
                self._written(self._batch())
            self.ended = True
            self.announce()

    async def flush(self) -> None:
        """Write what waits."""
        batch = self._batch()
        try:
            number = await asyncio.to_thread(self._written, batch)
        except (sqlite3.Error, OSError) as error:
            self._put_back(batch, why=str(error))
            return
        self._refused = None
        if self._session is not None and batch.session is not None and _same(self._session, batch.session):
            self._session = replace(self._session, number=number)
        if batch.happenings:
            self.announce()

    async def kept(self, *, within_s: float) -> None:
        """Return when something new was kept, or after `within_s` seconds."""
        try:
            async with asyncio.timeout(within_s):
                await self._kept.wait()
        except TimeoutError:
            return

    def announce(self) -> None:
        """Wake who waits for something new."""
        self.kept_count += 1
        self._kept.set()
        self._kept = asyncio.Event()

    async def _due(self) -> None:
        try:
            async with asyncio.timeout(TOGETHER_S):
                await self._hurry.wait()
        except TimeoutError:
            return
        finally:
            self._hurry.clear()

    def _batch(self) -> _Batch:
        batch = _Batch(
            happenings=tuple(self._queue),
            ended=tuple(self._ended),
            session=self._session if self._dirty else None,
            ledger=self.ledger if self._dirty else None,
        )
        self._queue.clear()
        self._ended.clear()
        self._dirty = False
        return batch

    def _written(self, batch: _Batch) -> int | None:
        """Write `batch`; the number of its running session."""
        if batch.happenings:
            self.store.add(batch.happenings)
        for session in batch.ended:
            self.store.put_session(session)
        if batch.ledger is not None:
            self.store.put_ledger(batch.ledger)
        return None if batch.session is None else self.store.put_session(batch.session).number

    def _put_back(self, batch: _Batch, *, why: str) -> None:
        # In front of what came meanwhile; when the queue is full the oldest are lost.
        room = _QUEUED - len(self._queue)
        kept = batch.happenings[-room:] if room else ()
        self._lost += len(batch.happenings) - len(kept)
        self._queue.extendleft(reversed(kept))
        self._ended = [*batch.ended, *self._ended]
        self._dirty = True
        if why != self._refused:
            self._refused = why
            _log.warning("the timeline cannot be written (%s); %s", why, remedy_of(why))

    async def _prune(self) -> None:
        now_s = self._clock.monotonic_s()
        if now_s - self._pruned_s < _PRUNE_EVERY_S:
            return
        self._pruned_s = now_s
        before_s = self._clock.wall_s() - self._bounds.keep_s
        try:
            await asyncio.to_thread(self.store.prune, before_s=before_s, most_bytes=self._bounds.most_bytes)
        except sqlite3.Error as error:
            _log.warning("the timeline cannot be pruned (%s)", error)


def remedy_of(why: str) -> str:
    """What helps against a refusal of SQLite's."""
    if "locked" in why:
        return "close the program that holds it open, like sqlite3"
    if "malformed" in why or "not a database" in why:
        return "restart the controller: it keeps the damaged file beside a new one"
    return "make room or rights in state_dir"


def _same(one: Session, other: Session) -> bool:
    return one.started_s == other.started_s
