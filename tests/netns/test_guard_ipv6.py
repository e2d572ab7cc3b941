"""The guard on the real kernel where the uplinks speak IPv6: two hosts joined by two cables."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from deploy.demo.namespaces import Namespace
from tests.bench.guard_stream import Receiver, Sender

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.root, pytest.mark.mptcp]
SERVER = "2001:db8::1"
PORT = 5000
UPLINKS = ("verizon", "att")
WAIT_S = 20.0


class Rig:
    """The two hosts, the stream between them, and the guard's log."""

    def __init__(self, pi: Namespace, vps: Namespace, receiver: Receiver, log: Path) -> None:
        self.pi = pi
        self.vps = vps
        self.receiver = receiver
        self.log = log

    def endpoints(self) -> set[str]:
        """The uplinks that have an endpoint."""
        return set(re.findall(r"dev (\w+)", self.pi.run(["ip", "mptcp", "endpoint", "show"])))

    def hole(self, uplink: str, *, on: bool) -> None:
        """Let nothing that came over an uplink arrive, or let it again."""
        self.vps.run(["ip6tables", "-w", "-I" if on else "-D", "INPUT", "-i", f"wan-{uplink}", "-j", "DROP"])

    def arrives(self) -> bool:
        """Whether video arrived within the last half second."""
        arrivals = self.receiver.arrivals
        return bool(arrivals) and time.monotonic() - arrivals[-1].at_s < 0.5


def _cable(pi: Namespace, vps: Namespace, place: int, uplink: str) -> None:
    """One uplink: its addresses, its table, its endpoint."""
    table, address = str(7701 + place), f"2001:db8:{place + 1}::2"
    far = f"/proc/{os.getpid()}/fd/{vps.fd}"
    _ip(pi, f"link add {uplink} type veth peer name wan-{uplink}")
    _ip(pi, f"link set wan-{uplink} netns {far}")
    for host, interface, own in ((pi, uplink, address), (vps, f"wan-{uplink}", f"2001:db8:{place + 1}::1")):
        _ip(host, f"address add {own}/64 dev {interface} nodad")
        _ip(host, f"link set {interface} up")
    _ip(pi, f"-6 route add default via 2001:db8:{place + 1}::1 dev {uplink} table {table}")
    _ip(pi, f"-6 route add default via 2001:db8:{place + 1}::1 dev {uplink} metric {200 + place}")
    _ip(pi, f"-6 rule add from {address} lookup {table}")
    _ip(pi, f"mptcp endpoint add {address} dev {uplink} subflow")


def _ip(host: Namespace, words: str) -> None:
    host.run(["ip", *words.split()])


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A stream that has a subflow on each uplink, guarded."""
    key, log = tmp_path / "key", tmp_path / "log"
    key.write_text("0123456789abcdef0123456789abcdef")
    with ExitStack() as stack:
        pi, vps = (stack.enter_context(Namespace.create(name)) for name in ("pi", "vps"))
        for host in (pi, vps):
            _ip(host, "link set lo up")
            _ip(host, "mptcp limits set subflows 4 add_addr_accepted 0")
        _ip(vps, f"address add {SERVER}/128 dev lo nodad")
        for place, uplink in enumerate(UPLINKS):
            _cable(pi, vps, place, uplink)
        listener = stack.enter_context(vps.socket(socket.AF_INET6, protocol=socket.IPPROTO_MPTCP))
        listener.bind((SERVER, PORT))
        listener.listen()
        out = stack.enter_context(log.open("wb"))
        where = f"[{SERVER}]:8445"
        responder = [sys.executable, "-m", "mptcp.guard.responder", f"--listen={where}", f"--key-file={key}"]
        guard = [sys.executable, "-m", "mptcp.guard", f"--port={PORT}", f"--state={tmp_path / 'endpoints.json'}"]
        guard += [f"--uplink={each}={each}" for each in UPLINKS]
        guard += [f"--responder={where}", f"--key-file={key}"]
        started = [
            subprocess.Popen(vps.command(responder), stderr=out),
            subprocess.Popen(pi.command(guard), stderr=out),
        ]
        receiver = Receiver(listener)
        sender = Sender(pi.socket(socket.AF_INET6, protocol=socket.IPPROTO_MPTCP), (SERVER, PORT), 2_500_000)
        receiver.start()
        sender.start()
        rig = Rig(pi, vps, receiver, log)
        try:
            _until(lambda: "serving" in log.read_text())
            _until(lambda: pi.run(["ss", "-tHn", "dport", "=", f":{PORT}"]).count("ESTAB") == len(UPLINKS))
            yield rig
        finally:
            for process in reversed(started):
                process.terminate()
                process.wait(WAIT_S)
            sender.end()
            receiver.end()
    assert "Traceback" not in log.read_text()


def _until(holds: Callable[[], bool]) -> None:
    end_s = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < end_s
        time.sleep(0.05)


def test_dead_ipv6_uplink_is_taken_out_and_comes_back(rig: Rig) -> None:
    """Endpoint, probe and verdict do not depend on the family; the stream goes on."""
    rig.hole("verizon", on=True)
    _until(lambda: rig.endpoints() == {"att"})
    _until(rig.arrives)

    rig.hole("verizon", on=False)
    _until(lambda: rig.endpoints() == set(UPLINKS))
    assert "revive verizon" in rig.log.read_text()
    assert rig.receiver.connections == 1
