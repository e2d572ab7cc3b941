"""Who publishes now, by alias: begun by an allowed publish, ended by its end, or by silence. Pure.

nginx tells the end of a session, unless it dies itself. A session that was updated and then is not any more,
for as long as the configuration says, has ended unseen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

Connection = tuple[bytes, str]
"""The keyed hash of the key that was shown, and nginx's client id: the end is known when the key is no more."""

MOST = 1_000
"""Sessions that are kept: nobody publishes more at once, and a client's ids are not ours to trust."""


@dataclass(frozen=True, slots=True)
class Session:
    """One publisher: as what it came, since when, when last heard of, and whether nginx updates it at all."""

    alias: str
    since_s: float
    heard_s: float
    updated: bool = False


@dataclass(frozen=True, slots=True)
class Sessions:
    """The sessions now, and what they summed up to; seconds on a steady clock."""

    live: Mapping[Connection, Session] = field(default_factory=dict)
    begun: Mapping[str, int] = field(default_factory=dict)
    ended_s: Mapping[str, float] = field(default_factory=dict)

    def begin(self, connection: Connection, alias: str, *, at_s: float) -> Sessions:
        """A publish was allowed."""
        if connection in self.live or len(self.live) >= MOST:
            return self
        live = {**self.live, connection: Session(alias, at_s, at_s)}
        return replace(self, live=live, begun={**self.begun, alias: self.begun.get(alias, 0) + 1})

    def update(self, connection: Connection, alias: str, *, at_s: float) -> Sessions:
        """A publisher is still there; after a restart of ours it is heard of here first."""
        known = self.begin(connection, alias, at_s=at_s)
        session = known.live.get(connection)
        if session is None:
            return known
        return replace(known, live={**known.live, connection: replace(session, heard_s=at_s, updated=True)})

    def end(self, connection: Connection, *, at_s: float) -> Sessions:
        """A publisher left."""
        session = self.live.get(connection)
        if session is None:
            return self
        lasted_s = self.ended_s.get(session.alias, 0.0) + max(0.0, at_s - session.since_s)
        live = {one: kept for one, kept in self.live.items() if one != connection}
        return replace(self, live=live, ended_s={**self.ended_s, session.alias: lasted_s})

    def without_silent(self, silent_s: float, *, at_s: float) -> Sessions:
        """Without those that were updated and then were not for `silent_s`; they ended when last heard of."""
        after = self
        for connection, session in self.live.items():
            if session.updated and at_s - session.heard_s > silent_s:
                after = after.end(connection, at_s=session.heard_s)
        return after

    def lasted_s(self, alias: str, *, at_s: float) -> float:
        """How long the alias was published in all."""
        running = sum(at_s - one.since_s for one in self.live.values() if one.alias == alias)
        return self.ended_s.get(alias, 0.0) + running

    def active(self, alias: str) -> int:
        """How many publish the alias now."""
        return sum(one.alias == alias for one in self.live.values())
