"""Results that outlive the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bench.rig import keeping
from tests.bench.rig.keeping import Played
from tests.bench.rig.outcome import Transition
from tests.bench.rig.segments import synthetic_segments

if TYPE_CHECKING:
    from pathlib import Path


def test_a_result_is_read_back_as_it_was_and_for_its_segment_alone(tmp_path: Path) -> None:
    """Equal after a round trip; another segment or policy finds nothing."""
    one, other = synthetic_segments(2)
    played = Played(
        segment=one.number,
        digest=one.pair.digest(),
        policy="locked",
        before_s=7.5,
        arrived_s={0.04: 0.2, -0.5: 0.1},
        transitions=(Transition(3.25, "HIGH", "MEDIUM"),),
        cpu_share={"encoder": 0.25},
        load=1.5,
    )
    keeping.write(tmp_path, one, played)
    assert keeping.read(tmp_path, one, "locked") == played
    assert keeping.read(tmp_path, one, "adaptive") is None
    assert keeping.read(tmp_path, other, "locked") is None


def test_each_take_has_a_place_of_its_own(tmp_path: Path) -> None:
    """A second take leaves the first as it was, and the third is still to be played."""
    one = synthetic_segments(1)[0]
    takes = [Played(1, one.pair.digest(), "locked", 7.5, {}, (), {}, load=load) for load in (1.0, 2.0)]
    for take, played in enumerate(takes, start=1):
        keeping.write(tmp_path, one, played, take)
    assert [keeping.read(tmp_path, one, "locked", take) for take in (1, 2, 3)] == [*takes, None]


def test_a_starved_encoder_shows_in_the_lead() -> None:
    """Pictures at 24 a second from before the lead on count as 24, whatever came in the segment."""
    arrived = {number / 24 - 25: number / 24 - 24.9 for number in range(24 * 25)} | {0.5: 0.6}
    played = Played(1, "", "locked", 7.5, arrived, (), {})
    assert played.pictures_per_s == 24.0
