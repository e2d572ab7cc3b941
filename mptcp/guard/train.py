"""A train: probes sent at once, whose echoes come back as far apart as the uplink's rate spaces them. Pure.

An uplink that carries nothing answers a single small probe at once, however slow it is. A train tells
what it would do with the 64 kB and more that the kernel binds to it in one go.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from mptcp.guard.wire import MOST_BYTES

PROBES = 10  # 12 kB: a fifth of a second at 0.5 Mbit/s, and the least that shows 5 Mbit/s through a few ms of jitter
ENOUGH = PROBES // 2
HEADER_BYTES = 28  # of IPv4 and UDP
PATIENCE_S = 1.0  # what takes longer than this is slower than 0.1 Mbit/s


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the train that left at `sent_s` showed of `uplink`: bytes/s, 0.0 when too little of it came back."""

    uplink: str
    sent_s: float
    rate: float


@dataclass(slots=True)
class Train:
    """A train under way: its probes' numbers count from `first`."""

    uplink: str
    sent_s: float
    first: int
    arrived_s: dict[int, float] = field(default_factory=dict)

    def take(self, number: int, now_s: float) -> bool:
        """Note the echo of a probe; whether it is one that this train still lacked."""
        if not self.first <= number < self.first + PROBES or number in self.arrived_s:
            return False
        self.arrived_s[number] = now_s
        return True

    def ended(self, now_s: float) -> bool:
        """Whether all echoes are there, or no longer waited for."""
        return len(self.arrived_s) == PROBES or now_s - self.sent_s >= PATIENCE_S

    def weighed(self) -> Weighed:
        """What it shows: the bytes between the echoes over the times between them.

        The longest of these is left out: a look at the wrong moment, or a radio's stall, is not the uplink's rate.
        """
        arrived = sorted(self.arrived_s.items())
        if len(arrived) < ENOUGH:
            return Weighed(self.uplink, self.sent_s, 0.0)
        gaps = sorted((later[1] - earlier[1], later[0] - earlier[0]) for earlier, later in pairwise(arrived))[:-1]
        packets, length_s = sum(count for _, count in gaps), sum(gap_s for gap_s, _ in gaps)
        return Weighed(self.uplink, self.sent_s, packets * (MOST_BYTES + HEADER_BYTES) / max(length_s, 0.001))
