"""What a probe writes, one JSON object per line, and how its newest line is read back."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

STALE_S = 2.0  # a probe writes five lines a second: one silent for longer is dead, and knows nothing
TAIL_BYTES = 512  # several lines


class Sight(StrEnum):
    """What the probe sees."""

    LIVE = "live"
    FROZEN = "frozen"  # the newest picture is older than it may be between two frames
    UNSTAMPED = "unstamped"  # a picture, but not the camera's
    NOTHING = "nothing"  # no picture yet


@dataclass(frozen=True, slots=True)
class Sighting:
    """One look: `t` and `captured_t` are epoch seconds, `age_s` is their difference; None is unknown."""

    t: float
    sight: Sight
    captured_t: float | None
    age_s: float | None

    def to_line(self) -> str:
        """The sighting as one line of JSON."""
        return json.dumps(asdict(self))


def newest(path: Path) -> Sighting | None:
    """The last whole line of the probe's file, or None."""
    with suppress(OSError, ValueError, TypeError, LookupError), path.open("rb") as file:
        file.seek(max(0, file.seek(0, 2) - TAIL_BYTES))
        whole, _, _ = file.read().rpartition(b"\n")
        fields = json.loads(whole.rpartition(b"\n")[2])
        return Sighting(**fields | {"sight": Sight(fields["sight"])})
    return None


def newest_age_s(path: Path, now_s: float) -> float | None:
    """How old the newest picture is at `now_s` (epoch); None without a stamped picture or a living probe."""
    seen = newest(path)
    if seen is None or seen.captured_t is None or now_s - seen.t > STALE_S:
        return None
    return now_s - seen.captured_t
