"""What the rig did, kept in a file per segment and policy, so that a long target can be run in parts."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.bench.rig.outcome import Outcome, Transition, lateness, outcome
from tests.bench.rig.segments import LEAD_S, SEGMENT_S, Segment


@dataclass(frozen=True, slots=True)
class Played:
    """One segment in the rig.

    Attributes:
        digest: of the uplinks' rates, so that a changed segment never meets an old result.
        before_s: how long the controller had run when the lead began.
        arrived_s: when each picture came, by when it was taken; both since the segment's begin, s.
        cpu_share: processor seconds per second, by part.
        load: the machine's load average over the run's last minute; None where it was not noted.
    """

    segment: int
    digest: str
    policy: str
    before_s: float
    arrived_s: dict[float, float]
    transitions: tuple[Transition, ...]
    cpu_share: dict[str, float]
    load: float | None = None

    @property
    def pictures_per_s(self) -> float:
        """Pictures a second that came of the lead's: an encoder that a busy machine starves makes fewer."""
        return sum(-LEAD_S <= captured_s < 0.0 for captured_s in self.arrived_s) / LEAD_S

    def outcome(self) -> Outcome:
        """What the segment came to."""
        return outcome(lateness(self.arrived_s, start_s=0.0, length_s=SEGMENT_S), self.transitions, SEGMENT_S)


def path_of(directory: Path, segment: Segment, policy_name: str, take: int = 1) -> Path:
    """Where the result is kept; takes count from 1."""
    which = "" if take == 1 else f"-{take}"
    return directory / f"{segment.number}-{policy_name}-{segment.pair.digest()[:8]}{which}.json"


def read(directory: Path, segment: Segment, policy_name: str, take: int = 1) -> Played | None:
    """The kept result of exactly this segment, policy and take, or None."""
    path = path_of(directory, segment, policy_name, take)
    if not path.is_file():
        return None
    fields = json.loads(path.read_text(encoding="utf-8"))
    fields["arrived_s"] = dict(fields["arrived_s"])
    fields["transitions"] = tuple(Transition(**one) for one in fields["transitions"])
    return Played(**fields)


def write(directory: Path, segment: Segment, played: Played, take: int = 1) -> None:
    """Keep a result."""
    fields = asdict(played) | {"arrived_s": sorted(played.arrived_s.items())}
    path_of(directory, segment, played.policy, take).write_text(json.dumps(fields) + "\n", encoding="utf-8")
