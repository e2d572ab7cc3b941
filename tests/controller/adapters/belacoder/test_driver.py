"""The belacoder driver on a process that counts its signals."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from controller.adapters.belacoder import BelacoderEncoder
from controller.decision.model import EncoderTarget
from controller.ports import ApplyResult, Impact, Outcome
from tests.fakes import belacoder_process
from tests.fakes.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = EncoderTarget(2_500_000, 1280, 720, 30, floor_bps=300_000)
LOWER = EncoderTarget(1_200_000, 1280, 720, 30)
HIGHER = EncoderTarget(4_500_000, 1280, 720, 30)
REPORT_DEADLINE_S = 10.0


class Stand:
    """A folder with a bitrate file, and processes that read it."""

    def __init__(self, folder: Path) -> None:
        self.file, self._report = folder / "bitrate", folder / "report"
        self.file.write_text("300000\n2500000\n")
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self, character: str = "usual", *, file_limit: int = 256) -> None:
        """Start one process and wait until it listens."""
        before = len(self.reported(0))
        argv = ["belacoder", belacoder_process.__file__, character, str(self._report), "pipe", "192.0.2.1", "5000"]
        # Popen's preexec_fn would be simpler, but warns where threads run.
        limited = ["prlimit", f"--nofile={file_limit}", "bash", "-c", 'exec -a "$0" "$@"', "belacoder", sys.executable]
        self._processes.append(subprocess.Popen([*limited, *argv[1:], "-b", str(self.file)]))
        self.reported(before + 1)

    def stop(self) -> None:
        """Kill every process that was started."""
        for process in self._processes:
            process.kill()
            process.wait()
        self._processes.clear()

    def reported(self, count: int) -> list[str]:
        """The bounds after the start and after each signal, once there are at least `count`."""
        deadline_s = time.monotonic() + REPORT_DEADLINE_S
        while len(lines := self._report.read_text().splitlines() if self._report.exists() else []) < count:
            assert time.monotonic() < deadline_s, lines
            time.sleep(0.02)
        return lines

    def alive(self) -> bool:
        """Whether every process still runs."""
        return all(process.poll() is None for process in self._processes)

    def driver(self, clock: FakeClock | None = None) -> BelacoderEncoder:
        """A driver for it."""
        return BelacoderEncoder(bitrate_file=self.file, geometry=(1280, 720, 30), clock=clock or FakeClock())


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """A stand whose processes end with the test."""
    stand = Stand(tmp_path)
    yield stand
    stand.stop()


async def test_reads_what_lay_there_at_the_start(stand: Stand) -> None:
    """The bounds that lay in the file when the process started are what it has."""
    stand.start()
    status = await stand.driver().read()

    assert (status.reachable, status.configured, status.problem) == (True, NOW, None)
    assert status.uptime_s is not None


async def test_a_change_arrives(stand: Stand) -> None:
    """One change is one signal, read by the process and confirmed by the file that it opened."""
    stand.start()
    driver = stand.driver()
    result = await driver.apply(LOWER, Impact.NONE)
    status = await driver.read()

    assert stand.reported(2) == ["(300000, 2500000)", "(300000, 1200000)"]
    assert (result.outcome, result.read_back, status.configured) == (Outcome.APPLIED, *[result.read_back] * 2)
    assert (result.read_back, result.clamped) == (EncoderTarget(1_200_000, 1280, 720, 30, floor_bps=300_000), False)


async def test_what_is_set_already_costs_no_signal(stand: Stand) -> None:
    """Asking for what the process has sends nothing: each signal leaks."""
    stand.start()
    result = await stand.driver().apply(NOW, Impact.NONE)

    assert (result.outcome, len(stand.reported(1))) == (Outcome.APPLIED, 1)


async def test_a_signal_sent_proves_nothing(stand: Stand) -> None:
    """A process that takes the signal without opening the file leaves the outcome open."""
    stand.start("deaf")
    driver = stand.driver()
    result = await driver.apply(LOWER, Impact.NONE)
    status = await driver.read()

    assert len(stand.reported(2)) == 2
    assert (result.outcome, status.configured) == (Outcome.UNKNOWN, NOW)


async def test_a_file_closed_at_once_proves_nothing_unless_seen_open(stand: Stand) -> None:
    """A process that closes the file at once leaves the outcome open, but for a look in that very moment."""
    stand.start("tidy")
    driver = stand.driver()
    result = await driver.apply(LOWER, Impact.NONE)
    status = await driver.read()

    configured = None if status.configured is None else status.configured.bitrate_bps
    unproven, caught = (Outcome.UNKNOWN, NOW.bitrate_bps), (Outcome.APPLIED, LOWER.bitrate_bps)
    assert (result.outcome, configured) in {unproven, caught}


async def test_a_process_without_handler_is_not_signalled(stand: Stand) -> None:
    """A process that SIGHUP would end is left alone."""
    stand.start("plain")
    result = await stand.driver().apply(LOWER, Impact.NONE)

    assert (result.outcome, stand.alive(), "SIGHUP" in result.detail) == (Outcome.REFUSED, True, True)


async def test_geometry_and_audio_only_are_clamped(stand: Stand) -> None:
    """What cannot be changed while it runs is left, and the result says so."""
    stand.start()
    result = await stand.driver().apply(EncoderTarget(600_000, 640, 360, 24, audio_only=True), Impact.NONE)

    assert (result.outcome, result.clamped) == (Outcome.APPLIED, True)
    assert result.read_back == EncoderTarget(600_000, 1280, 720, 30, floor_bps=300_000)


async def test_out_of_range_is_clamped_in_the_driver(stand: Stand) -> None:
    """A value that belacoder would ignore without a word never reaches it."""
    stand.start()
    result = await stand.driver().apply(EncoderTarget(100_000, 1280, 720, 30), Impact.NONE)

    assert (stand.reported(2)[-1], result.clamped) == ("(300000, 300000)", True)


async def test_nothing_runs(stand: Stand) -> None:
    """Without a process the operator reads where to look, and the file is left alone."""
    driver = stand.driver()
    status, result = await driver.read(), await driver.apply(LOWER, Impact.NONE)

    assert (status.reachable, "no belacoder runs" in (status.problem or "")) == (False, True)
    assert (result.outcome, stand.file.read_text(), await driver.probe()) == (
        Outcome.REFUSED,
        "300000\n2500000\n",
        None,
    )


async def test_two_run(stand: Stand) -> None:
    """With two processes on one file neither is signalled."""
    stand.start()
    stand.start()
    result = await stand.driver().apply(LOWER, Impact.NONE)

    assert (result.outcome, "2 belacoder runs" in result.detail, len(stand.reported(1))) == (Outcome.REFUSED, True, 2)


async def test_a_new_process_is_fresh_state(stand: Stand) -> None:
    """After a restart the process has what lies in the file, and the next change reaches the new one."""
    stand.start()
    clock = FakeClock()
    driver = stand.driver(clock)
    await driver.apply(LOWER, Impact.NONE)
    stand.stop()
    assert not (await driver.read()).reachable
    await asyncio.sleep(0.05)  # the start is told in hundredths of a second
    stand.start()
    status = await driver.read()
    clock.advance(60)
    result = await driver.apply(HIGHER, Impact.NONE)

    assert status.configured is not None
    assert (status.configured.bitrate_bps, result.outcome) == (1_200_000, Outcome.APPLIED)


async def test_another_hand_in_the_file(stand: Stand) -> None:
    """A file that somebody changed without a signal is not what the process has."""
    stand.start()
    driver = stand.driver()
    await driver.read()
    stand.file.write_text("300000\n9000000\n")
    replaced = stand.file.with_name("new")
    replaced.write_text("300000\n9000000\n")
    replaced.replace(stand.file)

    assert (await driver.read()).configured == NOW


@pytest.mark.parametrize("text", ["", "garbage", "2500000\n", "300000\n99999999\n"])
async def test_a_file_that_belacoder_ignores(stand: Stand, text: str) -> None:
    """A file from which belacoder took nothing leaves its bounds unknown, and the next change mends it."""
    stand.file.write_text(text)
    stand.start()
    driver = stand.driver()
    status = await driver.read()
    result = await driver.apply(LOWER, Impact.NONE)

    assert (status.reachable, status.configured) == (True, None)
    assert "does not hold two bitrates" in (status.problem or "")
    assert result.outcome is Outcome.APPLIED


async def test_changes_keep_their_distance(stand: Stand) -> None:
    """A raise waits 30 s after the last change, a fall 2 s."""
    stand.start()
    clock = FakeClock()
    driver = stand.driver(clock)
    outcomes = []
    for wait_s, target in (
        (0, LOWER),
        (1, NOW),
        (0.5, HIGHER),
        (28, HIGHER),
        (0.5, HIGHER),
        (1.9, LOWER),
        (0.1, LOWER),
    ):
        clock.advance(wait_s)
        outcomes.append((await driver.apply(target, Impact.NONE)).outcome)

    applied, refused = Outcome.APPLIED, Outcome.REFUSED
    assert outcomes == [applied, refused, refused, refused, applied, refused, applied]


async def test_the_last_descriptors_are_for_falls(stand: Stand) -> None:
    """When three in five descriptors have leaked raises are refused, and falls go on until few are left."""
    stand.start(file_limit=32)
    clock = FakeClock()
    driver = stand.driver(clock)
    fall_bps = 25_000_000
    results: list[ApplyResult] = []
    while len(results) < 40:
        clock.advance(60)
        fall_bps -= 500_000
        results.append(await driver.apply(EncoderTarget(fall_bps, 1280, 720, 30), Impact.NONE))
        if results[-1].outcome is Outcome.REFUSED:
            break
        if len(results) == 20:
            clock.advance(60)
            raised = await driver.apply(EncoderTarget(30_000_000, 1280, 720, 30), Impact.NONE)
            assert raised.outcome is Outcome.REFUSED
            assert "each change leaks one" in raised.detail

    assert 20 <= len(results) < 32
    assert "of 32 files open" in results[-1].detail
    assert stand.alive()


async def test_a_folder_that_cannot_be_written(stand: Stand) -> None:
    """A file that cannot be replaced is a refusal with the remedy, and no signal is sent."""
    stand.start()
    driver = stand.driver()
    await driver.read()
    stand.file.unlink()
    stand.file.mkdir()
    result = await driver.apply(LOWER, Impact.NONE)

    assert (result.outcome, len(stand.reported(1))) == (Outcome.REFUSED, 1)
    assert "run as the same user" in result.detail


async def test_what_it_cannot_do_is_refused(stand: Stand) -> None:
    """Publishing and restarting are the supervisor's."""
    driver = stand.driver()

    assert (await driver.publish(on=False)).outcome is Outcome.REFUSED
    assert (await driver.restart()).outcome is Outcome.REFUSED


async def test_probe(stand: Stand) -> None:
    """The capabilities say that the number is a cap for an adaptation of its own."""
    stand.start()
    capabilities = await stand.driver().probe()

    assert capabilities is not None
    assert (capabilities.own_abr, capabilities.min_bitrate_bps, capabilities.step_bps) == (True, 300_000, 100_000)
