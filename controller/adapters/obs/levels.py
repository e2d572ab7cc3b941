"""How loud an input was, from obs-websocket's event InputVolumeMeters: 20 a second, kept as the loudest since asked.

For each channel OBS tells `[magnitude, peak, raw peak]`, linear, 1 at full scale: the first two after
mute and fader, the last before, which is the one of interest: only muted inputs are listened to. Inputs
that are not active are not in the event.
"""

from __future__ import annotations

from collections.abc import Mapping

EVENT = "InputVolumeMeters"
# A reader that stays away must not make a list of all the inputs that a collection ever had.
MOST_INPUTS = 256


class Levels:
    """The largest raw peak of each input since it was last taken."""

    def __init__(self) -> None:
        self._loudest: dict[str, float] = {}

    def heard(self, data: object) -> None:
        """Take note of one event's data; what is malformed is passed over."""
        inputs = data.get("inputs") if isinstance(data, Mapping) else None
        for one in inputs if isinstance(inputs, list) else []:
            name = one.get("inputName") if isinstance(one, Mapping) else None
            found = _raw_peak(one.get("inputLevelsMul")) if isinstance(name, str) else None
            if isinstance(name, str) and found is not None:
                self._note(name, found)

    def _note(self, name: str, found: float) -> None:
        if name in self._loudest or len(self._loudest) < MOST_INPUTS:
            self._loudest[name] = max(found, self._loudest.get(name, 0.0))

    def take(self, name: str) -> float | None:
        """The largest raw peak of the input since the last time; None when nothing was heard of it."""
        loudest, self._loudest = self._loudest, {}
        return loudest.get(name)


def _raw_peak(channels: object) -> float | None:
    listed = channels if isinstance(channels, list) else []
    return max((float(row[2]) for row in listed if _is_row(row)), default=None)


def _is_row(row: object) -> bool:
    return (
        isinstance(row, list)
        and len(row) == 3
        and all(isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1000 for value in row)
    )
