"""The guard and its responder in an emulated world that is set up as pi-up and vps-up set it up."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.demo.namespaces import NamespaceError
from mptcp.doctor.dropin import Side, shipped

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deploy.demo.world import World

PORT = 5000
RESPONDER_PORT = 8445


@contextmanager
def guarded(world: World, *, port: int = PORT) -> Iterator[subprocess.Popen[bytes]]:
    """Responder and guard running in the world; the guard's process."""
    with tempfile.TemporaryDirectory(prefix="vvlive-") as folder:
        key = Path(folder, "key")
        key.write_text("0123456789abcdef0123456789abcdef")
        common = ["--key-file", str(key)]
        responder = [
            sys.executable, "-m", "mptcp.guard.responder", "--listen", f"{world.server}:{RESPONDER_PORT}", *common,
        ]  # fmt: skip
        guard = [sys.executable, "-m", "mptcp.guard", "--port", str(port), "--state", f"{folder}/endpoints.json"]
        guard += [f"--uplink={each.name}={each.name}" for each in world.uplinks]
        guard += ["--responder", f"{world.server}:{RESPONDER_PORT}", *common]
        log = Path(folder, "log")
        with log.open("wb") as out, subprocess.Popen(world.vps.command(responder), stderr=out) as echoing:
            with subprocess.Popen(world.pi.command(guard), stderr=out) as guarding:
                _wait_for(log, "serving")
                try:
                    yield guarding
                finally:
                    guarding.terminate()
                    guarding.wait()
                    echoing.terminate()
            if "-v" in sys.argv:
                sys.stderr.write(log.read_text())


def _wait_for(log: Path, word: str) -> None:
    until_s = time.monotonic() + 20
    while word not in log.read_text():
        if time.monotonic() > until_s:
            raise SystemExit(f"the guard did not start:\n{log.read_text()}")
        time.sleep(0.05)


def set_up(world: World) -> None:
    """The settings and limits of pi-up and vps-up, as far as a namespace allows them."""
    for host, side, subflows in ((world.pi, Side.PI, len(world.uplinks) + 2), (world.vps, Side.VPS, 8)):
        host.run(["ip", "mptcp", "limits", "set", "subflows", str(subflows), "add_addr_accepted", "0"])
        for setting in (setting for dropin in shipped(side) for setting in dropin.settings):
            if host.has_sysctl(setting.key):
                with suppress(NamespaceError):  # congestion control, which the world sets by route
                    host.sysctl(setting.key, setting.value)
