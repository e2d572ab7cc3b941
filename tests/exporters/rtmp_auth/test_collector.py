"""What the scrape shows of the desk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from exporters.catalog import RTMP_AUTH
from exporters.rtmp_auth.collector import describe
from exporters.rtmp_auth.desk import Desk, Moment
from exporters.rtmp_auth.keys import hasher, parse
from exporters.rtmp_auth.throttling import Limits, Throttle
from tests.exporters.exposing import complaints, exposition

GOLDEN = Path(__file__).parent / "golden"
NOW = Moment(100.0, 1_793_000_000.0)
KEYS = """{"publish": [{"key": "right", "alias": "cam", "created": "2026-11-01", "expires": "2027-01-01"},
                      {"key": "other", "alias": "second"}]}"""


def test_attempts_sessions_and_keys(golden: Callable[[Path, str], None]) -> None:
    """One publisher since a minute, some guesses, two keys."""
    digest = hasher(b"test")
    desk = Desk(digest, Throttle(Limits()), silent_s=90.0)
    desk.table = parse(KEYS, digest)
    form = {"app": "publish", "name": "right", "call": "publish", "addr": "192.0.2.7", "clientid": "5"}
    desk.ask(form, NOW)
    for number in range(6):
        desk.ask({**form, "name": f"guess-{number}", "addr": "198.51.100.1"}, NOW)

    text = exposition(RTMP_AUTH, describe(desk, Moment(160.0, NOW.wall_s + 60)))
    golden(GOLDEN / "attempts.prom", text)
    assert complaints(text) == ""
