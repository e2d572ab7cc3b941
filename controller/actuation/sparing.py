"""How often a device may be troubled: changes wear its flash, restarts cost a minute of stream. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

HOUR_S = 3600.0
# Of the changes that an hour may see: the rest is kept for falls, which save the picture.
SHARE_OF_RISES = 0.6
# A restart that did not help will not help a minute later, and viewers have left meanwhile.
RESTART_EVERY_S = 1800.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """At most `most` times in any `within_s` seconds; None is without a limit. `used_s` are the times of use."""

    most: int | None
    within_s: float
    used_s: tuple[float, ...] = ()

    def allows(self, now_s: float, *, share: float = 1.0) -> bool:
        """Whether it may happen once more, when only `share` of them are meant for it."""
        return self.most is None or len(self._recent(now_s)) < max(1, int(self.most * share))

    def used(self, now_s: float) -> Allowance:
        """After one more time."""
        return self if self.most is None else replace(self, used_s=(*self._recent(now_s), now_s))

    def _recent(self, now_s: float) -> tuple[float, ...]:
        return tuple(at_s for at_s in self.used_s if now_s - at_s < self.within_s)


def changes(most: int | None) -> Allowance:
    """Of changes in an hour."""
    return Allowance(most, HOUR_S)


def restarts() -> Allowance:
    """Of restarts by ourselves."""
    return Allowance(1, RESTART_EVERY_S)
