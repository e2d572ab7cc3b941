"""Every OBS adapter in turn, and an OBS for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.contract.studios import SESSIONS, STUDIOS
from tests.fakes.obs_websocket import FakeObs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.contract.studios import Make


@pytest.fixture(params=STUDIOS)
def make(request: pytest.FixtureRequest) -> Make:
    """One adapter after the other."""
    return STUDIOS[request.param]


@pytest.fixture(params=SESSIONS)
def make_session(request: pytest.FixtureRequest) -> Make:
    """One adapter that holds a session with OBS itself, after the other."""
    return SESSIONS[request.param]


@pytest.fixture
async def obs() -> AsyncIterator[FakeObs]:
    """An OBS that works."""
    async with FakeObs() as obs:
        yield obs
