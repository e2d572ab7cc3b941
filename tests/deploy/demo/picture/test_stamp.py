"""The stamp: what is drawn is read, through scaling and a starved encoder, and nothing else is."""

from __future__ import annotations

import io
import zlib
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.demo.encoder.scenery import Scenery
from deploy.demo.picture import stamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

SIZES = [(1920, 1080), (1280, 720), (854, 480), (850, 480), (640, 360), (320, 180)]
TIMES_MS = st.integers(0, (1 << stamp.TIME_BITS) - 1)
NOON_S = 1_800_000_000.25


def _grey(width: int, height: int) -> NDArray[np.uint8]:
    return np.full((height, width), 110, np.uint8)


@given(captured_ms=TIMES_MS, size=st.sampled_from(SIZES))
def test_what_is_drawn_is_read(captured_ms: int, size: tuple[int, int]) -> None:
    """Any time that fits comes back to the millisecond, in every size the encoder has."""
    luma = _grey(*size)
    stamp.draw(luma, captured_ms=captured_ms)
    assert stamp.read(luma) == captured_ms / 1000


@given(captured_ms=TIMES_MS, flipped=st.sets(st.integers(0, 63), min_size=1, max_size=3))
def test_a_damaged_stamp_is_no_stamp(captured_ms: int, flipped: set[int]) -> None:
    """Up to three wrong cells never pass for another time."""
    cells = stamp.to_bits(captured_ms)
    cells[list(flipped)] ^= True
    assert stamp.from_bits(cells) is None


@given(level=st.integers(0, 255))
def test_an_even_picture_carries_no_stamp(level: int) -> None:
    """A studio's plain background, black and white included, is not read as a time."""
    assert stamp.read(np.full((360, 640), level, np.uint8)) is None


@settings(max_examples=50)
@given(seed=st.integers(0, 2**32 - 1), low=st.sampled_from([0, 90]), high=st.sampled_from([160, 256]))
def test_noise_carries_no_stamp(seed: int, low: int, high: int) -> None:
    """Neither fine noise nor random black and white cells pass the sync bits and the checksum."""
    rng = np.random.default_rng(seed)
    assert stamp.read(rng.integers(low, high, (360, 640), dtype=np.uint8)) is None
    cells = rng.integers(0, 2, (2, 32), dtype=np.uint8) * 255
    assert stamp.read(np.repeat(np.repeat(cells, 20, axis=0), 20, axis=1)[:40].repeat(9, axis=0)) is None


def test_a_blend_of_two_pictures_is_no_stamp() -> None:
    """Half way through a cross-fade the cells are grey, and grey is refused."""
    one, other = _grey(640, 360), _grey(640, 360)
    stamp.draw(one, captured_ms=0x0AAAAAAAAAA)
    stamp.draw(other, captured_ms=0x05555555555)
    assert stamp.read(((one.astype(int) + other) // 2).astype(np.uint8)) is None


@pytest.mark.parametrize("captured_ms", [-1, 1 << stamp.TIME_BITS])
def test_a_time_that_does_not_fit_is_refused(captured_ms: int) -> None:
    """The message names the time and the bits there are."""
    with pytest.raises(ValueError, match=rf"{captured_ms} ms does not fit 44 bits"):
        stamp.to_bits(captured_ms)


def _coded(frames: list[NDArray[np.uint8]], *, bitrate_bps: int, frame_rate_hz: int) -> Iterator[av.VideoFrame]:
    """The NV12 frames after x264 as the encoder sets it up."""
    height, width = frames[0].shape[0] * 2 // 3, frames[0].shape[1]
    file = io.BytesIO()
    with av.open(file, "w", format="flv") as container:
        video = container.add_stream("libx264", rate=frame_rate_hz)
        video.width, video.height, video.pix_fmt, video.bit_rate = width, height, "yuv420p", bitrate_bps
        limits = f"vbv-maxrate={bitrate_bps // 1000}:vbv-bufsize={bitrate_bps // 2000}:keyint={2 * frame_rate_hz}"
        video.options = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": limits}
        for picture in frames:
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="nv12")))
        container.mux(video.encode(None))
    file.seek(0)
    with av.open(file, "r") as coded:
        yield from coded.decode(video=0)


@pytest.mark.parametrize(
    ("size", "bitrate_bps"), [((1280, 720), 300_000), ((848, 480), 300_000), ((640, 360), 200_000)]
)
def test_the_stamp_survives_a_starved_encoder_and_the_studio(size: tuple[int, int], bitrate_bps: int) -> None:
    """Every picture of a second and a half is read after x264 at the lowest target, scaling to
    640x360, and x264 again as OBS does it.
    """
    scenery = Scenery(width=size[0], height=size[1])
    times = [NOON_S + index / 24 for index in range(36)]
    first = [scenery.frame(index, captured_s=at) for index, at in enumerate(times)]
    scaled = [
        frame.reformat(width=640, height=360, format="nv12").to_ndarray().astype(np.uint8)
        for frame in _coded(first, bitrate_bps=bitrate_bps, frame_rate_hz=24)
    ]
    lumas = [frame.to_ndarray()[:360, :640] for frame in _coded(scaled, bitrate_bps=1_500_000, frame_rate_hz=10)]
    assert [stamp.read(luma) for luma in lumas] == pytest.approx(times, abs=0.001)


def test_the_layout_is_a_contract() -> None:
    """An encoder and a probe of different versions must agree, so the drawn bytes never change."""
    luma = _grey(640, 360)
    stamp.draw(luma, captured_ms=1_800_000_000_123)
    assert zlib.crc32(luma.tobytes()) == 0x12F43E4A
