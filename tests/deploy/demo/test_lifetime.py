"""Whatever ends a program with a world and parts, at whatever moment, nothing of it is left.

The program marks itself and all its offspring by an environment variable; its files go to a
directory of the test. When no process bears the mark, no descriptor and so no namespace is left.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from contextlib import suppress
from pathlib import Path

import pytest

from deploy.demo import processes
from deploy.demo.world import environment

pytestmark = [pytest.mark.root, pytest.mark.mptcp]
WAIT_S = 20.0
MARK = "VVLIVE_TEST_MARK"

# `server` leaves a worker in a session of its own behind, as daemons do; `slow` is never ready.
PROGRAM = """
import asyncio, signal, sys
from pathlib import Path
from deploy.demo.part import Part
from deploy.demo.readiness import LogReady
from deploy.demo.runner import Runner, run
from deploy.demo.world import World

def say(what):
    print(what, flush=True)

async def main():
    say("begin")
    async with World() as world:
        say("world")
        up = LogReady("up")
        worker = "setsid sleep 600 & echo up; trap '' TERM; while :; do sleep 0.05; done"
        parts = [
            Part("server", ("sh", "-c", worker), world.vps, ready=up, stop_timeout_s=0.3),
            Part("client", ("sh", "-c", "echo up; exec sleep 600"), world.pi, ready=up, after=("server",)),
            Part("outside", ("sh", "-c", "echo up; exec sleep 600"), ready=up, after=("client",)),
        ]
        if "slow" in sys.argv:
            parts.append(Part("slow", ("sleep", "600"), world.pi, ready=up, after=("client",)))
        tell = lambda event: say(f"{event.happening} {event.part}")
        async with Runner(parts, directory=Path(sys.argv[1]), progress=tell):
            say("all")
            await asyncio.sleep(600 if "stay" in sys.argv else 0)
    say("end")
    return 0

sys.exit(run(main))
"""
CODES = {signal.SIGINT: {130}, signal.SIGTERM: {143}, signal.SIGKILL: {-9}}
MOMENTS = [
    ("begin", "stay"),
    ("world", "stay"),
    ("starting server", "stay"),
    ("starting client", "stay"),
    ("starting slow", "slow"),
    ("all", "stay"),
    ("stopping server", "leave"),
]


def bearers(mark: str) -> list[int]:
    """The processes, zombies aside, that bear the mark."""
    found = []
    for pid in processes.pids():
        with suppress(OSError):
            if f"{MARK}={mark}".encode() in Path(f"/proc/{pid}/environ").read_bytes():
                found.append(pid)
    return found


def left(mark: str) -> list[int]:
    """The bearers of the mark that do not go in good time."""
    deadline = time.monotonic() + WAIT_S
    while (found := bearers(mark)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


@pytest.mark.parametrize(
    ("moment", "manner", "number"),
    [(*moment, number) for moment in MOMENTS for number in (signal.SIGINT, signal.SIGKILL)]
    + [("starting client", "stay", signal.SIGTERM)],
    ids=str,
)
def test_signal_at_any_moment_leaves_nothing(tmp_path: Path, moment: str, manner: str, number: signal.Signals) -> None:
    """Interrupted, terminated or killed at a stage of its life, the program leaves no process and no file."""
    mark = uuid.uuid4().hex
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "logs"), manner],
        env={**environment(), MARK: mark, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        assert any(line.strip() == moment for line in program.stdout)
        program.send_signal(number)
        _, complaint = program.communicate(timeout=WAIT_S)

    assert left(mark) == []
    assert program.returncode in CODES[number], complaint
    assert list(temporary.iterdir()) == []
    assert complaint == ""


def test_orderly_end_leaves_nothing(tmp_path: Path) -> None:
    """The program that comes to its own end is no different."""
    mark = uuid.uuid4().hex
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "logs"), "leave"],
        env={**environment(), MARK: mark, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_S,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert bearers(mark) == []
    assert os.listdir(tmp_path) == ["logs"]  # noqa: PTH208 - names only
