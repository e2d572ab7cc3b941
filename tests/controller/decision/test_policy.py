"""A policy's rungs, looked up."""

from __future__ import annotations

import pytest

from controller.decision.model import Quality
from controller.decision.policies import LOCKED

UPWARDS = [Quality.ERROR, Quality.VERY_LOW, Quality.LOW, Quality.MEDIUM, Quality.HIGH]


@pytest.mark.parametrize(("height", "quality"), list(enumerate(UPWARDS)))
def test_rungs_stand_bottom_first(height: int, quality: Quality) -> None:
    """A rung knows its height, its neighbours and those below it."""
    above, below = LOCKED.next_up(quality), LOCKED.next_down(quality)

    assert LOCKED.height(quality) == height
    assert (above and above.quality) == (UPWARDS[height + 1] if height < 4 else None)
    assert (below and below.quality) == (UPWARDS[height - 1] if height > 0 else None)
    assert [rung.quality for rung in LOCKED.downwards_from(quality)] == UPWARDS[height::-1]


def test_recovery_is_no_rung() -> None:
    """It plays the preset that it came from, so a look-up of it is an error that says so."""
    with pytest.raises(KeyError, match="RECOVERY is not a rung of policy 'locked'"):
        LOCKED.rung(Quality.RECOVERY)


def test_the_bottom_has_no_floor_and_the_top_no_climb() -> None:
    """Every rung between has both: no rung can be a trap."""
    bottom, *between, top = LOCKED.rungs

    assert bottom.floor is None
    assert top.climb is None
    assert all(rung.floor and rung.climb for rung in between)
    assert bottom.climb
    assert top.floor
