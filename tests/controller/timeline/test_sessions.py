"""Streams: when they begin and end, and how their time adds up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.decision.model import Freshness, IngestReading, Observation, Quality
from controller.timeline.records import Session
from controller.timeline.sessions import GAP_S, follow, is_live

Look = tuple[bool | None, float | None]


def seen(at_s: float, look: Look) -> Observation:
    """A look at `at_s`: whether a publisher is there, and how late its picture is."""
    publishing, lag_s = look
    return Observation(at_s=at_s, freshness=Freshness.FRESH, ingest=IngestReading(publishing=publishing, lag_s=lag_s))


def followed(*looks: tuple[float, Look]) -> tuple[Session | None, list[Session]]:
    """The session after these looks, and those that ended."""
    session, ended = None, []
    for at_s, look in looks:
        session, over = follow(session, seen(at_s, look), quality=Quality.HIGH, carried={"a": 10.0})
        ended += [over] if over else []
    return session, ended


LIVE, LATE, GONE, UNKNOWN = (True, 0.2), (True, 3.0), (False, None), (None, None)


def test_time_is_told_apart() -> None:
    """A second on time, a late one, one without picture, one unknown, each counts as what it was."""
    session, ended = followed((0, LIVE), (1, LIVE), (2, LATE), (3, GONE), (4, UNKNOWN), (5, LIVE))

    assert session is not None
    assert (session.live_s, session.late_s, session.gone_s, session.unknown_s) == (2.0, 1.0, 1.0, 1.0)
    assert (session.states, session.octets) == ({"HIGH": 5.0}, {"a": 50.0})
    assert ended == []


def test_nothing_begins_before_a_stream_is_seen() -> None:
    """Neither silence nor the unknown is a session."""
    assert followed((0, UNKNOWN), (1, GONE)) == (None, [])


def test_a_break_belongs_to_the_stream_and_a_long_one_ends_it() -> None:
    """A tunnel does not end a stream; two minutes without it do, at the moment it was last seen."""
    session, ended = followed((0, LIVE), (10, LIVE), *((10 + n, GONE) for n in range(1, 100)), (110, LIVE))
    assert session is not None
    assert (session.started_s, ended) == (0, [])

    session, ended = followed((0, LIVE), (10, LIVE), *((10 + n, GONE) for n in range(1, 200)))
    assert session is None
    assert [(one.started_s, one.ended_s) for one in ended] == [(0, 10)]


def test_a_new_stream_after_the_end_is_a_new_session() -> None:
    """What comes back after the gap begins anew."""
    session, ended = followed((0, LIVE), (10, LIVE), (10 + GAP_S + 1, LIVE))

    assert session is not None
    assert (session.started_s, session.live_s) == (10 + GAP_S + 1, 0.0)
    assert len(ended) == 1


def test_time_in_which_the_controller_did_not_run_is_unknown() -> None:
    """A crash in mid-stream is no delivered time."""
    session, _ = followed((0, LIVE), (1, LIVE), (61, LIVE))

    assert session is not None
    assert session.unknown_s == 45.0
    assert session.live_s + session.unknown_s == 61.0


@given(
    st.lists(st.tuples(st.floats(0.01, 30.0), st.sampled_from([LIVE, LATE, GONE, UNKNOWN])), min_size=1, max_size=60)
)
def test_the_parts_add_up_to_the_whole(steps: list[tuple[float, Look]]) -> None:
    """Whatever happens, no second is lost or counted twice."""
    at_s = 0.0
    looks: list[tuple[float, Look]] = [(0.0, LIVE)]
    for step_s, look in steps:
        at_s += step_s
        looks.append((at_s, look))
    session, ended = followed(*looks)
    if session is not None and not ended:
        whole_s = session.live_s + session.late_s + session.gone_s + session.unknown_s
        assert whole_s == pytest.approx(at_s)


def test_without_an_ingest_the_bond_says_whether_a_stream_runs() -> None:
    """On the Pi what the links deliver is the evidence."""
    known = [Observation(at_s=0.0, freshness=Freshness.FRESH, delivered_bps=bps) for bps in (1e6, 0.0, None)]

    assert [is_live(one) for one in known] == [True, False, None]


def test_a_publisher_that_sends_nothing_is_no_stream() -> None:
    """A connection that stands is not a picture."""
    reading = IngestReading(publishing=True, received_bps=0.0)

    assert is_live(Observation(at_s=0.0, freshness=Freshness.FRESH, ingest=reading)) is False
