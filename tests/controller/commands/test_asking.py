"""What every command that asks a controller has in common."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from controller.cli import EXIT_CODES, app

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = ("run", "check", "status", "why", "override", "scene", "report", "replay", "demo", "doctor")


@pytest.mark.parametrize("url", ["nonsense", "ftp://127.0.0.1", "http://[::1"])
def test_an_address_that_is_none_is_told_apart_from_silence(url: str) -> None:
    """What was written is wrong, and an example is given; nobody is asked whether the controller runs."""
    done = CliRunner().invoke(app, ["status", "--url", url])

    assert done.exit_code == 2
    assert done.output == f"vvlive: {url} is no address; write one like http://127.0.0.1:8000\n"


def test_a_token_file_that_cannot_be_read_is_named() -> None:
    """Before anything is asked."""
    done = CliRunner().invoke(app, ["status", "--token-file", "/nonexistent/token"])

    assert done.exit_code == 2
    assert "/nonexistent/token cannot be read" in done.output


def test_every_command_is_listed_with_the_exit_codes() -> None:
    """Whoever asks for help sees all there is."""
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"}).output

    assert [name for name in COMMANDS if f" {name} " not in shown] == []
    assert EXIT_CODES in " ".join(shown.split())


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in {"run", "demo"}])
def test_every_command_that_tells_something_tells_it_as_json_too(name: str) -> None:
    """For scripts."""
    shown = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "200"}).output

    assert "--json" in shown


def test_who_only_asks_does_not_load_a_controller() -> None:
    """A look at the status is no matter of seconds on a small machine: neither server nor drivers are loaded for it."""
    program = (
        "import sys; from typer.testing import CliRunner; from controller.cli import app;"
        "done = CliRunner().invoke(app, ['status', '--url', 'http://127.0.0.1:1']); print(done.exit_code);"
        "print(sorted({'fastapi', 'aiohttp', 'controller.wiring', 'obsws_python'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)

    assert done.stdout.split("\n")[:2] == ["3", "[]"]


def test_a_shell_can_complete_commands() -> None:
    """What typer's completion script asks for, answered."""
    environment = {"_VVLIVE_COMPLETE": "complete_bash", "COMP_WORDS": "vvlive ov", "COMP_CWORD": "1"}
    command = "from controller.cli import app; app(prog_name='vvlive')"
    done = subprocess.run(
        [sys.executable, "-c", command],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.stdout.split() == ["override"]


def test_check_as_json_is_the_configuration_without_its_secrets(tmp_path: Path) -> None:
    """Every key with the value that counts; of secrets only where they are kept."""
    path = tmp_path / "c.yml"
    path.write_text("rig: r1\nobs: {password_env: VVLIVE_TEST_PASSWORD}\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["check", "--config", str(path), "--json"], env={"VVLIVE_TEST_PASSWORD": "hunter2"})

    assert json.loads(done.output)["obs"]["password_env"] == "VVLIVE_TEST_PASSWORD"
    assert "hunter2" not in done.output
