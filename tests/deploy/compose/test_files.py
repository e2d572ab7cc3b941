"""docker-compose.yml and what it mounts, as far as that can be judged without a Docker engine."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.config_file import ConfigError, load
from deploy.preparing import SECRETS
from tests.prometheus.promql import ROOT

TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ENVIRONMENT = (ROOT / ".env.example").read_text(encoding="utf-8")
# What runs once, what is there for trying, HAProxy, which is up when its ports are, and what answers by UDP to a key.
WITHOUT_HEALTH = {"prepare", "test-picture", "ntfy", "proxy", "guard-responder", "probe-responder"}


def test_compose_accepts_it(tmp_path: Path) -> None:
    """The tool itself takes the file with the example's variables."""
    tool = shutil.which("docker-compose")
    if tool is None:
        missing = "NOT RUN: docker-compose is not installed (apt-get install docker-compose)"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(missing)
    (tmp_path / "env").write_text(ENVIRONMENT)
    command = [tool, "--env-file", str(tmp_path / "env"), "-f", str(ROOT / "docker-compose.yml"), "config", "-q"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_every_variable_is_in_the_example() -> None:
    """`.env.example` names each variable that the file uses, and no other."""
    used = set(re.findall(r"\$\{(\w+)", TEXT))
    named = set(re.findall(r"^(\w+)=", ENVIRONMENT, re.MULTILINE))

    assert used == named


def test_every_secret_is_a_placeholder_in_the_example() -> None:
    """Nobody starts with the example's secrets."""
    given = dict(re.findall(r"^(\w+)=(.*)$", ENVIRONMENT, re.MULTILINE))

    assert {secret.variable: given[secret.variable] for secret in SECRETS} == dict.fromkeys(
        (secret.variable for secret in SECRETS), "change-me"
    )


@pytest.mark.parametrize("name", SERVICES)
def test_a_service(name: str) -> None:
    """A pinned image, no published port, no privileges, a health check where there is something to check."""
    service = SERVICES[name]
    image = service["image"]

    assert "build" in service or re.fullmatch(r"[a-z/]+:v?\d+\.\d+\.\d+", image), f"{image} is not pinned"
    assert "ports" not in service
    assert not service.get("privileged")
    assert service["network_mode"] == "host"
    assert ("healthcheck" in service) == (name not in WITHOUT_HEALTH)


def test_what_is_mounted_exists() -> None:
    """Each path of the repository is there; a typing error would be mounted as an empty directory."""
    mounts = [mount.split(":")[0] for service in SERVICES.values() for mount in service.get("volumes", [])]
    of_ours = {mount for mount in mounts if mount.startswith("./")} - {"./notifications"}

    assert of_ours
    assert [mount for mount in of_ours if not (ROOT / mount).exists()] == []
    named = {mount for mount in mounts if re.fullmatch(r"[a-z]+", mount)}
    assert named == set(COMPOSE["volumes"])


def test_what_is_built_in_exists() -> None:
    """Each file that the images copy is in the repository, and let through by .dockerignore."""
    copied = re.findall(r"^COPY (\S+) ", (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    let_through = set(re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE))

    assert [path for path in copied if not (ROOT / path).exists()] == []
    assert {path.partition("/")[0] for path in copied} <= let_through


def test_the_controllers_file() -> None:
    """The controller takes it with the example's settings and chosen secrets, and drives OBS alone."""
    given = dict(re.findall(r"^(\w+)=(.*)$", ENVIRONMENT, re.MULTILINE))
    passed = {name: given[name] for name in SERVICES["controller"]["environment"]}
    secrets = {"API_TOKEN": "0123456789abcdef", "ALERT_TOKEN": "fedcba9876543210", "OBS_PASSWORD": "correct horse"}
    loaded = load(ROOT / "deploy" / "compose" / "controller.yml", environment=passed | secrets)
    config = loaded.config

    assert config.encoder is None
    assert config.obs is not None
    assert (config.obs.port, config.obs.scenes.offline) == (4455, "Stream Offline")
    assert loaded.secrets.obs_password.get_secret_value() == "correct horse"
    assert config.api.listen == "127.0.0.1:8000"
    assert loaded.notes == ()


def test_the_controller_refuses_the_examples_own_secrets() -> None:
    """Whoever starts it without filling `.env` in reads what to change."""
    given = dict(re.findall(r"^(\w+)=(.*)$", ENVIRONMENT, re.MULTILINE))
    with pytest.raises(ConfigError) as refusal:
        load(ROOT / "deploy" / "compose" / "controller.yml", environment=given)

    named = {line.split(":")[0] for line in refusal.value.lines}
    assert {"API_TOKEN", "ALERT_TOKEN", "OBS_PASSWORD"} <= named


@pytest.mark.parametrize("name", ["guard-responder", "probe-responder"])
def test_what_answers_the_rig_starts_as_written(name: str, tmp_path: Path) -> None:
    """The command's program takes its options, and a key as `prepare` writes it; only where it listens is changed."""
    key = tmp_path / "key"
    key.write_text("0f1e2d3c4b5a6978", encoding="utf-8")
    words = re.sub(r"/prepared/\S+", str(key), SERVICES[name]["command"]).split()
    command = [sys.executable, *words[1:], "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
        finally:
            process.terminate()

    assert "127.0.0.1:0/udp" in line


def test_the_ingest_is_valid_and_on_loopback(tmp_path: Path) -> None:
    """The installed nginx accepts its file, and it listens nowhere else."""
    path = ROOT / "deploy" / "compose" / "nginx.conf"
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    assert nginx, "nginx is missing: apt-get install nginx libnginx-mod-rtmp"
    command = [nginx, "-t", "-e", "stderr", "-p", str(tmp_path), "-c", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    assert all(address.startswith("127.0.0.1:") for address in re.findall(r"listen (\S+);", path.read_text()))


def test_grafana_finds_what_it_is_given() -> None:
    """Provisioned paths are mounted ones, and the sources are those that dashboards and buttons name."""
    mounts = dict(mount.split(":")[:2] for mount in SERVICES["grafana"]["volumes"])
    provider = yaml.safe_load((ROOT / "grafana/provisioning/dashboards/vvlive.yml").read_text())["providers"][0]
    sources = yaml.safe_load((ROOT / "grafana/provisioning/datasources/vvlive.yml").read_text())["datasources"]

    assert provider["options"]["path"] == mounts["./grafana/dashboards"]
    assert not provider["allowUiUpdates"]
    assert {source["uid"] for source in sources} == {"vvlive-prometheus", "vvlive-alertmanager", "vvlive-controller"}
    assert sources[0]["jsonData"]["timeInterval"] == "1s"
    token = re.search(r"\$__file\{(.*)\}", sources[2]["secureJsonData"]["httpHeaderValue1"])
    assert token
    assert token[1] in {f"{mounts['prepared']}/{secret.file}" for secret in SECRETS}
