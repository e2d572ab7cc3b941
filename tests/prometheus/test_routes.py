"""Who is told what: the shipped routes as amtool walks them."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from deploy.alerting.__main__ import main
from tests.prometheus import promql

if TYPE_CHECKING:
    from pathlib import Path

ALERTS = {rule["alert"]: rule for path in promql.rule_files() for rule in promql.rules(path) if "alert" in rule}


@pytest.mark.parametrize("name", sorted(ALERTS))
def test_every_alert_has_its_route(name: str, tmp_path: Path) -> None:
    """By severity and sound: loud, silent, or the heartbeat; and the controller hears of all."""
    (tmp_path / "secrets").mkdir()
    config = tmp_path / "alertmanager.yml"
    assert main(["--secrets", str(tmp_path / "secrets"), "--output", str(config)]) == 0
    labels: dict[str, str] = ALERTS[name]["labels"]  # type: ignore[assignment] # the file holds a mapping there
    amtool = shutil.which("amtool")
    assert amtool, "amtool is missing: apt-get install prometheus-alertmanager"
    words = [f"{key}={value}" for key, value in labels.items()]
    routed = subprocess.run(
        [amtool, "config", "routes", "test", f"--config.file={config}", f"alertname={name}", "rig=r1", *words],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip

    if name == "Watchdog":
        assert routed == "heartbeat"
    else:
        assert routed == ("controller,silent" if labels["sound"] == "off" else "controller,loud")


def test_inhibition_names_alerts_that_exist() -> None:
    """A renamed alert would break its inhibition without a word."""
    config = yaml.safe_load((promql.ROOT / "prometheus" / "alertmanager.yml").read_text(encoding="utf-8"))
    matchers = [m for rule in config["inhibit_rules"] for m in rule["source_matchers"] + rule["target_matchers"]]
    patterns = [m.split("~")[-1].split("=")[-1].strip('"') for m in matchers if m.startswith("alertname")]
    named = {name for pattern in patterns for name in pattern.split("|") if "(" not in pattern}

    assert named
    assert named <= set(ALERTS)
