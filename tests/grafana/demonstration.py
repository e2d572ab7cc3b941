"""`python -m tests.grafana.demonstration URL`: execute everything that we ask Prometheus against a running demo.

Prints what came back empty or took long, and the alerts of the last minutes; exit code 1 when something is wrong.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict

from controller.decision.observing import METRICS
from controller.queries import metrics_wanted, raw_window
from exporters.catalog import BY_NAME
from tests.grafana.dashboards import Asked, asked, filled
from tests.prometheus import history, promql
from tests.prometheus.serving import Server

SLOWEST_LIVE_S, SLOWEST_REPORT_S = 0.05, 0.5
REPORTS = {"session"}
# The demo has no authentication of publishers, no Alertmanager, no contracts, and unless told otherwise no SRTLA.
NOT_IN_THE_DEMO = (
    "srtla_stream_",
    "srtla_uplink_",
    "rtmp_auth_",
    "vvlive_uplink_cap_bytes",
    "vvlive_uplink_month_bytes",
    "vvlive_watchdog_",
)
# Empty while all is well: upper bounds exist only while a queue stands, alerts only while something is wrong.
# Trust is known after a minute; loudness while muted.
MAY_BE_EMPTY = (
    "capacity_upper",
    "ALERTS",
    "vvlive_obs_sound_",
    "vvlive_quality_transitions_total",
    "vvlive_uplink_trust_ratio",
)


def expected(one: Asked) -> bool:
    """Whether a demo in which all is well must answer this query."""
    return not any(part in one.expression for part in NOT_IN_THE_DEMO + MAY_BE_EMPTY)


def dashboards(server: Server) -> list[str]:
    """What is wrong with the dashboards' queries."""
    wrong = []
    slowest: dict[str, float] = defaultdict(float)
    for one in asked():
        expression = filled(one.expression)
        answer = server.instant(expression) if one.instant else server.range(expression, last_s=60)
        slowest[one.dashboard] = max(slowest[one.dashboard], answer.took_s)
        if expected(one) and not answer.series:
            wrong.append(f"{one.name}: empty")
        limit_s = SLOWEST_REPORT_S if one.dashboard in REPORTS else SLOWEST_LIVE_S
        if answer.took_s > limit_s:
            wrong.append(f"{one.name}: took {answer.took_s * 1000:.0f} ms")
    for name, took_s in sorted(slowest.items()):
        sys.stdout.write(f"{name}: slowest query {took_s * 1000:.1f} ms\n")
    return wrong


def rules(server: Server) -> list[str]:
    """What is wrong with the rules' expressions: each must be understood, those for dashboards must answer.

    Those that bring other programs' metrics under our names have nothing to bring here: none of these runs.
    """
    found = [rule for path in promql.rule_files() for rule in promql.rules(path)]
    answers = [(rule, server.instant(rule["expr"])) for rule in found]
    own = [(rule["record"], answer) for rule, answer in answers if rule.get("record", "") not in {"", *BY_NAME}]
    return [f"{name}: empty" for name, answer in own if not answer.series]


def decisions(server: Server) -> list[str]:
    """What is wrong with the query that a controller asks at each tick."""
    metrics = metrics_wanted(METRICS, drives_encoder=False)
    answer = server.instant(raw_window(metrics, match={"rig": history.RIG}, window_s=12.0))
    missing = set(metrics) - {series["metric"]["__name__"] for series in answer.series}
    sys.stdout.write(f"controller: {len(answer.series)} series, {answer.took_s * 1000:.1f} ms; absent: {missing}\n")
    return [] if answer.series else ["the controller's query: empty"]


def alerts(server: Server, *, last_s: float) -> None:
    """Print when each alert began and ended, in seconds since the beginning of the window."""
    found = server.range(f'ALERTS{{alertstate="firing",rig="{history.RIG}"}}', last_s=last_s)
    for series in found.series:
        times = [float(at_s) - (server.now_s - last_s) for at_s, _ in series["values"]]
        begins = [at_s for index, at_s in enumerate(times) if index == 0 or at_s - times[index - 1] > 1]
        labels = {name: series["metric"].get(name) for name in ("alertname", "site", "uplink")}
        sys.stdout.write(f"alert {labels}: {len(times)} s, begins at {begins}\n")


def main() -> int:
    """Ask everything; 1 when something is wrong."""
    server = Server(sys.argv[1].rstrip("/"), time.time())
    alerts(server, last_s=float(sys.argv[2]) if len(sys.argv) > 2 else 300)
    wrong = dashboards(server) + rules(server) + decisions(server)
    sys.stdout.write("".join(f"WRONG {line}\n" for line in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
