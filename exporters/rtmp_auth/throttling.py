"""Addresses that guess: how often one failed lately, and whether it must wait. Bounded in memory.

Five failures in a minute block an address for a minute; a neighbour behind the same carrier's address
waits with it. IPv6 counts by /64, which is what one customer gets.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

_HOST_BITS_V6 = 64
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Limits:
    """So many failures within `within_s` block for `block_s`; at most `places` are remembered."""

    failures: int = 5
    within_s: float = 60.0
    block_s: float = 60.0
    places: int = 10_000


class Throttle:
    """The failures of late, by place. Times are seconds on a steady clock."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._failed: OrderedDict[Place, deque[float]] = OrderedDict()
        self._until: OrderedDict[Place, float] = OrderedDict()

    def blocked(self, address: IPv4Address | IPv6Address | None, *, at_s: float) -> bool:
        """Whether the address must wait. An attempt of which no address is known counts as one place."""
        until_s = self._until.get(_place(address))
        return until_s is not None and at_s < until_s

    def fail(self, address: IPv4Address | IPv6Address | None, *, at_s: float) -> bool:
        """Count a failure; whether it is the one that blocks the address."""
        place = _place(address)
        failed = self._failed.setdefault(place, deque(maxlen=self._limits.failures))
        self._failed.move_to_end(place)
        failed.append(at_s)
        self._forget(at_s)
        if len(failed) < self._limits.failures or at_s - failed[0] > self._limits.within_s:
            return False
        del self._failed[place]
        self._until[place] = at_s + self._limits.block_s
        self._until.move_to_end(place)
        return True

    def count(self, *, at_s: float) -> int:
        """How many places are blocked."""
        return sum(at_s < until_s for until_s in list(self._until.values()))

    def _forget(self, at_s: float) -> None:
        while len(self._failed) > self._limits.places:
            self._failed.popitem(last=False)
        while self._until and (len(self._until) > self._limits.places or at_s >= next(iter(self._until.values()))):
            self._until.popitem(last=False)


def _place(address: IPv4Address | IPv6Address | None) -> Place:
    if address is None:
        return (0, 0)
    number = int(address)
    return (4, number) if address.version == 4 else (6, number >> _HOST_BITS_V6)
