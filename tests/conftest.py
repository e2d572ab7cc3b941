"""Prerequisites of tests: said by name, and under CI a missing one is a failure."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def _missing(item: pytest.Item) -> str | None:
    if item.get_closest_marker("root") and os.geteuid() != 0:
        return "needs root: run `sudo make test`"
    if item.get_closest_marker("mptcp") and not Path("/proc/sys/net/mptcp/enabled").exists():
        return "needs a kernel with CONFIG_MPTCP (5.6 or newer)"
    return None


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse a test whose prerequisite is missing: NOT RUN by name here, a failure under CI."""
    reason = _missing(item)
    if reason is None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"{item.nodeid} {reason}", pytrace=False)
    pytest.skip(f"NOT RUN: {reason}")
