"""What the rig did, kept in a file per segment and policy, so that a long target can be run in parts."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.bench.rig.outcome import Outcome, Transition, lateness, outcome
from tests.bench.rig.segments import SEGMENT_S, Segment


@dataclass(frozen=True, slots=True)
class Played:
    """One segment in the rig.

    Attributes:
        digest: of the uplinks' rates, so that a changed segment never meets an old result.
        before_s: how long the controller had run when the lead began.
        arrived_s: when each picture came, by when it was taken; both since the segment's begin, s.
        cpu_share: processor seconds per second, by part.
    """

    segment: int
    digest: str
    policy: str
    before_s: float
    arrived_s: dict[float, float]
    transitions: tuple[Transition, ...]
    cpu_share: dict[str, float]

    def outcome(self) -> Outcome:
        """What the segment came to."""
        return outcome(lateness(self.arrived_s, start_s=0.0, length_s=SEGMENT_S), self.transitions, SEGMENT_S)


def path_of(directory: Path, segment: Segment, policy_name: str) -> Path:
    """Where the result is kept."""
    return directory / f"{segment.number}-{policy_name}-{segment.pair.digest()[:8]}.json"


def read(directory: Path, segment: Segment, policy_name: str) -> Played | None:
    """The kept result of exactly this segment and policy, or None."""
    path = path_of(directory, segment, policy_name)
    if not path.is_file():
        return None
    fields = json.loads(path.read_text(encoding="utf-8"))
    fields["arrived_s"] = dict(fields["arrived_s"])
    fields["transitions"] = tuple(Transition(**one) for one in fields["transitions"])
    return Played(**fields)


def write(directory: Path, segment: Segment, played: Played) -> None:
    """Keep a result."""
    fields = asdict(played) | {"arrived_s": sorted(played.arrived_s.items())}
    path_of(directory, segment, played.policy).write_text(json.dumps(fields) + "\n", encoding="utf-8")
