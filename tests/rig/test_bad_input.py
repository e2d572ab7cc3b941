"""What the demo says when the machine is not fit for it: one line each, with the remedy, and exit code 2."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.demo.preflight import REQUIRED

pytestmark = [pytest.mark.root, pytest.mark.mptcp]

ROOT = Path(__file__).resolve().parents[2]
DEMO = (sys.executable, "-m", "deploy.demo")


def run(*argv: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run to the end; a demo that starts after all is ended by the time limit, which is a failure."""
    return subprocess.run(
        argv, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False
    )


def only_line(done: subprocess.CompletedProcess[str]) -> str:
    """The one line of complaint."""
    assert done.returncode == 2, done.stdout + done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_no_root() -> None:
    """Without root it says so, and how to get it."""
    line = only_line(run("unshare", "--user", *DEMO))
    assert "root" in line
    assert "sudo" in line


def test_mptcp_off() -> None:
    """With MPTCP switched off it names the sysctl and the command that switches it on."""
    script = 'echo 0 >/proc/sys/net/mptcp/enabled && exec "$@"'
    line = only_line(run("unshare", "--net", "sh", "-c", script, "sh", *DEMO))
    assert "net.mptcp.enabled=0" in line
    assert "sysctl -w net.mptcp.enabled=1" in line


def test_missing_program(tmp_path: Path) -> None:
    """A missing program is named with the package that brings it."""
    for name in REQUIRED:
        found = shutil.which(name)
        if found is not None and not name.startswith("/") and name != "haproxy":
            (tmp_path / name).symlink_to(found)
    line = only_line(run(*DEMO, PATH=str(tmp_path)))
    assert "haproxy" in line
    assert "apt-get install" in line


def test_port_taken(tmp_path: Path) -> None:
    """A taken port is named, with what it was for and the remedy; nothing is left running."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        line = only_line(run(*DEMO, "--port-base", str(port), "--logs", str(tmp_path)))
    assert str(port) in line
    assert "choose another port" in line


def test_wrong_option() -> None:
    """A duration that is none is refused before anything is looked at."""
    done = run(*DEMO, "--for", "soon")
    assert done.returncode == 2
    assert "write it like 300s" in done.stderr
