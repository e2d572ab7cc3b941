"""How far an uplink is trusted: what the last hour says of it.

Trust is the product of four shares: the time it was alive, and how far deaths, loss and the spread of its RTT
leave it usable. It is None until it has been watched for a minute. It is the prior when an uplink comes
back: what has died five times this hour is given less at once than what died for the first time.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from controller.decision.model import UplinkReading

MINUTE_S = 60.0
MINUTES = 60
WATCHED_AT_LEAST_S = 60.0
# A tick that took longer was late or blind: nobody watched in between.
_LONGEST_TICK_S = 2.0
# Each halves the trust: ten deaths an hour, 5 % loss, an RTT that spreads by 200 ms.
_DEATHS_PER_H = 10.0
_LOSS = 0.05
_SPREAD_S = 0.2
# Back for longer than this, an uplink is judged by what it does, not by what it did.
_RETURNED_FOR_S = 30.0
# However bad its hour was, an uplink gets its chance after four times the calm.
_LEAST = 0.25


@dataclass(frozen=True, slots=True)
class Minute:
    """Sums over one minute of watching; `_s` sums are weighted with the seconds watched."""

    start_s: float
    watched_s: float = 0.0
    alive_s: float = 0.0
    deaths: int = 0
    loss_s: float = 0.0
    loss_known_s: float = 0.0
    rtt_s: float = 0.0
    rtt_squared_s: float = 0.0
    rtt_known_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Record:
    """What is remembered of one uplink; `returned_s` is when it last came back from the dead."""

    name: str
    seen_s: float
    dead: bool | None = None
    returned_s: float | None = None
    minutes: tuple[Minute, ...] = ()


@dataclass(frozen=True, slots=True)
class Trust:
    """The verdict: `score` 0 to 1, None while unknown, and the readings that make it."""

    score: float | None
    availability: float | None = None
    deaths_per_h: float | None = None
    loss_ratio: float | None = None
    rtt_spread_s: float | None = None


def watch(records: tuple[Record, ...], uplinks: Iterable[UplinkReading], *, at_s: float) -> tuple[Record, ...]:
    """The records after one look; uplinks that are not named any more are forgotten after an hour."""
    known = {record.name: record for record in records}
    for uplink in uplinks:
        known[uplink.name] = _watched(known.get(uplink.name), uplink, at_s=at_s)
    return tuple(record for record in known.values() if at_s - record.seen_s <= MINUTE_S * MINUTES)


def _watched(before: Record | None, uplink: UplinkReading, *, at_s: float) -> Record:
    if before is None or at_s < before.seen_s:
        return Record(name=uplink.name, seen_s=at_s, dead=uplink.dead)
    passed_s = at_s - before.seen_s
    minutes = before.minutes
    if not minutes or at_s - minutes[-1].start_s >= MINUTE_S:
        oldest_s = at_s - MINUTE_S * MINUTES
        minutes = (*(minute for minute in minutes if minute.start_s > oldest_s), Minute(start_s=at_s))
    died, returned = uplink.dead is True and before.dead is not True, uplink.dead is False and before.dead is True
    watched_s = passed_s if passed_s <= _LONGEST_TICK_S and uplink.dead is not None else 0.0
    minute = _added(minutes[-1], uplink, watched_s=watched_s, died=died)
    return Record(
        name=before.name,
        seen_s=at_s,
        dead=before.dead if uplink.dead is None else uplink.dead,
        returned_s=at_s if returned else before.returned_s,
        minutes=(*minutes[:-1], minute),
    )


def _added(minute: Minute, uplink: UplinkReading, *, watched_s: float, died: bool) -> Minute:
    loss_s = watched_s if uplink.loss_ratio is not None else 0.0
    rtt_s = watched_s if uplink.rtt_s is not None and not uplink.dead else 0.0
    rtt = uplink.rtt_s or 0.0
    return Minute(
        start_s=minute.start_s,
        watched_s=minute.watched_s + watched_s,
        alive_s=minute.alive_s + (0.0 if uplink.dead else watched_s),
        deaths=minute.deaths + died,
        loss_s=minute.loss_s + loss_s * (uplink.loss_ratio or 0.0),
        loss_known_s=minute.loss_known_s + loss_s,
        rtt_s=minute.rtt_s + rtt_s * rtt,
        rtt_squared_s=minute.rtt_squared_s + rtt_s * rtt * rtt,
        rtt_known_s=minute.rtt_known_s + rtt_s,
    )


def trust(record: Record) -> Trust:
    """How far the uplink of `record` is trusted."""
    watched_s = sum(minute.watched_s for minute in record.minutes)
    if watched_s < WATCHED_AT_LEAST_S:
        return Trust(None)
    availability = sum(minute.alive_s for minute in record.minutes) / watched_s
    deaths_per_h = sum(minute.deaths for minute in record.minutes) * MINUTE_S * MINUTES / max(watched_s, 600.0)
    loss = _mean((minute.loss_s, minute.loss_known_s) for minute in record.minutes)
    rtt = _mean((minute.rtt_s, minute.rtt_known_s) for minute in record.minutes)
    squared = _mean((minute.rtt_squared_s, minute.rtt_known_s) for minute in record.minutes)
    spread_s = None if rtt is None or squared is None else sqrt(max(0.0, squared - rtt * rtt))
    score = availability / (1 + deaths_per_h / _DEATHS_PER_H)
    score /= (1 + (loss or 0.0) / _LOSS) * (1 + (spread_s or 0.0) / _SPREAD_S)
    return Trust(score, availability, deaths_per_h, loss, spread_s)


def wariness(records: Iterable[Record], *, at_s: float) -> float:
    """How many times longer than usual a calm must last before more is sent: 1 to 4.

    It is the inverse of the trust in the least trusted uplink that came back lately. An uplink of which too
    little is known asks for no more calm than any other: what it can carry is measured then.
    """
    back = (one for one in records if one.returned_s is not None and 0.0 <= at_s - one.returned_s <= _RETURNED_FOR_S)
    scores = (trust(one).score for one in back if one.dead is False)
    return 1.0 / max(_LEAST, min((score for score in scores if score is not None), default=1.0))


def _mean(sums: Iterable[tuple[float, float]]) -> float | None:
    pairs = list(sums)
    weight = sum(known for _, known in pairs)
    return sum(total for total, _ in pairs) / weight if weight > 0 else None
