"""One clock per wish: how long its condition has held without a break.

A wish's clock is started, kept or cleared by its own condition alone. Unknown clears it, too: a gap proves nothing,
neither health nor trouble. Only a gap shorter than its wish bears leaves it running, and nothing ripens in one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Clocks:
    """Since when each wish's condition has held: (wish, seconds since the epoch) pairs.

    `gaps`: which of them are unknown now, and since when.
    """

    since: tuple[tuple[str, float], ...] = ()
    gaps: tuple[tuple[str, float], ...] = ()

    def run(
        self, conditions: Mapping[str, bool | None], *, at_s: float, bears_s: Mapping[str, float] | None = None
    ) -> Clocks:
        """The clocks after `conditions` were seen at `at_s`; wishes that are not named are dropped.

        `bears_s`: how long a wish must be unknown, from the first such look on, for its clock to be cleared; at once,
        where it is not named. That a condition does not hold clears every clock at once.
        """
        before, unknown, bears = dict(self.since), dict(self.gaps), bears_s or {}
        since, gaps = {}, {}
        for wish, holds in conditions.items():
            began_s = unknown.get(wish, None if holds else at_s)
            borne = began_s is None or at_s - began_s < bears.get(wish, 0.0)
            if holds:
                since[wish] = before.get(wish, at_s) if borne else at_s
            elif holds is None and began_s is not None and wish in before and borne:
                since[wish], gaps[wish] = before[wish], began_s
        return Clocks(tuple(since.items()), tuple(gaps.items()))

    def held_s(self, wish: str, *, at_s: float) -> float | None:
        """For how long the condition of `wish` has held; None when it does not hold, or nobody knows."""
        if any(name == wish for name, _ in self.gaps):
            return None
        for name, since_s in self.since:
            if name == wish:
                return at_s - since_s
        return None

    def matured(self, wish: str, for_s: float, *, at_s: float) -> bool:
        """Whether the condition of `wish` holds, and has for at least `for_s` seconds."""
        held_s = self.held_s(wish, at_s=at_s)
        return held_s is not None and held_s >= for_s
