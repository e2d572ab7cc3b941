"""`vvlive doctor` as it is typed."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from controller.cli import app

if TYPE_CHECKING:
    from pathlib import Path


def configuration(directory: Path) -> Path:
    """A VPS with nothing behind it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    path = directory / "c.yml"
    path.write_text(
        f"rig: r1\nprometheus: {{url: 'http://127.0.0.1:{port}'}}\nobs: {{port: {port}}}\n"
        f"api: {{listen: '127.0.0.1:{port}'}}\n",
        encoding="utf-8",
    )
    return path


def test_it_ends_with_1_where_something_is_wrong(tmp_path: Path) -> None:
    """Each finding is a row with its remedy, and the last line counts the wrong ones."""
    done = CliRunner().invoke(app, ["doctor", "--config", str(configuration(tmp_path)), "--side", "none"])

    assert done.exit_code == 1
    assert "wrong    prometheus" in done.output
    assert "findings are wrong" in done.output


def test_json_is_the_findings_themselves(tmp_path: Path) -> None:
    """For a script: part, verdict, text, remedy."""
    done = CliRunner().invoke(app, ["doctor", "--config", str(configuration(tmp_path)), "--side", "none", "--json"])
    found = {one["about"]: one for one in json.loads(done.output)}

    assert found["prometheus"]["verdict"] == "wrong"
    assert set(found["obs"]) == {"about", "verdict", "text", "remedy"}


def test_a_wrong_configuration_ends_with_2_and_all_its_errors(tmp_path: Path) -> None:
    """Nothing is asked before the configuration is right."""
    path = tmp_path / "c.yml"
    path.write_text("obs: {}\ncolour: red\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["doctor", "--config", str(path)])

    assert done.exit_code == 2
    assert len(done.output.splitlines()) == 2
