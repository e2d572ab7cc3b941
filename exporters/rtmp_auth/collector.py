"""From the desk to points of the catalogue. Pure; what is unknown gives no point."""

from __future__ import annotations

from collections.abc import Iterator

from exporters.collecting import Point
from exporters.rtmp_auth.desk import Desk, Moment
from exporters.rtmp_auth.judging import Call, Reason
from exporters.rtmp_auth.keys import Entry
from exporters.rtmp_auth.sessions import Sessions


def describe(desk: Desk, now: Moment) -> Iterator[Point]:
    """Attempts, sessions and keys."""
    for call in Call:
        yield Point("rtmp_auth_requests_total", desk.requests[call], (call,))
        if call is not Call.DONE:
            yield Point("rtmp_auth_allowed_total", desk.allowed[call], (call,))
    for reason in Reason:
        yield Point("rtmp_auth_denied_total", desk.denied[reason], (reason,))
    yield Point("rtmp_auth_throttled_addresses", desk.throttled(now))
    for entries in (desk.table or {}).values():
        for entry in entries:
            yield from _entry(entry, desk.sessions, at_s=now.steady_s)


def _entry(entry: Entry, sessions: Sessions, *, at_s: float) -> Iterator[Point]:
    label = (entry.alias,)
    yield Point("rtmp_auth_active_publishers", sessions.active(entry.alias), label)
    yield Point("rtmp_auth_sessions_total", sessions.begun.get(entry.alias, 0), label)
    yield Point("rtmp_auth_session_seconds_total", sessions.lasted_s(entry.alias, at_s=at_s), label)
    since_s = [one.since_s for one in sessions.live.values() if one.alias == entry.alias]
    if since_s:
        yield Point("rtmp_auth_session_duration_seconds", at_s - min(since_s), label)
    if entry.created_s is not None:
        yield Point("rtmp_auth_key_created_timestamp_seconds", entry.created_s, label)
    if entry.expires_s is not None:
        yield Point("rtmp_auth_key_expires_timestamp_seconds", entry.expires_s, label)
