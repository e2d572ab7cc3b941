"""The unit files, judged by systemd itself."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

UNITS = Path(__file__).parents[3] / "deploy" / "systemd"
OURS = sorted(UNITS.glob("vvlive-*.service"))
# `systemd-analyze security`, times ten. The services need at most one capability; what sets up the network needs root.
EXPOSURE = {"vvlive-bond-pi.service": 40, "vvlive-bond-vps.service": 40}
EXPOSURE_OF_A_SERVICE = 20
REPOSITORY = UNITS.parents[1]


@pytest.mark.parametrize("unit", OURS, ids=lambda path: path.name)
def test_systemd_understands_the_unit(unit: Path, tmp_path: Path) -> None:
    """No unknown key, no missing program, no cycle; the places of an installation stand for those of this check-out."""
    for each in [*OURS, *UNITS.glob("*.service.d/*.conf")]:
        text = each.read_text().replace("/opt/vvlive/.venv/bin/python", sys.executable)
        copy = tmp_path / each.relative_to(UNITS)
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(text.replace("/opt/vvlive", str(REPOSITORY)))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / unit.name], capture_output=True, text=True, check=False
    )

    complaints = [line for line in done.stderr.splitlines() if "vvlive" in line]
    assert complaints == []


@pytest.mark.parametrize("unit", OURS, ids=lambda path: path.name)
def test_unit_is_confined(unit: Path) -> None:
    """Each stays below its limit of exposure."""
    limit = EXPOSURE.get(unit.name, EXPOSURE_OF_A_SERVICE)
    command = ["systemd-analyze", "security", "--offline=true", f"--threshold={limit}", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout.splitlines()[-1]


@pytest.mark.parametrize("unit", ["vvlive-guard.service", "vvlive-mptcp-exporter.service"])
def test_guard_and_exporter_have_one_capability(unit: str) -> None:
    """CAP_NET_ADMIN, and nothing else."""
    lines = (UNITS / unit).read_text().splitlines()

    assert [line for line in lines if "Capabilit" in line] == [
        "AmbientCapabilities=CAP_NET_ADMIN",
        "CapabilityBoundingSet=CAP_NET_ADMIN",
    ]


def test_packets_are_watched_with_one_capability() -> None:
    """CAP_NET_RAW, and nothing else."""
    lines = (UNITS / "vvlive-srtla-exporter.service").read_text().splitlines()

    assert [line for line in lines if "Capabilit" in line] == [
        "AmbientCapabilities=CAP_NET_RAW",
        "CapabilityBoundingSet=CAP_NET_RAW",
    ]


def test_no_secret_is_in_a_unit() -> None:
    """Keys come as credentials, from files that only root reads."""
    for unit in OURS:
        text = unit.read_text()
        assert "Environment=" not in text or "Environment=VVLIVE_TLS=%d" in text
        assert not re.search(r"(?i)(password|token)\s*=", text)


@pytest.mark.parametrize("dropin", sorted(UNITS.glob("prometheus.service.d/*.conf")), ids=lambda path: path.name)
def test_prometheus_understands_what_it_is_started_with(dropin: Path) -> None:
    """Each flag is one of the packaged Prometheus', its configuration is there, and it listens on loopback alone."""
    told = subprocess.run(["prometheus", "--help"], capture_output=True, text=True, check=False, timeout=20)
    commands = re.findall(r"^ExecStart=/usr/bin/prometheus (.*)$", dropin.read_text(), re.MULTILINE)
    flags = dict(word.partition("=")[::2] for word in " ".join(commands).split())

    assert len(commands) == 1
    assert sorted(set(flags) - set(re.findall(r"--[a-z0-9.-]+", told.stdout + told.stderr))) == []
    assert Path(flags["--config.file"].replace("/opt/vvlive", str(REPOSITORY))).is_file()
    assert flags["--web.listen-address"].startswith("127.0.0.1:")


def test_every_unit_that_a_runbook_names_is_there() -> None:
    """`systemctl restart` of a unit that does not exist helps nobody at night."""
    text = "".join(path.read_text() for path in (REPOSITORY / "prometheus" / "runbooks").glob("*.md"))
    commands = re.findall(r"^(?:systemctl \w+|journalctl -u) (.*)$", text, re.MULTILINE)
    named = {word for command in commands for word in command.split() if word.startswith("vvlive-")}

    assert named
    assert sorted(named - {path.stem for path in OURS}) == []


def test_the_controller_is_started_anew_when_its_loop_hangs() -> None:
    """It tells systemd itself how it is, and its time is longer than the loop may take to be found hanging."""
    text = (UNITS / "vvlive-controller.service").read_text()
    watchdog = re.search(r"^WatchdogSec=(\d+)$", text, re.MULTILINE)

    assert "\nType=notify\n" in text
    assert watchdog
    assert int(watchdog[1]) >= 15
    assert "\nRestart=always\n" in text
