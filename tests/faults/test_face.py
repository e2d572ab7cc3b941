"""Everything that askers, Alertmanager, the other controller and the disk do wrong: told, and survived."""

from __future__ import annotations

import asyncio

import pytest

from tests.faults.face_rows import ROWS, Row
from tests.faults.face_stage import LEAST_TICKS, Played, play_all


@pytest.fixture(scope="module")
def played() -> dict[str, Played | BaseException]:
    """All rows, played at once."""
    return dict(zip((row.did for row in ROWS), asyncio.run(play_all(ROWS)), strict=True))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.did)
def test_what_goes_wrong_is_published_told_and_survived(row: Row, played: dict[str, Played | BaseException]) -> None:
    """The metrics and the operator's line are as said, loop and encoder go on, and what can pass does."""
    found = played[row.did]
    assert isinstance(found, Played), found

    assert found.as_said, found
    assert (found.ticks >= LEAST_TICKS, found.failed_ticks, found.encoder_read) == (True, 0, True)
    assert found.well_again is (None if row.undo is None else True)


def test_every_row_is_another() -> None:
    """No two rows tell the same."""
    assert len({row.did for row in ROWS}) == len(ROWS)
