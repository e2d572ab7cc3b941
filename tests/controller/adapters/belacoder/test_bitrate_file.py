"""The two lines that belacoder reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.belacoder.bitrate_file import Bounds, bounds_of, parsed, rendered, replace_file
from controller.decision.model import EncoderTarget

if TYPE_CHECKING:
    from pathlib import Path


def target(bitrate_bps: int, floor_bps: int | None = None) -> EncoderTarget:
    """A target with this bitrate and floor."""
    return EncoderTarget(bitrate_bps, 1280, 720, 30, floor_bps=floor_bps)


@pytest.mark.parametrize(
    ("bitrate_bps", "floor_bps", "bounds"),
    [
        (2_500_000, None, Bounds(300_000, 2_500_000)),
        (2_599_999, None, Bounds(300_000, 2_500_000)),
        (200_000, None, Bounds(300_000, 300_000)),
        (50_000_000, None, Bounds(300_000, 30_000_000)),
        (2_500_000, 500_000, Bounds(500_000, 2_500_000)),
        (600_000, 1_000_000, Bounds(600_000, 600_000)),
        (2_500_000, 100_000, Bounds(300_000, 2_500_000)),
    ],
)
def test_bounds(bitrate_bps: int, floor_bps: int | None, bounds: Bounds) -> None:
    """The cap is rounded down to 100 kbit/s within the limits, and the floor never exceeds it."""
    assert bounds_of(target(bitrate_bps, floor_bps)) == bounds


@given(st.integers(0, 10**9), st.none() | st.integers(0, 10**9))
def test_what_is_written_is_always_accepted(bitrate_bps: int, floor_bps: int | None) -> None:
    """Whatever is asked, belacoder would accept the file, and it reads back as what was meant."""
    bounds = bounds_of(target(bitrate_bps, floor_bps))

    assert parsed(rendered(bounds)) == bounds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2500000",
        "300000\n2500000\n1",
        "299999\n2500000",
        "300000\n30000001",
        "600000\n300000",
        "a\nb",
        "٣00000\n600000",
    ],
)
def test_what_belacoder_would_ignore(text: str) -> None:
    """One line, three, garbage, or a value outside the limits is no setting."""
    assert parsed(text) is None


@given(st.text())
def test_any_text_is_bounds_or_none(text: str) -> None:
    """No text raises."""
    bounds = parsed(text)

    assert bounds is None or bounds.floor_bps <= bounds.cap_bps


def test_the_file_is_replaced_at_once(tmp_path: Path) -> None:
    """A reader that opened the old file still reads it whole; nothing else is left in the folder."""
    path = tmp_path / "bitrate"
    path.write_text("300000\n600000\n")
    path.chmod(0o640)
    with path.open() as old:
        replace_file(path, Bounds(300_000, 2_500_000))

        assert old.read() == "300000\n600000\n"
    assert path.read_text() == "300000\n2500000\n"
    assert (list(tmp_path.iterdir()), path.stat().st_mode & 0o777) == ([path], 0o640)


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    """Where the new file cannot be put into place the temporary one goes away again."""
    path = tmp_path / "bitrate"
    path.mkdir()
    with pytest.raises(OSError, match="directory"):
        replace_file(path, Bounds(300_000, 2_500_000))

    assert list(tmp_path.iterdir()) == [path]
