"""The camera's picture."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from deploy.demo.encoder.scenery import SEGMENTS, Scenery
from deploy.demo.picture import stamp

NOON_S = 1_800_000_000.5


@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (1280, 720), (850, 480), (640, 360), (240, 180)])
def test_a_frame_has_the_layout_gstreamer_expects(width: int, height: int) -> None:
    """NV12: one and a half times the height, lines padded to four bytes, the stamp on top."""
    lines = Scenery(width=width, height=height).frame(0, captured_s=NOON_S)
    assert lines.shape == (height * 3 // 2, (width + 3) // 4 * 4)
    assert stamp.read(lines[:height, :width]) == NOON_S


def test_each_frame_differs_from_the_one_before() -> None:
    """Half of the lower picture changes from frame to frame, else a bitrate order could not be seen."""
    scenery = Scenery(width=640, height=360)
    frames = [scenery.frame(index, captured_s=NOON_S + index / 30)[250:360].astype(int) for index in range(10)]
    changed = [np.mean(one != other) for one, other in pairwise(frames)]
    assert min(changed) > 0.5


def test_a_person_sees_a_freeze() -> None:
    """Within a second the clock's digits and the square have visibly moved."""
    scenery = Scenery(width=640, height=360)
    now, later = (scenery.frame(0, captured_s=NOON_S + shift)[60:200].astype(int) for shift in (0.0, 1.0))
    assert np.count_nonzero(np.abs(now - later) > 60) > 1000


def test_an_hour_of_frames_stays_within_the_textures() -> None:
    """Every offset wraps: no frame number runs off a texture's edge."""
    scenery = Scenery(width=320, height=180)
    for index in (0, 1, 639, 640, 9_999, 108_000, 10**7 + 1):
        assert scenery.frame(index, captured_s=NOON_S).shape == (270, 320)


def test_the_digits_are_told_apart() -> None:
    """No two figures light the same segments."""
    assert len({frozenset(figure) for figure in SEGMENTS}) == 10
