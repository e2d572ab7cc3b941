"""What the demo needs of the machine, checked before anything starts.

`examine` looks, `problems` judges. Each problem is one line that names the thing and the remedy;
the caller prints them and exits with code 2.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.demo.namespaces import Namespace, NamespaceError
from deploy.demo.tun import DEVICE, open_tun

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MPTCP_ENABLED = Path("/proc/sys/net/mptcp/enabled")
SYSTEM_PYTHON = "/usr/bin/python3"  # the one that Debian's GStreamer bindings are made for
RTMP_MODULE = "/usr/lib/nginx/modules/ngx_rtmp_module.so"

# Program on PATH, or absolute file, and the Debian package that brings it.
REQUIRED: Mapping[str, str] = {
    "ip": "iproute2",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "prometheus": "prometheus",
    "nginx": "nginx",
    RTMP_MODULE: "libnginx-mod-rtmp",
    "haproxy": "haproxy",
    "mptcpize": "mptcpize",
    "srt-live-transmit": "srt-tools",
    "obs": "obs-studio",
    "Xvfb": "xvfb",
    SYSTEM_PYTHON: "python3",
}
# GStreamer elements of the software encoder, and their packages.
ELEMENTS: Mapping[str, str] = {
    "appsrc": "gstreamer1.0-plugins-base",
    "videoconvert": "gstreamer1.0-plugins-base",
    "flvmux": "gstreamer1.0-plugins-good",
    "x264enc": "gstreamer1.0-plugins-ugly",
    "rtmp2sink": "gstreamer1.0-plugins-bad",
    "h264parse": "gstreamer1.0-plugins-bad",
    "mpegtsmux": "gstreamer1.0-plugins-bad",
    "srtsink": "gstreamer1.0-plugins-bad",
}
BINDINGS = "python3-gi gir1.2-gstreamer-1.0"
_LIST_MISSING_ELEMENTS = """
import sys, gi
gi.require_version("Gst", "1.0")
from gi.repository import Gst
Gst.init(None)
print(*[name for name in sys.argv[1:] if Gst.ElementFactory.find(name) is None])
"""
PROBE_TIMEOUT_S = 30.0  # GStreamer's first run on a machine builds its registry of plugins


@dataclass(frozen=True, slots=True)
class Machine:
    """What was found. `mptcp_enabled` None: the kernel has no MPTCP. `namespace_problem` None: namespaces work.

    `missing_elements` None: GStreamer cannot be used from Python at all.
    """

    root: bool
    mptcp_enabled: bool | None
    tun: bool
    namespace_problem: str | None
    missing: tuple[str, ...]
    missing_elements: tuple[str, ...] | None


def examine(required: Mapping[str, str] = REQUIRED, elements: Mapping[str, str] = ELEMENTS) -> Machine:
    """Look at this machine; some 0.2 s, and a namespace that is gone again afterwards."""
    root = os.geteuid() == 0
    return Machine(
        root=root,
        mptcp_enabled=MPTCP_ENABLED.read_text().strip() != "0" if MPTCP_ENABLED.exists() else None,
        tun=DEVICE.exists(),
        namespace_problem=_try_namespace() if root and DEVICE.exists() else None,
        missing=tuple(name for name in required if shutil.which(name) is None and not Path(name).is_file()),
        missing_elements=_missing_elements(tuple(elements)) if elements else (),
    )


def problems(
    machine: Machine, required: Mapping[str, str] = REQUIRED, elements: Mapping[str, str] = ELEMENTS
) -> list[str]:
    """What stands in the demo's way, one line each; empty when nothing does."""
    found = []
    if not machine.root:
        found.append("not root: network namespaces and TUN devices need it; run `sudo make demo`")
    if machine.mptcp_enabled is None:
        found.append("the kernel has no MPTCP: use one with CONFIG_MPTCP, such as Debian's 5.10 or newer")
    elif not machine.mptcp_enabled:
        found.append("MPTCP is off (net.mptcp.enabled=0): run `sysctl -w net.mptcp.enabled=1`")
    if not machine.tun:
        found.append(f"{DEVICE} is missing: run `modprobe tun`; give a container `--device {DEVICE}`")
    if machine.namespace_problem is not None:
        found.append(machine.namespace_problem)
    found += [_install(name, required[name]) for name in machine.missing]
    if machine.missing_elements is None:
        found.append(_install(f"GStreamer for {SYSTEM_PYTHON}", BINDINGS))
    else:
        found += [_install(f"the GStreamer element {name}", elements[name]) for name in machine.missing_elements]
    return found


def packages(machine: Machine) -> tuple[str, ...]:
    """The Debian packages that would mend what is missing, each once, sorted."""
    wanted = {REQUIRED[name] for name in machine.missing}
    if machine.missing_elements is None:
        wanted |= {*BINDINGS.split(), *ELEMENTS.values()}
    else:
        wanted |= {ELEMENTS[name] for name in machine.missing_elements}
    return tuple(sorted(wanted))


def _install(thing: str, package: str) -> str:
    return f"{thing} is missing: run `apt-get install --no-install-recommends {package}`"


def _try_namespace() -> str | None:
    try:
        with Namespace.create("preflight") as namespace:
            os.close(open_tun(namespace, "preflight"))
    except NamespaceError as error:
        return str(error)
    return None


def _missing_elements(names: Sequence[str]) -> tuple[str, ...] | None:
    if not Path(SYSTEM_PYTHON).is_file():
        return None
    try:
        done = subprocess.run(
            [SYSTEM_PYTHON, "-c", _LIST_MISSING_ELEMENTS, *names],
            capture_output=True,
            text=True,
            check=False,
            timeout=PROBE_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        return None
    return tuple(done.stdout.split()) if done.returncode == 0 else None
