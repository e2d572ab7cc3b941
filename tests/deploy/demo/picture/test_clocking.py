"""Capture times counted on from a stamped keyframe."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.picture.clocking import JUMP_S, PictureClock

NOON_S = 1_800_000_000.0


@given(
    start_s=st.floats(0, 1e6),
    steps_s=st.lists(st.floats(0, JUMP_S - 0.001), max_size=50),
)
def test_pictures_after_a_stamp_count_on(start_s: float, steps_s: list[float]) -> None:
    """However many pictures follow, the newest was taken as much later as media time says."""
    clock = PictureClock().at_stamp(start_s, NOON_S)
    media_s = start_s
    for step_s in steps_s:
        media_s += step_s
        clock = clock.after(media_s)
    assert clock.captured_s == pytest.approx(NOON_S + media_s - start_s, abs=1e-3)


def test_nothing_is_known_before_the_first_stamp() -> None:
    """Pictures before the first keyframe have no capture time."""
    assert PictureClock().captured_s is None
    assert PictureClock().after(1.0).after(1.1).captured_s is None


@pytest.mark.parametrize("media_s", [0.0, 9.9, 10.0 + JUMP_S + 0.1])
def test_a_jump_of_media_time_ends_the_knowledge(media_s: float) -> None:
    """A new publisher starts media time anew: until its first stamp the capture time is unknown."""
    clock = PictureClock().at_stamp(10.0, NOON_S).after(media_s)
    assert clock.captured_s is None
    assert clock.after(media_s + 0.1).captured_s is None
    assert clock.at_stamp(media_s + 0.2, NOON_S + 20).captured_s == pytest.approx(NOON_S + 20)


def test_an_unstamped_keyframe_ends_the_knowledge() -> None:
    """Another scene's picture never inherits the camera's time."""
    clock = PictureClock().at_stamp(10.0, NOON_S).at_stamp(12.0, None)
    assert clock.after(12.1).captured_s is None
