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
    )
    keeping.write(tmp_path, one, played)
    assert keeping.read(tmp_path, one, "locked") == played
    assert keeping.read(tmp_path, one, "adaptive") is None
    assert keeping.read(tmp_path, other, "locked") is None
