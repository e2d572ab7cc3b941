"""The embedded world: a rig and a server as network namespaces, joined by emulated uplinks, MPTCP set up.

    from deploy.demo.link import Change
    from deploy.demo.world import World

    with World() as world:                     # or `async with World() as world:`
        world.vps.run(["ip", "addr"])          # a short command inside, its output
        subprocess.Popen(world.pi.command(["mptcpize", "run", "haproxy", "-f", "pi.cfg"]))
        listener = world.vps.socket(protocol=socket.IPPROTO_MPTCP)     # usable from here
        listener.bind((world.server, 5000))
        world.control.set("verizon", Change(rate_bps=1_000_000, loss_ratio=0.01))
        world.control.set("att", Change(hole=True))
        world.control.read().up["verizon"].out_bytes                   # ground truth

Rig: `lo`, one interface per uplink named as the uplink, with address, own routing table and main
route by metric; the MPTCP endpoints `subflow`. Server: `lo`, and `wan` with the one public address.
Nothing needs a name outside: the namespaces are anonymous, and whatever happens to this process,
kill -9 included, everything in them ends with it. Leaving the `with` kills what still runs inside.
Needs root. Enter from the thread that lives longest, normally the main thread: the emulator gets a
SIGKILL when the thread that started it ends.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Self

from deploy.demo import janitor, processes
from deploy.demo.control import Control
from deploy.demo.link import Change
from deploy.demo.namespaces import Namespace, mortal
from deploy.demo.tun import open_tun

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SERVER = "203.0.113.1"  # TEST-NET-3, RFC 5737
CARRIER_NETWORK = "100.64.0.0/16"  # shared address space of carrier NAT, RFC 6598
MTU_BYTES = 1500
SERVER_SUBFLOWS = 8  # the most there is: subflows that died in silence count too, and would keep new ones out
REPOSITORY = Path(__file__).parents[2]
END_TIMEOUT_S = 5.0

BOTH_SYSCTLS: Mapping[str, str] = {
    "net.mptcp.blackhole_timeout": "0",  # else one dead zone switches MPTCP off for an hour
}
# Where the kernel has the first (6.15), both, and never one of them. A healed link waits out a back-off of up
# to two minutes: after a black-out of 10, 15, 20 s data flowed again after 6, 1.4, 12 s, and with the cap after
# 0.2 to 0.5 s. But 15 retries, the default, then last 14 s instead of 15 min: the kernel gives all subflows up
# within a black-out of 15 s and never opens another. 255, the most there is, lasts 4 min.
PROMPT_SYSCTLS: Mapping[str, str] = {"net.ipv4.tcp_rto_max_ms": "1000", "net.ipv4.tcp_retries2": "255"}
RIG_SYSCTLS: dict[str, str] = {
    **BOTH_SYSCTLS,
    "net.mptcp.stale_loss_cnt": "1",  # halves the stall when a link dies
    "net.ipv4.tcp_notsent_lowat": "16384",  # a backlog shows in the sender instead of in the socket
}
SERVER_SYSCTLS: dict[str, str] = {
    **BOTH_SYSCTLS,
    # Out-of-order data fills the default 128 kB when the joined link dies, and the connection hangs for ever.
    "net.ipv4.tcp_rmem": "4096 4194304 33554432",
}
NEWER_SYSCTLS = frozenset({"net.mptcp.blackhole_timeout"})  # 6.12


@dataclass(frozen=True, slots=True)
class Uplink:
    """One emulated uplink: interface name, the rig's address, and the link at start, alike both ways."""

    name: str
    address: str
    delay_s: float
    rate_bps: float = 8_000_000
    queue_bytes: int = 150_000


VERIZON = Uplink("verizon", "100.64.10.2", delay_s=0.020)
ATT = Uplink("att", "100.64.20.2", delay_s=0.025)


def rig_commands(uplinks: Sequence[Uplink]) -> list[str]:
    """What `ip` does in the rig: each uplink's own table for its subflow, the main table for the first.

    Congestion control is cubic (bbr takes the stream's own rate for the links' capacity). It is set
    per route because a namespace may choose by sysctl only what the host's kernel allows to anyone.
    """
    lines = ["link set lo up", f"mptcp limits set subflows {len(uplinks)} add_addr_accepted {len(uplinks)}"]
    for number, uplink in enumerate(uplinks, start=1):
        lines += [
            f"addr add {uplink.address}/32 dev {uplink.name}",
            f"link set {uplink.name} mtu {MTU_BYTES} up",
            f"route add default dev {uplink.name} src {uplink.address} table {100 + number} congctl cubic",
            f"rule add from {uplink.address} table {100 + number}",
            f"route add default dev {uplink.name} src {uplink.address} metric {10 * number} congctl cubic",
            f"mptcp endpoint add {uplink.address} dev {uplink.name} id {number} subflow",
        ]
    return lines


