"""From one `/stat` page to one observation: counters that never fall, and the lag. Pure but for its memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from exporters.ingest.aliases import Alias
from exporters.ingest.lag import Lag, follow
from exporters.ingest.streams import Stream


@dataclass(frozen=True, slots=True)
class Counter:
    """A sum over restarts of a counter that then begins anew at 0; None until it was first seen."""

    total: int | None = None
    last: int = 0

    def then(self, value: int | None) -> Counter:
        """Having read `value`: what it rose by, or all of it when it fell. None changes nothing."""
        if value is None:
            return self
        return Counter((self.total or 0) + (value - self.last if value >= self.last else value), value)


@dataclass(frozen=True, slots=True)
class StreamState:
    """One configured stream; `stream` is None while the ingest has none of that name."""

    alias: str
    stream: Stream | None = None
    received: Counter = Counter()
    dropped: Counter = Counter()
    lag: Lag | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """All configured streams, and how many streams their applications have besides."""

    streams: tuple[StreamState, ...]
    unknown: int


def begin(aliases: Sequence[Alias]) -> Observation:
    """Before the first page."""
    return Observation(tuple(StreamState(entry.alias) for entry in aliases), 0)


def observe(before: Observation, aliases: Sequence[Alias], streams: Sequence[Stream], at_s: float) -> Observation:
    """Having read `streams` at `at_s`, seconds on any steady clock."""
    by_name = {(stream.application, stream.name): stream for stream in streams}
    keys = [(entry.application, entry.name) for entry in aliases]
    states = [_next(state, by_name.get(key), at_s) for state, key in zip(before.streams, keys, strict=True)]
    watched = {entry.application for entry in aliases}
    unknown = {key for key in by_name if key[0] in watched} - set(keys)
    return Observation(tuple(states), len(unknown))


def _next(state: StreamState, stream: Stream | None, at_s: float) -> StreamState:
    if stream is None:
        # The entry begins anew when it comes back.
        return StreamState(state.alias, None, Counter(state.received.total), Counter(state.dropped.total))
    publisher = stream.publisher
    lag = None
    if publisher is not None and publisher.media_time_s is not None:
        lag = follow(state.lag, session=publisher.session, media_time_s=publisher.media_time_s, at_s=at_s)
    dropped = Counter(state.dropped.total) if _replaced(state, stream) else state.dropped
    return StreamState(
        state.alias,
        stream,
        state.received.then(stream.received_bytes),
        dropped.then(None if publisher is None else publisher.dropped),
        lag,
    )


def _replaced(state: StreamState, stream: Stream) -> bool:
    """Whether another connection publishes now: what a client dropped is counted per connection."""
    before = None if state.stream is None or state.stream.publisher is None else state.stream.publisher.session
    now = None if stream.publisher is None else stream.publisher.session
    return before != now
