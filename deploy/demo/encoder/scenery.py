"""The camera's picture: a moving landscape that costs an encoder real bits, with the time stamped in.

Everything slow is drawn once per geometry; a frame is then a handful of copies from wider textures
at moving offsets. Grain over the lower part is what makes the bits real: smooth or merely panning
content would compress to almost nothing and a bitrate order would not show on the wire.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deploy.demo.picture import stamp

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Plane = NDArray[np.uint8]

GRAIN_TOP = 0.55  # of the height: below it, fresh grain in each frame
GRAIN_AMPLITUDE = 22  # of 219 luma steps: 720p30 can use more than 8 Mbit/s, 360p24 still obeys 300 kbit/s
HILL_PAN_PX, CLOUD_PAN_PX = 5, 2  # per frame, at 1280 wide
SEGMENTS = ("abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abcdfg")
SEGMENT_BOXES = {  # x0, y0, x1, y1 in cells of a 4 x 7 digit
    "a": (0, 0, 4, 1),
    "b": (3, 0, 4, 4),
    "c": (3, 3, 4, 7),
    "d": (0, 6, 4, 7),
    "e": (0, 3, 1, 7),
    "f": (0, 0, 1, 4),
    "g": (0, 3, 4, 4),
}


def _smooth_noise(rng: np.random.Generator, *, rows: int, columns: int, coarse_px: int) -> Plane:
    """Noise whose features are `coarse_px` large, wrapping at the right edge."""
    coarse = rng.integers(50, 200, (rows // coarse_px + 2, max(columns // coarse_px, 2)))
    across = np.linspace(0, coarse.shape[1], columns, endpoint=False)
    down = np.linspace(0, coarse.shape[0] - 1, rows)
    wrapped = np.hstack([coarse, coarse[:, :1]])
    lines = np.stack([np.interp(across, np.arange(wrapped.shape[1]), line) for line in wrapped])
    low = down.astype(int).clip(max=coarse.shape[0] - 2)
    part = (down - low)[:, None]
    noise: Plane = (lines[low] * (1 - part) + lines[low + 1] * part).astype(np.uint8)
    return noise


def _digit(number: int, *, unit_px: int) -> Plane:
    """One seven-segment digit, white on black."""
    plate = np.full((9 * unit_px, 6 * unit_px), stamp.BLACK, np.uint8)
    for name in SEGMENTS[number]:
        x0, y0, x1, y1 = (edge * unit_px for edge in SEGMENT_BOXES[name])
        plate[unit_px + y0 : unit_px + y1, unit_px + x0 : unit_px + x1] = stamp.WHITE
    return plate


class Scenery:
    """Draws frames of one geometry; `width` and `height` are even pixels."""

    def __init__(self, *, width: int, height: int) -> None:
        rng = np.random.default_rng(1)
        self.width, self.height = width, height
        self._stride = (width + 3) // 4 * 4  # GStreamer pads the lines of NV12 to four bytes
        self._pan_scale = width / 1280
        self._grain_top = int(height * GRAIN_TOP) // 2 * 2
        unit_px = max(height // 90, 2)
        self._digits = [_digit(number, unit_px=unit_px) for number in range(10)]
        clouds = _smooth_noise(rng, rows=self._grain_top, columns=width * 2, coarse_px=max(width // 16, 8))
        self._clouds = np.hstack([clouds, clouds[:, :width]])
        below = height - self._grain_top
        hills = _smooth_noise(rng, rows=below, columns=width * 2, coarse_px=max(width // 80, 4))
        grain = rng.integers(-GRAIN_AMPLITUDE, GRAIN_AMPLITUDE + 1, hills.shape)
        hills = np.clip(hills + grain, stamp.BLACK, stamp.WHITE).astype(np.uint8)
        self._hills = np.hstack([hills, hills[:, :width]])
        chroma = _smooth_noise(rng, rows=height // 2, columns=width * 2, coarse_px=max(width // 10, 8))
        self._chroma = np.hstack([chroma, chroma[:, :width]]) // 2 + 64
        self._grain = rng.integers(0, GRAIN_AMPLITUDE, width * height * 2, dtype=np.uint8)

    def frame(self, index: int, *, captured_s: float) -> NDArray[np.uint8]:
        """Frame number `index` as NV12 lines, stamped with the capture time (epoch seconds)."""
        lines = np.empty((self.height * 3 // 2, self._stride), np.uint8)
        luma = lines[: self.height, : self.width]
        self._landscape(luma, index)
        self._tint(lines[self.height :, : self.width], index)
        self._clock(luma, captured_s)
        self._ball(luma, captured_s)
        stamp.draw(luma, captured_ms=round(captured_s * 1000))
        return lines

    def _landscape(self, luma: Plane, index: int) -> None:
        around = self.width * 2
        cloud_x = int(index * CLOUD_PAN_PX * self._pan_scale) % around
        hill_x = int(index * HILL_PAN_PX * self._pan_scale) % around
        luma[: self._grain_top] = self._clouds[:, cloud_x : cloud_x + self.width]
        ground = luma[self._grain_top :]
        ground[:] = self._hills[:, hill_x : hill_x + self.width]
        start = index * 7919 * 64 % (self._grain.size - ground.size)  # a prime stride: no visible pattern
        ground += self._grain[start : start + ground.size].reshape(ground.shape)

    def _tint(self, chroma: Plane, index: int) -> None:
        x = int(index * self._pan_scale) % self.width * 2  # an even offset keeps Cb and Cr apart
        chroma[:] = self._chroma[:, x : x + self.width]

    def _clock(self, luma: Plane, captured_s: float) -> None:
        """Minutes, seconds and hundredths, for people; the stamp above it is for machines."""
        hundredths = int(captured_s * 100)
        text = f"{hundredths // 6000 % 60:02}{hundredths // 100 % 60:02}{hundredths % 100:02}"
        top, left = self.height // 6, self.width // 20
        for place, figure in enumerate(text):
            plate = self._digits[int(figure)]
            rows, columns = plate.shape
            x = left + place * columns + place // 2 * columns // 2
            luma[top : top + rows, x : x + columns] = plate

    def _ball(self, luma: Plane, captured_s: float) -> None:
        """A square that crosses the picture once in four seconds: a freeze shows at a glance."""
        side = self.height // 9
        x = int(captured_s % 4 / 4 * (self.width - side))
        y = self.height * 2 // 5
        luma[y : y + side, x : x + side] = stamp.WHITE
