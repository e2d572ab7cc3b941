"""The ring of decisions and events: what was decided, from what, what was ordered and whether it took.

Bounded, in memory, newest last. The times of an order are filled in when they become known; one that
never becomes known stays None.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from controller.decision.model import EncoderTarget, Freshness, Quality, Reason, Scene


@dataclass(frozen=True, slots=True)
class Order:
    """What became of a decision at one device; times are seconds since the epoch."""

    device: str
    commanded_s: float | None = None
    applied_s: float | None = None
    shown_s: float | None = None
    outcome: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One decision that changed something. `values` are the readings it was made from; None is unknown."""

    number: int
    at_s: float
    quality: Quality
    changed_from: Quality | None
    target: EncoderTarget | None
    scene: Scene | None
    reason: Reason
    scene_reason: Reason | None
    freshness: Freshness
    age_s: float | None
    values: tuple[tuple[str, float | None], ...] = ()
    orders: tuple[Order, ...] = ()

    def order(self, device: str) -> Order | None:
        """The order to `device`, if there was one."""
        return next((order for order in self.orders if order.device == device), None)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened besides decisions: a device lost, a source back, a change by hand."""

    number: int
    at_s: float
    subject: str
    text: str


Told = Entry | Event | tuple[Entry, Order]
"""What a listener is told: a decision, an event, or what became of a decision at one device."""


class Journal:
    """The last `size` decisions and as many events; `tell` is told of each as it is kept."""

    def __init__(self, size: int = 1000, *, tell: Callable[[Told], None] = lambda _: None) -> None:
        self._tell = tell
        self._entries: deque[Entry] = deque(maxlen=size)
        self._events: deque[Event] = deque(maxlen=size)
        self._next = 1

    def decided(self, entry: Entry) -> int:
        """Keep a decision; its number is given here and returned."""
        number = self._number()
        self._entries.append(replace(entry, number=number))
        self._tell(self._entries[-1])
        return number

    def noticed(self, *, at_s: float, subject: str, text: str) -> None:
        """Keep an event."""
        self._events.append(Event(number=self._number(), at_s=at_s, subject=subject, text=text))
        self._tell(self._events[-1])

    def commanded(self, number: int, device: str, *, at_s: float) -> None:
        """Note that the decision's order went out to `device`; a repeated order keeps its first time."""
        entry = self.entry(number)
        order = entry.order(device) if entry else None
        self._put(number, replace(order, outcome=None) if order else Order(device=device, commanded_s=at_s))

    def answered(self, number: int, device: str, *, at_s: float, outcome: str, detail: str) -> None:
        """Note how the order ended; only a read-back that shows it gives it an applied time."""
        order = self._order(number, device)
        if order is not None:
            applied_s = at_s if outcome == "applied" else order.applied_s
            self._put(number, replace(order, applied_s=applied_s, outcome=outcome, detail=detail), told=True)

    def shown(self, number: int, device: str, *, at_s: float) -> None:
        """Note that the change was seen where viewers would see it."""
        order = self._order(number, device)
        if order is not None and order.shown_s is None:
            self._put(number, replace(order, shown_s=at_s), told=True)

    def entry(self, number: int) -> Entry | None:
        """The decision of that number, while the ring holds it."""
        return next((entry for entry in reversed(self._entries) if entry.number == number), None)

    def entries(self, limit: int | None = None) -> tuple[Entry, ...]:
        """The last decisions, newest first."""
        return tuple(reversed(self._entries))[:limit]

    def events(self, limit: int | None = None) -> tuple[Event, ...]:
        """The last events, newest first."""
        return tuple(reversed(self._events))[:limit]

    def _number(self) -> int:
        self._next += 1
        return self._next - 1

    def _order(self, number: int, device: str) -> Order | None:
        entry = self.entry(number)
        return entry.order(device) if entry else None

    def _put(self, number: int, order: Order, *, told: bool = False) -> None:
        for place in range(len(self._entries) - 1, -1, -1):
            entry = self._entries[place]
            if entry.number == number:
                others = tuple(one for one in entry.orders if one.device != order.device)
                self._entries[place] = replace(entry, orders=(*others, order))
                if told:
                    self._tell((self._entries[place], order))
                return
