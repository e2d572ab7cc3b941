"""The bootstrap and the Makefile's words, in a copy of what they read, with a package that nobody has."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_SAYS = '#!/bin/sh\necho {name} "$@" >>{said}\n{then}\n'


@dataclass(frozen=True, slots=True)
class Place:
    """A tree whose environment is up to date, and the programs that it finds first."""

    tree: Path
    path: str

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command there, as `PATH` has it."""
        environment = {"PATH": self.path, "HOME": str(self.tree), "PYTHON": sys.executable}
        return subprocess.run(words, cwd=self.tree, env=environment, capture_output=True, text=True, check=False)

    @property
    def said(self) -> str:
        """What was asked of the programs that stand for the real ones, a line each."""
        told = self.tree / "said"
        return told.read_text() if told.exists() else ""


@pytest.fixture
def place(tmp_path: Path) -> Callable[[int], Place]:
    """Make a place in which a user of the given number lacks one Debian package."""

    def made(uid: int) -> Place:
        said = tmp_path / "said"
        for name in ("Makefile", "deploy/bootstrap", "requirements-dev.lock", "pyproject.toml"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / name)
        (tmp_path / "deploy/packages.debian").write_text("nobody-has-this /nowhere/at/all\n")
        programs = {".venv/bin/python": "", "first/apt-get": "", "first/id": f"[ $1 != -u ] || echo {uid}"}
        for name, then in programs.items():
            program = tmp_path / name
            program.parent.mkdir(parents=True, exist_ok=True)
            program.write_text(_SAYS.format(name=program.name, said=said, then=then))
            program.chmod(0o755)
        locks = b"".join((tmp_path / name).read_bytes() for name in ("requirements-dev.lock", "pyproject.toml"))
        (tmp_path / ".venv/.vvlive-lock").write_text(sha256(locks).hexdigest()[:16])
        return Place(tmp_path, f"{tmp_path / 'first'}:/usr/bin:/bin")

    return made


@pytest.mark.parametrize("uid", [0, 1_000])
def test_the_bench_runs_without_the_debian_packages(place: Callable[[int], Place], uid: int) -> None:
    """`make bench` asks for no package and installs none, as root or not: it simulates."""
    here = place(uid)
    done = here.run("make", "bench", "ARGS=--mode tcp")
    assert (done.returncode, done.stderr) == (0, "")
    assert "apt-get" not in here.said
    assert "python -m tests.bench --mode tcp" in here.said


def test_what_needs_the_packages_names_them(place: Callable[[int], Place]) -> None:
    """Without root every other word ends before it begins, with the packages that are missing and how to get them."""
    here = place(1_000)
    done = here.run("make", "test")
    assert done.returncode == 2
    assert "sudo apt-get install --no-install-recommends nobody-has-this" in done.stderr
    assert "python" not in here.said


def test_an_unknown_word_is_refused(place: Callable[[int], Place]) -> None:
    """A mistyped option of the bootstrap installs nothing and says what there is."""
    here = place(0)
    done = here.run("deploy/bootstrap", "--python")
    assert done.returncode == 2
    assert "--python is not known; give --python-only or nothing" in done.stderr
    assert here.said == ""
