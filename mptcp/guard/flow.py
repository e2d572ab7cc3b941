"""What an uplink was given and what it delivered in the last seconds. Pure values; amounts are bytes of payload."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

KEPT_S = 3.0  # the fastest moment of so long is what an uplink can do: key frames come every second or two


def kbps(rate: float) -> int:
    """Bytes/s as kbit/s, for evidence."""
    return round(8 * rate / 1000)


@dataclass(frozen=True, slots=True)
class Mark:
    """One look: delivered since the record began, given and not delivered, and the kernel's newest rate in bytes/s."""

    at_s: float
    delivered: int
    waiting: int
    rate: float


@dataclass(frozen=True, slots=True)
class Flow:
    """The looks of the last seconds, oldest first; begun anew when a subflow comes or goes."""

    marks: tuple[Mark, ...] = ()
    counted: Mapping[int, int] = field(default_factory=dict, repr=False)

    def and_seen(self, now_s: float, *, delivered: Mapping[int, int], waiting: int, rate: float) -> Flow:
        """With one more look; `delivered` is what each subflow delivered since its own beginning."""
        known = self if delivered.keys() == self.counted.keys() else Flow(counted=delivered)
        gained = sum(max(0, total - known.counted[key]) for key, total in delivered.items())
        before = known.marks[-1].delivered if known.marks else 0
        recent = tuple(mark for mark in known.marks if now_s - mark.at_s <= KEPT_S)
        return Flow((*recent, Mark(now_s, before + gained, waiting, rate)), delivered)

    @property
    def waiting(self) -> int:
        """Given and not delivered."""
        return self.marks[-1].waiting if self.marks else 0

    @property
    def best_rate(self) -> float:
        """The fastest that it was lately, bytes/s: what it can do at least."""
        return max((mark.rate for mark in self.marks), default=0.0)

    def held_rate(self, span_s: float) -> float | None:
        """Bytes/s over the last `span_s` or a little more, if something has waited all that time; else None.

        Only then is it the uplink's own rate: one that had nothing to do delivered what it was given.
        """
        if not self.marks:
            return None
        newest = self.marks[-1]
        older = next((mark for mark in reversed(self.marks) if newest.at_s - mark.at_s >= span_s), None)
        if older is None or newest.delivered >= older.delivered + older.waiting:
            return None
        return (newest.delivered - older.delivered) / (newest.at_s - older.at_s)
