"""When a stream began and ended, and how its time was spent. Pure.

A break shorter than `GAP_S` belongs to the stream, for that is what viewers make of it; a longer one ends it,
at the moment when it was last seen.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from controller.timeline.records import Session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.decision.model import Observation, Quality

# A platform keeps a stream open for 60 to 90 s after its sender is gone; a tunnel may take as long.
GAP_S = 120.0
# A tick that comes later than this was not a tick late, but a controller that did not run.
_LONGEST_STEP_S = 15.0
_LATE_S = 2.0


def is_live(seen: Observation) -> bool | None:
    """Whether a stream arrives; None where that is not known."""
    if seen.ingest.publishing is not None:
        return seen.ingest.publishing and seen.ingest.received_bps != 0
    return None if seen.delivered_bps is None else seen.delivered_bps > 0


def follow(
    session: Session | None, seen: Observation, *, quality: Quality, carried: Mapping[str, float]
) -> tuple[Session | None, Session | None]:
    """The session after one more look, and the one that ended by it; None for none.

    `carried` are the bytes that each uplink carried since the last look.
    """
    live, now_s = is_live(seen), seen.at_s
    ended = None
    if session is not None and now_s - session.seen_s > GAP_S:
        ended, session = replace(session, ended_s=session.seen_s), None
    if session is None:
        return (Session(started_s=now_s, seen_s=now_s) if live else None), ended
    return _lengthened(session, seen, live=live, quality=quality, carried=carried), ended


def _lengthened(
    session: Session, seen: Observation, *, live: bool | None, quality: Quality, carried: Mapping[str, float]
) -> Session:
    counted_s = session.started_s + session.live_s + session.late_s + session.gone_s + session.unknown_s
    step_s = max(0.0, seen.at_s - counted_s)
    known_s = min(step_s, _LONGEST_STEP_S)
    # What was not looked at is unknown, whatever came after it.
    unseen_s = step_s - known_s
    late = seen.ingest.lag_s is not None and seen.ingest.lag_s > _LATE_S
    states = dict(session.states)
    states[quality.value] = states.get(quality.value, 0.0) + known_s
    octets = dict(session.octets)
    for uplink, amount in carried.items():
        octets[uplink] = octets.get(uplink, 0.0) + amount
    return replace(
        session,
        seen_s=seen.at_s if live else session.seen_s,
        live_s=session.live_s + (known_s if live and not late else 0.0),
        late_s=session.late_s + (known_s if live and late else 0.0),
        gone_s=session.gone_s + (known_s if live is False else 0.0),
        unknown_s=session.unknown_s + unseen_s + (known_s if live is None else 0.0),
        states=states,
        octets=octets,
    )
