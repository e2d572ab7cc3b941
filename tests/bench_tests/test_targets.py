"""Times held against their targets."""

from __future__ import annotations

import pytest

from tests.bench.targets import timed


def test_times_within_the_target_hold() -> None:
    """Middle, 95 % and worst are told."""
    found = timed("order", [0.1, 0.2, 0.3], 0.5)

    assert found.holds
    assert found.value == "p50 0.20, p95 0.29, worst 0.30 s of 3/3"


@pytest.mark.parametrize("values_s", [[0.1, None], [0.1, 0.9], [None], []])
def test_a_late_or_missing_one_misses_the_target(values_s: list[float | None]) -> None:
    """What never came is not left out of the count, and nothing at all is no success."""
    assert timed("order", values_s, 0.5).holds is False
