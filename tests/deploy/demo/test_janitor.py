"""The janitor: what it ends, and when it keeps its hands off."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from deploy.demo import janitor
from deploy.demo.namespaces import Namespace
from deploy.demo.processes import stat
from deploy.demo.world import environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.root
WAIT_S = 10.0
# A process that leaves its session and ignores the polite signals, as a worker of a server may.
STUBBORN = "trap '' TERM INT HUP; echo; while :; do sleep 60; done"


@pytest.fixture
def namespace() -> Iterator[Namespace]:
    """A fresh namespace."""
    with Namespace.create("kept") as made:
        yield made


@pytest.fixture
def stubborn(namespace: Namespace) -> Iterator[subprocess.Popen[bytes]]:
    """A process inside that nobody else would end."""
    enter = [*namespace.hint.split(), "setsid", "sh", "-c", STUBBORN]
    with subprocess.Popen(enter, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.read(1)
        yield process
        process.kill()


def start(namespace: Namespace, socket: Path) -> subprocess.Popen[bytes]:
    """A janitor that watches the namespace."""
    return subprocess.Popen(
        [sys.executable, "-m", "deploy.demo.janitor", f"--socket={socket}", str(namespace.fd)],
        stdin=subprocess.PIPE,
        pass_fds=[namespace.fd],
        env=environment(),
    )


def test_end_of_the_owner_ends_everything_inside(
    namespace: Namespace, stubborn: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    """When the pipe ends without a word, everything inside is killed and the socket's directory is removed."""
    directory = tmp_path / "run"
    directory.mkdir()
    (directory / "control").touch()
    keeper = start(namespace, directory / "control")

    keeper.communicate(timeout=WAIT_S)

    assert stubborn.wait(timeout=WAIT_S) == -9
    assert not directory.exists()


def test_orderly_end_leaves_the_processes_to_their_owner(
    namespace: Namespace, stubborn: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    """After the word `done` nothing is killed."""
    start(namespace, tmp_path / "absent" / "control").communicate(janitor.DONE, timeout=WAIT_S)

    found = stat(stubborn.pid)
    assert found is not None
    assert found.state != "Z"


def test_directory_in_use_is_left(namespace: Namespace, tmp_path: Path) -> None:
    """Only an empty directory is removed."""
    (tmp_path / "control").touch()
    (tmp_path / "another's").touch()

    start(namespace, tmp_path / "control").communicate(timeout=WAIT_S)

    assert [path.name for path in tmp_path.iterdir()] == ["another's"]
