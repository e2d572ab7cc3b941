"""The process runner with real processes; shells stand in for the demo's programs."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from deploy.demo import processes
from deploy.demo.part import Backoff, Event, Happening, Part, PartError
from deploy.demo.readiness import CallReady, LogReady
from deploy.demo.runner import Runner, uninterrupted
from deploy.demo.world import environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WAIT_S = 15.0
QUICK = Backoff(first_s=0.01, most_s=0.02)
UP = LogReady("up")


def shell(name: str, script: str = "echo up; exec sleep 60", **fields: object) -> Part:
    """A part that runs a shell script and is ready when it says `up`."""
    return Part(name, ("sh", "-c", script), **{"ready": UP, **fields})  # type: ignore[arg-type] # a test's shorthand


async def until(true: Callable[[], bool]) -> None:
    """Wait for something that must happen."""
    async with asyncio.timeout(WAIT_S):
        while not true():  # noqa: ASYNC110 - what is waited for happens in other processes
            await asyncio.sleep(0.01)


def happened(events: list[Event], *kinds: Happening) -> list[tuple[str, Happening]]:
    """The events of these kinds, in order."""
    return [(event.part, event.happening) for event in events if event.happening in kinds]


def alive(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    found = processes.stat(pid)
    return found is not None and found.state != "Z"


async def test_parts_start_in_order_and_stop_in_reverse(tmp_path: Path) -> None:
    """A part starts when what it comes after is ready, and is gone before that stops."""
    events: list[Event] = []
    parts = [shell("c", after=("b",)), shell("a"), shell("b", after=("a",))]
    async with Runner(parts, directory=tmp_path, progress=events.append):
        pass

    assert happened(events, Happening.STARTING, Happening.READY, Happening.STOPPING, Happening.STOPPED) == [
        *((name, kind) for name in "abc" for kind in (Happening.STARTING, Happening.READY)),
        *((name, kind) for name in "cba" for kind in (Happening.STOPPING, Happening.STOPPED)),
    ]


async def test_independent_parts_start_together(tmp_path: Path) -> None:
    """Two parts that each wait for the other's start both become ready."""
    wait = "echo up > {0}; while ! [ -e {1} ]; do sleep 0.02; done; echo up; exec sleep 60"
    parts = [shell("one", wait.format("1", "2"), cwd=tmp_path), shell("two", wait.format("2", "1"), cwd=tmp_path)]
    async with Runner(parts, directory=tmp_path / "logs") as runner:
        assert runner.pid("one") is not None


async def test_each_part_has_a_log_and_its_own_environment(tmp_path: Path) -> None:
    """Standard output and standard error go to the part's file; env and cwd are its own."""
    part = shell("speaker", "echo out $GREETING; echo err >&2; pwd; echo up; exec sleep 60")
    part = Part(part.name, part.argv, ready=UP, env={"GREETING": "hello"}, cwd=tmp_path)
    async with Runner([part], directory=tmp_path / "logs"):
        pass

    assert (tmp_path / "logs" / "speaker.log").read_text() == f"out hello\nerr\n{tmp_path}\nup\n"


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (shell("bad", "echo no port; exit 3"), "ended with code 3 before it was ready"),
        (shell("bad", "echo no port; kill -SEGV $$"), "ended by SIGSEGV before it was ready"),
        (shell("bad", "echo no port; exit 0"), "ended with code 0 before it was ready"),
        (
            shell("bad", "echo no port; sleep 60", ready_timeout_s=0.3),
            "not ready after 0.3 s: its log does not say 'up'",
        ),
    ],
)
async def test_part_that_fails_is_named_and_the_others_stop(tmp_path: Path, part: Part, reason: str) -> None:
    """The error says why and shows the log; what had been started is stopped, what had not never starts."""
    events: list[Event] = []
    failing = Part("bad", part.argv, ready=UP, ready_timeout_s=part.ready_timeout_s, after=("first",), remedy="mend it")
    runner = Runner(
        [shell("first"), failing, shell("never", after=("bad",))], directory=tmp_path, progress=events.append
    )

    with pytest.raises(PartError) as caught:
        async with runner:
            pytest.fail("the parts did not all start")

    assert (caught.value.name, caught.value.reason) == ("bad", reason)
    assert caught.value.lines == ("no port",)
    assert str(caught.value).endswith("mend it")
    assert runner.pid("first") is runner.pid("bad") is None
    assert "never" not in {event.part for event in events}


async def test_program_that_is_missing_is_named(tmp_path: Path) -> None:
    """A program that is not installed is said to be, before anything is tried."""
    runner = Runner([Part("ghost", ("no-such-program",))], directory=tmp_path)

    with pytest.raises(PartError, match="ghost: the program no-such-program is not installed"):
        async with runner:
            pytest.fail("it started")


async def test_secrets_are_blotted_out_of_errors(tmp_path: Path) -> None:
    """A log line that an error quotes shows no secret."""
    runner = Runner([shell("leaky", "echo key=s3cret; exit 1")], directory=tmp_path, secrets=("s3cret", ""))

    with pytest.raises(PartError) as caught:
        async with runner:
            pytest.fail("it started")

    assert caught.value.lines == ("key=[secret]",)


