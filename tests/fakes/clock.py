"""A clock that only moves when told."""

from __future__ import annotations


class FakeClock:
    """Seconds, advanced by the test."""

    def __init__(self, now_s: float = 1_000.0) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        """The time now."""
        return self.now_s

    def advance(self, by_s: float) -> None:
        """Let `by_s` seconds pass."""
        self.now_s += by_s


class StandingClock:
    """The Clock port: both clocks stand until `advance`."""

    def __init__(self, wall_s: float = 1_700_000_100.0) -> None:
        self.start_s = wall_s
        self.passed_s = 0.0

    def wall_s(self) -> float:
        """Seconds since the epoch."""
        return self.start_s + self.passed_s

    def monotonic_s(self) -> float:
        """Seconds since some moment."""
        return 500.0 + self.passed_s

    def advance(self, by_s: float) -> None:
        """Let `by_s` seconds pass."""
        self.passed_s += by_s
