"""The command as a user meets it: a process with exit codes, lines and signals."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ENVIRONMENT = {**os.environ, "VVLIVE_TEST_PASSWORD": "hunter2", "VVLIVE_TEST_TOKEN": "0123456789abcdef"}
COMMAND = [sys.executable, "-m", "controller"]
START_DEADLINE_S = 30.0


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def configuration(directory: Path, *, port: int, **changed: str) -> Path:
    """A configuration without anything behind it: no Prometheus, no encoder, no OBS."""
    lines = {
        "rig": "r1",
        "prometheus": f'{{url: "http://127.0.0.1:{free_port()}"}}',
        "encoder": f'{{url: "http://127.0.0.1:{free_port()}", password_env: VVLIVE_TEST_PASSWORD}}',
        "obs": f"{{port: {free_port()}, password_env: VVLIVE_TEST_PASSWORD}}",
        "api": f'{{listen: "127.0.0.1:{port}"}}',
        **changed,
    }
    path = directory / "c.yml"
    path.write_text("\n".join(f"{key}: {value}" for key, value in lines.items()), encoding="utf-8")
    return path


def once(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command run to its end."""
    return subprocess.run(
        [*COMMAND, *arguments], env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False
    )


def get(port: int, path: str) -> tuple[int, str]:
    """One request to a running controller."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@contextmanager
def running(path: Path, port: int, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A controller that has begun to answer; ended whatever happens."""
    process = subprocess.Popen(
        [*COMMAND, "run", "--config", str(path)],
        env={**ENVIRONMENT, **environment},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        give_up_s = time.monotonic() + START_DEADLINE_S
        while time.monotonic() < give_up_s and process.poll() is None:
            try:
                get(port, "/-/healthy")
                break
            except OSError:
                time.sleep(0.05)
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()


def test_check_says_what_would_be_driven(tmp_path: Path) -> None:
    """A correct file is confirmed with the parts that it configures, and no secret among them."""
    checked = once("check", "--config", str(configuration(tmp_path, port=8000)))

    assert checked.returncode == 0
    assert "correct" in checked.stdout
    assert "rig r1, policy adaptive, every 1 s" in checked.stdout
    assert "hunter2" not in checked.stdout + checked.stderr


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_wrong_configuration_ends_with_code_2_and_a_line_each(tmp_path: Path, command: str) -> None:
    """All errors are told, each on one line of standard error, and nothing is started."""
    path = configuration(tmp_path, port=8000, colour="red", policy="{name: hopeful}")
    refused = once(command, "--config", str(path))

    assert refused.returncode == 2
    assert refused.stderr.splitlines() == [
        "vvlive: policy.name: must be 'locked' or 'adaptive'; write the policy: locked or adaptive",
        "vvlive: colour: unknown key; remove it",
    ]


def test_a_missing_file_ends_with_code_2() -> None:
    """A path to nothing is one line."""
    refused = once("run", "--config", "/nonexistent/c.yml")

    assert (refused.returncode, refused.stderr) == (
        2,
        "vvlive: /nonexistent/c.yml: no such file; give its path with --config\n",
    )


def test_a_taken_port_ends_with_code_2(tmp_path: Path) -> None:
    """A port in use is one line with the remedy."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = once("run", "--config", str(configuration(tmp_path, port=port)))

    assert refused.returncode == 2
    assert refused.stderr == (
        f"vvlive: api.listen: port {port} is taken on 127.0.0.1; stop what listens there, or choose another port\n"
    )


def test_a_state_directory_that_cannot_be_ends_with_code_2(tmp_path: Path) -> None:
    """A state directory under a file is one line with the remedy."""
    path = configuration(tmp_path, port=free_port(), state_dir="/dev/null/state")
    refused = once("run", "--config", str(path))

    assert refused.returncode == 2
    assert refused.stderr == (
        "vvlive: state_dir: /dev/null/state cannot be written (Not a directory); choose a directory that can\n"
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_with_nothing_behind_it_it_runs_says_unknown_and_ends_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    """No Prometheus, encoder or OBS: the loop runs, every part is told as absent, and a signal ends it with code 0."""
    port = free_port()
    with running(configuration(tmp_path, port=port), port) as process:
        give_up_s = time.monotonic() + START_DEADLINE_S
        status = json.loads(get(port, "/api/status")[1])
        while time.monotonic() < give_up_s and (status["decisions"] == 0 or status["studio"]["reachable"] is None):
            time.sleep(0.1)
            status = json.loads(get(port, "/api/status")[1])
        ready = get(port, "/-/ready")[0]
        process.send_signal(number)
        code = process.wait(timeout=20)
        assert process.stderr is not None
        log = process.stderr.read()

    assert code == 0
    assert ready == 503
    assert status["source"]["problem"].startswith("unknown because Prometheus cannot be reached")
    assert status["observed"]["freshness"] == "blind"
    assert (status["encoder"]["reachable"], status["studio"]["reachable"]) == (False, False)
    assert "hunter2" not in log
    assert "Traceback" not in log


def test_systemd_hears_that_it_is_ready_well_and_at_its_end(tmp_path: Path) -> None:
    """Without Prometheus, encoder or OBS too: the loop ticks, and that is what the watchdog watches."""
    port = free_port()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(START_DEADLINE_S)
        asked = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "300000"}
        with running(configuration(tmp_path, port=port), port, **asked) as process:
            heard = [listening.recv(100).decode() for _ in range(2)]
            process.send_signal(signal.SIGTERM)
            code = process.wait(timeout=20)
            while heard[-1] != "STOPPING=1":
                heard.append(listening.recv(100).decode())

    assert code == 0
    assert heard[:2] == ["READY=1", "WATCHDOG=1"]


def test_an_override_survives_kill_9(tmp_path: Path) -> None:
    """What was answered with 200 is in force in the next process, and no later than it said."""
    port = free_port()
    tokens = f"{{tokens: {{control: {{token_env: VVLIVE_TEST_TOKEN}}}}, listen: '127.0.0.1:{port}'}}"
    path = configuration(tmp_path, port=port, state_dir=str(tmp_path / "state"), api=tokens)
    body = json.dumps({"reason": "tunnel", "for_s": 300, "state": "LOW"}).encode()
    headers = {"Authorization": f"Bearer {ENVIRONMENT['VVLIVE_TEST_TOKEN']}", "Content-Type": "application/json"}
    with running(path, port) as process:
        given = httpx.post(f"http://127.0.0.1:{port}/api/override", content=body, headers=headers, trust_env=False)
        process.kill()
    with running(path, port):
        found = json.loads(get(port, "/api/override")[1])["override"]

    assert (found["number"], found["until_s"], found["reason"]) == (1, given.json()["override"]["until_s"], "tunnel")
