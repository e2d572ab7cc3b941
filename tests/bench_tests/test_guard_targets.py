"""The guard's bench: when a target counts as missed."""

from __future__ import annotations

from dataclasses import replace

from tests.bench.guard import Run, judged

GOOD = Run(stall_s=0.3, recovery_s=0.7, latest_s=0.4, carries_s=1.1, hung=False)


def _missed(runs: list[Run], *, guard: bool = True, dark: bool = False) -> list[str]:
    results = judged(runs, "uplink dark", guard=guard, dark=dark)
    return [result.name.partition(": ")[2] for result in results if not result.holds]


def test_good_runs_miss_nothing() -> None:
    """The table of a sound guard has no MISSED."""
    assert _missed([GOOD] * 20) == []


def test_medians_are_held_against_their_targets() -> None:
    """A single bad run may be the machine's; every second one is the guard's."""
    bad = replace(GOOD, stall_s=0.9, recovery_s=1.5, carries_s=4.0)

    assert _missed([GOOD, GOOD, bad]) == []
    assert _missed([GOOD, bad, bad]) == ["stall", "well again", "both carry after healing"]


def test_never_is_longer_than_any_target() -> None:
    """A run that did not recover is no run without a result."""
    assert _missed([GOOD, replace(GOOD, recovery_s=None), replace(GOOD, recovery_s=None)]) == ["well again"]


def test_one_hung_run_is_too_many() -> None:
    """With the guard none may hang, in the dark of both uplinks either; without it, hanging is what is compared."""
    hung = replace(GOOD, hung=True)

    assert _missed([GOOD] * 19 + [hung]) == ["hung"]
    assert _missed([GOOD] * 19 + [hung], dark=True) == ["hung"]
    assert _missed([hung], guard=False) == []
