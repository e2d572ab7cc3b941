"""Configuration files of the demo."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from controller.config_file import load
from deploy.demo import ports, rendering


@pytest.fixture
def password_file(tmp_path: Path) -> Path:
    """A secret in a file."""
    path = tmp_path / "password"
    path.write_text("correct horse\n")
    return path


@pytest.fixture
def tokens(tmp_path: Path) -> rendering.TokenFiles:
    """Tokens in files."""
    files = rendering.TokenFiles(control=tmp_path / "control.token", link=tmp_path / "link.token")
    files.control.write_text(f"{'c' * 32}\n")
    files.link.write_text(f"{'d' * 32}\n")
    return files


@pytest.mark.parametrize("name", ["edge", "vps"])
def test_prometheus_configuration(name: str, tmp_path: Path) -> None:
    """The shipped file with the demo's rig in every label, nothing left to replace, is one that Prometheus takes."""
    path = rendering.prometheus(name, tmp_path)
    text = path.read_text()
    assert "my-rig" not in text
    assert text.count(f"rig: {rendering.RIG}") == len(yaml.safe_load(text)["scrape_configs"])
    promtool = shutil.which("promtool")
    assert promtool, "promtool is missing: apt-get install prometheus"
    subprocess.run([promtool, "check", "config", str(path)], check=True, capture_output=True)


@pytest.mark.parametrize("name", ["edge", "vps"])
def test_srtla_is_scraped_in_place_of_mptcp(name: str, tmp_path: Path) -> None:
    """On SRTLA the bond's job is that of its exporter, with the same labels, four times a second on both machines."""
    before, after = (
        yaml.safe_load(rendering.prometheus(name, tmp_path, transport=transport).read_text())["scrape_configs"]
        for transport in ("mptcp", "srtla")
    )
    bond = next(job for job in before if job["job_name"] == "mptcp")
    group = bond["static_configs"][0] | {"targets": [f"127.0.0.1:{ports.SRTLA_EXPORTER}"]}
    pace = {"scrape_interval": "250ms", "scrape_timeout": "200ms"}

    assert [job for job in after if job not in before] == [{"job_name": "srtla", **pace, "static_configs": [group]}]
    assert "guard" not in [job["job_name"] for job in after]


def test_nobody_is_asked_who_does_not_run(tmp_path: Path) -> None:
    """The demo has no service for keys, and an alert about it would be a false one."""
    jobs = yaml.safe_load(rendering.prometheus("vps", tmp_path).read_text())["scrape_configs"]

    assert [job["job_name"] for job in jobs] == ["ingest", "mptcp", "controller"]


@pytest.mark.parametrize("name", ["edge", "vps"])
def test_hybrid_scrapes_both(name: str, tmp_path: Path) -> None:
    """Where one transport stands by, nothing that MPTCP has is missing and SRTLA's exporter is asked as well."""
    mptcp, srtla, hybrid = (
        yaml.safe_load(rendering.prometheus(name, tmp_path, transport=transport).read_text())["scrape_configs"]
        for transport in ("mptcp", "srtla", "hybrid")
    )

    assert [job for job in hybrid if job not in mptcp] == [job for job in srtla if job["job_name"] == "srtla"]
    assert [job for job in mptcp if job not in hybrid] == []


def test_hybrid_configuration(tmp_path: Path, password_file: Path, tokens: rendering.TokenFiles) -> None:
    """The controller takes the file in which the encoder has an address for each transport."""
    places = {name: tmp_path / f"{name}.url" for name in ("mptcp", "srtla")}
    for name, path in places.items():
        path.write_text(f"rtmp://{name}/live/key\n")
    loaded = load(
        rendering.edge_controller(
            tmp_path,
            policy="adaptive",
            personality="live",
            password_file=password_file,
            tokens=tokens,
            transport="hybrid",
            publish=places,
        ),
        environment={},
    )

    assert loaded.config.transport == "hybrid"
    assert {name: one.get_secret_value() for name, one in loaded.secrets.addresses.items()} == {
        "mptcp": "rtmp://mptcp/live/key",
        "srtla": "rtmp://srtla/live/key",
    }
    assert "live/key" not in repr(loaded)


def test_the_rules_are_the_shipped_ones(tmp_path: Path) -> None:
    """The demo's server loads every rule file of the repository, from where it stands."""
    loaded = yaml.safe_load(rendering.prometheus("vps", tmp_path).read_text())["rule_files"]
    assert loaded
    assert all(Path(path).is_absolute() and Path(path).is_file() for path in loaded)


@pytest.mark.parametrize("policy", ["adaptive", "locked"])
@pytest.mark.parametrize("personality", ["live", "restart", "stored"])
def test_edge_configuration(
    policy: str, personality: str, tmp_path: Path, password_file: Path, tokens: rendering.TokenFiles
) -> None:
    """The controller takes the edge's file for every policy and personality, and drives the encoder alone."""
    path = rendering.edge_controller(
        tmp_path, policy=policy, personality=personality, password_file=password_file, tokens=tokens
    )
    config = load(path, environment={}).config
    assert config.encoder is not None
    assert config.obs is None
    assert config.policy.name == policy
    assert config.encoder.impacts.bitrate == {"live": "none", "restart": "reconnect", "stored": "unknown"}[personality]


def test_vps_configuration(tmp_path: Path, password_file: Path, tokens: rendering.TokenFiles) -> None:
    """The controller takes the server's file, and drives OBS alone."""
    path = rendering.vps_controller(tmp_path, policy="adaptive", password_file=password_file, tokens=tokens)
    config = load(path, environment={}).config
    assert config.encoder is None
    assert config.obs is not None
    assert config.obs.port == ports.OBS_WEBSOCKET


def test_the_two_controllers_know_each_other(tmp_path: Path, password_file: Path, tokens: rendering.TokenFiles) -> None:
    """The rig's controller shows the token that the server's asks for, and goes through the bond's proxy."""
    edge = rendering.edge_controller(
        tmp_path, policy="adaptive", personality="live", password_file=password_file, tokens=tokens
    )
    vps = rendering.vps_controller(tmp_path, policy="adaptive", password_file=password_file, tokens=tokens)
    rig, server = load(edge, environment={}), load(vps, environment={})

    assert rig.config.link is not None
    assert rig.config.link.url == f"http://127.0.0.1:{ports.RIG_LINK}"
    assert rig.secrets.link_token == server.secrets.tokens["link"]
    assert "link" not in rig.secrets.tokens
    assert rig.secrets.tokens["control"] == server.secrets.tokens["control"]


def test_ports_of_one_host_differ() -> None:
    """No two parts of one host want the same port."""
    rig = [ports.PROMETHEUS, ports.CONTROLLER, ports.MPTCP_EXPORTER, ports.ENCODER, ports.RIG_RTMP]
    rig += [ports.RIG_REMOTE_WRITE, ports.RIG_LINK]
    server = [ports.PROMETHEUS, ports.CONTROLLER, ports.MPTCP_EXPORTER, ports.BOND_RTMP, ports.BOND_REMOTE_WRITE]
    server += [
        ports.BOND_LINK,
        ports.INGEST_RTMP,
        ports.PLATFORM_RTMP,
        ports.INGEST_STAT,
        ports.INGEST_EXPORTER,
        ports.OBS_WEBSOCKET,
    ]
    assert len(set(rig)) == len(rig)
    assert len(set(server)) == len(server)
