"""Endpoints, restoring and killing, on the kernel, in a namespace that is thrown away."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from exporters.mptcp.reading import Diag
from mptcp.guard import keeping, killing
from mptcp.guard.endpoints import BACKUP, SUBFLOW, Endpoint, Endpoints
from mptcp.guard.restore import restore

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import TypeVar

    from exporters.mptcp.parsing import TcpRow
    from tests.mptcp.bond import Machine

    T = TypeVar("T")

pytestmark = [pytest.mark.root, pytest.mark.mptcp]
ADDRESS = "192.168.8.100"
OURS = Endpoint(5, ADDRESS, SUBFLOW, "eth2")


def _inside(machine: Machine, work: Callable[[], Awaitable[T]]) -> T:
    """Run a coroutine inside the machine's namespace."""

    async def awaited() -> T:
        return await work()

    return machine.namespace.call(lambda: asyncio.run(awaited()))


def _shown(machine: Machine) -> str:
    return machine.ip("mptcp endpoint show").strip()


def test_endpoint_is_added_flagged_and_deleted(machine: Machine) -> None:
    """What the kernel then shows is what was asked for, interface included."""

    async def add() -> tuple[Endpoint, ...]:
        async with Endpoints() as kernel:
            await kernel.add(OURS)
            return await kernel.show()

    assert _inside(machine, add) == (OURS,)
    assert _shown(machine) == f"{ADDRESS} id 5 subflow dev eth2"

    async def flag(*, on: bool) -> Endpoint:
        async with Endpoints() as kernel:
            return await kernel.set_backup(OURS, on=on)

    assert _inside(machine, lambda: flag(on=True)).flags == SUBFLOW | BACKUP
    assert _shown(machine) == f"{ADDRESS} id 5 subflow backup dev eth2"
    assert _inside(machine, lambda: flag(on=False)) == OURS

    async def delete() -> None:
        async with Endpoints() as kernel:
            await kernel.delete(OURS)

    _inside(machine, delete)
    assert _shown(machine) == ""


def test_taken_number_is_no_obstacle(machine: Machine) -> None:
    """The endpoint comes back under another one rather than not at all; 0 leaves the choice to the kernel."""
    machine.ip("mptcp endpoint add 10.1.1.1 id 5 subflow")

    async def add() -> None:
        async with Endpoints() as kernel:
            await kernel.add(OURS)

    _inside(machine, add)
    assert re.search(rf"{ADDRESS} id (?!5 )\d+ subflow dev eth2", _shown(machine))


def test_refusals_are_os_errors(machine: Machine) -> None:
    """An endpoint that is not there cannot be deleted, and the error has the kernel's number."""

    async def delete() -> None:
        async with Endpoints() as kernel:
            await kernel.delete(OURS)

    with pytest.raises(OSError, match=r".") as refused:
        _inside(machine, delete)
    assert refused.value.errno is not None


def test_restore_adds_what_was_taken_out(machine: Machine, tmp_path: Path) -> None:
    """With its number, flags and interface; a second restore finds nothing to do."""
    path = tmp_path / "endpoints.json"
    keeping.write(path, keeping.Kept(1, {ADDRESS: OURS}))

    assert _inside(machine, lambda: restore(path)) == ["endpoint 5: added again"]
    assert _shown(machine) == f"{ADDRESS} id 5 subflow dev eth2"
    assert _inside(machine, lambda: restore(path)) == []


def test_restore_clears_the_flag_that_the_guard_set(machine: Machine, tmp_path: Path) -> None:
    """The endpoint is there, but not as the operator configured it."""
    machine.ip(f"mptcp endpoint add {ADDRESS} dev eth2 id 5 subflow backup")
    path = tmp_path / "endpoints.json"
    keeping.write(path, keeping.Kept(1, {ADDRESS: OURS}))

    assert _inside(machine, lambda: restore(path)) == ["endpoint 5: backup flag as configured"]
    assert _shown(machine) == f"{ADDRESS} id 5 subflow dev eth2"


def test_restore_leaves_a_gone_address_to_the_lease(machine: Machine, tmp_path: Path) -> None:
    """An endpoint without an address would only waste subflows."""
    path = tmp_path / "endpoints.json"
    keeping.write(path, keeping.Kept(1, {"10.9.9.9": Endpoint(6, "10.9.9.9", SUBFLOW, "eth2")}))

    assert _inside(machine, lambda: restore(path)) == ["endpoint 6: its address has gone, left to the lease"]
    assert _shown(machine) == ""


