"""The probe's file: its newest whole line, while the probe lives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.picture.log import STALE_S, Sight, Sighting, newest, newest_age_s

if TYPE_CHECKING:
    from pathlib import Path

NOW_S = 1_800_000_000.0
SEEN = Sighting(t=NOW_S, sight=Sight.LIVE, captured_t=NOW_S - 0.5, age_s=0.5)


@given(count=st.integers(1, 40), cut=st.integers(0, 60))
def test_the_last_whole_line_counts(tmp_path_factory: pytest.TempPathFactory, count: int, cut: int) -> None:
    """However long the file, and wherever a line under way is cut, the last whole one is read."""
    path = tmp_path_factory.mktemp("probe") / "log"
    sightings = [
        Sighting(t=NOW_S + index, sight=Sight.UNSTAMPED, captured_t=None, age_s=None) for index in range(count)
    ]
    path.write_text("".join(one.to_line() + "\n" for one in sightings) + SEEN.to_line()[:cut])
    assert newest(path) == sightings[-1]


def test_the_age_grows_between_two_looks(tmp_path: Path) -> None:
    """The age is that of the picture at the moment of asking, not of the probe's last look."""
    path = tmp_path / "log"
    path.write_text(SEEN.to_line() + "\n")
    assert newest_age_s(path, NOW_S + 0.25) == pytest.approx(0.75)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "not json\n",
        '{"t": 1}\n',
        '{"t": 1, "sight": "glimpse", "captured_t": null, "age_s": null}\n',
        Sighting(t=NOW_S, sight=Sight.UNSTAMPED, captured_t=None, age_s=None).to_line() + "\n",
        Sighting(t=NOW_S - STALE_S - 0.1, sight=Sight.LIVE, captured_t=NOW_S - 3, age_s=0.9).to_line() + "\n",
    ],
    ids=["empty", "cut", "garbage", "incomplete", "unknown sight", "no stamp", "dead probe"],
)
def test_unknown_is_none(tmp_path: Path, text: str) -> None:
    """Neither a damaged file nor a picture without a stamp nor a dead probe yields an age."""
    path = tmp_path / "log"
    path.write_text(text)
    assert newest_age_s(path, NOW_S) is None


def test_no_file_is_none(tmp_path: Path) -> None:
    """Before the probe's first line there is no age."""
    assert newest_age_s(tmp_path / "absent", NOW_S) is None
