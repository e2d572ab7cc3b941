"""The world on the real kernel: MPTCP over both uplinks, and the emulator's counters as the truth."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

import pytest

from deploy.demo import processes
from deploy.demo.control import AsyncControl, ControlError, Direction
from deploy.demo.link import Change
from deploy.demo.namespaces import NamespaceError
from deploy.demo.world import ATT, RIG_SYSCTLS, SERVER_SYSCTLS, VERIZON, Uplink, World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.root, pytest.mark.mptcp]
WAIT_S = 20.0
BLOCK = bytes(range(256)) * 64


class Stream:
    """An MPTCP connection from the rig to the server, and a thread that counts what arrives in order."""

    def __init__(self, world: World) -> None:
        self._stack = ExitStack()
        self.received = 0
        self.intact = True
        listener = self._stack.enter_context(world.vps.socket(protocol=socket.IPPROTO_MPTCP))
        listener.bind((world.server, 0))
        listener.listen()
        self.sender = self._stack.enter_context(world.pi.socket(protocol=socket.IPPROTO_MPTCP))
        self.sender.settimeout(WAIT_S)
        self.sender.connect(listener.getsockname())
        accepted, _ = listener.accept()
        self._receiver = self._stack.enter_context(accepted)
        self._thread = threading.Thread(target=self._receive)
        self._thread.start()

    def _receive(self) -> None:
        while octets := self._receiver.recv(65536):
            at = self.received % len(BLOCK)
            expected = (BLOCK * (2 + len(octets) // len(BLOCK)))[at : at + len(octets)]
            self.intact = self.intact and octets == expected
            self.received += len(octets)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sender.shutdown(socket.SHUT_RDWR)
        self._thread.join(WAIT_S)
        self._stack.close()

    def send(self, blocks: int) -> None:
        """Hand over that many blocks."""
        for _ in range(blocks):
            self.sender.sendall(BLOCK)

    def arrived(self, octets: int) -> bool:
        """Whether that much arrives in good time."""
        deadline = time.monotonic() + WAIT_S
        while self.received < octets and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.received >= octets


@pytest.fixture(scope="module")
def shared() -> Iterator[World]:
    """One world for the tests that leave it as it was."""
    with World() as made:
        yield made


@pytest.fixture
def world(shared: World) -> World:
    """The shared world with both uplinks as at the start."""
    for uplink in shared.uplinks:
        whole = Change(uplink.rate_bps, uplink.delay_s, uplink.queue_bytes, loss_ratio=0.0, hole=False)
        shared.control.set(uplink.name, whole)
    return shared


def subflows(world: World) -> int:
    """Established subflows in the rig."""
    return world.pi.run(["ss", "-tinH", "state", "established"]).count("tcp-ulp-mptcp")


def flood(world: World, *, seconds: float) -> None:
    """Send UDP over the first uplink faster than it carries, for a while."""
    with world.pi.socket(kind=socket.SOCK_DGRAM) as sender:
        sender.bind((VERIZON.address, 0))
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            sender.sendto(bytes(1000), (world.server, 9))
            time.sleep(0.001)


def test_connection_uses_both_uplinks(world: World) -> None:
    """One MPTCP connection has a subflow on each uplink and arrives whole."""
    with Stream(world) as stream:
        before = world.control.read()
        stream.send(128)

        assert stream.arrived(128 * len(BLOCK))
        assert stream.intact
        assert subflows(world) == 2
        after = world.control.read()
    for name in ("verizon", "att"):
        assert after.up[name].out_bytes - before.up[name].out_bytes > 100_000


def test_subflows_run_cubic(world: World) -> None:
    """Both subflows use cubic, whatever the host's default and permissions are."""
    with Stream(world) as stream:
        stream.send(32)
        assert stream.arrived(32 * len(BLOCK))
        shown = world.pi.run(["ss", "-tinH", "state", "established"])

    assert shown.count(" cubic ") == shown.count("tcp-ulp-mptcp") == 2


def test_saturated_uplink_carries_its_rate(world: World) -> None:
    """While a queue stands, the emulator's own counters show the rate, to 1 % and one packet."""
    world.control.set("verizon", Change(rate_bps=2_000_000, queue_bytes=30_000))
    flood(world, seconds=0.3)  # fills the queue
    before = world.control.read()
    flood(world, seconds=1.5)
    after = world.control.read()

    sent = before.up["verizon"], after.up["verizon"]
    served = sum(link.out_bytes + link.inside_bytes - link.queued_bytes for link in sent[1:])
    served -= sum(link.out_bytes + link.inside_bytes - link.queued_bytes for link in sent[:1])
    rate_bps = served * 8 / (after.t - before.t)

    assert sent[1].queue_dropped_packets > sent[0].queue_dropped_packets
    assert rate_bps == pytest.approx(2_000_000, rel=0.01, abs=1028 * 8)
    assert after.mean_capacity_bps(before)["verizon"] == pytest.approx(2_000_000)


def test_delay_is_at_least_what_was_asked(world: World) -> None:
    """A handshake over an uplink takes both ways' delay."""
    world.control.set("verizon", Change(delay_s=0.1))
    with world.vps.socket() as listener, world.pi.socket() as caller:
        listener.bind((world.server, 0))
        listener.listen()
        started = time.monotonic()
        caller.connect(listener.getsockname())

        assert time.monotonic() - started >= 0.2


