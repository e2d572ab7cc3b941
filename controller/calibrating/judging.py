"""What a trial showed: whether the change reached the ingest, what it cost, and its impact class. Pure.

Times are seconds since the epoch on the clock that stamps the ingest's samples, rates bit/s.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from controller.ports import Impact, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from controller.decision.model import EncoderTarget

# One missing scrape is none of the encoder's; with scrapes each second a pause shorter than this cannot be seen.
UNSEEN_GAP_S = 1.5
# The ports' own line between a glitch and a reconnect, plus what cannot be seen.
GLITCH_GAP_S = 2.5
# The rate is judged over this much: two pictures' groups of a second, so that no keyframe decides.
RATE_OVER_S = 3.0
# Half the bitrate was ordered: three quarters is the middle, an encoder's own wander is a tenth. Next to
# nothing is no lower bitrate but a pause.
MOVED_RATIO, PAUSED_RATIO = 0.75, 0.2


class Field(StrEnum):
    """What is tried, one at a time."""

    BITRATE = "bitrate"
    SIZE = "size"
    FRAME_RATE = "frame rate"


@dataclass(frozen=True, slots=True)
class Look:
    """What the ingest showed at one moment; None is not known."""

    at_s: float
    received_bytes: float | None = None
    publishing: bool | None = None
    width_px: int | None = None
    height_px: int | None = None
    frame_rate_hz: float | None = None


@dataclass(frozen=True, slots=True)
class Glance:
    """What the encoder said of itself at one moment."""

    at_s: float
    reachable: bool
    publishing: bool | None = None
    uptime_s: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one trial. `gap_s` is the longest time without a byte at the ingest, `after_s` when it showed."""

    field: Field
    impact: Impact
    outcome: Outcome
    shown: bool
    gap_s: float
    reconnected: bool
    rebooted: bool
    after_s: float | None
    text: str


def rate_bps(looks: Sequence[Look], *, until_s: float, over_s: float = RATE_OVER_S) -> float | None:
    """What arrived in the `over_s` seconds before `until_s`; None without two samples or after a new connection."""
    seen = [
        (look.at_s, look.received_bytes)
        for look in looks
        if look.received_bytes is not None and until_s - 1.1 * over_s <= look.at_s <= until_s + 0.1 * over_s
    ]
    if len(seen) < 2 or seen[-1][0] - seen[0][0] < over_s / 2:
        return None
    grown = seen[-1][1] - seen[0][1]
    return None if grown < 0 else grown * 8 / (seen[-1][0] - seen[0][0])


def shows(  # noqa: PLR0913 - what was ordered, what was seen, and since when
    field: Field,
    goal: EncoderTarget,
    looks: Sequence[Look],
    *,
    before_bps: float | None,
    since_s: float,
    over_s: float = RATE_OVER_S,
) -> bool:
    """Whether the newest look is as ordered; a rate is judged over `over_s` seconds."""
    if not looks or looks[-1].at_s <= since_s:
        return False
    newest = looks[-1]
    if field is Field.SIZE:
        return (newest.width_px, newest.height_px) == (goal.width_px, goal.height_px)
    if field is Field.FRAME_RATE:
        return newest.frame_rate_hz is not None and abs(newest.frame_rate_hz - goal.frame_rate_hz) < 1
    if newest.at_s - since_s < over_s or not before_bps:
        return False
    # Each third of the window must show it: a pause in one of them would bring down the whole.
    rates = [rate_bps(looks, until_s=newest.at_s - over_s * third / 3, over_s=over_s / 3) for third in range(3)]
    return all(rate is not None and PAUSED_RATIO * before_bps < rate < MOVED_RATIO * before_bps for rate in rates)


def longest_gap_s(looks: Sequence[Look]) -> float:
    """The longest time in which the count of bytes did not rise; a count that fell is a new connection's."""
    longest = since_s = 0.0
    known = [(look.at_s, look.received_bytes) for look in looks if look.received_bytes is not None]
    for (before_s, before), (at_s, after) in itertools.pairwise(known):
        since_s = since_s or before_s
        if after != before:
            longest = max(longest, at_s - since_s)
            since_s = at_s
    if known:
        longest = max(longest, known[-1][0] - (since_s or known[0][0]))
    return longest


