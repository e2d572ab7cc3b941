"""How loud an input was, from obs-websocket's event InputVolumeMeters: 20 a second, kept as the loudest since asked.

For each channel OBS tells `[magnitude, peak, raw peak]`, linear, 1 at full scale: the first two after
mute and fader, the last before. A muted input that is spoken into has a raw peak alone. Inputs that are
not active are not in the event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

EVENT = "InputVolumeMeters"
# A reader that stays away must not make a list of all the inputs that a collection ever had.
MOST_INPUTS = 256


@dataclass(frozen=True, slots=True)
class Level:
    """The loudest sample, before mute and fader and after them; 1 is full scale."""

    raw_peak: float
    peak: float


class Levels:
    """The loudest of each input since it was last taken."""

    def __init__(self) -> None:
        self._loudest: dict[str, Level] = {}

    def heard(self, data: object) -> None:
        """Take note of one event's data; what is malformed is passed over."""
        inputs = data.get("inputs") if isinstance(data, Mapping) else None
        for one in inputs if isinstance(inputs, list) else []:
            name = one.get("inputName") if isinstance(one, Mapping) else None
            found = _level(one.get("inputLevelsMul")) if isinstance(name, str) else None
            if isinstance(name, str) and found is not None:
                self._note(name, found)

    def _note(self, name: str, found: Level) -> None:
        before = self._loudest.get(name)
        if before is not None:
            found = Level(max(before.raw_peak, found.raw_peak), max(before.peak, found.peak))
        if before is not None or len(self._loudest) < MOST_INPUTS:
            self._loudest[name] = found

    def take(self, name: str) -> Level | None:
        """The loudest of the input since the last time; None when nothing was heard of it."""
        loudest, self._loudest = self._loudest, {}
        return loudest.get(name)


def _level(channels: object) -> Level | None:
    listed = channels if isinstance(channels, list) else []
    rows = [row for row in listed if _is_row(row)]
    if not rows:
        return None
    return Level(raw_peak=max(float(row[2]) for row in rows), peak=max(float(row[1]) for row in rows))


def _is_row(row: object) -> bool:
    return (
        isinstance(row, list)
        and len(row) == 3
        and all(isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1000 for value in row)
    )
