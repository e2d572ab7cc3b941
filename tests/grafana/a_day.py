"""`python -m tests.grafana.a_day`: how long the session report's queries take over 24 h of a sample a second.

Takes about two minutes and 300 MB of disk for a while; exit code 1 when a query takes more than 500 ms.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.grafana.dashboards import asked
from tests.grafana.demonstration import REPORTS, SLOWEST_REPORT_S
from tests.prometheus import history, promql
from tests.prometheus.serving import Server, backfill, serving

DAY_S = 86_400
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


def filled(expression: str) -> str:
    """The expression as Grafana sends it for a day."""
    for name, value in FILLED.items():
        expression = expression.replace(name, value)
    return expression


def slowest(server: Server) -> dict[str, float]:
    """The median time of each of the report's queries, seconds."""
    found = {}
    for one in asked():
        if one.dashboard in REPORTS:
            expression = filled(one.expression)
            times = sorted(
                (
                    server.instant(expression) if one.instant else server.range(expression, last_s=DAY_S, step_s=STEP_S)
                ).took_s
                for _ in range(REPEATS)
            )
            found[one.name] = times[REPEATS // 2]
    return found


def main() -> int:
    """Fill, ask, print; 1 when one was too slow."""
    asked_for = {
        s.name for one in asked() if one.dashboard in REPORTS for s in promql.selectors(filled(one.expression))
    }
    end_s = int(time.time())
    lines = history.openmetrics(end_s - DAY_S, end_s, pick=f"^({'|'.join(sorted(asked_for))})$")
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        with serving(directory, backfill(directory, lines), now_s=end_s) as server:
            times = slowest(server)
    for query, took_s in sorted(times.items(), key=lambda item: -item[1]):
        sys.stdout.write(f"{took_s * 1000:6.0f} ms  {query}\n")
    return 1 if max(times.values()) > SLOWEST_REPORT_S else 0


if __name__ == "__main__":
    sys.exit(main())
