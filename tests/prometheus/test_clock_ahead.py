"""ClockAhead on a real Prometheus: promtool shows a rule no sample later than its evaluation; this one needs them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import yaml

from tests.prometheus import promql
from tests.prometheus.serving import backfill, serving

METRIC = "mptcp_exporter_clock_timestamp_seconds"
AHEAD_S = 30
WITHIN_S = 20.0
# The shipped rule waits 10 s; here one evaluation has to be enough.
FOR = "1s"


def _rule() -> dict[str, object]:
    rules = promql.rules(promql.RULES / "watching.yml")
    return next(dict(rule) for rule in rules if rule.get("alert") == "ClockAhead")


def _clocks(now_s: int) -> Iterator[str]:
    """Two rigs of the last minutes: the samples of one end now, those of the other half a minute later."""
    yield f"# TYPE {METRIC} gauge\n"
    for rig, end_s in (("right", now_s), ("ahead", now_s + AHEAD_S)):
        for at_s in range(now_s - 120, end_s):
            yield f'{METRIC}{{rig="{rig}",site="edge",job="mptcp",instance="i"}} {at_s} {at_s}\n'
    yield "# EOF\n"


def test_the_rig_whose_clock_is_ahead_is_named(tmp_path: Path) -> None:
    """It fires for the rig that stamps its samples in the future, by how much, and not for the other."""
    rules = tmp_path / "rules.yml"
    group = {"name": "ahead", "interval": "1s", "rules": [_rule() | {"for": FOR}]}
    rules.write_text(yaml.safe_dump({"groups": [group]}), encoding="utf-8")
    now_s = int(time.time())
    with serving(tmp_path, backfill(tmp_path, _clocks(now_s)), now_s=now_s, rules=rules) as server:
        deadline_s = time.monotonic() + WITHIN_S
        while not (firing := server.firing()) and time.monotonic() < deadline_s:
            time.sleep(0.2)

    assert [alert["labels"]["rig"] for alert in firing] == ["ahead"]
    assert 0 < float(firing[0]["value"]) < AHEAD_S
    assert "in the future" in firing[0]["annotations"]["description"]
