"""The first step of `docker compose up`: nothing starts with secrets that nobody has chosen."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import yaml

from deploy.preparing import main, problems
from exporters.mptcp.probing import read_key as probe_key
from exporters.rtmp_auth.keys import hasher, parse
from mptcp.guard.responder import read_key as guard_key

CHOSEN = {
    "API_TOKEN": "0123456789abcdef",
    "ALERT_TOKEN": "fedcba9876543210",
    "GRAFANA_PASSWORD": "correct horse",
    "INGEST_STREAM_KEY": "00112233445566778899",
    "OBS_PASSWORD": "battery staple",
    "GUARD_KEY": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "PROBE_KEY": "f0e1d2c3b4a5968778695a4b3c2d1e0f",
}


@pytest.fixture
def arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A command line, with every secret chosen in the environment."""
    for name, value in CHOSEN.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "out").mkdir()
    (tmp_path / "notifications").mkdir()
    return ["--output", str(tmp_path / "out"), "--notifications", str(tmp_path / "notifications")]


def test_chosen_secrets_pass() -> None:
    """Nothing is wrong with them."""
    assert problems(CHOSEN) == []


@pytest.mark.parametrize("name", CHOSEN)
@pytest.mark.parametrize(
    ("value", "what"),
    [("", "is not set"), ("change-me", "is still the placeholder of .env.example"), ("abc", "is shorter than")],
)
def test_each_is_refused_by_name(name: str, value: str, what: str) -> None:
    """The line names the variable and the fault, never the value."""
    (line,) = problems(CHOSEN | {name: value})

    assert line.startswith(f"{name} {what}")
    assert not value or value not in line.replace("placeholder", "")


def test_all_faults_at_once(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two faults are two lines and the remedy, exit code 2, and nothing is written."""
    monkeypatch.setenv("API_TOKEN", "change-me")
    monkeypatch.delenv("OBS_PASSWORD")

    assert main(arguments) == 2
    assert capsys.readouterr().err.splitlines() == [
        "vvlive: API_TOKEN is still the placeholder of .env.example",
        "vvlive: OBS_PASSWORD is not set",
        "vvlive: nothing was started; put this right in .env, `openssl rand -hex 16` makes a secret",
    ]
    assert list(Path(arguments[1]).iterdir()) == []


def test_what_is_written(arguments: list[str]) -> None:
    """Tokens and Alertmanager's configuration, each for its reader alone; twice is as good as once."""
    output = Path(arguments[1])

    assert main(arguments) == 0
    assert main(arguments) == 0
    assert (output / "control-token").read_text() == CHOSEN["API_TOKEN"]
    assert (output / "stream-key").read_text() == CHOSEN["INGEST_STREAM_KEY"]
    assert guard_key(output / "guard-key") == CHOSEN["GUARD_KEY"].encode()
    assert probe_key(str(output / "probe-key")) == CHOSEN["PROBE_KEY"].encode()
    (key,) = parse((output / "authentication.json").read_text(), hasher(b"test"))["live"]
    assert (key.alias, key.digest) == ("cam", hasher(b"test")(CHOSEN["INGEST_STREAM_KEY"]))
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in output.iterdir()} == {0}
    config = yaml.safe_load((output / "alertmanager.yml").read_text())
    (controller,) = (one for one in config["receivers"] if one["name"] == "controller")
    (webhook,) = controller["webhook_configs"]
    assert webhook["http_config"]["authorization"]["credentials"] == CHOSEN["ALERT_TOKEN"]
    assert {"discord_configs", "telegram_configs"} & {key for one in config["receivers"] for key in one} == set()


def test_a_receiver_is_configured_by_its_files(arguments: list[str]) -> None:
    """A file in the notifications directory is a receiver."""
    (Path(arguments[3]) / "discord-webhook-url").write_text("https://discord.example/api/webhooks/1/x\n")

    assert main(arguments) == 0
    assert "discord_configs" in (Path(arguments[1]) / "alertmanager.yml").read_text()


def test_a_bad_receiver_stops_everything(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A placeholder there is refused like one in .env."""
    (Path(arguments[3]) / "discord-webhook-url").write_text("change-me\n")

    assert main(arguments) == 2
    assert "vvlive: discord-webhook-url is still a placeholder" in capsys.readouterr().err
