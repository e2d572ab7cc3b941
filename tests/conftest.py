"""Prerequisites of tests, said by name: under CI a missing one is a failure. And who shares a core with whom."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path, PurePath

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

_HERE = Path(__file__).parent
_PACED = frozenset({"contract", "deploy", "grafana", "mptcp", "netns", "rig"})
_BEHIND = 10  # of niceness: enough that a picture in real time does not wait for a law's examples


def _paced(path: PurePath) -> bool:
    """Whether the file's tests play media or drive the kernel in real time: such tests run one after the other."""
    return path.parts[0] in _PACED


class _OnTwoCores(LoadScopeScheduling):  # type: ignore[misc] # xdist ships no type information
    """All paced tests on one worker; any other file as a whole, wherever there is room."""

    def _split_scope(self, nodeid: str) -> str:
        path = PurePath(nodeid.partition("::")[0])
        return "paced" if _paced(path.relative_to(_HERE.name)) else str(path)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """How tests are dealt out to workers."""
    return _OnTwoCores(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Paced tests first: they take the longest, and cannot be hurried."""
    items.sort(key=lambda item: not _paced(item.path.relative_to(_HERE)))


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
            os.setpriority(os.PRIO_PROCESS, 0, 0 if _paced(item.path.relative_to(_HERE)) else _BEHIND)
    reason = _missing(item)
    if reason is None:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"{item.nodeid} {reason}", pytrace=False)
    pytest.skip(f"NOT RUN: {reason}")
