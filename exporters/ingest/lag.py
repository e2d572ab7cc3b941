"""How late the picture is: wall time passed less media time passed since the best moment. Pure.

The media clock counts from wherever the publisher started it, so only differences tell anything.
The publisher's best moment, when media was furthest ahead of the wall clock, is taken as not late.
"""

from __future__ import annotations

from dataclasses import dataclass

# Two quartz clocks differ by at most 100 millionths: without this allowance 10 h of streaming would
# look 3.6 s late. A real delay is forgotten no faster, 0.36 s in an hour.
CLOCK_DRIFT = 100e-6
# Audio and video interleave to within 0.3 s, so media time may step back that far; a publisher that
# starts its clock anew steps back by all it had.
REBASE_BACK_S = 1.0
# A second of media in no time is more than a burst of late data brings within one poll of an idle
# link at its best; beyond 5 s ahead of the best moment it is another clock.
REBASE_AHEAD_S = 5.0


@dataclass(frozen=True, slots=True)
class Lag:
    """Where the media clock stood: `best_s` is the least wall-less-media offset of the session."""

    session: str
    media_time_s: float
    best_s: float
    at_s: float
    lag_s: float


def follow(last: Lag | None, *, session: str, media_time_s: float, at_s: float) -> Lag:
    """The lag at `at_s`, given the one before; a new session or a jump of the media clock starts at 0."""
    offset_s = at_s - media_time_s
    if last is None or last.session != session or _jumped(last, media_time_s, offset_s):
        return Lag(session, media_time_s, offset_s, at_s, 0.0)
    media_time_s = max(media_time_s, last.media_time_s)
    offset_s = at_s - media_time_s
    best_s = min(last.best_s + CLOCK_DRIFT * max(at_s - last.at_s, 0.0), offset_s)
    return Lag(session, media_time_s, best_s, at_s, offset_s - best_s)


def _jumped(last: Lag, media_time_s: float, offset_s: float) -> bool:
    return media_time_s < last.media_time_s - REBASE_BACK_S or offset_s < last.best_s - REBASE_AHEAD_S
