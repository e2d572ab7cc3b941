"""The guard's bench on slow uplinks: what it counts, and when a target counts as missed."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import pytest

from tests.bench.guard_slow import Run, judge, lines, slow_cases
from tests.bench.guard_stream import CAMERA, SMOOTH, Arrival, Pattern

CASE = replace(next(slow_cases(1.0, ["att"])), rate_bps=80_000.0, length_s=10.0, after_s=0.0)
GOOD = Run(0.5, 0.6, 1.0, 0.3, {"verizon": 0.5, "att": 0.5}, {"detours": 1, "promotions": 0})


@pytest.mark.parametrize("pattern", [SMOOTH, CAMERA], ids=["smooth", "camera"])
def test_pattern_keeps_its_rate(pattern: Pattern) -> None:
    """Key frames are taken out of the others, not added; a group is two seconds at most."""
    sizes = list(islice(pattern.sizes(4_000_000), 60))

    assert sum(sizes) * 8 == pytest.approx(4_000_000 * 60 * pattern.every_s, rel=0.01)
    assert max(sizes) == pytest.approx(min(sizes) * pattern.key_weight, rel=0.01)


def test_gaps_and_late_pictures_are_counted() -> None:
    """A picture a tenth of a second; those of two seconds come late, all at once, and so half a second too late."""
    arrivals = []
    for number in range(100):
        taken_s = 100.0 + number / 10
        at_s = max(taken_s + 0.05, 105.5) if 103.0 <= taken_s < 105.5 else taken_s + 0.05
        arrivals.append(Arrival(at_s, at_s - taken_s, 1000))
    run = judge(arrivals, CASE, (100.0, 110.0), {}, {})

    assert run.stall_s == pytest.approx(2.55)
    assert run.frozen_s == pytest.approx(2.55)
    assert run.on_time == pytest.approx(0.85)
    assert run.late_s == pytest.approx(2.0, abs=0.11)


def test_targets_hold_for_the_guard_alone() -> None:
    """Without it a stall is what is compared; medians count, for a single run may be the machine's."""
    bad = replace(GOOD, stall_s=3.0, on_time=0.5)

    def missed(runs: list[Run], *, guard: bool) -> list[str]:
        return [each.name.partition(": ")[2] for each in lines(CASE, runs, guard=guard) if not each.holds]

    assert missed([GOOD, GOOD, bad], guard=True) == []
    assert missed([GOOD, bad, bad], guard=True) == ["stall", "within 1 s"]
    assert missed([bad], guard=False) == []


def test_deeds_are_told() -> None:
    """Those that were done, over all runs."""
    told = {each.name.partition(": ")[2]: each.value for each in lines(CASE, [GOOD, GOOD], guard=True)}

    assert told["deeds in 2 runs"] == "2 detours"
    assert told["carried"] == "verizon 0.50, att 0.50"
