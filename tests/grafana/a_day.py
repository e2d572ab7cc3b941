"""`python -m tests.grafana.a_day`: how long the dashboards' queries take where 24 h are kept.

The session report asks about all of the day and may take 500 ms, the others about the last quarter of an hour, 50 ms.
Everything that a dashboard asks for is there for the whole day, as often as it is scraped: the bond at the rig and the
ingest four times a second. Takes some minutes and 1 GB of disk for a while; exit code 1 when one takes longer.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.grafana import dashboards
from tests.grafana.dashboards import Asked, asked
from tests.grafana.demonstration import REPORTS, SLOWEST_LIVE_S, SLOWEST_REPORT_S
from tests.prometheus import history, promql
from tests.prometheus.serving import Server, backfill, serving

DAY_S, BLOCK_S, HOUR_S, LIVE_S = 86_400, 7_200, 3_600, 900
# A panel of a thousand points asks for one each 90 s.
STEP_S = 90
FILLED = {
    "$__rate_interval": f"{STEP_S + 4}s",
    "$__interval": f"{STEP_S}s",
    "$__range_s": str(DAY_S),
    "$__range": f"{DAY_S}s",
    "$rig": history.RIG,
}
REPEATS = 3
openmetrics = partial(history.openmetrics, as_scraped=True)
SHOWN = 3


def filled(expression: str) -> str:
    """The expression as Grafana sends it for a day."""
    for name, value in FILLED.items():
        expression = expression.replace(name, value)
    return expression


def took_s(server: Server, one: Asked) -> float:
    """The median time of one query, seconds, over the range for which its dashboard is meant."""
    report = one.dashboard in REPORTS
    expression = filled(one.expression) if report else dashboards.filled(one.expression)
    last_s, step_s = (DAY_S, STEP_S) if report else (LIVE_S, 1)
    answers = [
        server.instant(expression) if one.instant else server.range(expression, last_s=last_s, step_s=step_s)
        for _ in range(REPEATS)
    ]
    return sorted(answer.took_s for answer in answers)[REPEATS // 2]


def fill(directory: Path, end_s: int) -> Path:
    """A day of all that a dashboard asks for, and its last hour of everything else, as blocks; their directory.

    In pieces of two hours, as long as a block: promtool reads its text once for each block.
    """
    asked_for = "|".join(sorted({s.name for one in asked() for s in promql.selectors(filled(one.expression))}))
    pieces = (
        (start_s, min((start_s // BLOCK_S + 1) * BLOCK_S, end_s))
        for start_s in (end_s - DAY_S, *range((end_s - DAY_S) // BLOCK_S * BLOCK_S + BLOCK_S, end_s, BLOCK_S))
    )
    for start_s, until_s in pieces:
        sys.stdout.write(".")
        sys.stdout.flush()
        backfill(directory, openmetrics(start_s, until_s, pick=f"^({asked_for})$", began_s=end_s - DAY_S))
    sys.stdout.write("\n")
    return backfill(directory, openmetrics(end_s - HOUR_S, end_s, pick=f"^(?!({asked_for})$)", began_s=end_s - DAY_S))


@contextlib.contextmanager
def filled_directory(kept: Path | None) -> Iterator[tuple[Path, Path, int]]:
    """A directory, the blocks in it, and the moment at which they end; `kept` is filled once, and left as it is."""
    with tempfile.TemporaryDirectory() as name:
        directory = kept or Path(name)
        directory.mkdir(parents=True, exist_ok=True)
        ended = directory / "ended"
        if not ended.exists():
            end_s = int(time.time())
            fill(directory, end_s)
            ended.write_text(str(end_s))
        yield directory, directory / "data", int(ended.read_text())


def main() -> int:
    """Fill, ask, print the slowest of each dashboard and all that are too slow; 1 when there is one."""
    parser = argparse.ArgumentParser(prog="python -m tests.grafana.a_day", description=__doc__)
    parser.add_argument("--in", dest="kept", type=Path, metavar="DIR", help="fill it, or use what was filled before")
    parser.add_argument("--fill", action="store_true", help="only that: asking wants a machine that is otherwise idle")
    options, slow = parser.parse_args(), 0
    with filled_directory(options.kept) as (directory, blocks, end_s):
        if options.fill:
            return 0
        with serving(directory, blocks, now_s=end_s) as server:
            times = [(one, took_s(server, one)) for one in asked()]
    for dashboard, group in itertools.groupby(times, key=lambda item: item[0].dashboard):
        limit_s = SLOWEST_REPORT_S if dashboard in REPORTS else SLOWEST_LIVE_S
        found = sorted(group, key=lambda item: -item[1])
        slow += sum(seconds > limit_s for _, seconds in found)
        sys.stdout.write(f"{dashboard}: {len(found)} queries, slowest of {limit_s * 1000:.0f} ms\n")
        shown = [item for place, item in enumerate(found) if place < SHOWN or item[1] > limit_s]
        sys.stdout.write("".join(f"{seconds * 1000:6.1f} ms  {one.name}\n" for one, seconds in shown))
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