@pytest.mark.parametrize("end", ["exit 0", "exit 1", "kill -KILL $$"])
async def test_unexpected_end_leads_to_a_restart(tmp_path: Path, end: str) -> None:
    """Whatever the code, 0 included, the part is started again, and that is counted."""
    script = f"echo up; [ -e again ] && exec sleep 60; touch again; {end}"
    async with Runner([shell("frail", script, cwd=tmp_path, restart=QUICK)], directory=tmp_path / "logs") as runner:
        await until(lambda: runner.usage()[0].restarts == 1 and runner.pid("frail") is not None)

    assert runner.usage()[0].commanded_restarts == 0


async def test_restart_goes_on_after_failed_attempts(tmp_path: Path) -> None:
    """A part that fails to come up again is tried until it does."""
    script = (
        "n=$(cat n); echo $((n+1)) > n; [ $n = 0 ] && { echo up; exit 0; }; "
        "[ $n -lt 3 ] && exit 1; echo up; exec sleep 60"
    )
    (tmp_path / "n").write_text("0")
    events: list[Event] = []
    part = shell("stubborn", script, cwd=tmp_path, restart=QUICK)
    async with Runner([part], directory=tmp_path / "logs", progress=events.append):
        await until(lambda: len(happened(events, Happening.READY)) == 2)

    assert (tmp_path / "n").read_text() == "4\n"


async def test_part_without_a_policy_stays_ended(tmp_path: Path) -> None:
    """With restart None an end is an end."""
    async with Runner([shell("once", "echo up", restart=None)], directory=tmp_path) as runner:
        await until(lambda: runner.pid("once") is None)
        await asyncio.sleep(0.05)

    assert runner.usage()[0].restarts == 0


async def test_commanded_restart_is_counted_apart(tmp_path: Path) -> None:
    """A restart on command is no failure; the process is a new one."""
    async with Runner([shell("web")], directory=tmp_path) as runner:
        first = runner.pid("web")
        await runner.restart("web")

        assert runner.pid("web") not in {None, first}
    assert (runner.usage()[0].restarts, runner.usage()[0].commanded_restarts) == (0, 1)


async def test_part_can_be_stopped_and_started_while_the_rest_runs(tmp_path: Path) -> None:
    """A part stopped on command stays down until it is started."""
    async with Runner([shell("base"), shell("top", after=("base",))], directory=tmp_path) as runner:
        await runner.stop("base")
        assert runner.pid("base") is None
        assert runner.pid("top") is not None

        await runner.start("base")
        assert runner.pid("base") is not None
        assert runner.usage()[0].restarts == 0


async def test_part_that_does_not_come_back_on_command_is_tried_on(tmp_path: Path) -> None:
    """A commanded restart that fails says so, and the runner goes on trying."""
    script = "[ -e broken ] && exit 1; echo up; exec sleep 60"
    part = shell("web", script, cwd=tmp_path, restart=QUICK)
    async with Runner([part], directory=tmp_path / "logs") as runner:
        (tmp_path / "broken").touch()
        with pytest.raises(PartError):
            await runner.restart("web")
        (tmp_path / "broken").unlink()

        await until(lambda: runner.pid("web") is not None)


async def test_readiness_counts_only_what_this_start_wrote(tmp_path: Path) -> None:
    """A line in the log from an earlier start does not make the next one ready."""
    script = "[ -e second ] || echo up; touch second; exec sleep 60"
    part = shell("web", script, cwd=tmp_path, ready_timeout_s=0.5)
    async with Runner([part], directory=tmp_path / "logs") as runner:
        with pytest.raises(PartError, match="not ready after"):
            await runner.restart("web")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGQUIT])
async def test_part_gets_the_signal_it_needs(tmp_path: Path, number: signal.Signals) -> None:
    """Each part is asked to end in its own way, and may say goodbye."""
    name = number.name.removeprefix("SIG")
    script = f"trap 'echo got {name}; exit 0' {name}; echo up; while :; do sleep 0.02; done"
    async with Runner([shell("polite", script, stop_signal=number)], directory=tmp_path):
        pass

    assert (tmp_path / "polite.log").read_text().endswith(f"got {name}\n")


async def test_part_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    """After its stop timeout a part is killed, and that is told."""
    events: list[Event] = []
    script = "trap '' TERM; echo up; while :; do sleep 0.05; done"
    async with Runner(
        [shell("deaf", script, stop_timeout_s=0.2)], directory=tmp_path, progress=events.append
    ) as runner:
        pid = runner.pid("deaf")

    assert pid is not None
    assert not alive(pid)
    assert happened(events, Happening.KILLED) == [("deaf", Happening.KILLED)]


