"""`python -m tests.faults.face`: play what askers, alerts, the other controller and the disk do wrong, and print it.

Exit code 1 when a row is not as it should be.
"""

from __future__ import annotations

import asyncio
import logging
import sys

from tests.faults.face_rows import ROWS, Row
from tests.faults.face_stage import LEAST_TICKS, Played, play_all

_WELL = {None: "", True: "; well again", False: "; NOT WELL AGAIN"}


def line(row: Row, found: Played | BaseException) -> str:
    """One row of the table, in Markdown."""
    if isinstance(found, BaseException):
        return f"| {row.did} | not played: {found!r} | | |"
    values = {name: "absent" if value is None else f"{value:g}" for name, value in found.metrics.items()}
    metrics = ", ".join(f"{name.removeprefix('vvlive_')} {value}" for name, value in values.items())
    loop = f"{found.ticks} ticks, {found.failed_ticks} failed{_WELL[found.well_again]}"
    reads = (found.reads or "nothing: all is well").replace("|", "\\|")
    return f"| {row.did} | {metrics}{'' if found.as_said else ' NOT AS SAID'} | {reads} | {loop} |"


def good(row: Row, found: Played | BaseException) -> bool:
    """Whether all four columns are as they should be."""
    if isinstance(found, BaseException):
        return False
    went_on = found.ticks >= LEAST_TICKS and found.failed_ticks == 0 and found.encoder_read
    return found.as_said and went_on and found.well_again is (None if row.undo is None else True)


def main() -> int:
    """Print the table; 1 when something in it is wrong."""
    logging.disable()
    found = asyncio.run(play_all(ROWS))
    sys.stdout.write("| what went wrong | the metrics say | the operator reads | the loop |\n|---|---|---|---|\n")
    for row, one in zip(ROWS, found, strict=True):
        sys.stdout.write(line(row, one) + "\n")
    bad = sum(not good(row, one) for row, one in zip(ROWS, found, strict=True))
    sys.stdout.write(f"\n{len(ROWS) - bad} of {len(ROWS)} rows as they should be.\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
