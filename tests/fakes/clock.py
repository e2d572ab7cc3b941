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
