"""The guard on the real kernel: a stream over two emulated uplinks that die and heal."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deploy.demo.link import Change
from deploy.demo.world import VERIZON, World
from exporters.mptcp.parsing import ESTABLISHED, TcpRow
from exporters.mptcp.reading import Diag
from mptcp.guard import killing
from tests.bench.guard import RATE_BPS
from tests.bench.guard_stream import CAMERA, SMOOTH, Pattern, Stream
from tests.bench.guard_world import RESPONDER_PORT, set_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.root, pytest.mark.mptcp]
PORT = 5000
WAIT_S = 20.0
TRIES = 3
TRAIN = "a train passed at"
KEY = "0123456789abcdef0123456789abcdef"


class Rig:
    """A world with stream, responder and guard."""

    def __init__(self, world: World, stream: Stream, guard: subprocess.Popen[bytes], folder: Path) -> None:
        self.world = world
        self.stream = stream
        self.guard = guard
        self.log = folder / "log"
        self.state = folder / "endpoints.json"

    def hole(self, *names: str, on: bool) -> None:
        """Turn uplinks into black holes, or heal them."""
        for name in names:
            self.world.control.set(name, Change(hole=on))

    def endpoints(self) -> set[str]:
        """The uplinks that have an endpoint."""
        return set(re.findall(r"dev (\w+)", self.world.pi.run(["ip", "mptcp", "endpoint", "show"])))

    def backups(self) -> set[str]:
        """The uplinks whose endpoint is a backup one."""
        return set(re.findall(r"backup .*dev (\w+)", self.world.pi.run(["ip", "mptcp", "endpoint", "show"])))

    def carried(self, name: str) -> int:
        """Bytes that the uplink has brought to the server."""
        return self.world.control.read().up[name].out_bytes

    def arrives(self) -> bool:
        """Whether video arrived within the last half second."""
        arrivals = self.stream.receiver.arrivals
        return bool(arrivals) and time.monotonic() - arrivals[-1].at_s < 0.5

    def metric(self, sample: str) -> float:
        """The value of one sample, as scraped."""
        page = self.world.pi.run([sys.executable, "-c", _SCRAPE])
        found = re.search(rf"^{re.escape(sample)} (\S+)$", page, re.MULTILINE)
        assert found, page
        return float(found[1])


_SCRAPE = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:12755/metrics').read().decode())"


@contextmanager
def _running(folder: Path, pattern: Pattern = SMOOTH) -> Iterator[Rig]:
    key = folder / "key"
    key.write_text(KEY)
    with World() as world:
        set_up(world)
        responder = [sys.executable, "-m", "mptcp.guard.responder", f"--listen={world.server}:{RESPONDER_PORT}"]
        guard = [sys.executable, "-m", "mptcp.guard", f"--port={PORT}", f"--state={folder / 'endpoints.json'}"]
        guard += [f"--uplink={each.name}={each.name}" for each in world.uplinks]
        guard += [f"--responder={world.server}:{RESPONDER_PORT}"]
        with (folder / "log").open("wb") as log:
            echoing = subprocess.Popen(world.vps.command([*responder, f"--key-file={key}"]), stderr=log)
            guarding = subprocess.Popen(world.pi.command([*guard, f"--key-file={key}"]), stderr=log)
            try:
                with Stream(world, port=PORT, rate_bps=RATE_BPS, pattern=pattern) as stream:
                    rig = Rig(world, stream, guarding, folder)
                    _until(lambda: "serving" in rig.log.read_text())
                    _until(lambda: rig.carried("verizon") > 50_000 and rig.carried("att") > 50_000)
                    yield rig
            finally:
                for process in (guarding, echoing):
                    process.terminate()
                    process.wait(WAIT_S)
        assert "Traceback" not in rig.log.read_text()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A stream that both uplinks carry, guarded."""
    with _running(tmp_path) as running:
        yield running


def _until(holds: Callable[[], bool]) -> None:
    end_s = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < end_s
        time.sleep(0.05)


@pytest.mark.parametrize("name", ["verizon", "att"])
def test_dead_uplink_is_taken_out_and_carries_again_when_it_heals(rig: Rig, name: str) -> None:
    """Whether it had the initial subflow or a joined one; the stream goes on, and metrics and log tell."""
    other = {"verizon", "att"} - {name}
    rig.hole(name, on=True)
    _until(lambda: rig.endpoints() == other)
    _until(rig.arrives)
    assert rig.metric(f'mptcp_guard_uplink_suppressed{{uplink="{name}"}}') == 1
    assert re.search(rf"suppress {name}: no acknowledgement for 0\.\d\d s", rig.log.read_text())

    rig.hole(name, on=False)
    _until(lambda: rig.endpoints() == {"verizon", "att"})
    before = rig.carried(name)
    _until(lambda: rig.carried(name) > before + 50_000)
    assert rig.metric(f'mptcp_guard_revivals_total{{uplink="{name}"}}') == 1
    assert rig.stream.receiver.connections == 1


