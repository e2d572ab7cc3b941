"""The file of uplinks."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from exporters.srtla.mapping import UplinkFile, parse_lines
from exporters.srtla.model import Role
from exporters.srtla.naming import parse_uplink

if TYPE_CHECKING:
    from pathlib import Path

GIVEN = (parse_uplink("att=conn:2"),)


def names(uplinks: UplinkFile) -> list[str]:
    """The uplinks' names now."""
    return [uplink.name for uplink in uplinks()]


def test_lines_are_targets() -> None:
    """Empty lines and comments are left out."""
    found = parse_lines("# modems\n\nverizon=conn:1\n  att=conn:2\n", Role.RECEIVER)

    assert [uplink.name for uplink in found] == ["verizon", "att"]


def test_conflicts_are_refused() -> None:
    """Two names for one target."""
    with pytest.raises(ValueError, match="uplinks a and b stand for the same links"):
        parse_lines("a=conn:1\nb=conn:1", Role.RECEIVER)


def test_change_is_read(tmp_path: Path) -> None:
    """A line that is added is known at the next look; without a change the same object is given."""
    path = tmp_path / "uplinks"
    path.write_text("verizon=conn:1\n")
    uplinks = UplinkFile(GIVEN, str(path), Role.RECEIVER)
    assert names(uplinks) == ["att", "verizon"]
    assert uplinks() is uplinks()

    path.write_text("verizon=conn:1\ntmobile=conn:3\n")
    assert names(uplinks) == ["att", "verizon", "tmobile"]


@pytest.mark.parametrize("wrong", ["verizon", None], ids=["no target", "no file"])
def test_wrong_file_changes_nothing_and_is_told_once(
    wrong: str | None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The old uplinks stay in force, and one line says why."""
    path = tmp_path / "uplinks"
    path.write_text("verizon=conn:1\n")
    uplinks = UplinkFile(GIVEN, str(path), Role.RECEIVER)
    path.unlink()
    if wrong is not None:
        path.write_text(wrong)
    with caplog.at_level(logging.WARNING):
        found = [names(uplinks) for _ in range(3)]

    assert found == [["att", "verizon"]] * 3
    assert len(caplog.records) == 1
    assert "uplinks: kept as they were" in caplog.text


def test_wrong_file_at_the_start_is_refused(tmp_path: Path) -> None:
    """A typing error is found when the exporter starts."""
    path = tmp_path / "uplinks"
    path.write_text("verizon\n")

    with pytest.raises(ValueError, match="is not NAME=TARGET"):
        UplinkFile(GIVEN, str(path), Role.RECEIVER)
