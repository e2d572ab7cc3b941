"""`python -m tests.faults.encoder`: play all that encoders do wrong, and print what was made of each.

Exit code 1 when a row is not as it should be.
"""

from __future__ import annotations

import asyncio
import logging
import sys

from tests.faults.encoder_rows import ROWS, Row
from tests.faults.encoder_stage import Played, play_all


def line(row: Row, found: Played | BaseException) -> str:
    """One row of the table, in Markdown."""
    if isinstance(found, BaseException):
        return f"| {row.driver} | {row.did} | not played: {found!r} | | |"
    metrics = ", ".join(f"{name.removeprefix('vvlive_')} {_value(value)}" for name, value in found.metrics.items())
    loop = f"{found.ticks} ticks, {found.failed_ticks} failed; OBS {'driven' if found.studio_read else 'LEFT'}"
    reads = found.reads.replace("\n", " / ").replace("|", "\\|") or "nothing: all is well"
    well = {None: "", True: "; well again", False: "; NOT WELL AGAIN"}[found.well_again]
    return f"| {row.driver} | {row.did} | {metrics}{'' if found.as_said else ' NOT AS SAID'} | {reads} | {loop}{well} |"


def _value(value: float | None) -> str:
    return "absent" if value is None else f"{value:g}"


def main() -> int:
    """Print the table; 1 when something in it is wrong."""
    logging.disable()
    found = asyncio.run(play_all(ROWS))
    sys.stdout.write(
        "| driver | the encoder | the metrics say | the operator reads | the loop |\n|---|---|---|---|---|\n"
    )
    for row, one in zip(ROWS, found, strict=True):
        sys.stdout.write(line(row, one) + "\n")
    bad = sum(not (isinstance(one, Played) and one.good(row)) for row, one in zip(ROWS, found, strict=True))
    sys.stdout.write(f"\n{len(ROWS) - bad} of {len(ROWS)} rows as they should be.\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
