"""A machine for the set-up scripts: an anonymous namespace with two interfaces, and what it looks like."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.demo.namespaces import Namespace

if TYPE_CHECKING:
    from collections.abc import Mapping

SCRIPTS = Path(__file__).parents[2] / "mptcp"
# A namespace may choose a congestion control only if the host allows it to anyone; then the scripts say so and go on.
REFUSED_AT_TIMES = "net.ipv4.tcp_congestion_control"
SYSCTLS = (
    "net.mptcp.enabled",
    "net.mptcp.blackhole_timeout",
    "net.mptcp.stale_loss_cnt",
    "net.mptcp.close_timeout",
    "net.mptcp.syn_retrans_before_tcp_fallback",
    "net.ipv4.tcp_notsent_lowat",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_rto_max_ms",
    "net.ipv4.tcp_retries2",
)
STATIC = "verizon=eth1,10.5.0.2/24,10.5.0.1"
LEASED = "att=eth2"


@dataclass(frozen=True)
class Done:
    """A finished script."""

    code: int
    said: str
    printed: str

    @property
    def commands(self) -> list[str]:
        """What it ran, or under --dry-run would have run; refused settings left out."""
        lines = [line.removeprefix("[#] ") for line in self.said.splitlines() if line.startswith("[#] ")]
        return [line for line in lines if REFUSED_AT_TIMES not in line]


class Machine:
    """Two interfaces, eth1 without and eth2 with an address and a default route, as a DHCP client leaves it."""

    def __init__(self, namespace: Namespace, folder: Path) -> None:
        self.namespace = namespace
        self.state_dir = folder / "state"
        self.sysctl_dir = folder / "sysctl.d"
        for command in (
            "link set lo up",
            "link add eth1 type veth peer name peer1",
            "link add eth2 type veth peer name peer2",
            "link set peer1 up",
            "link set peer2 up",
            "link set eth2 up",
        ):
            self.ip(command)
        self.lease("192.168.8.100/24", "192.168.8.1")

    def ip(self, words: str) -> str:
        """Run `ip`."""
        return self.namespace.run(["ip", *words.split()])

    def lease(self, address: str, gateway: str) -> None:
        """Give eth2 an address and a default route, as a DHCP client does."""
        self.ip(f"address add {address} dev eth2")
        self.ip(f"route add default via {gateway} dev eth2 metric 202")

    def script(self, name: str, *arguments: str, env: Mapping[str, str] | None = None) -> Done:
        """Run a script of mptcp/ with this machine's folders."""
        folders = ["--state-dir", str(self.state_dir)]
        folders += ["--sysctl-dir", str(self.sysctl_dir)] if name.endswith("-up") else []
        command = self.namespace.command([str(SCRIPTS / name), *folders, *arguments])
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env={**os.environ, **(env or {})}, timeout=30
        )
        return Done(done.returncode, done.stderr, done.stdout)

    def look(self) -> dict[str, str]:
        """All that the scripts touch."""
        return {
            "routes": self.ip("-4 route show table all"),
            "rules": self.ip("-4 rule show"),
            "addresses": self.ip("-4 -o address show"),
            "links": "".join(f"{name} {self.up(name)}\n" for name in ("eth1", "eth2")),
            "endpoints": self.ip("mptcp endpoint show"),
            "limits": self.ip("mptcp limits show"),
            "firewall": self.namespace.run(["iptables", "-S"]),
            **{key: self.namespace.sysctl(key) for key in SYSCTLS if self.namespace.has_sysctl(key)},
        }

    def up(self, interface: str) -> bool:
        """Whether the interface was switched on."""
        return "UP" in self.ip(f"-o link show dev {interface}").split("<")[1].split(">")[0].split(",")
