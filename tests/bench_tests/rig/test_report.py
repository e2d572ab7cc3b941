"""The table."""

from __future__ import annotations

from tests.bench.rig.agreement import Comparison, verdict
from tests.bench.rig.outcome import Outcome, Transition
from tests.bench.rig.report import table
from tests.bench.rig.segments import synthetic_segments


def test_every_segment_and_every_run_has_its_line() -> None:
    """Two segments described, one run with both sides' figures and transitions, and what is not met."""
    rig = Outcome(0.9, 1.5, (Transition(12.2, "HIGH", "MEDIUM"),))
    runs = [Comparison(2, "locked", rig, Outcome(0.8, 3.0, ()), 29.5)]
    lines = table(synthetic_segments(2), [runs], verdict(runs)).splitlines()
    assert [line.split()[0] for line in lines[:2]] == ["1", "2"]
    assert " ".join(lines[4].split()) == "2 locked 90.0% / 80.0% 10.0% 1.50 / 3.00 2.00 29.5 12:HIGH>MEDIUM | none | 0"
    assert "10.0%" in lines[-1]
    assert "1.5 at most" in lines[-1]
    assert "within 3 s" in lines[-1]


def test_what_was_played_again_tells_how_far_the_rig_repeats_itself() -> None:
    """Two takes that fall 10 s apart: none alike, the model has the second one's, and a single take says nothing."""
    falls = [Outcome(0.9, 1.5, (Transition(at_s, "HIGH", "MEDIUM"),)) for at_s in (12.0, 22.0)]
    takes = [Comparison(2, "locked", rig, falls[1]) for rig in falls]
    lines = table(synthetic_segments(2), [takes], verdict(takes)).splitlines()
    assert lines[-3].startswith("the rig against itself, 1 pairs of runs:")
    assert lines[-3].endswith("transitions alike 0%")
    assert lines[-2].endswith("transitions alike 50%")
    assert lines[-1].endswith("the rig's 0 of 2, the model's 2 of 2")
    assert "against itself" not in table(synthetic_segments(2), [takes[:1]], verdict(takes[:1]))
