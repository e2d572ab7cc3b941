"""Rate traces: what a link could carry, step by step, as recorded or invented.

The format is CSV with the header `second,kbps` and rows at one fixed distance (0.1 s is usual);
each rate holds until the next row. 1 kbit is 1000 bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HEADER = "second,kbps"
_GRID_TOLERANCE_S = 1e-3  # rows are printed with few decimals


class TraceError(ValueError):
    """A trace cannot be used; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Rates in bit/s, one per `step_s`; a trace that repeats starts anew after its last step."""

    step_s: float
    rates_bps: tuple[float, ...]
    repeats: bool = True

    def __post_init__(self) -> None:
        """Refuse an empty trace and a clock that stands."""
        if self.step_s <= 0 or not self.rates_bps or min(self.rates_bps) < 0:
            raise TraceError("a trace needs a step above 0 s and at least one rate, none below 0")


def parse(text: str, *, source: str, repeats: bool = True) -> Trace:
    """The trace in CSV `text`; `source` names it in errors. Raises `TraceError`."""
    lines = [line.strip() for line in text.splitlines()]
    if not lines or lines[0] != HEADER:
        raise TraceError(f"{source}:1: expected the header {HEADER!r}")
    rows = [_row(line, where=f"{source}:{number}") for number, line in enumerate(lines[1:], start=2) if line]
    if len(rows) < 2:
        raise TraceError(f"{source}: at least two rows are needed to tell the step")
    step_s = rows[1][0] - rows[0][0]
    for index, (second, _) in enumerate(rows):
        if step_s <= 0 or abs(second - rows[0][0] - index * step_s) > _GRID_TOLERANCE_S:
            raise TraceError(f"{source}: row {index + 1} is at {second} s, off the grid of {step_s:.3f} s")
    return Trace(step_s, tuple(kbps * 1000 for _, kbps in rows), repeats)


def load(path: Path, *, repeats: bool = True) -> Trace:
    """The trace in the file. Raises `TraceError`, also when it cannot be read."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TraceError(f"{path}: cannot be read: {error}") from error
    return parse(text, source=str(path), repeats=repeats)


def _row(line: str, *, where: str) -> tuple[float, float]:
    second, _, kbps = line.partition(",")
    try:
        row = float(second), float(kbps)
    except ValueError as error:
        raise TraceError(f"{where}: {line!r} is not two numbers") from error
    if not 0 <= row[1] < float("inf"):
        raise TraceError(f"{where}: {row[1]} kbit/s is no rate")
    return row
