"""One Prometheus with a made-up history for all tests that execute queries."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.prometheus import history
from tests.prometheus.serving import Server, backfill, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

LENGTH_S = 720
# Samples after the moment of asking: what a rig whose clock is ahead looks like.
AHEAD_S = 60


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """It answers as that of a rig that has streamed for eleven minutes."""
    directory = tmp_path_factory.mktemp("history")
    end_s = int(time.time())
    blocks = backfill(directory, history.openmetrics(end_s - LENGTH_S, end_s))
    with serving(directory, blocks, now_s=end_s - AHEAD_S) as one:
        yield one
