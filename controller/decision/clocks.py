"""One clock per wish: how long its condition has held without a break.

A wish's clock is started, kept or cleared by its own condition alone. Unknown clears it: a gap proves
nothing, neither health nor trouble.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Clocks:
    """Since when each wish's condition has held: (wish, seconds since the epoch) pairs."""

    since: tuple[tuple[str, float], ...] = ()

    def run(self, conditions: Mapping[str, bool | None], *, at_s: float) -> Clocks:
        """The clocks after `conditions` were seen at `at_s`; wishes that are not named are dropped."""
        before = dict(self.since)
        return Clocks(tuple((wish, before.get(wish, at_s)) for wish, holds in conditions.items() if holds))

    def held_s(self, wish: str, *, at_s: float) -> float | None:
        """For how long the condition of `wish` has held; None when it does not hold."""
        for name, since_s in self.since:
            if name == wish:
                return at_s - since_s
        return None

    def matured(self, wish: str, for_s: float, *, at_s: float) -> bool:
        """Whether the condition of `wish` has held for at least `for_s` seconds."""
        held_s = self.held_s(wish, at_s=at_s)
        return held_s is not None and held_s >= for_s
