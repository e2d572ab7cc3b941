"""Everything that encoders do wrong: the metrics say so, the operator reads it, and the loop goes on."""

from __future__ import annotations

import asyncio

import pytest

from tests.faults.encoder_rows import ROWS, Row
from tests.faults.encoder_stage import Played, play_all


@pytest.fixture(scope="module")
def played() -> dict[tuple[str, str], Played | BaseException]:
    """All rows, played at once."""
    return dict(zip(((row.driver, row.did) for row in ROWS), asyncio.run(play_all(ROWS)), strict=True))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.driver} {row.did}")
def test_what_an_encoder_does_wrong_is_published_told_and_survived(
    row: Row, played: dict[tuple[str, str], Played | BaseException]
) -> None:
    """An encoder that does this has these metrics and this line, stops neither loop nor OBS, and may get well."""
    found = played[row.driver, row.did]
    assert isinstance(found, Played), found

    assert found.good(row), found


def test_every_row_is_another() -> None:
    """No two rows tell the same."""
    assert len({(row.driver, row.did) for row in ROWS}) == len(ROWS)