def judged(  # noqa: PLR0913 - what was ordered, said and seen
    field: Field,
    *,
    outcome: Outcome,
    detail: str,
    shown_at_s: float | None,
    ordered_s: float,
    looks: Sequence[Look],
    glances: Sequence[Glance],
) -> Finding:
    """The finding of one trial, whose change showed at `shown_at_s`, if it did."""
    gap_s = longest_gap_s(looks)
    ups = [glance.uptime_s for glance in glances if glance.uptime_s is not None]
    rebooted = any(after < before for before, after in itertools.pairwise(ups))
    counts = [look.received_bytes for look in looks if look.received_bytes is not None]
    reconnected = (
        any(after < before for before, after in itertools.pairwise(counts))
        or any(look.publishing is False for look in looks)
        or any(glance.publishing is False for glance in glances)
    )
    shown = shown_at_s is not None
    impact = _impact(field, shown=shown, gap_s=gap_s, reconnected=reconnected, rebooted=rebooted)
    after_s = None if shown_at_s is None else shown_at_s - ordered_s
    return Finding(
        field=field,
        impact=impact,
        outcome=outcome,
        shown=shown,
        gap_s=round(gap_s, 1),
        reconnected=reconnected,
        rebooted=rebooted,
        after_s=None if after_s is None else round(after_s, 1),
        text=f"{field}: {_text(impact, detail if outcome in _NOT_DONE else None, gap_s=gap_s, after_s=after_s)}",
    )


def _impact(field: Field, *, shown: bool, gap_s: float, reconnected: bool, rebooted: bool) -> Impact:
    if not shown:
        return Impact.UNKNOWN
    if rebooted:
        return Impact.REBOOT
    if reconnected or gap_s >= GLITCH_GAP_S:
        return Impact.RECONNECT
    # A new size begins with a keyframe and a new decoder at least.
    return Impact.GLITCH if field is not Field.BITRATE or gap_s >= UNSEEN_GAP_S else Impact.NONE


_NOT_DONE = (Outcome.REFUSED, Outcome.UNKNOWN)


def _text(impact: Impact, why_not: str | None, *, gap_s: float, after_s: float | None) -> str:
    if after_s is None:
        if why_not is None:
            return "it reads back as ordered, but does not show at the ingest: not live on this unit"
        return f"not changed ({why_not})"
    if impact is Impact.NONE:
        return f"live; it shows at the ingest after {after_s:.1f} s"
    pause = f", {gap_s:.1f} s without a byte" if gap_s >= UNSEEN_GAP_S else ""
    return f"costs a {impact.name.lower()}{pause}; it shows at the ingest after {after_s:.1f} s"


def impacts_of(findings: Sequence[Finding]) -> tuple[Impact, Impact]:
    """The impacts of bitrate and geometry. Size and rate change together, so the dearer of them counts."""
    by_field = {finding.field: finding.impact for finding in findings}
    geometry = [by_field.get(Field.SIZE, Impact.UNKNOWN), by_field.get(Field.FRAME_RATE, Impact.UNKNOWN)]
    return by_field.get(Field.BITRATE, Impact.UNKNOWN), max(geometry)


def costs_of(findings: Sequence[Finding]) -> tuple[float | None, float | None]:
    """Seconds without picture of bitrate and geometry; None where a change is not possible, or costs less than seen."""
    bitrate, geometry = impacts_of(findings)
    seen = {finding.field: finding.gap_s for finding in findings if finding.shown}
    dear = {Impact.RECONNECT, Impact.REBOOT}
    of_geometry = [seen[field] for field in (Field.SIZE, Field.FRAME_RATE) if field in seen]
    return (
        seen.get(Field.BITRATE) if bitrate in dear else None,
        max(of_geometry, default=None) if geometry in dear else None,
    )
