"""Small memories of what was seen lately. Pure; times are seconds on any steady clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable


class RecentMin:
    """The least value of about the last `span_s` seconds, kept as one minimum for each part of the span."""

    def __init__(self, span_s: float, parts: int = 6) -> None:
        self._part_s = span_s / parts
        self._minima: deque[tuple[int, float]] = deque(maxlen=parts)

    def add(self, at_s: float, value: float) -> None:
        """Take a value, not older than the last."""
        part = int(at_s // self._part_s)
        if self._minima and self._minima[-1][0] == part:
            if value < self._minima[-1][1]:
                self._minima[-1] = (part, value)
        else:
            self._minima.append((part, value))

    def min(self, at_s: float) -> float | None:
        """The least value of the span that ends at `at_s`; None when there was none."""
        oldest = int(at_s // self._part_s) - (self._minima.maxlen or 0)
        return min((value for part, value in self._minima if part > oldest), default=None)

    def clear(self) -> None:
        """Forget everything."""
        self._minima.clear()


class RecentMax:
    """The largest of the values of the last `span_s` seconds, of a value every 100 ms or so."""

    def __init__(self, span_s: float) -> None:
        self._span_s = span_s
        self._values: deque[tuple[float, float]] = deque()

    def add(self, at_s: float, value: float) -> None:
        """Take a value, not older than the last. Those that it outdoes are forgotten."""
        while self._values and self._values[-1][1] <= value:
            self._values.pop()
        self._values.append((at_s, value))

    def max(self, at_s: float) -> float | None:
        """The largest value of the span that ends at `at_s`; None when there was none."""
        while self._values and self._values[0][0] < at_s - self._span_s:
            self._values.popleft()
        return self._values[0][1] if self._values else None


class Once:
    """Tells the first sight of a thing from its copies, among the last `limit` things; it keeps hashes only."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._seen: dict[int, None] = {}

    def first(self, thing: Hashable) -> bool:
        """Whether it is new; from now on it is not."""
        mark = hash(thing)
        if mark in self._seen:
            return False
        if len(self._seen) >= self._limit:
            del self._seen[next(iter(self._seen))]
        self._seen[mark] = None
        return True


class RoundTrip:
    """Smoothed round trip and its deviation, as RFC 6298 takes them, and the least of the last 60 s."""

    __slots__ = ("_least", "deviation_s", "smoothed_s")

    def __init__(self) -> None:
        self.smoothed_s: float | None = None
        self.deviation_s: float | None = None
        self._least = RecentMin(60)

    def add(self, at_s: float, rtt_s: float) -> None:
        """Take a measurement; impossible ones, and those beyond a minute, are no measurements."""
        if not 0 < rtt_s < 60:
            return
        if self.smoothed_s is None or self.deviation_s is None:
            self.smoothed_s, self.deviation_s = rtt_s, rtt_s / 2
        else:
            self.deviation_s += (abs(self.smoothed_s - rtt_s) - self.deviation_s) / 4
            self.smoothed_s += (rtt_s - self.smoothed_s) / 8
        self._least.add(at_s, rtt_s)

    def least_s(self, at_s: float) -> float | None:
        """The least round trip of the last 60 s."""
        return self._least.min(at_s)
