"""What the demo is made of."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.demo.assembly import Assembly, assemble
from deploy.demo.options import parse
from deploy.demo.runner import Runner
from deploy.demo.world import World

pytestmark = [pytest.mark.root, pytest.mark.mptcp]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the run's files go."""
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module", params=["mptcp", "srtla", "hybrid"])
def assembly(request: pytest.FixtureRequest, directory: Path) -> Iterator[Assembly]:
    """The demo's parts, none of them started, for each transport."""
    with World() as world:
        yield assemble(world, parse(["--transport", request.param]), directory)


def test_parts_fit_together(assembly: Assembly, directory: Path) -> None:
    """Names are unique, every part that another waits for exists, and no two wait for each other."""
    Runner(assembly.parts, directory=directory)


def test_secrets_stay_in_files(assembly: Assembly) -> None:
    """No secret is in an argument list or an environment, where every user of the machine could read it."""
    for part in assembly.parts:
        shown = " ".join([*part.argv, *part.env.values()])
        assert not [secret for secret in assembly.secrets if secret in shown], part.name


def test_secret_files_are_private(assembly: Assembly, directory: Path) -> None:
    """Every file that holds a secret is readable by its owner alone."""
    holders = [
        path
        for path in directory.rglob("*")
        if path.is_file() and any(secret in path.read_text(errors="replace") for secret in assembly.secrets)
    ]
    assert len(holders) >= 5
    assert [path.name for path in holders if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


def test_a_second_run_has_other_secrets(assembly: Assembly, tmp_path: Path) -> None:
    """Keys and passwords are made for one run."""
    other = assemble(assembly.world, parse([]), tmp_path)
    assert not set(other.secrets) & set(assembly.secrets)
