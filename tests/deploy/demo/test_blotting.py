"""Log files without secrets."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.blotting import LONGEST_LINE_BYTES, BlottedLog, blotted

SECRET = "e0d17228df550b9a"


@given(st.lists(st.sampled_from([SECRET, "x", " ", "\n", "key="]), max_size=30))
def test_no_secret_survives(words: list[str]) -> None:
    """Whatever stands around a secret, it is not in the text afterwards, and the rest is unchanged."""
    text = "".join(words)
    assert blotted(text.encode(), [SECRET]).decode() == text.replace(SECRET, "[secret]")


async def write(path: Path, *pieces: bytes, secrets: tuple[str, ...] = (SECRET,)) -> bytes:
    """What the file holds after a process wrote these pieces, each seen by itself."""
    log = BlottedLog(path, secrets)
    writer = os.dup(log.writer)
    log.attach()
    for piece in pieces:
        os.write(writer, piece)
        await asyncio.sleep(0.01)
    os.close(writer)
    await asyncio.sleep(0.01)
    log.finish()
    return path.read_bytes()  # noqa: ASYNC240 - a few bytes, after everything asynchronous is over


@pytest.mark.parametrize("cut", range(len(SECRET) + 1))
async def test_a_secret_in_two_pieces(cut: int, tmp_path: Path) -> None:
    """A secret that arrives in two pieces is blotted out as one."""
    line = f"play rtmp://host/live/{SECRET}\n".encode()
    at = line.index(SECRET.encode()) + cut
    assert await write(tmp_path / "log", line[:at], line[at:]) == b"play rtmp://host/live/[secret]\n"


async def test_last_line_without_an_end(tmp_path: Path) -> None:
    """A line that the process did not finish is kept, blotted."""
    assert await write(tmp_path / "log", b"one\ntwo " + SECRET.encode()) == b"one\ntwo [secret]"


async def test_endless_line_is_written(tmp_path: Path) -> None:
    """A line without an end does not gather in memory for ever."""
    piece = b"x" * 40_000
    assert len(await write(tmp_path / "log", piece, piece)) == 80_000
    assert LONGEST_LINE_BYTES < 80_000


async def test_appends(tmp_path: Path) -> None:
    """A restarted part adds to its log."""
    await write(tmp_path / "log", b"first\n")
    assert await write(tmp_path / "log", b"second\n") == b"first\nsecond\n"


async def test_without_secrets_nothing_changes(tmp_path: Path) -> None:
    """No secrets, no change; an empty one is none."""
    assert await write(tmp_path / "log", b"a b c\n", secrets=("",)) == b"a b c\n"
