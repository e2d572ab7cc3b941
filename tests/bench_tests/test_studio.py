"""What the measurement of scenes makes of what it saw."""

from __future__ import annotations

import pytest

from tests.bench.studio import SHOWN_S, Change, Witness, results


@pytest.mark.parametrize(
    ("seen", "holds"),
    [
        ([0.1] * 10, True),
        ([SHOWN_S + 0.1] * 10, False),
        ([0.1] * 9 + [None], True),
        ([0.1] * 8 + [None, None], False),
        ([], False),
    ],
)
def test_slow_or_unseen_changes_miss_the_target(seen: list[float | None], *, holds: bool) -> None:
    """The target is of the 95th percentile, and a change that was never seen counts against it; one may be cut off."""
    found = [Change(read_back_s=value, told_s=value) for value in seen]

    assert [line.holds for line in results("library", found, 10)] == [holds, holds]


def test_the_witness_is_asked_for_one_change() -> None:
    """Of the changes that OBS told, the first to that scene within the time of the decision counts."""
    witness = Witness()
    witness.told = [(1.0, "A"), (2.0, "B"), (2.1, "B"), (3.0, "A")]

    assert witness.when("B", after_s=1.5, before_s=3.0) == 2.0
    assert witness.when("B", after_s=2.5, before_s=3.0) is None
