"""The two lines that belacoder reads: lowest and highest bitrate, bit/s. Pure, save for one write.

A value outside 300 kbit/s to 30 Mbit/s makes belacoder ignore the whole file without a word, and a
single line is taken for both; so exactly two lines within the limits are written.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from controller.decision.model import EncoderTarget

MIN_BPS, MAX_BPS = 300_000, 30_000_000
STEP_BPS = 100_000  # its encoder is set in these steps


@dataclass(frozen=True, slots=True)
class Bounds:
    """The range in which belacoder's own adaptation moves, bit/s."""

    floor_bps: int
    cap_bps: int


def bounds_of(target: EncoderTarget) -> Bounds:
    """The nearest bounds to `target` that belacoder accepts, never above it unless it lies below the minimum."""
    cap_bps = min(MAX_BPS, max(MIN_BPS, target.bitrate_bps // STEP_BPS * STEP_BPS))
    floor_bps = MIN_BPS if target.floor_bps is None else target.floor_bps // STEP_BPS * STEP_BPS
    return Bounds(min(cap_bps, max(MIN_BPS, floor_bps)), cap_bps)


def rendered(bounds: Bounds) -> str:
    """The file's text."""
    return f"{bounds.floor_bps}\n{bounds.cap_bps}\n"


def parsed(text: str) -> Bounds | None:
    """The bounds in the file's text, or None for a text that belacoder would ignore or misread."""
    lines = text.split()
    if len(lines) != 2 or not all(line.isascii() and line.isdecimal() and len(line) <= 9 for line in lines):
        return None
    bounds = Bounds(int(lines[0]), int(lines[1]))
    return bounds if MIN_BPS <= bounds.floor_bps <= bounds.cap_bps <= MAX_BPS else None


def replace_file(path: Path, bounds: Bounds) -> None:
    """Put the bounds into place at once, so that a reader sees the old file or the new one. Raises OSError."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(rendered(bounds))
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
