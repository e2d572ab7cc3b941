"""The bond's guard in the demo: its responder on the server, the guard itself on the rig, as a rig runs them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from deploy.demo import ports
from deploy.demo.part import Part
from deploy.demo.readiness import HttpReady, LogReady
from deploy.demo.world import World

LOOPBACK = "127.0.0.1"


def parts(world: World, *, key_file: Path, state_file: Path) -> Iterator[Part]:
    """Responder and guard; `key_file` holds what they share, `state_file` what the guard must put back."""
    responder = f"{world.server}:{ports.GUARD_RESPONDER}"
    shared = ("--key-file", str(key_file))
    yield Part(
        "guard-responder",
        (sys.executable, "-m", "mptcp.guard.responder", "--listen", responder, *shared),
        namespace=world.vps,
        ready=LogReady("echoing probes"),
    )
    uplinks = [f"--uplink={uplink.name}={uplink.name}" for uplink in world.uplinks]
    guard = (sys.executable, "-m", "mptcp.guard", *uplinks, "--port", str(ports.BOND_RTMP), "--responder", responder)
    yield Part(
        "guard",
        (*guard, "--state", str(state_file), "--listen", f"{LOOPBACK}:{ports.GUARD}", *shared),
        namespace=world.pi,
        ready=HttpReady(f"http://{LOOPBACK}:{ports.GUARD}/-/healthy"),
        after=("guard-responder",),
    )
