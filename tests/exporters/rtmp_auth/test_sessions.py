"""Who publishes now."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from exporters.rtmp_auth.sessions import MOST, Sessions

CAM = (b"hash", "5")


def test_a_session_lasts_from_its_publish_to_its_end() -> None:
    """One session of a minute, then none."""
    sessions = Sessions().begin(CAM, "cam", at_s=10.0)

    assert (sessions.active("cam"), sessions.lasted_s("cam", at_s=40.0)) == (1, 30.0)
    ended = sessions.end(CAM, at_s=70.0)
    assert (ended.active("cam"), ended.lasted_s("cam", at_s=99.0), ended.begun["cam"]) == (0, 60.0, 1)


def test_a_publisher_heard_of_first_by_an_update_was_let_in_before_we_began() -> None:
    """After a restart of the service the session goes on, counted from then."""
    assert Sessions().update(CAM, "cam", at_s=5.0).active("cam") == 1


def test_a_session_that_is_updated_no_more_ended_when_last_heard_of() -> None:
    """Nginx was killed and told nobody."""
    sessions = Sessions().begin(CAM, "cam", at_s=0.0).update(CAM, "cam", at_s=30.0).without_silent(90.0, at_s=121.0)

    assert (sessions.active("cam"), sessions.ended_s["cam"]) == (0, 30.0)


def test_without_updates_silence_means_nothing() -> None:
    """Where nginx sends none, a long stream is no ghost."""
    assert Sessions().begin(CAM, "cam", at_s=0.0).without_silent(90.0, at_s=9_000.0).active("cam") == 1


def test_the_end_of_an_unknown_session_is_none() -> None:
    """A stray callback counts for nothing."""
    assert Sessions().end(CAM, at_s=1.0) == Sessions()


def test_sessions_are_bounded() -> None:
    """A client's ids are not ours to trust."""
    sessions = Sessions()
    for number in range(MOST + 5):
        sessions = sessions.begin((b"hash", str(number)), "cam", at_s=0.0)

    assert sessions.active("cam") == MOST


steps = st.lists(st.tuples(st.sampled_from(["begin", "update", "end"]), st.sampled_from("ab")), max_size=40)


@given(steps)
def test_the_time_published_never_falls(log: list[tuple[str, str]]) -> None:
    """Whatever the order of the callbacks, the counter of seconds only rises."""
    sessions, lasted_s = Sessions(), 0.0
    for second, (verb, client) in enumerate(log):
        connection, at_s = (b"hash", client), float(second)
        if verb == "begin":
            sessions = sessions.begin(connection, "cam", at_s=at_s)
        elif verb == "update":
            sessions = sessions.update(connection, "cam", at_s=at_s)
        else:
            sessions = sessions.end(connection, at_s=at_s)
        now_s = sessions.lasted_s("cam", at_s=float(second))
        assert now_s >= lasted_s
        lasted_s = now_s
