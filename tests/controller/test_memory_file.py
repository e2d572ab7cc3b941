"""The decision core's memory on disk: what survives, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from controller.decision import policies
from controller.decision.memory import State
from controller.decision.model import Quality
from controller.memory_file import MemoryFile, MemoryFileError

NOW_S = 1_700_000_000.0
STATE = replace(State.initial(policies.LOCKED), quality=Quality.LOW, base=Quality.LOW, at_s=NOW_S - 30.0)


@pytest.fixture
def memory_file(tmp_path: Path) -> MemoryFile:
    """A memory in a directory that is made for it."""
    found = MemoryFile(tmp_path / "state")
    found.prepare()
    return found


def test_what_is_written_is_read(memory_file: MemoryFile) -> None:
    """A restart finds the state of before."""
    memory_file.write(STATE)

    assert memory_file.read(now_s=NOW_S) == STATE


def test_there_is_none_at_first(memory_file: MemoryFile) -> None:
    """Without a file the policy's own start is used."""
    assert memory_file.read(now_s=NOW_S) is None


@pytest.mark.parametrize("passed_s", [601.0, -5.0])
def test_an_old_or_future_memory_is_not_used(memory_file: MemoryFile, passed_s: float) -> None:
    """After ten minutes, or after a clock that ran back, the links are others."""
    memory_file.write(replace(STATE, at_s=NOW_S - passed_s))

    assert memory_file.read(now_s=NOW_S) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"quality": "BEST"}', "[" * 50_000])
def test_a_damaged_memory_is_a_fresh_start(memory_file: MemoryFile, tmp_path: Path, text: str) -> None:
    """Half a file, another version's, or garbage never becomes a state."""
    memory_file.write(STATE)
    (written,) = (tmp_path / "state").iterdir()
    written.write_text(text, encoding="utf-8")

    assert memory_file.read(now_s=NOW_S) is None


def test_a_crash_while_writing_leaves_the_old_memory(memory_file: MemoryFile, tmp_path: Path) -> None:
    """What is being written stands beside the old one until it is whole."""
    memory_file.write(STATE)
    (tmp_path / "state" / "decision-state.new").write_text('{"quality": "HI', encoding="utf-8")

    assert memory_file.read(now_s=NOW_S) == STATE


def test_a_directory_that_cannot_be_is_refused_at_the_start(tmp_path: Path) -> None:
    """The operator reads which directory and what to do."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(MemoryFileError) as refusal:
        MemoryFile(tmp_path / "file").prepare()

    assert str(refusal.value) == (
        f"state_dir: {tmp_path / 'file'} cannot be written (File exists); choose a directory that can"
    )


def test_a_disk_that_fails_later_does_not_stop_the_controller(tmp_path: Path) -> None:
    """A memory that cannot be written is logged and given up for this time."""
    gone = MemoryFile(tmp_path / "gone")
    gone.write(STATE)

    assert gone.read(now_s=NOW_S) is None
