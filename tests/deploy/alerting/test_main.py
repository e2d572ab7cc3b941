"""The command: from the shipped file to one that the installed Alertmanager takes."""

from __future__ import annotations

import shutil
import stat
import subprocess
from pathlib import Path

import pytest
import yaml

from deploy.alerting.__main__ import SHIPPED, main

SECRETS = {
    "discord-webhook-url": "https://discord.example/api/webhooks/1/secret-discord",
    "discord-silent-webhook-url": "https://discord.example/api/webhooks/2/secret-silent",
    "telegram-bot-token": "1:secret-telegram",
    "telegram-chat-id": "-1001",
    "pushover-token": "secret-pushover",
    "pushover-user-key": "secret-user",
    "email-to": "me@example.org",
    "email-from": "rig@example.org",
    "email-smarthost": "mail.example.org:587",
    "email-username": "rig",
    "email-password": "secret-email",
    "webhook-url": "https://hook.example/secret-hook",
    "ntfy-adapter-url": "http://127.0.0.1:9098/",
    "heartbeat-url": "https://heartbeat.example/secret-beat",
    "controller-webhook-url": "http://127.0.0.1:8000/webhooks/alertmanager",
    "controller-alert-token": "secret-controller",
}
FAMILIES = [
    "discord-webhook",
    "discord-silent",
    "telegram",
    "pushover",
    "email",
    "webhook",
    "ntfy",
    "heartbeat",
    "controller",
]


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """A directory with every secret."""
    directory = tmp_path / "secrets"
    directory.mkdir()
    for name, text in SECRETS.items():
        (directory / name).write_text(f"{text}\n")
    return directory


def amtool(config: Path) -> str:
    """What amtool says of a configuration."""
    program = shutil.which("amtool")
    assert program, "amtool is missing: apt-get install prometheus-alertmanager"
    done = subprocess.run([program, "check-config", str(config)], capture_output=True, text=True, check=False)
    return "valid" if done.returncode == 0 else done.stdout + done.stderr


def test_everything_configured(secrets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All receivers at once are valid, for the owner's eyes alone, and nothing of the secrets is printed."""
    output = tmp_path / "alertmanager.yml"

    assert main(["--secrets", str(secrets), "--output", str(output)]) == 0
    printed = capsys.readouterr()
    assert amtool(output) == "valid"
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    assert "secret-" not in printed.out + printed.err
    assert printed.out.endswith("not configured: nothing\n")
    assert "_file" not in output.read_text()


def test_nothing_configured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without any secret the file is valid, and tells nobody."""
    (tmp_path / "secrets").mkdir()

    assert main(["--secrets", str(tmp_path / "secrets"), "--output", str(tmp_path / "out.yml")]) == 0
    assert amtool(tmp_path / "out.yml") == "valid"
    assert "notifying through: nothing\n" in capsys.readouterr().out


@pytest.mark.parametrize("family", FAMILIES)
def test_one_alone(family: str, secrets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each kind of receiver is valid without the others."""
    for path in secrets.iterdir():
        if not path.name.startswith(family):
            path.unlink()

    assert main(["--secrets", str(secrets), "--output", str(tmp_path / "out.yml")]) == 0
    assert amtool(tmp_path / "out.yml") == "valid"
    assert "notifying through: nothing" not in capsys.readouterr().out


def test_every_secret_is_one_that_the_file_wants() -> None:
    """The table above and the shipped file name the same secrets."""
    wanted: set[str] = set()

    def collect(node: object) -> None:
        if isinstance(node, dict):
            wanted.update(value for key, value in node.items() if key.endswith("_file"))
            for value in node.values():
                collect(value)
        elif isinstance(node, list):
            for value in node:
                collect(value)

    collect(yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))["receivers"])
    assert wanted == set(SECRETS)


def test_a_bad_secret_changes_nothing(secrets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line, exit code 2, and the file of before stays as it was."""
    output = tmp_path / "out.yml"
    output.write_text("before")
    (secrets / "telegram-bot-token").write_text("change-me\n")

    assert main(["--secrets", str(secrets), "--output", str(output)]) == 2
    assert capsys.readouterr().err == (
        "deploy.alerting: telegram-bot-token is still a placeholder: write the secret into it, or remove it\n"
    )
    assert output.read_text() == "before"


def test_no_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A secrets directory that is not there is named."""
    assert main(["--secrets", str(tmp_path / "none"), "--output", str(tmp_path / "out.yml")]) == 2
    assert "none" in capsys.readouterr().err
