"""`python -m tests.grafana.a_day`: how long the dashboards' queries take where 24 h of a sample a second are kept.

The session report asks about all of the day and may take 500 ms, the others about the last quarter of an hour, 50 ms.
What only these ask for is there for the last hour. Takes about three minutes and 500 MB of disk for a while; exit code
1 when a query takes longer.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.grafana import dashboards
from tests.grafana.dashboards import Asked, asked
from tests.grafana.demonstration import REPORTS, SLOWEST_LIVE_S, SLOWEST_REPORT_S
from tests.prometheus import history, promql
from tests.prometheus.serving import Server, backfill, serving

DAY_S, HOUR_S, LIVE_S = 86_400, 3_600, 900
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


def lines(end_s: int) -> Iterator[str]:
    """A day of what the report asks for, and an hour of everything else, as OpenMetrics."""
    names = {s.name for one in asked() if one.dashboard in REPORTS for s in promql.selectors(filled(one.expression))}
    reported = "|".join(sorted(names))
    day = history.openmetrics(end_s - DAY_S, end_s, pick=f"^({reported})$")
    hour = history.openmetrics(end_s - HOUR_S, end_s, pick=f"^(?!({reported})$)")
    yield from (line for line in itertools.chain(day, hour) if line != "# EOF\n")
    yield "# EOF\n"


def main() -> int:
    """Fill, ask, print the slowest of each dashboard and all that are too slow; 1 when there is one."""
    end_s, slow = int(time.time()), 0
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        with serving(directory, backfill(directory, lines(end_s)), now_s=end_s) as server:
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
