"""The demo as a user runs it: every program real, one drive in fast motion, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.demo import processes
from deploy.demo.report import Report, read
from deploy.demo.verdict import Finding, judge

pytestmark = [pytest.mark.root, pytest.mark.mptcp, pytest.mark.rig]

LENGTH_S = 150
START_LIMIT_S = 90
END_LIMIT_S = 60
ROOT = Path(__file__).resolve().parents[2]


def command(directory: Path, *arguments: str) -> list[str]:
    """The demo's command line, with its own ports and log directory."""
    base = 24_000 + os.getpid() % 1000 * 8
    return [sys.executable, "-m", "deploy.demo", "--logs", str(directory), "--port-base", str(base), *arguments]


def survivors(directory: Path) -> list[str]:
    """Command lines of processes that still belong to the run in `directory`."""
    found = []
    for pid in processes.pids():
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            environment = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if str(directory) in line or str(directory) in environment:
            found.append(line)
    return found


def mounts() -> set[str]:
    """What is mounted where."""
    return {line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()}


@dataclass(frozen=True)
class Run:
    """A finished run."""

    report: Report
    directory: Path
    output: str
    mounts_before: set[str]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One whole drive in fast motion."""
    directory = tmp_path_factory.mktemp("demo")
    before, out = mounts(), directory / "out.json"
    done = subprocess.run(
        command(directory, "--for", f"{LENGTH_S}s", "--report", str(out)),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=LENGTH_S + START_LIMIT_S + END_LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return Run(read(out), directory, done.stdout, before)


def finding(run: Run, words: str) -> Finding:
    """The verdict on the promise that holds `words`."""
    return next(one for one in judge(run.report) if words in one.promise)


@pytest.mark.parametrize("words", ["lower bitrate", "is covered", "main scene", "restarts by itself"])
def test_promises_of_the_drive(run: Run, words: str) -> None:
    """The encoder is lowered, OBS covers the gap and comes back in time, and no process restarts by itself."""
    one = finding(run, words)
    assert one.kept is True, f"{one.promise}: {one.figures}"


def test_truth_is_recorded_every_second(run: Run) -> None:
    """Each second has the drive's true capacity, and the picture's age is known while the bond carries."""
    seconds = run.report.seconds
    assert len(seconds) >= LENGTH_S
    assert {sum(second.capacity_bps.values()) for second in seconds} == {0, 2_000_000, 8_000_000, 16_000_000}
    good = [second for second in seconds if sum(second.capacity_bps.values()) == 16_000_000]
    known = [second for second in good if second.picture_age_ingest_s is not None]
    assert len(known) >= 0.8 * len(good)


def test_the_encoder_obeys(run: Run) -> None:
    """The bitrate that arrives follows the target: far less arrives in the weak stretch than before it."""
    weak = [s.received_bps for s in run.report.seconds if sum(s.capacity_bps.values()) == 2_000_000 and s.received_bps]
    good = [s.received_bps for s in run.report.seconds if sum(s.capacity_bps.values()) >= 8_000_000 and s.received_bps]
    assert sum(weak) / len(weak) < 0.7 * sum(good) / len(good)


def test_decisions_say_why(run: Run) -> None:
    """Every decision has a reason in words, and those that were commanded say when."""
    decisions = run.report.decisions
    assert decisions
    assert all(len(row.reason.split()) >= 4 for row in decisions)
    assert any(row.commanded_t is not None and row.applied_t is not None for row in decisions)


def test_no_secret_in_logs_or_report(run: Run) -> None:
    """Neither stream key, nor platform key, nor a password is in any log, in the report or on the screen."""
    latest = next(path for path in run.directory.iterdir() if path.is_dir() and not path.is_symlink())
    keys = [(latest / name).read_text().strip() for name in ("obs.password", "encoder.password")]
    keys += [(latest / name).read_text().strip().rpartition("/")[2] for name in ("encoder.url", "picture-platform.url")]
    texts = [run.output, json.dumps(run.report.as_dict())]
    texts += [path.read_text(errors="replace") for path in latest.glob("*.log")]
    assert all(len(key) == 32 for key in keys)
    assert not [key for key in keys if any(key in text for text in texts)]


def test_nothing_is_left(run: Run) -> None:
    """After the end no process of the run lives and nothing is mounted that was not before."""
    assert survivors(run.directory) == []
    assert mounts() == run.mounts_before


@pytest.mark.parametrize(
    ("number", "after_s", "code"), [(signal.SIGINT, 2.0, 130), (signal.SIGTERM, 6.0, 143), (signal.SIGKILL, 8.0, -9)]
)
def test_stopped_while_starting(number: signal.Signals, after_s: float, code: int, tmp_path: Path) -> None:
    """Stopped at any moment of its start, even by kill -9, the demo leaves no process and no mount."""
    before = mounts()
    with (tmp_path / "screen").open("w") as screen:
        demo = subprocess.Popen(command(tmp_path), cwd=ROOT, stdout=screen, stderr=subprocess.STDOUT)
        time.sleep(after_s)
        demo.send_signal(number)
        assert demo.wait(timeout=END_LIMIT_S) == code, (tmp_path / "screen").read_text()
    deadline = time.monotonic() + 10
    while survivors(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert survivors(tmp_path) == []
    assert mounts() == before
