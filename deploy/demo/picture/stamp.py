"""The capture time as a band of black and white cells across the top of the picture.

Two rows of 32 cells: 4 sync bits, the capture time in milliseconds since the epoch (44 bits, good
until the year 2527) and a CRC-16 over both. A cell is 1/32 of the width and 1/18 of the height: 40
pixels square at 1280x720, 20 at 640x360, so several macroblocks survive even the coarsest
quantiser. A reading is given only when every cell is clearly black or white and the sync bits and
the checksum agree: a studio scene without a stamp, a blend or a smear reads as None.
"""

from __future__ import annotations

from binascii import crc_hqx
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Luma = NDArray[np.uint8]

COLUMNS = 32
ROWS = 2
CELL_HEIGHT = 1 / 18  # of the picture: square cells at 16:9
BLACK, WHITE = 16, 235  # video range, so that no converter on the way clips or stretches the cells
DARK_BELOW, BRIGHT_ABOVE = 95, 160  # means between them are a blend or a smear, not a cell
SYNC = 0b1010
TIME_BITS = 44
CRC_BITS = 16
CRC_SEED = 0xFFFF  # not zero: an all-black band must not check out
INNER = 0.3  # of a cell on each side is left out: scaling and deblocking blur the borders


def _crc(head: int) -> int:
    return crc_hqx(head.to_bytes(6, "big"), CRC_SEED)


def to_bits(captured_ms: int) -> NDArray[np.bool_]:
    """The stamp's cells, row by row, for a capture time in milliseconds since the epoch.

    Raises:
        ValueError: the time is negative or does not fit 44 bits.
    """
    if not 0 <= captured_ms < 1 << TIME_BITS:
        raise ValueError(f"capture time {captured_ms} ms does not fit {TIME_BITS} bits")
    head = SYNC << TIME_BITS | captured_ms
    word = head << CRC_BITS | _crc(head)
    return np.unpackbits(np.frombuffer(word.to_bytes(8, "big"), np.uint8)).astype(np.bool_)


def from_bits(cells: NDArray[np.bool_]) -> int | None:
    """The capture time in milliseconds that the cells carry, or None when they carry none."""
    word = int.from_bytes(np.packbits(cells).tobytes(), "big")
    head = word >> CRC_BITS
    if head >> TIME_BITS != SYNC or _crc(head) != word & (1 << CRC_BITS) - 1:
        return None
    return head & (1 << TIME_BITS) - 1


def _edges(length: float, count: int) -> list[int]:
    return [round(index * length / count) for index in range(count + 1)]


def draw(luma: Luma, *, captured_ms: int) -> None:
    """Draw the stamp into the luma plane (rows by columns), in place."""
    height, width = luma.shape
    band_px = round(height * CELL_HEIGHT * ROWS)
    shades = np.where(to_bits(captured_ms), WHITE, BLACK).astype(np.uint8).reshape(ROWS, COLUMNS)
    lines = np.repeat(shades, np.diff(_edges(width, COLUMNS)), axis=1)
    luma[:band_px] = np.repeat(lines, np.diff(_edges(band_px, ROWS)), axis=0)


def _inner(start: float, stop: float) -> slice:
    margin = (stop - start) * INNER
    return slice(int(start + margin), max(int(stop - margin), int(start + margin) + 1))


def read(luma: NDArray[Any]) -> float | None:
    """The capture time in seconds since the epoch, or None where the picture shows no stamp."""
    height, width = luma.shape
    cell_w, cell_h = width / COLUMNS, height * CELL_HEIGHT
    means = np.empty(ROWS * COLUMNS)
    for row in range(ROWS):
        line = luma[_inner(row * cell_h, (row + 1) * cell_h)].mean(axis=0)
        for column in range(COLUMNS):
            means[row * COLUMNS + column] = line[_inner(column * cell_w, (column + 1) * cell_w)].mean()
    bright = means > BRIGHT_ABOVE
    if not np.all(bright | (means < DARK_BELOW)):
        return None
    captured_ms = from_bits(bright)
    return None if captured_ms is None else captured_ms / 1000
