"""One attempt, one verdict."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.rtmp_auth.judging import OK, Call, Reason, attempt_of, judge
from exporters.rtmp_auth.keys import hasher, parse

DIGEST = hasher(b"test")
TABLE = parse(
    """{"publish": ["plain",
         {"key": "until", "alias": "until", "expires": "2026-11-01T00:00:00+00:00"},
         {"key": "home", "alias": "home", "networks": ["192.0.2.0/24", "2001:db8::/32"]},
         {"key": "in", "alias": "in", "calls": ["publish"]}],
        "empty": []}""",
    DIGEST,
)
END_S = 1_793_491_200.0


def form(name: str, application: str = "publish", call: str = "publish", addr: str = "192.0.2.7") -> dict[str, str]:
    """A callback's form as nginx sends it, as far as it is read."""
    return {"app": application, "name": name, "call": call, "addr": addr, "clientid": "5", "tcurl": "rtmp://x/publish"}


@pytest.mark.parametrize(
    ("asked", "status", "reason"),
    [
        (form("plain"), 200, None),
        (form("plain", call="play"), 200, None),
        (form("plain", call=""), 200, None),
        (form("guess"), 401, Reason.KEY),
        (form("plain", application="empty"), 401, Reason.KEY),
        (form("plain", application="other"), 404, Reason.APPLICATION),
        (form("until"), 401, Reason.EXPIRED),
        (form("home"), 200, None),
        (form("home", addr="2001:db8::1"), 200, None),
        (form("home", addr="::ffff:192.0.2.7"), 200, None),
        (form("home", addr="198.51.100.1"), 401, Reason.NETWORK),
        (form("home", addr="unix:"), 401, Reason.NETWORK),
        (form("in"), 200, None),
        (form("in", call="play"), 401, Reason.CALL),
        (form("in", call="update_play"), 401, Reason.CALL),
    ],
)
def test_the_statuses_are_those_of_nginx_rtmp_auth(asked: dict[str, str], status: int, reason: Reason | None) -> None:
    """Unknown application 404, a key that may not 401, right 200."""
    attempt = attempt_of(asked)

    assert attempt is not None
    verdict = judge(TABLE, attempt, DIGEST, wall_s=END_S)
    assert (verdict.status, verdict.reason) == (status, reason)


def test_a_key_is_good_until_its_last_moment() -> None:
    """A second before its end it still opens."""
    attempt = attempt_of(form("until"))

    assert attempt is not None
    assert judge(TABLE, attempt, DIGEST, wall_s=END_S - 1).status == OK


def test_without_keys_nobody_is_let_in() -> None:
    """Not read yet is not empty: it is 503, and refuses."""
    attempt = attempt_of(form("plain"))

    assert attempt is not None
    assert judge(None, attempt, DIGEST, wall_s=0.0).reason is Reason.NO_KEYS


@pytest.mark.parametrize("asked", [{}, {"app": "publish"}, {"name": "plain"}, {"app": "", "name": "plain"}])
def test_a_form_without_application_or_name_is_no_attempt(asked: dict[str, str]) -> None:
    """There is nothing to judge."""
    assert attempt_of(asked) is None


@given(st.dictionaries(st.sampled_from(["app", "name", "call", "addr", "clientid", "x"]), st.text(max_size=20)))
def test_no_form_crashes_or_opens(asked: dict[str, str]) -> None:
    """Whatever is sent: only the right name of the right application is allowed, and the call is of a closed set."""
    attempt = attempt_of(asked)
    if attempt is not None:
        verdict = judge(TABLE, attempt, DIGEST, wall_s=0.0)
        right = asked["app"] == "publish" and asked["name"] in {"plain", "until", "home", "in"}

        assert attempt.call in Call
        assert right or verdict.status != OK
        assert asked["name"] not in repr(attempt) or asked["name"] in repr(attempt_of({**asked, "name": "?" * 30}))