def test_restore_leaves_another_guards_file(machine: Machine, tmp_path: Path) -> None:
    """The watcher of a guard that was restarted must not undo the new one's work."""
    path = tmp_path / "endpoints.json"
    keeping.write(path, keeping.Kept(1, {ADDRESS: OURS}))

    assert _inside(machine, lambda: restore(path, only_pid=2)) == []
    assert _shown(machine) == ""


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_whatever_ends_the_guard_the_endpoints_come_back(machine: Machine, tmp_path: Path, end: signal.Signals) -> None:
    """Even kill -9: a watcher holds the other end of a pipe."""
    path = tmp_path / "endpoints.json"
    command = [sys.executable, "-m", "mptcp.guard", "--uplink", "att=eth2", "--state", str(path)]
    guard = subprocess.Popen(machine.namespace.command(command), stderr=subprocess.PIPE, text=True)
    _until(path.exists)
    keeping.write(path, keeping.Kept(guard.pid, {ADDRESS: OURS}))

    guard.send_signal(end)
    assert guard.wait(timeout=20) == (-signal.SIGKILL if end is signal.SIGKILL else 0)
    _until(lambda: _shown(machine) == f"{ADDRESS} id 5 subflow dev eth2")
    assert guard.stderr is not None
    guard.stderr.close()


def test_next_guard_restores_what_the_last_one_left(machine: Machine, tmp_path: Path) -> None:
    """For the case that guard and watcher were killed together."""
    path = tmp_path / "endpoints.json"
    keeping.write(path, keeping.Kept(4_194_304, {ADDRESS: OURS}))
    command = [sys.executable, "-m", "mptcp.guard", "--uplink", "att=eth2", "--state", str(path)]
    with subprocess.Popen(machine.namespace.command(command), stderr=subprocess.PIPE, text=True) as guard:
        _until(lambda: _shown(machine) == f"{ADDRESS} id 5 subflow dev eth2")
        guard.terminate()


def test_without_the_right_the_guard_says_so_and_goes_on(machine: Machine, tmp_path: Path) -> None:
    """Looking needs no capability; a change that is refused is a line in the log, and no crash."""
    path = tmp_path / "endpoints.json"
    keeping.write(path, keeping.Kept(4_194_304, {ADDRESS: OURS}))
    tmp_path.chmod(0o777)
    path.chmod(0o666)
    limited = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    command = [*limited, sys.executable, "-m", "mptcp.guard", "--uplink", "att=eth2", "--state", str(path)]
    with subprocess.Popen(machine.namespace.command(command), stderr=subprocess.PIPE, text=True) as guard:
        assert guard.stderr is not None
        said = ""
        while "cannot read" not in said:
            said = guard.stderr.readline()
            assert said, "the guard ended"
        guard.terminate()
        rest = guard.stderr.read()
    assert "Operation not permitted" in said
    assert "Traceback" not in rest


def test_killed_socket_is_gone_and_the_other_stays(machine: Machine) -> None:
    """Exactly the row that was named; one that has ended already is no error."""
    first, second = (_connected(machine) for _ in range(2))

    async def rows() -> tuple[TcpRow, ...]:
        with Diag() as diag:
            return (await diag.dump([first[1].getsockname()[1]])).tcp

    victim = next(row for row in _inside(machine, rows) if row.ends.local_port == first[0].getsockname()[1])
    machine.namespace.call(lambda: killing.destroy(victim, 0))
    machine.namespace.call(lambda: killing.destroy(victim, 0))

    with pytest.raises(ConnectionAbortedError):
        first[0].send(b"x")
    assert second[0].send(b"x") == 1
    for pair in (first, second):
        for end in pair:
            end.close()


def _connected(machine: Machine) -> tuple[socket.socket, socket.socket]:
    listener, caller = machine.namespace.socket(), machine.namespace.socket()
    with listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        caller.connect(listener.getsockname())
        accepted, _ = listener.accept()
    return caller, accepted


def _until(holds: Callable[[], bool], within_s: float = 20.0) -> None:
    end_s = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end_s
        time.sleep(0.02)


def test_watcher_ignores_the_signals_that_are_meant_for_the_guard(tmp_path: Path) -> None:
    """A service manager signals the whole group; the watcher must outlive the guard."""
    path = tmp_path / "endpoints.json"
    keeping.write(path, keeping.Kept(1))
    command = [sys.executable, "-m", "mptcp.guard.restore", "--watch", "1", "--state", str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as watcher:
        _until(lambda: bool(_ignored(watcher.pid) & 1 << signal.SIGTERM - 1))
        os.killpg(watcher.pid, signal.SIGTERM)
        os.killpg(watcher.pid, signal.SIGINT)
        assert watcher.poll() is None
        assert watcher.stdin is not None
        watcher.stdin.close()
        assert watcher.wait(timeout=20) == 0


def _ignored(pid: int) -> int:
    """The signals that a process ignores, as a bit mask (SigIgn of proc(5))."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("SigIgn:")[2].split()[0], 16)


def test_ipv6_endpoint_is_added_flagged_and_deleted(machine: Machine) -> None:
    """The family is the address's."""
    ours = Endpoint(6, "2001:db8::2", SUBFLOW, "eth2")

    async def add_and_flag() -> Endpoint:
        async with Endpoints() as kernel:
            await kernel.add(ours)
            return await kernel.set_backup(ours, on=True)

    async def delete() -> tuple[Endpoint, ...]:
        async with Endpoints() as kernel:
            await kernel.delete(ours)
            return await kernel.show()

    assert _inside(machine, add_and_flag).flags == SUBFLOW | BACKUP
    assert _shown(machine) == "2001:db8::2 id 6 subflow backup dev eth2"
    assert _inside(machine, delete) == ()