def server_commands(uplinks: Sequence[Uplink]) -> list[str]:
    """What `ip` does in the server: one public address, the carriers' network behind it."""
    return [
        "link set lo up",
        f"addr add {SERVER}/32 dev wan",
        f"link set wan mtu {MTU_BYTES} up",
        f"route add {CARRIER_NETWORK} dev wan src {SERVER}",
        f"mptcp limits set subflows {SERVER_SUBFLOWS} add_addr_accepted {len(uplinks)}",
    ]


class World:
    """Both hosts and the uplinks between them, for the length of a `with` or `async with`.

    Attributes:
        pi, vps: the namespaces of rig and server.
        server: the server's public address.
        control: steers and reads the emulator (`control_path` for an `AsyncControl`).
        emulator_pid: the emulator's process.
    """

    def __init__(self, uplinks: Sequence[Uplink] = (VERIZON, ATT)) -> None:
        self.uplinks = tuple(uplinks)
        self.server = SERVER
        self._stack = ExitStack()
        self.pi: Namespace
        self.vps: Namespace
        self.control: Control
        self.control_path: Path
        self._emulator: subprocess.Popen[bytes]

    @property
    def emulator_pid(self) -> int:
        """The emulator's process id, for whoever accounts for processes."""
        return self._emulator.pid

    def __enter__(self) -> Self:
        """Raises `NamespaceError`, `ControlError` naming what failed; then nothing is left."""
        with ExitStack() as stack:
            self.pi = stack.enter_context(Namespace.create("pi"))
            self.vps = stack.enter_context(Namespace.create("vps"))
            directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="vvlive-", ignore_cleanup_errors=True))
            self.control_path = Path(directory, "emulator")
            self._start_janitor(stack)
            self._start_emulator(stack)
            self._configure()
            stack.callback(self._clear)
            self.control = stack.enter_context(Control(self.control_path))
            for uplink in self.uplinks:
                self.control.set(uplink.name, Change(uplink.rate_bps, uplink.delay_s, uplink.queue_bytes))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    async def __aenter__(self) -> Self:
        """As the plain `with`; blocks the loop for some 0.3 s, so that the emulator belongs to its thread."""
        return self.__enter__()

    async def __aexit__(self, *_: object) -> None:
        self.__exit__()

    def _start_janitor(self, stack: ExitStack) -> None:
        namespaces = (self.pi.fd, self.vps.fd)
        process = subprocess.Popen(
            [sys.executable, "-m", "deploy.demo.janitor", f"--socket={self.control_path}", *map(str, namespaces)],
            stdin=subprocess.PIPE,
            pass_fds=namespaces,
            start_new_session=True,
            env=environment(),
        )
        stack.callback(partial(_dismiss, process))

    def _start_emulator(self, stack: ExitStack) -> None:
        """Make the devices and hand them over; kept open here, so that addresses survive the emulator."""
        taps = [self._device(stack, self.vps, "wan")]
        taps += [self._device(stack, self.pi, uplink.name) for uplink in self.uplinks]
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as control:
            control.bind(str(self.control_path))
            arguments = [f"--control={control.fileno()}", f"--server={taps[0]}"]
            arguments += [
                f"--uplink={uplink.name}={fd}={uplink.address}"
                for uplink, fd in zip(self.uplinks, taps[1:], strict=True)
            ]
            self._emulator = subprocess.Popen(
                mortal([sys.executable, "-m", "deploy.demo.emulator", *arguments]),
                pass_fds=(control.fileno(), *taps),
                start_new_session=True,
                env=environment(),
            )
        stack.callback(partial(_end, self._emulator))

    @staticmethod
    def _device(stack: ExitStack, namespace: Namespace, name: str) -> int:
        fd = open_tun(namespace, name)
        stack.callback(os.close, fd)
        return fd

    def _configure(self) -> None:
        prompt = dict(PROMPT_SYSCTLS) if all(map(self.pi.has_sysctl, PROMPT_SYSCTLS)) else {}
        for namespace, settings, commands in (
            (self.pi, RIG_SYSCTLS, rig_commands(self.uplinks)),
            (self.vps, SERVER_SYSCTLS, server_commands(self.uplinks)),
        ):
            for key, value in (settings | prompt).items():
                if key not in NEWER_SYSCTLS or namespace.has_sysctl(key):
                    namespace.sysctl(key, value)
            namespace.run(["ip", "-batch", "-"], stdin="\n".join(commands) + "\n")

    def _clear(self) -> None:
        for namespace in (self.pi, self.vps):
            processes.kill(processes.inside(namespace.inode))


def environment() -> dict[str, str]:
    """The environment in which `-m deploy.demo.…` is found wherever the caller was started."""
    path = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(REPOSITORY), path)))}


def _dismiss(process: subprocess.Popen[bytes]) -> None:
    with suppress(BrokenPipeError):
        process.communicate(janitor.DONE, timeout=END_TIMEOUT_S)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait(timeout=END_TIMEOUT_S)
