"""The emulator's process, on datagram sockets in place of TUN devices: no root needed."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from deploy.demo.control import Control, ControlError, Direction
from deploy.demo.emulator import Uplink
from deploy.demo.link import Change
from deploy.demo.world import environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ADDRESSES = {"verizon": "100.64.10.2", "att": "100.64.20.2"}
SERVER = "203.0.113.1"
WAIT_S = 10.0


@dataclass(frozen=True)
class Bench:
    """A running emulator: our ends of its devices, and its control."""

    server: socket.socket
    uplinks: dict[str, socket.socket]
    control: Control
    path: Path


def ipv4(source: str, destination: str, payload: bytes = b"") -> bytes:
    """A packet as far as the emulator looks at it."""
    head = bytes([0x45, *bytes(11)]) + socket.inet_aton(source) + socket.inet_aton(destination)
    return head + payload


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One emulator for the module."""
    path = tmp_path_factory.mktemp("emulator") / "control"
    with ExitStack() as stack:

        def device() -> tuple[socket.socket, socket.socket]:
            ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            its.settimeout(0)
            ours.settimeout(WAIT_S)
            return stack.enter_context(ours), stack.enter_context(its)

        control = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        control.bind(str(path))
        server, its_server = device()
        pairs = {name: device() for name in ADDRESSES}
        fds = [control.fileno(), its_server.fileno(), *(its.fileno() for _, its in pairs.values())]
        options = [f"--uplink={name}={its.fileno()}={ADDRESSES[name]}" for name, (_, its) in pairs.items()]
        process = subprocess.Popen(
            [sys.executable, "-m", "deploy.demo.emulator", f"--control={fds[0]}", f"--server={fds[1]}", *options],
            pass_fds=fds,
            env=environment(),
        )
        stack.callback(process.wait, WAIT_S)
        stack.callback(process.kill)
        yield Bench(server, {name: ours for name, (ours, _) in pairs.items()}, stack.enter_context(Control(path)), path)


def test_uplink_leads_to_the_server(bench: Bench) -> None:
    """What the rig sends on an uplink reaches the server unchanged and is counted there."""
    before = bench.control.read().up["att"]
    packet = ipv4(ADDRESSES["att"], SERVER, b"hello")
    bench.uplinks["att"].send(packet)

    assert bench.server.recv(2048) == packet

    after = bench.control.read().up["att"]
    assert (after.in_packets - before.in_packets, after.out_bytes - before.out_bytes) == (1, len(packet))


@pytest.mark.parametrize("name", ADDRESSES)
def test_server_reaches_an_uplink_by_its_address(bench: Bench, name: str) -> None:
    """What the server sends goes out on the uplink whose address it is for."""
    packet = ipv4(SERVER, ADDRESSES[name], name.encode())
    bench.server.send(packet)

    assert bench.uplinks[name].recv(2048) == packet


@pytest.mark.parametrize(
    "packet",
    [bytes([0x60]) + bytes(39), b"\x45short", b"", ipv4(SERVER, "192.0.2.9")],
    ids=["IPv6", "too short", "empty", "no uplink's address"],
)
def test_packet_for_nobody_is_dropped_and_counted(bench: Bench, packet: bytes) -> None:
    """Anything but IPv4 to a known address goes nowhere, and shows in its own counter."""
    before = bench.control.read().foreign_packets
    bench.server.send(packet)
    sent = bench.control.read()
    while sent.foreign_packets == before and sent.cpu_s < WAIT_S:
        sent = bench.control.read()

    assert sent.foreign_packets == before + 1


def test_change_holds_for_the_direction_named(bench: Bench) -> None:
    """An order for one direction leaves the other as it was."""
    bench.control.set("verizon", Change(rate_bps=3_000_000, delay_s=0.01))
    reading = bench.control.set("verizon", Change(rate_bps=1_000_000), Direction.UP)

    assert (reading.up["verizon"].rate_bps, reading.down["verizon"].rate_bps) == (1_000_000, 3_000_000)
    assert reading.up["verizon"].delay_s == 0.01


def test_true_capacity_is_readable(bench: Bench) -> None:
    """A reading says what each uplink carries now, 0 in a hole, and on average since another reading."""
    open_ = bench.control.set("verizon", Change(rate_bps=2_000_000))
    still_open = bench.control.read()
    hole = bench.control.set("verizon", Change(hole=True))
    still_hole = bench.control.read()

    assert (open_.capacity_bps()["verizon"], hole.capacity_bps()["verizon"]) == (2_000_000, 0)
    assert still_open.mean_capacity_bps(open_)["verizon"] == pytest.approx(2_000_000)
    assert still_hole.mean_capacity_bps(hole)["verizon"] == 0
    bench.control.set("verizon", Change(hole=False))


def test_trace_is_played(bench: Bench, tmp_path: Path) -> None:
    """An uplink follows a trace file from the order on."""
    path = tmp_path / "drive.csv"
    path.write_text("second,kbps\n0,1234\n60,1\n")

    assert bench.control.play("att", path, direction=Direction.UP).up["att"].rate_bps == 1_234_000


def test_bad_trace_is_named(bench: Bench, tmp_path: Path) -> None:
    """A trace that cannot be used is an error that names the file, and the emulator goes on."""
    with pytest.raises(ControlError, match=r"emulator: .*absent\.csv: cannot be read"):
        bench.control.play("att", tmp_path / "absent.csv")

    assert bench.control.read().up


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (b"not json", "Expecting value"),
        (b"[]", "no attribute"),
        (b'{"do": "dance"}', "no such order: 'dance'"),
        (b'{"do": "set", "uplink": "tmobile", "direction": "up", "change": {}}', "no uplink 'tmobile': there are"),
        (b'{"do": "set", "uplink": "att", "direction": "left", "change": {}}', "'left' is not a valid Direction"),
        (b'{"do": "set", "uplink": "att", "direction": "up", "change": {"rate_bps": -1}}', "rate_bps -1"),
        (b'{"do": "set", "uplink": "att", "direction": "up", "change": {"rate_bps": "2"}}', "not supported"),
        (b'{"do": "set", "uplink": "att", "direction": "up", "change": {"rate": 1}}', "unexpected keyword"),
    ],
)
def test_bad_order_is_answered_with_its_fault(bench: Bench, order: bytes, message: str) -> None:
    """Whatever arrives at the control socket, the answer says what was wrong with it and the emulator lives."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as asker:
        asker.bind("")
        asker.settimeout(WAIT_S)
        asker.sendto(order, str(bench.path))

        assert message in json.loads(asker.recv(65536))["error"]


def test_asker_that_is_gone_does_no_harm(bench: Bench) -> None:
    """An order without a return address is obeyed and not answered."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as asker:
        asker.sendto(b'{"do": "read"}', str(bench.path))

    assert bench.control.read().t > 0


def test_uplink_is_parsed_from_the_command_line() -> None:
    """NAME=FD=ADDRESS names an uplink."""
    assert Uplink.parse("att=7=100.64.20.2") == Uplink("att", 7, "100.64.20.2")


def test_emulator_hurries_where_it_may(bench: Bench) -> None:
    """It runs in real-time priority exactly when it reports so."""
    assert bench.control.read().realtime == (os.geteuid() == 0)
