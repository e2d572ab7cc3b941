"""Everything that OBS does wrong: the metrics say so, the operator reads it, and the loop goes on."""

from __future__ import annotations

import asyncio

import pytest

from tests.faults.studio import good
from tests.faults.studio_rows import ROWS, Row
from tests.faults.studio_stage import Played, play_all


@pytest.fixture(scope="module")
def played() -> dict[str, Played | BaseException]:
    """All rows, played at once."""
    return dict(zip((row.did for row in ROWS), asyncio.run(play_all(ROWS)), strict=True))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.did)
def test_what_obs_does_wrong_is_published_told_and_survived(
    row: Row, played: dict[str, Played | BaseException]
) -> None:
    """An OBS that does this has these metrics and this line, stops neither loop nor encoder, and may get well."""
    found = played[row.did]

    assert good(row, found), found


def test_every_row_is_another() -> None:
    """No two rows tell the same."""
    assert len({row.did for row in ROWS}) == len(ROWS)
