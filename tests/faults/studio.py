"""`python -m tests.faults.studio`: play all that OBS does wrong, and print what was made of each.

Exit code 1 when a row is not as it should be.
"""

from __future__ import annotations

import asyncio
import logging
import sys

from tests.faults.studio_rows import ROWS, Row
from tests.faults.studio_stage import LEAST_TICKS, Played, play_all


def line(row: Row, found: Played | BaseException) -> str:
    """One row of the table, in Markdown."""
    if isinstance(found, BaseException):
        return f"| {row.did} | not played: {found!r} | | |"
    metrics = ", ".join(f"{name.removeprefix('vvlive_')} {_value(value)}" for name, value in found.metrics.items())
    loop = f"{found.ticks} ticks, {found.failed_ticks} failed; encoder {'driven' if found.encoder_read else 'LEFT'}"
    reads = found.reads or "nothing: all is well"
    well = {None: "", True: "; well again", False: "; NOT WELL AGAIN"}[found.well_again]
    return f"| {row.did} | {metrics}{'' if found.as_said else ' NOT AS SAID'} | {reads} | {loop}{well} |"


def _value(value: float | None) -> str:
    return "absent" if value is None else f"{value:g}"


def good(row: Row, found: Played | BaseException) -> bool:
    """Whether all four columns are as they should be."""
    return (
        isinstance(found, Played)
        and found.as_said
        and found.ticks >= LEAST_TICKS
        and found.failed_ticks == 0
        and found.encoder_read
        and found.well_again is (None if row.undo is None else True)
    )


def main() -> int:
    """Print the table; 1 when something in it is wrong."""
    logging.disable()
    found = asyncio.run(play_all(ROWS))
    sys.stdout.write("| OBS | the metrics say | the operator reads | the loop |\n|---|---|---|---|\n")
    for row, one in zip(ROWS, found, strict=True):
        sys.stdout.write(line(row, one) + "\n")
    bad = sum(not good(row, one) for row, one in zip(ROWS, found, strict=True))
    sys.stdout.write(f"\n{len(ROWS) - bad} of {len(ROWS)} rows as they should be.\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
