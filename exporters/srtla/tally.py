"""Counts of one link or one uplink, and how they are summed."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(slots=True)
class Tally:
    """What is counted per link. Up is from the sender to the receiver; bytes are UDP payload."""

    up_bytes: int = 0
    up_datagrams: int = 0
    down_bytes: int = 0
    down_datagrams: int = 0
    segments: int = 0
    retransmitted: int = 0
    retransmitted_bytes: int = 0
    duplicates: int = 0
    acknowledged_bytes: int = 0
    lost: int = 0
    late: int = 0

    def add(self, other: Tally) -> None:
        """Take over all counts of another."""
        for name in _NAMES:
            setattr(self, name, getattr(self, name) + getattr(other, name))


_NAMES = tuple(field.name for field in fields(Tally))


def total(*tallies: Tally) -> Tally:
    """The sum, as a new one."""
    found = Tally()
    for tally in tallies:
        found.add(tally)
    return found
