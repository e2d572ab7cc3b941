"""What systemd hears."""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from controller.notifying import ServiceManager, accompany, service_manager

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Systemd:
    """The other end of a notify socket."""

    def __init__(self, path: Path) -> None:
        self.address = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind(self.address)

    def heard(self) -> list[str]:
        """Every state told since the last question."""
        found = []
        while True:
            try:
                found.append(self._socket.recv(100).decode())
            except BlockingIOError:
                return found

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()


@contextmanager
def systemd(directory: Path) -> Iterator[Systemd]:
    """A service manager that listens in `directory`."""
    one = Systemd(directory / "notify")
    try:
        yield one
    finally:
        one.close()


async def passed(
    manager: ServiceManager, *, ticking: bool, hanging: bool, until: Callable[[], bool] | None = None
) -> None:
    """A tenth of a second of a controller, or until something was heard of it."""
    task = asyncio.create_task(accompany(manager, ticking=lambda: ticking, hanging=lambda: hanging))
    end_s = time.monotonic() + (0.1 if until is None else 20.0)
    while time.monotonic() < end_s and not (until and until()):  # noqa: ASYNC110 - a socket is looked into
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait({task})


async def test_a_loop_that_ticks_is_ready_and_feeds_the_watchdog(tmp_path: Path) -> None:
    """Ready once, then a sign of life three times within the watchdog's time, then the end."""
    with systemd(tmp_path) as listening:
        heard: list[str] = []

        def enough() -> bool:
            heard.extend(listening.heard())
            return len(heard) > 4

        await passed(ServiceManager(listening.address, watchdog_s=0.03), ticking=True, hanging=False, until=enough)
        heard += listening.heard()

    assert (heard[0], heard[-1]) == ("READY=1", "STOPPING=1")
    assert set(heard[1:-1]) == {"WATCHDOG=1"}


@pytest.mark.parametrize(
    ("ticking", "told"), [(True, ["READY=1", "STOPPING=1"]), (False, ["STOPPING=1"])], ids=["hangs", "never ticked"]
)
async def test_a_loop_that_hangs_is_not_well(tmp_path: Path, ticking: bool, told: list[str]) -> None:  # noqa: FBT001 - a table's column
    """The process lives and says nothing, so that systemd restarts it; one that never ticked is not ready."""
    with systemd(tmp_path) as listening:
        await passed(ServiceManager(listening.address, watchdog_s=0.03), ticking=ticking, hanging=True)
        assert listening.heard() == told


async def test_without_a_watchdog_only_beginning_and_end_are_told(tmp_path: Path) -> None:
    """Who did not ask for signs of life gets none."""
    with systemd(tmp_path) as listening:
        await passed(ServiceManager(listening.address, watchdog_s=None), ticking=True, hanging=False)
        assert listening.heard() == ["READY=1", "STOPPING=1"]


async def test_nobody_there_is_no_fault(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A socket without a listener costs a line in the log, and nothing else."""
    await passed(ServiceManager(str(tmp_path / "none"), watchdog_s=None), ticking=True, hanging=False)

    assert "systemd was not told READY=1 (No such file or directory)" in caplog.text


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"NOTIFY_SOCKET": "vsock:2:1"}, None),
        ({"NOTIFY_SOCKET": "/run/n"}, ServiceManager("/run/n", None)),
        ({"NOTIFY_SOCKET": "@n"}, ServiceManager("\0n", None)),
        ({"NOTIFY_SOCKET": "/run/n", "WATCHDOG_USEC": "30000000"}, ServiceManager("/run/n", 30.0)),
        ({"NOTIFY_SOCKET": "/run/n", "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}, ServiceManager("/run/n", 30.0)),
        ({"NOTIFY_SOCKET": "/run/n", "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}, ServiceManager("/run/n", None)),
        ({"NOTIFY_SOCKET": "/run/n", "WATCHDOG_USEC": "soon"}, ServiceManager("/run/n", None)),
    ],
)
def test_who_wants_to_be_told_stands_in_the_environment(
    environment: dict[str, str], expected: ServiceManager | None
) -> None:
    """A path or an abstract name; a watchdog that is meant for another process is none of ours."""
    assert service_manager(environment, pid=7) == expected
