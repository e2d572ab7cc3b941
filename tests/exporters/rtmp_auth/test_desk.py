"""The desk: judges, throttles, keeps sessions and counts."""

from __future__ import annotations

from exporters.rtmp_auth.desk import Desk, Moment
from exporters.rtmp_auth.judging import Call, Reason
from exporters.rtmp_auth.keys import hasher, parse
from exporters.rtmp_auth.throttling import Limits, Throttle

NOW = Moment(100.0, 1_793_000_000.0)
DIGEST = hasher(b"test")


def desk(*, keys: str = '{"publish": [{"key": "right", "alias": "cam"}]}') -> Desk:
    """A desk with one key."""
    found = Desk(DIGEST, Throttle(Limits()), silent_s=90.0)
    found.table = parse(keys, DIGEST)
    return found


def form(name: str = "right", call: str = "publish", addr: str = "192.0.2.7") -> dict[str, str]:
    """A callback's form."""
    return {"app": "publish", "name": name, "call": call, "addr": addr, "clientid": "5"}


def test_a_publisher_is_counted_from_its_publish_to_its_end() -> None:
    """Allowed, active, and gone."""
    at = desk()
    at.ask(form(), NOW)

    assert (at.sessions.active("cam"), at.allowed[Call.PUBLISH]) == (1, 1)
    at.ask(form(call="publish_done"), NOW)
    assert at.sessions.active("cam") == 0


def test_a_player_is_no_publisher() -> None:
    """It may look, and begins no session."""
    at = desk()

    assert at.ask(form(call="play"), NOW).verdict.status == 200
    assert at.sessions.active("cam") == 0


def test_guessing_blocks_the_address_and_then_the_right_key_too() -> None:
    """Else each block would still allow the guess that is right."""
    at = desk()
    blocks = [at.ask(form(f"guess-{number}"), NOW).blocks for number in range(5)]

    assert blocks == [False, False, False, False, True]
    assert at.ask(form(), NOW).verdict.reason is Reason.THROTTLED
    assert at.ask(form(addr="198.51.100.1"), NOW).verdict.status == 200
    assert (at.denied[Reason.KEY], at.denied[Reason.THROTTLED], at.throttled(NOW)) == (5, 1, 1)


def test_a_publisher_that_is_in_is_not_thrown_out_by_a_neighbour_that_guesses() -> None:
    """Behind one carrier's address the update still passes."""
    at = desk()
    at.ask(form(), NOW)
    for number in range(9):
        at.ask(form(f"guess-{number}"), NOW)

    assert at.ask(form(call="update_publish"), NOW).verdict.status == 200


def test_a_key_that_was_taken_away_ends_its_session_at_the_next_update() -> None:
    """Nginx drops the publisher whose update is refused."""
    at = desk()
    at.ask(form(), NOW)
    at.table = parse('{"publish": [{"key": "new", "alias": "cam"}]}', DIGEST)

    assert at.ask(form(call="update_publish"), NOW).verdict.status == 401
    assert at.sessions.active("cam") == 0


def test_a_session_ends_although_its_key_is_no_more() -> None:
    """The publisher left before the next update would have thrown it out."""
    at = desk()
    at.ask(form(), NOW)
    at.table = parse('{"publish": [{"key": "new", "alias": "cam"}]}', DIGEST)
    at.ask(form(call="publish_done"), NOW)

    assert at.sessions.active("cam") == 0


def test_an_expired_key_ends_its_session() -> None:
    """The session is not counted on as active."""
    at = desk(keys='{"publish": [{"key": "right", "alias": "cam", "expires": "2026-11-01"}]}')
    at.ask(form(), NOW)

    assert at.ask(form(call="update_publish"), Moment(200.0, 1_793_600_000.0)).verdict.reason is Reason.EXPIRED
    assert at.sessions.active("cam") == 0


def test_what_is_no_attempt_is_refused_and_counted() -> None:
    """An empty form is malformed."""
    at = desk()

    assert at.ask({}, NOW).verdict.status == 400
    assert at.denied[Reason.MALFORMED] == 1


def test_without_keys_all_are_refused() -> None:
    """Fail closed."""
    at = Desk(DIGEST, Throttle(Limits()), silent_s=90.0)

    assert at.ask(form(), NOW).verdict.status == 503