def test_slow_uplink_becomes_a_backup_and_carries_again_when_it_is_fast(tmp_path: Path) -> None:
    """It goes on acknowledging, so it is not dead; what is bound to it goes over the other, and so does the rest."""
    with _running(tmp_path, CAMERA) as rig:
        # On a starved machine the other uplink may look dead for a moment; then none waits for a train: once more.
        for _ in range(TRIES):
            _slow_and_fast_again(rig)
            if trained := TRAIN in rig.log.read_text():
                break
        assert trained


def _slow_and_fast_again(rig: Rig) -> None:
    rig.world.control.set("att", Change(rate_bps=150_000))
    _until(lambda: rig.backups() == {"att"})
    _until(rig.arrives)
    assert re.search(r"(detour|demote) att: ", rig.log.read_text())
    assert rig.metric('mptcp_guard_uplink_demoted{uplink="att"}') == 1

    rig.world.control.set("att", Change(rate_bps=8_000_000))
    _until(lambda: rig.backups() == set())
    before = rig.carried("att")
    _until(lambda: rig.carried("att") > before + 50_000)
    assert rig.stream.receiver.connections == 1


def test_black_out_of_all_uplinks_takes_none_out(rig: Rig) -> None:
    """Both endpoints stay, and the same connection goes on over both when the light returns."""
    rig.hole("verizon", "att", on=True)
    time.sleep(4)
    assert rig.endpoints() == {"verizon", "att"}

    rig.hole("verizon", "att", on=False)
    before = {name: rig.carried(name) for name in ("verizon", "att")}
    _until(rig.arrives)
    _until(lambda: all(rig.carried(name) > before[name] + 20_000 for name in before))
    assert rig.stream.receiver.connections == 1


def test_killed_guard_leaves_the_endpoints_as_configured(rig: Rig) -> None:
    """Even by kill -9, while it keeps an uplink out."""
    rig.hole("att", on=True)
    _until(lambda: rig.endpoints() == {"verizon"})

    rig.guard.kill()
    _until(lambda: rig.endpoints() == {"verizon", "att"})


def test_ended_guard_leaves_the_endpoints_as_configured(rig: Rig) -> None:
    """A stop puts back what is out, and its file is gone."""
    rig.hole("att", on=True)
    _until(lambda: rig.endpoints() == {"verizon"})

    rig.guard.terminate()
    assert rig.guard.wait(WAIT_S) == 0
    assert rig.endpoints() == {"verizon", "att"}
    assert not rig.state.exists()


def test_subflow_that_was_lost_is_replaced(rig: Rig) -> None:
    """The kernel opens no other one by itself; the guard does."""
    _kill(rig.world, lambda row: row.ends.local == "100.64.20.2")
    before = rig.carried("att")

    _until(lambda: rig.carried("att") > before + 50_000)
    assert re.search(r"renew att: a connection has had no subflow on it for \d\.\d s", rig.log.read_text())


def test_connection_without_subflows_ends_for_its_program() -> None:
    """That is how a stuck connection is reset: all its subflows are ended, and the time-out does the rest."""
    with World((VERIZON,)) as world:
        set_up(world)
        world.pi.sysctl("net.mptcp.close_timeout", 1)
        with Stream(world, port=PORT, rate_bps=RATE_BPS) as stream:
            _until(lambda: bool(stream.receiver.arrivals))
            _kill(world, lambda _: True)
            _until(lambda: stream.sender.error is not None)
    assert isinstance(stream.sender.error, BrokenPipeError | ConnectionError)


def _kill(world: World, chosen: Callable[[TcpRow], bool]) -> None:
    def inside() -> None:
        for row in _rows():
            if row.state == ESTABLISHED and chosen(row):
                killing.destroy(row, next((i for i, name in socket.if_nameindex() if name == "att"), 0))

    world.pi.call(inside)


def _rows() -> tuple[TcpRow, ...]:
    async def dump() -> tuple[TcpRow, ...]:
        with Diag() as diag:
            return (await diag.dump([PORT])).tcp

    return asyncio.run(dump())
