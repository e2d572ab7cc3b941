"""Prerequisites of tests, said by name: under CI a missing one is a failure. And who shares a core with whom."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest

_HERE = Path(__file__).parent
_PACED = frozenset({"contract", "deploy", "grafana", "mptcp", "netns", "rig"})
_BEHIND = 10  # of niceness: enough that a picture in real time does not wait for a law's examples


def _paced(item: pytest.Item) -> bool:
    """Whether the test plays media or drives the kernel in real time: such tests run one after the other."""
    return item.path.relative_to(_HERE).parts[0] in _PACED


@pytest.hookimpl(tryfirst=True)  # before the workers read the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """On several workers: all paced tests on one, first; any other file as a whole, wherever there is room."""
    items.sort(key=lambda item: not _paced(item))
    for item in items:
        group = "paced" if _paced(item) else str(item.path.relative_to(_HERE))
        item.add_marker(pytest.mark.xdist_group(group))


def _missing(item: pytest.Item) -> str | None:
    if item.get_closest_marker("root") and os.geteuid() != 0:
        return "needs root: run `sudo make test`"
    if item.get_closest_marker("mptcp") and not Path("/proc/sys/net/mptcp/enabled").exists():
        return "needs a kernel with CONFIG_MPTCP (5.6 or newer)"
    return None


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse a test whose prerequisite is missing: NOT RUN by name here, a failure under CI."""
    if hasattr(item.config, "workerinput"):
        with suppress(PermissionError):  # only root may take a core back that it has yielded
            os.setpriority(os.PRIO_PROCESS, 0, 0 if _paced(item) else _BEHIND)
    reason = _missing(item)
    if reason is None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"{item.nodeid} {reason}", pytrace=False)
    pytest.skip(f"NOT RUN: {reason}")