@pytest.mark.parametrize("end", ["exec sleep 60", "exit 0"])
async def test_children_of_a_part_end_with_it(tmp_path: Path, end: str) -> None:
    """What a part started and left behind is gone when it stops, and when it dies by itself."""
    script = f"sleep 61 & echo $! > child; echo up; {end}"
    part = shell("parent", script, cwd=tmp_path, restart=None)
    async with Runner([part], directory=tmp_path / "logs"):
        await until(lambda: (tmp_path / "child").exists() and (tmp_path / "child").read_text() != "")
        child = int((tmp_path / "child").read_text())

    assert not alive(child)


async def test_usage_counts_cpu_and_memory_to_the_last(tmp_path: Path) -> None:
    """CPU time up to the very end, children included, and the largest memory are in the account."""
    burn = f"{sys.executable} -c 'print(\"up\", flush=True); x = sum(range(20_000_000))'; exit 0"
    async with Runner([shell("burner", burn, restart=None)], directory=tmp_path) as runner:
        at_ready = runner.usage()[0]
        await until(lambda: runner.pid("burner") is None)

    [usage] = runner.usage()
    assert usage.cpu_s >= at_ready.cpu_s + 0.1
    assert usage.max_rss_bytes > 5_000_000


async def test_usage_adds_up_over_restarts(tmp_path: Path) -> None:
    """A restart does not set the account back."""
    burn = f"{sys.executable} -c 'x = sum(range(9_000_000))'; echo up; exec sleep 60"
    async with Runner([shell("burner", burn)], directory=tmp_path) as runner:
        [before] = runner.usage()
        await runner.restart("burner")
        [after] = runner.usage()

    assert after.cpu_s >= before.cpu_s + 0.05


async def test_cancellation_during_the_start_stops_everything(tmp_path: Path) -> None:
    """Cancelled while a part is not ready yet, the runner leaves no process."""
    started = asyncio.Event()

    async def never() -> str | None:
        started.set()
        return "never ready"

    runner = Runner([shell("first"), shell("slow", ready=CallReady(never))], directory=tmp_path)
    task = asyncio.create_task(runner.__aenter__())
    await started.wait()
    await until(lambda: runner.pid("first") is not None)
    pids = [runner.pid("first"), runner.pid("slow")]
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert all(pid is not None and not alive(pid) for pid in pids)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([shell("a"), shell("a")], "two parts share a name: a, a"),
        ([shell("a", after=("b",))], "part a comes after unknown parts: b"),
        ([shell("a", after=("b",)), shell("b", after=("a",))], "parts wait for each other: "),
    ],
)
def test_parts_that_make_no_sense_are_refused(tmp_path: Path, parts: list[Part], message: str) -> None:
    """A list that can never be started is refused at once."""
    with pytest.raises(ValueError, match=message):
        Runner(parts, directory=tmp_path)


async def test_work_is_finished_in_spite_of_cancellations() -> None:
    """However often it is cancelled, uninterrupted work runs to its end, and the cancellation follows."""
    steps: list[int] = []

    async def work() -> None:
        for step in range(5):
            await asyncio.sleep(0.01)
            steps.append(step)

    task = asyncio.create_task(uninterrupted(work()))
    for _ in range(3):
        await asyncio.sleep(0.005)
        task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert steps == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("return 7", 7),
        ("os.kill(os.getpid(), signal.SIGTERM); await asyncio.sleep(60); return 0", 143),
        ("os.kill(os.getpid(), signal.SIGINT); await asyncio.sleep(60); return 0", 130),
        ("os.kill(os.getpid(), signal.SIGHUP); await asyncio.sleep(60); return 0", 129),
    ],
)
def test_exit_code_is_mains_or_the_signals(body: str, code: int) -> None:
    """A program in the frame ends with its own code, or as a shell says of a signal."""
    program = (
        "import asyncio, os, signal, sys\nfrom deploy.demo.runner import run\n"
        f"async def main():\n    {body}\nsys.exit(run(main))"
    )
    done = subprocess.run([sys.executable, "-c", program], env=environment(), check=False, timeout=WAIT_S)

    assert done.returncode == code


def test_second_signal_does_not_cut_the_cleaning_up() -> None:
    """An impatient user's second Ctrl-C changes nothing: the clean-up runs to its end."""
    program = (
        "import asyncio, os, signal, sys\nfrom deploy.demo.runner import run\n"
        "async def main():\n    try:\n        os.kill(os.getpid(), signal.SIGINT)\n        await asyncio.sleep(60)\n"
        "    finally:\n        os.kill(os.getpid(), signal.SIGINT)\n        await asyncio.sleep(0.05)\n"
        "        print('clean')\nsys.exit(run(main))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment(), check=False, timeout=WAIT_S, capture_output=True, text=True
    )

    assert (done.stdout, done.returncode) == ("clean\n", 130)


def test_runner_leaves_no_descriptor(tmp_path: Path) -> None:
    """Restarts and stops give every descriptor back."""

    async def story() -> tuple[int, int]:
        before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - only their number counts
        async with Runner([shell("web")], directory=tmp_path) as runner:
            await runner.restart("web")
        return before, len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - idem

    before, after = asyncio.run(story())
    assert before == after