@pytest.mark.parametrize("dead", ["verizon", "att"])
def test_connection_survives_a_hole(world: World, dead: str) -> None:
    """When one uplink goes black, first or joined, everything still arrives, over the other."""
    with Stream(world) as stream:
        stream.send(16)
        assert stream.arrived(16 * len(BLOCK))
        hole = world.control.set(dead, Change(hole=True))
        stream.send(8)

        assert stream.arrived(24 * len(BLOCK))
        assert stream.intact
        after = world.control.read()
    assert after.up[dead].out_bytes == hole.up[dead].out_bytes
    assert after.up[dead].lost_packets > hole.up[dead].lost_packets


def test_loss_shows_in_the_counters(world: World) -> None:
    """Random loss drops about its share and says how much."""
    before = world.control.set("verizon", Change(loss_ratio=0.5, rate_bps=50_000_000), Direction.UP).up["verizon"]
    flood(world, seconds=0.5)
    after = world.control.read().up["verizon"]

    lost, offered = after.lost_packets - before.lost_packets, after.in_packets - before.in_packets
    assert offered > 100
    assert 0.2 < lost / offered < 0.8


def test_each_source_address_has_its_own_way(world: World) -> None:
    """Policy routing sends by source address; without one, the first uplink's metric wins."""
    routes = [
        world.pi.run(["ip", "route", "get", world.server, *source])
        for source in ([], ["from", VERIZON.address], ["from", ATT.address])
    ]

    assert [f"dev {name}" in route for name, route in zip(["verizon", "verizon", "att"], routes, strict=True)] == [
        True,
        True,
        True,
    ]


def test_settings_are_those_of_the_tables(world: World) -> None:
    """Every setting that this kernel has stands as written, in the right namespace."""
    for namespace, settings in ((world.pi, RIG_SYSCTLS), (world.vps, SERVER_SYSCTLS)):
        for key, value in settings.items():
            if namespace.has_sysctl(key):
                assert namespace.sysctl(key).split() == value.split(), key


def test_retries_outlast_the_capped_back_off(world: World) -> None:
    """Where the back-off is capped at 1 s the retries last minutes, or a black-out would end every subflow."""
    for namespace in (world.pi, world.vps):
        if namespace.has_sysctl("net.ipv4.tcp_rto_max_ms"):
            assert namespace.sysctl("net.ipv4.tcp_rto_max_ms") == "1000"
            assert namespace.sysctl("net.ipv4.tcp_retries2") == "255"
        else:
            assert namespace.sysctl("net.ipv4.tcp_retries2") == "15"


def test_endpoints_and_limits_are_set(world: World) -> None:
    """Each uplink is an MPTCP endpoint that opens subflows, on its own interface."""
    assert world.pi.run(["ip", "mptcp", "endpoint"]).splitlines() == [
        "100.64.10.2 id 1 subflow dev verizon ",
        "100.64.20.2 id 2 subflow dev att ",
    ]
    assert "subflows 2" in world.pi.run(["ip", "mptcp", "limits"])
    assert "subflows 8" in world.vps.run(["ip", "mptcp", "limits"])


async def test_world_and_control_work_under_asyncio() -> None:
    """The asynchronous forms do the same."""
    async with World() as world, AsyncControl(world.control_path) as control:
        reading = await control.set("att", Change(rate_bps=1_000_000))

        assert reading.capacity_bps() == {"verizon": 8_000_000, "att": 1_000_000}
        assert processes.stat(world.emulator_pid) is not None


def test_uplinks_are_the_callers_choice() -> None:
    """Names, addresses, rates and delays come from the caller."""
    third = Uplink("tmobile", "100.64.30.2", delay_s=0.04, rate_bps=3_000_000, queue_bytes=60_000)
    with World([third]) as world:
        link = world.control.read().up["tmobile"]

        assert (link.rate_bps, link.delay_s, link.queue_bytes) == (3_000_000, 0.04, 60_000)
        assert "tmobile" in world.pi.run(["ip", "link"])


def test_worlds_do_not_meet() -> None:
    """Two worlds of one process are apart."""
    with World() as one, World() as other:
        one.control.set("att", Change(hole=True))

        assert not other.control.read().up["att"].hole


def test_leaving_ends_what_runs_inside_and_removes_the_traces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that ignores signals, in a session of its own, ends with the world; no file stays."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with World() as world:
        hint, emulator = world.vps.hint, world.emulator_pid
        stubborn = subprocess.Popen(
            [*hint.split(), "setsid", "sh", "-c", "trap '' TERM; echo; sleep 60"], stdout=subprocess.PIPE
        )
        assert stubborn.stdout is not None
        stubborn.stdout.read(1)
        assert list(tmp_path.iterdir())

    assert stubborn.wait(timeout=WAIT_S) == -9
    stubborn.stdout.close()
    assert processes.stat(emulator) is None
    assert list(tmp_path.iterdir()) == []


def test_failure_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When set-up fails, what was made is taken back and the error names the cause."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before, fds = {one.pid for one in processes.family(os.getpid(), processes.everyone())}, os.listdir("/proc/self/fd")  # noqa: PTH208 - names only

    with (
        pytest.raises(NamespaceError, match="in namespace pi, `ip -batch -` failed"),
        World([Uplink("a", "nowhere", 0)]),
    ):
        pass

    assert {one.pid for one in processes.family(os.getpid(), processes.everyone())} <= before
    assert len(os.listdir("/proc/self/fd")) == len(fds)  # noqa: PTH208 - idem
    assert list(tmp_path.iterdir()) == []


def test_end_of_the_emulator_is_noticed() -> None:
    """Steering a world whose emulator has died is an error, not a wait."""
    with World() as world:
        processes.kill([world.emulator_pid])
        os.waitid(os.P_PID, world.emulator_pid, os.WEXITED | os.WNOWAIT)

        with pytest.raises(ControlError, match="its process has ended or hangs"):
            world.control.read()
