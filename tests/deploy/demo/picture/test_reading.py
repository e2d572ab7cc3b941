"""The reader on recorded streams: both ways of looking find the newest picture's time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import av
import pytest

from deploy.demo.encoder.scenery import Scenery
from deploy.demo.picture.reading import Looks, Newest, StreamReader

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

from tests.deploy.demo.streaming import until

NOON_S = 1_800_000_000.0
FRAME_RATE_HZ = 25


def _record(path: Path, pictures: list[NDArray[np.uint8]]) -> None:
    with av.open(path, "w", format="flv") as container:
        video = container.add_stream("libx264", rate=FRAME_RATE_HZ)
        video.width, video.height, video.pix_fmt = pictures[0].shape[1], pictures[0].shape[0] * 2 // 3, "yuv420p"
        video.options = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": "keyint=20:scenecut=0"}
        for picture in pictures:
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="nv12")))
        container.mux(video.encode(None))


def _camera(count: int) -> list[NDArray[np.uint8]]:
    scenery = Scenery(width=320, height=180)
    return [scenery.frame(index, captured_s=NOON_S + index / FRAME_RATE_HZ) for index in range(count)]


def _read(path: Path, looks: Looks, *, tell: Callable[[Newest], None] = lambda _: None) -> StreamReader:
    reader = StreamReader(str(path), looks, tell=tell)
    reader.start()
    until(lambda: reader.problem == "the stream ended", what="the recording ends")
    reader.stop()
    return reader


@pytest.mark.parametrize("looks", list(Looks))
def test_the_newest_picture_is_found(tmp_path: Path, looks: Looks) -> None:
    """The last of 50 pictures, 9 after the last keyframe, has its own time, decoded or counted."""
    path = tmp_path / "stream.flv"
    _record(path, _camera(50))
    newest = _read(path, looks).newest
    assert newest is not None
    assert newest.captured_s == pytest.approx(NOON_S + 49 / FRAME_RATE_HZ, abs=0.002)


def test_whoever_asks_is_told_of_every_picture(tmp_path: Path) -> None:
    """Fifty pictures, each with its own time, in their order."""
    path, told = tmp_path / "stream.flv", list[Newest]()
    _record(path, _camera(50))
    _read(path, Looks.KEYFRAMES, tell=told.append)
    expected = [NOON_S + index / FRAME_RATE_HZ for index in range(50)]
    assert [one.captured_s for one in told] == pytest.approx(expected, abs=0.002)


@pytest.mark.parametrize("looks", list(Looks))
def test_another_scene_has_no_time(tmp_path: Path, looks: Looks) -> None:
    """Pictures without a stamp after the camera's yield None, never a time counted on."""
    path = tmp_path / "stream.flv"
    pictures = _camera(41)
    plain = pictures[0].copy()
    plain[:] = 128
    _record(path, pictures[:40] + [plain] * 10)
    newest = _read(path, looks).newest
    assert newest is not None
    assert newest.captured_s is None


def test_a_missing_stream_is_a_problem_and_no_picture(tmp_path: Path) -> None:
    """What cannot be opened is tried again, named by its kind of error, never by its address."""
    reader = StreamReader(str(tmp_path / "5ecret"), Looks.ALL)
    reader.start()
    until(lambda: reader.problem == "FileNotFoundError", what="the first attempt fails")
    reader.stop()
    assert reader.newest is None
