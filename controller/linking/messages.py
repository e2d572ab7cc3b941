"""What the two controllers tell each other, as plain data. Pure.

Up go events, numbered by the log that they are kept in, and the status of the moment. Down comes the override
in force, under the number of its book. An override travels with the seconds left of it, for the two clocks
may differ.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from controller.overriding.standing import MAX_FOR_S, override_from_plain, override_to_plain
from controller.timeline.records import Happening, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from controller.decision.model import Override
    from controller.timeline.records import Kept

MOST_EVENTS = 200
_LARGEST_NUMBER = 2**53
_KINDS = frozenset(Kind)


class EventMessage(BaseModel):
    """One event of the sender's log."""

    model_config = ConfigDict(allow_inf_nan=False)

    number: int = Field(ge=1, le=_LARGEST_NUMBER)
    at_s: float
    kind: str = Field(max_length=40)
    subject: str = Field(max_length=200)
    text: str = Field(max_length=4_000)
    data: dict[str, Any] = {}

    def happening(self) -> Happening:
        """The event; a kind that only a newer sender knows is kept as the controller's."""
        kind = Kind(self.kind) if self.kind in _KINDS else Kind.CONTROLLER
        return Happening(self.at_s, kind, self.subject, self.text, self.data)


class ReportMessage(BaseModel):
    """A report: the name of the sender's log, its next events in their order, and its status."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "log": "6a1c4c1e-4f43-4a0e-9c4f-2f0f3e0b7d11",
                    "events": [
                        {"number": 41, "at_s": 1793527200.5, "kind": "uplink", "subject": "att", "text": "it is back"}
                    ],
                    "status": {"state": "MEDIUM"},
                }
            ]
        }
    )

    log: str = Field(min_length=1, max_length=64)
    events: Annotated[list[EventMessage], Field(max_length=MOST_EVENTS)] = []
    status: dict[str, Any] | None = None


class ReceivedMessage(BaseModel):
    """The highest number of the sender's log that is kept here."""

    received: int


class OverrideMessage(BaseModel):
    """The override in force in the book called `book`, whose number is `number`; null for none."""

    book: str
    number: int
    left_s: float | None = None
    override: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Ordered:
    """What stands in the other controller's book; `left_s` are the seconds left of `override`."""

    book: str
    number: int
    override: Override | None
    left_s: float = 0.0

    def at(self, now_s: float) -> Override | None:
        """The override with its end on the clock that says `now_s`."""
        return None if self.override is None else replace(self.override, until_s=now_s + self.left_s)


def event_messages(events: Sequence[Kept]) -> list[EventMessage]:
    """Events of one's own log, to be sent."""
    return [
        EventMessage(
            number=one.number,
            at_s=one.happening.at_s,
            kind=one.happening.kind,
            subject=one.happening.subject[:200],
            text=one.happening.text[:4_000],
            data=dict(one.happening.data),
        )
        for one in events
    ]


def override_message(book: str, number: int, override: Override | None, *, now_s: float) -> OverrideMessage:
    """The override that stands at `now_s`, to be sent."""
    if override is None:
        return OverrideMessage(book=book, number=number)
    return OverrideMessage(
        book=book, number=number, left_s=override.until_s - now_s, override=override_to_plain(override)
    )


def ordered_from(message: OverrideMessage) -> Ordered:
    """What was received.

    Raises:
        ValueError: it is no override, or has no possible end.
    """
    if message.override is None:
        return Ordered(message.book, message.number, None)
    override = override_from_plain(message.override)
    if message.left_s is None or not 0 <= message.left_s <= MAX_FOR_S:
        raise ValueError("an override without a possible end")
    return Ordered(message.book, message.number, override, message.left_s)
