"""What is kept, as values. Times are seconds since the epoch."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Kind(StrEnum):
    """Kinds of events."""

    TRANSITION = "transition"  # the quality state changed
    DECISION = "decision"  # another target or scene
    ORDER = "order"  # what became of an order at a device
    OVERRIDE = "override"
    ALERT = "alert"
    DEVICE = "device"
    UPLINK = "uplink"
    SESSION = "session"
    CONTROLLER = "controller"


# Kinds of which there may be one per second: they may wait to be written together.
FREQUENT = frozenset({Kind.DECISION, Kind.ORDER})


@dataclass(frozen=True, slots=True)
class Happening:
    """One event; `data` is plain JSON."""

    at_s: float
    kind: Kind
    subject: str
    text: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kept:
    """An event as kept: its number here, and the log that it came from ("" for our own)."""

    number: int
    happening: Happening
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """One stream, from when it was first seen live until it was gone for good.

    `live_s`, `late_s` and `gone_s` are seconds on time, later than viewers' buffers hide, and without any
    picture; `unknown_s` those of which nothing is known. `states` are seconds per quality state,
    `octets` what each uplink carried.
    """

    started_s: float
    seen_s: float
    ended_s: float | None = None
    live_s: float = 0.0
    late_s: float = 0.0
    gone_s: float = 0.0
    unknown_s: float = 0.0
    states: Mapping[str, float] = field(default_factory=dict)
    octets: Mapping[str, float] = field(default_factory=dict)
    number: int | None = None
