"""Rules: promtool accepts them and their tests, and each alert has all that a person needs at night."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporters.catalog import BY_NAME
from tests.prometheus import promql

RUNBOOKS = promql.ROOT / "prometheus" / "runbooks"
ANNOTATIONS = {"summary", "description", "dashboard", "runbook"}
# promtool shows a rule no sample later than its evaluation, and this one looks ahead: a real Prometheus tests it.
TESTED_ON_A_SERVER = {"ClockAhead": "test_clock_ahead.py"}
FILES = promql.rule_files()
ALERTS = [
    pytest.param(path, rule, id=rule["alert"]) for path in FILES for rule in promql.rules(path) if "alert" in rule
]


def promtool(*arguments: str) -> str:
    """Run promtool; its output when it refuses, else nothing."""
    program = shutil.which("promtool")
    assert program, "promtool is missing: apt-get install prometheus"
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def beside(path: Path) -> dict[str, Any]:
    """The test file beside a rule file."""
    content: dict[str, Any] = yaml.safe_load(path.with_name(f"{path.stem}_test.yml").read_text(encoding="utf-8"))
    return content


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_promtool_accepts_rules_and_tests(path: Path) -> None:
    """Each rule file is valid, and the test file beside it, which tests that file alone, passes."""
    assert promtool("check", "rules", str(path)) == ""
    assert beside(path)["rule_files"] == [path.name]
    assert promtool("test", "rules", str(path.with_name(f"{path.stem}_test.yml"))) == ""


def test_prometheus_loads_every_rule_file() -> None:
    """No rule file is forgotten in the configuration, and no test file is loaded as rules."""
    config = yaml.safe_load((promql.ROOT / "prometheus" / "prometheus-vps.yml").read_text(encoding="utf-8"))

    assert sorted(config["rule_files"]) == [f"rules/{path.name}" for path in FILES]


def test_names_are_unique() -> None:
    """No two alerts share a name: runbook and silence are found by it."""
    names = [param.id for param in ALERTS]

    assert len(set(names)) == len(names)


@pytest.mark.parametrize(("path", "rule"), ALERTS)
def test_an_alert_fires_and_is_silent(path: Path, rule: dict[str, Any]) -> None:
    """Each alert has a test in which it fires and one in which it stays silent."""
    cases = [case for test in beside(path)["tests"] for case in test.get("alert_rule_test", [])]
    mine = [bool(case["exp_alerts"]) for case in cases if case["alertname"] == rule["alert"]]
    always_fires = rule["expr"] == "vector(1)"

    on_a_server = Path(__file__).with_name(TESTED_ON_A_SERVER.get(rule["alert"], "none")).is_file()
    assert True in mine or on_a_server, f"{rule['alert']}: write a test in which it fires"
    assert False in mine or always_fires, f"{rule['alert']}: write a test in which it is silent"


@pytest.mark.parametrize(("path", "rule"), ALERTS)
def test_an_alert_is_complete(path: Path, rule: dict[str, Any]) -> None:
    """Severity, sound, summary, description with numbers, dashboard and runbook: nothing is missing."""
    notes = rule["annotations"]
    quiet = rule["labels"]["severity"] in {"info", "none"}

    assert path.stem != "dashboards", "dashboards.yml is for recording rules"
    assert rule["labels"]["severity"] in {"critical", "warning", "info", "none"}
    assert rule["labels"]["sound"] in ({"off"} if quiet else {"on", "off"})
    assert set(notes) == ANNOTATIONS
    assert len(notes["summary"]) < 90, "the summary is the headline on a phone: keep it short"
    assert re.search(r"\d|\$value", notes["description"]), "the description has no number in it"
    assert notes["runbook"] == "{{ $externalLabels.grafana }}/d/runbook-" + rule["alert"]
    assert (RUNBOOKS / f"{rule['alert']}.md").is_file(), f"write prometheus/runbooks/{rule['alert']}.md"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_metric_is_published(path: Path) -> None:
    """Rules ask for metrics of the catalogue only, by labels that these have."""
    assert {rule["expr"]: found for rule in promql.rules(path) if (found := promql.problems(rule["expr"]))} == {}


@pytest.mark.parametrize(("path", "rule"), ALERTS)
def test_queries_in_descriptions(path: Path, rule: dict[str, Any]) -> None:  # noqa: ARG001 - shares the table
    """What a description asks for by a query of its own is published, too."""
    for template in re.findall(r'printf "([^"]*)" \$labels[^|]*\| query', rule["annotations"]["description"]):
        assert promql.problems(template.replace("%q", '"x"')) == []


def test_recording_rules_are_named_by_level_metric_operation() -> None:
    """Three parts, the first of which is what the expression groups by; and no alert depends on one.

    Rules that bring another program's metrics under a name of the catalogue have that name.
    """
    own = [name for name in promql.recorded() if name not in BY_NAME]

    assert [name for name in own if not re.fullmatch(r"rig:[a-z_]+:[a-z0-9_]+", name)] == []
    alerts = [rule["expr"] for path in FILES for rule in promql.rules(path) if "alert" in rule]
    assert [expr for expr in alerts for one in promql.selectors(expr) if ":" in one.name] == []


def test_what_is_brought_under_a_name_has_its_labels() -> None:
    """A recorded series of the catalogue's name has the catalogue's labels, and those of the target."""
    by = {name: re.match(r"\w+ by \(([^)]*)\)", expr) for name, expr in promql.recorded().items() if name in BY_NAME}

    assert {name: found and set(found[1].split(", ")) for name, found in by.items()} == {
        name: {"rig", "site", *BY_NAME[name].labels} for name in by
    }
