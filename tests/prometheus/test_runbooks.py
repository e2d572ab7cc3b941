"""Runbooks: one per alert, four headings, and commands that a tired person can paste."""

from __future__ import annotations

import itertools
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from controller.cli import app
from tests.prometheus import promql

RUNBOOKS = sorted((promql.ROOT / "prometheus" / "runbooks").glob("*.md"))
HEADINGS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]
PROMETHEUS = "http://127.0.0.1:9090"
CONTROLLER = "http://127.0.0.1:8000"
# What a Pi or a VPS has once the product is installed, besides promtool and amtool.
PROGRAMS = {
    "amtool", "chronyc", "curl", "ip", "journalctl", "pgrep", "ping", "promtool", "python3", "ss", "sysctl",
    "systemctl", "tail", "timedatectl", "vvlive",
}  # fmt: skip


def commands(path: Path) -> list[list[str]]:
    """Every command of a runbook's shell blocks, as words."""
    blocks = re.findall(r"```sh\n(.*?)```", path.read_text(encoding="utf-8"), re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


def queries() -> list[tuple[str, str]]:
    """Every PromQL query of a runbook, with the runbook's name."""
    found = ((path.stem, words) for path in RUNBOOKS for words in commands(path))
    return [(name, words[-1]) for name, words in found if words[:3] == ["promtool", "query", "instant"]]


def test_each_belongs_to_an_alert() -> None:
    """No runbook outlives its alert."""
    alerts = {rule["alert"] for path in promql.rule_files() for rule in promql.rules(path) if "alert" in rule}

    assert {path.stem for path in RUNBOOKS} == alerts


@pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.stem)
def test_form(path: Path) -> None:
    """Title, four headings in order, and in Diagnosis at least one command."""
    text = path.read_text(encoding="utf-8")

    assert text.startswith(f"# {path.stem}\n")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == HEADINGS
    assert "```sh" in text.partition("## Diagnosis")[2].partition("## Mitigation")[0]
    assert {words[0] for words in commands(path)} <= PROGRAMS


@pytest.mark.parametrize(("name", "query"), queries())
def test_queries_ask_for_what_is_published(name: str, query: str) -> None:
    """The PromQL in a runbook parses, and asks for metrics of the catalogue."""
    assert promql.problems(query) == [], name


def test_promtool_is_called_as_it_wants() -> None:
    """Every query names the server."""
    asked = [words for path in RUNBOOKS for words in commands(path) if words[:2] == ["promtool", "query"]]

    assert all(words[2:4] == ["instant", PROMETHEUS] and len(words) == 5 for words in asked)
    assert len(asked) > len(RUNBOOKS)


def test_pages_of_the_controller_exist() -> None:
    """Every address at the controller is one of its routes."""
    asked = {word for path in RUNBOOKS for words in commands(path) for word in words if word.startswith(CONTROLLER)}
    sources = (promql.ROOT / "controller" / "api").glob("*.py")
    routes = {route for source in sources for route in re.findall(r'"(/[^"{]*)"', source.read_text(encoding="utf-8"))}

    assert asked
    assert {word.removeprefix(CONTROLLER).partition("?")[0] for word in asked} <= routes


def test_our_commands_exist() -> None:
    """`vvlive A B` names a command of the product, which has help."""
    asked = [words[1:] for path in RUNBOOKS for words in commands(path) if words[0] == "vvlive"]
    named = [list(itertools.takewhile(lambda word: not word.startswith("-"), words)) for words in asked]

    assert named
    assert [words for words in named if CliRunner().invoke(app, [*words, "--help"]).exit_code != 0] == []


def test_units_exist() -> None:
    """Every unit of ours that is restarted or read is shipped."""
    named = {
        word for path in RUNBOOKS for words in commands(path) for word in words if re.fullmatch(r"vvlive-[a-z-]+", word)
    }
    shipped = {path.stem for path in (promql.ROOT / "deploy" / "systemd").glob("*.service")}

    assert named
    assert named <= shipped
