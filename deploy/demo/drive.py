"""The scripted drive: what happens to each uplink, and when.

A drive is data: moments in seconds since its start, each setting something on some uplinks. It says
nothing of how an uplink is emulated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

GOOD_BPS = 8_000_000
WEAK_BPS = 1_000_000
LENGTH_S = 300.0


@dataclass(frozen=True, slots=True)
class Moment:
    """From `at_s` on, `uplinks` have this rate (bit/s) or, with `hole`, let nothing through."""

    at_s: float
    uplinks: tuple[str, ...]
    rate_bps: int
    hole: bool
    text: str


@dataclass(frozen=True, slots=True)
class Drive:
    """A timeline of moments, oldest first, and the length after which it starts anew."""

    moments: tuple[Moment, ...]
    length_s: float

    def due(self, since_s: float, until_s: float) -> tuple[Moment, ...]:
        """The moments after `since_s`, up to and including `until_s`; both count from the start."""
        return tuple(moment for moment in self.moments if since_s < moment.at_s <= until_s)

    def capacity_bps(self, uplink: str, at_s: float) -> int:
        """What `uplink` carries at `at_s`, bit/s; 0 in a hole."""
        past = [moment for moment in self.moments if moment.at_s <= at_s and uplink in moment.uplinks]
        return 0 if not past or past[-1].hole else past[-1].rate_bps

    def scaled(self, length_s: float) -> Drive:
        """The same story in `length_s` seconds."""
        factor = length_s / self.length_s
        return Drive(
            tuple(replace(moment, at_s=moment.at_s * factor) for moment in self.moments),
            length_s,
        )


def scripted(uplinks: tuple[str, ...]) -> Drive:
    """One uplink dies for 20 s, all weaken for 30 s, all go black for 15 s; good stretches between.

    The stretch after the weak one lasts 128 s: the cautious policy climbs after 60 s of stability and
    60 s of RECOVERY, and that shall be seen.
    """
    first, all_of_them = uplinks[:1], uplinks
    return Drive(
        (
            Moment(0.0, all_of_them, GOOD_BPS, hole=False, text="every uplink at 8 Mbit/s"),
            Moment(20.0, first, GOOD_BPS, hole=True, text=f"{first[0]} dies"),
            Moment(40.0, first, GOOD_BPS, hole=False, text=f"{first[0]} is back"),
            Moment(50.0, all_of_them, WEAK_BPS, hole=False, text="every uplink falls to 1 Mbit/s"),
            Moment(80.0, all_of_them, GOOD_BPS, hole=False, text="every uplink recovers"),
            Moment(208.0, all_of_them, GOOD_BPS, hole=True, text="every uplink goes black"),
            Moment(223.0, all_of_them, GOOD_BPS, hole=False, text="every uplink is back"),
        ),
        LENGTH_S,
    )
