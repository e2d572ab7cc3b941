"""The bound on bodies: by what they say, and by what comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from controller.api.bodies import MAX_BODY_BYTES
from tests.controller.faces import CONTROL, asking

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


async def chunks(total: int) -> AsyncIterator[bytes]:
    """A body without a length."""
    for _ in range(0, total, 50_000):
        yield b" " * 50_000


async def test_a_body_above_the_bound_is_refused_unread() -> None:
    """Said or not said, more than the bound is 413."""
    async with asking(token=CONTROL) as client:
        said = await client.post("/api/override", content=b" " * (MAX_BODY_BYTES + 1))
        unsaid = await client.post("/api/override", content=chunks(MAX_BODY_BYTES + 50_000))

    assert (said.status_code, unsaid.status_code) == (413, 413)


@pytest.mark.parametrize("length", ["-1", "many", "1e9"])
async def test_a_length_that_is_none_is_refused(length: str) -> None:
    """A length that cannot be read is no promise."""
    async with asking(token=CONTROL) as client:
        answer = await client.post("/api/override", content=b"{}", headers={"Content-Length": length})

    assert answer.status_code == 413


async def test_a_body_within_the_bound_arrives_whole() -> None:
    """Spaces before the order do not hurt it."""
    body = b" " * 500_000 + b'{"reason": "r", "hold": true}'
    async with asking(token=CONTROL) as client:
        answer = await client.post("/api/override", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 200
