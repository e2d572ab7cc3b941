"""What the guides tell people to write and to run: units, options and configurations that exist and are taken."""

from __future__ import annotations

import argparse
import importlib.util
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from controller.config_file import validate
from deploy.demo.studio import scenes
from exporters.mptcp.__main__ import parser as mptcp_exporter
from exporters.srtla.__main__ import parser as srtla_exporter

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "deploy" / "systemd"
RIG = (ROOT / "docs" / "rig.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
# Debian's own, which our drop-ins give another configuration.
THEIRS = {"nginx", "prometheus"}
OPTIONS = re.compile(r"^VVLIVE_(MPTCP|SRTLA)_EXPORTER=(.*)$", re.MULTILINE)
PARSERS = {"MPTCP": mptcp_exporter, "SRTLA": srtla_exporter}


def blocks(kind: str, text: str = RIG) -> list[str]:
    """The fenced blocks of that kind."""
    return re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)


def test_units_that_are_enabled_exist() -> None:
    """Each is one of ours, or one of Debian's with a drop-in of ours."""
    calls = [shlex.split(line)[1:] for block in blocks("sh") for line in block.splitlines() if line[:9] == "systemctl"]
    named = {word for words in calls for word in words[1:] if not word.startswith("-")}

    assert len(named) > 10
    assert {name for name in named - THEIRS if not (UNITS / f"{name}.service").is_file()} == set()
    assert all((UNITS / f"{name}.service.d").is_dir() for name in named & THEIRS)


def test_every_unit_is_told_of() -> None:
    """Nobody looks for what no guide names; our encoder's is told of where encoders are."""
    told = "".join(page.read_text(encoding="utf-8") for page in PAGES)

    assert [path.stem for path in UNITS.glob("vvlive-*.service") if path.stem not in told] == []


def test_variables_are_those_of_the_units() -> None:
    """What stands in a file under /etc/vvlive is read by a unit."""
    units = "".join(path.read_text(encoding="utf-8") for path in UNITS.rglob("*.*") if path.is_file())
    commands = "".join(line for line in units.splitlines(keepends=True) if line.startswith("Exec")) + (
        ROOT / "deploy" / "haproxy" / "pi.cfg"
    ).read_text(encoding="utf-8")
    given = {name for block in blocks("ini") for name in re.findall(r"^(\w+)=", block, re.MULTILINE)}

    assert {name for name in given if not re.search(rf"\$\{{?{name}\b", commands)} == set()
    assert len(given) >= 8


@pytest.mark.parametrize("found", OPTIONS.findall(RIG), ids=lambda found: found[0].lower())
def test_options_are_taken(found: tuple[str, str]) -> None:
    """By the exporter itself."""
    program, words = found
    options = PARSERS[program]().parse_args(words.split())

    assert isinstance(options, argparse.Namespace)
    assert [uplink.name for uplink in options.uplink] == ["verizon", "att"]


@pytest.mark.parametrize("transport", ["mptcp", "srtla"])
@pytest.mark.parametrize("text", blocks("yaml"), ids=["vps", "pi"])
def test_configurations_are_taken(text: str, transport: str, tmp_path: Path) -> None:
    """As they stand, with secrets in their files, on either transport."""
    for name in re.findall(r"/etc/vvlive/secrets/([\w-]+)", text):
        (tmp_path / "secrets").mkdir(exist_ok=True)
        (tmp_path / "secrets" / name).write_text("0123456789abcdef0123\n")
    there = re.sub(r"/etc/vvlive/(?!encoder)", f"{tmp_path}/", text).replace("/etc/vvlive", str(tmp_path))
    loaded = validate({**yaml.safe_load(there), "transport": transport}, environment={})

    assert loaded.config.rig == "my-rig"
    assert (loaded.config.encoder is None) != (loaded.config.obs is None)


@pytest.mark.parametrize("block", blocks("sh"))
def test_commands_are_shell(block: str) -> None:
    """A shell understands each block, and what it copies is there."""
    done = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True, check=False)
    ours = re.findall(r"(?<![\w/.])((?:deploy|mptcp|prometheus)/[\w./-]+)", block)

    assert (done.returncode, done.stderr) == (0, "")
    assert [path for path in ours if not (ROOT / path).exists()] == []


def test_the_ingest_in_obs_is_set_as_the_demos() -> None:
    """What was measured with OBS is what people are told to set."""
    settings = scenes.ingest("rtmp://127.0.0.1/live/cam")["settings"]

    assert f"`{settings['ffmpeg_options']}`" in RIG
    assert f"network buffer of {settings['buffering_mb']} MB" in RIG
    assert f"reconnect delay of {settings['reconnect_delay_sec']} s" in RIG


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_and_modules_that_are_named_exist(page: Path) -> None:
    """Paths of the repository in code, links beside the page, and modules behind `python -m`."""
    text = page.read_text(encoding="utf-8")
    tops = "|".join(path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith("."))
    paths = re.findall(rf"`((?:{tops})/[\w./-]+)`", text)
    links = [link for link in re.findall(r"\]\(([^)#:]+)\)", text) if not link.startswith("http")]
    modules = re.findall(r"python3? -m ([\w.]+)", text)

    assert [path for path in paths if not (ROOT / path).exists()] == []
    assert [link for link in links if not (page.parent / link).exists()] == []
    assert [name for name in modules if importlib.util.find_spec(name) is None] == []
