"""Observations over time: counters that never fall, publishers that come and go."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from exporters.ingest.aliases import Alias
from exporters.ingest.observing import Counter, Observation, begin, observe
from exporters.ingest.streams import Publisher, Stream

ALIASES = (Alias("cam", "publish", "key"), Alias("spare", "publish", "other"))
STREAM = Stream("publish", "key", Publisher("1", 5.0, 0), received_bytes=1000, width_px=1280, height_px=720)


def published(received: int, media_s: float, *, session: str = "1", dropped: int = 0) -> Stream:
    """The configured stream with these numbers."""
    return replace(STREAM, received_bytes=received, publisher=Publisher(session, media_s, dropped))


def after(*pages: tuple[float, list[Stream]]) -> Observation:
    """The last observation after these pages, each with its time."""
    seen = begin(ALIASES)
    for at_s, streams in pages:
        seen = observe(seen, ALIASES, streams, at_s)
    return seen


def test_nothing_is_known_before_the_first_page() -> None:
    """At the start there is a state for every alias, with nothing in it."""
    assert [(state.alias, state.stream, state.received.total) for state in begin(ALIASES).streams] == [
        ("cam", None, None),
        ("spare", None, None),
    ]


def test_stream_is_found_by_application_and_name() -> None:
    """A stream of the same name in another application is another stream, and nobody's business."""
    seen = after((0, [STREAM, replace(STREAM, application="platform")]))

    assert seen.streams[0].stream == STREAM
    assert seen.streams[1].stream is None
    assert seen.unknown == 0


def test_stream_without_an_alias_is_counted() -> None:
    """Who publishes into a watched application under a name without an alias is counted, not named."""
    assert after((0, [STREAM, replace(STREAM, name="intruder")])).unknown == 1


def test_bytes_go_on_over_a_reconnect() -> None:
    """A publisher that comes back starts at 0; the total goes on, whether its absence was seen or not."""
    seen = after((0, [published(900, 0)]), (1, []), (2, [published(50, 0, session="2")]))
    unseen = after((0, [published(900, 0)]), (2, [published(50, 0, session="2")]))

    assert seen.streams[0].received.total == 950
    assert unseen.streams[0].received.total == 950


def test_bytes_after_a_seen_absence_count_whole() -> None:
    """An entry that was gone begins anew, even when it has already more bytes than the old one had."""
    seen = after((0, [published(900, 0)]), (1, []), (60, [published(5000, 0, session="2")]))

    assert seen.streams[0].received.total == 5900


def test_drops_are_counted_per_connection() -> None:
    """What a client dropped starts at 0 with each connection, even when the new one soon has more."""
    seen = after((0, [published(1, 0, dropped=3)]), (1, [published(2, 0, session="2", dropped=5)]))

    assert seen.streams[0].dropped.total == 8


def test_lag_belongs_to_the_publisher() -> None:
    """The lag grows in a stall, is unknown without a publisher, and starts anew with the next one."""
    stalled = after((0, [published(1, 5)]), (3, [published(1, 5)]))
    without = after((0, [published(1, 5)]), (3, [replace(STREAM, publisher=None)]))
    renewed = after((0, [published(1, 5)]), (3, [published(1, 5)]), (4, [published(9, 0, session="2")]))

    assert stalled.streams[0].lag is not None
    assert 2.9 < stalled.streams[0].lag.lag_s <= 3
    assert without.streams[0].lag is None
    assert renewed.streams[0].lag is not None
    assert renewed.streams[0].lag.lag_s == 0


def test_publisher_without_a_clock_has_no_lag() -> None:
    """A publisher that has sent no media yet has no lag."""
    seen = after((0, [replace(STREAM, publisher=Publisher("1", None, None))]))

    assert seen.streams[0].lag is None
    assert seen.streams[0].dropped.total is None


def test_counter_that_is_not_told_changes_nothing() -> None:
    """A page without the number leaves the total as it is."""
    counter = Counter().then(5)

    assert counter.then(None) == counter
    assert Counter().then(None).total is None


@given(st.lists(st.none() | st.integers(0, 1000), max_size=30))
def test_counters_never_fall(values: list[int | None]) -> None:
    """Whatever is read, the total only rises, and by no more than was read."""
    counter = Counter()
    for value in values:
        following = counter.then(value)
        assert (following.total or 0) >= (counter.total or 0)
        assert (following.total or 0) - (counter.total or 0) <= (value or 0)
        counter = following
