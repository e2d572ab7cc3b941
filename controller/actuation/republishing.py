"""When a push that is down is switched off and on: once an outage, and then a person is told. Pure.

Encoders connect again by themselves; some hang in it, and then only their own switch helps.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum


class Repair(Enum):
    """What to do about the push."""

    NOTHING = "nothing"
    TOGGLE = "toggle"
    TELL = "tell"


@dataclass(frozen=True, slots=True)
class Outage:
    """Since when the push is down, monotonic seconds, None while it is up; and what was done about it."""

    since_s: float | None = None
    toggled: bool = False
    told: bool = False


def push_seen(
    outage: Outage, *, publishing: bool | None, switched_on: bool | None, now_s: float, after_s: float
) -> tuple[Outage, Repair]:
    """The outage after one more read, and what to do now; `after_s` 0 never does anything.

    Only a push that the unit says is switched on is toggled: one that somebody switched off stays off.
    """
    if publishing is not False or switched_on is not True or after_s <= 0:
        return Outage(), Repair.NOTHING
    if outage.since_s is None:
        return replace(outage, since_s=now_s), Repair.NOTHING
    down_s = now_s - outage.since_s
    if not outage.toggled and down_s >= after_s:
        return replace(outage, toggled=True), Repair.TOGGLE
    if outage.toggled and not outage.told and down_s >= 2 * after_s:
        return replace(outage, told=True), Repair.TELL
    return outage, Repair.NOTHING
