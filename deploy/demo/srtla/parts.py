"""The programs that an SRTLA bond brings into the demo.

    rig     encoder -SRT-> sender ==SRTLA, one link an uplink==> server   receiver -> SRT server -RTMP-> nginx

Metrics and the controllers' link stay on MPTCP: SRTLA carries SRT alone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from deploy.demo import ports
from deploy.demo.part import Part
from deploy.demo.readiness import HttpReady, LogReady
from deploy.demo.world import World

LOOPBACK = "127.0.0.1"
# A packet may come this late before it is missing in the picture; the picture is always as old. Enough for
# three retransmissions over a full queue of 150 ms, and half of what the drive counts as late.
LATENCY_MS = 1000
# A black-out is no lost connection: SRT would hang up after 5 s, and the receiver forget the links after 10.
SILENCE_S = 60
# Where the stream may have gone over to the other transport, a publisher that is silent is in its way.
STANDBY_SILENCE_S = 18

PUBLISH_URL = (
    f"srt://{LOOPBACK}:{ports.RIG_SRT}?mode=caller&latency={LATENCY_MS}&peeridletimeo={SILENCE_S * 1000}&conntimeo=3000"
)


def _python(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", *arguments)


def server_parts(  # noqa: PLR0913 - the host, where files are, and what differs by transport
    world: World, *, publish_url_file: Path, directory: Path, remedy: str, drop_url: str, silence_s: int = SILENCE_S
) -> Iterator[Part]:
    """The SRT server, which publishes to nginx in the place of whoever did, and the SRTLA receiver before it."""
    yield Part(
        "srt-server",
        _python(
            "deploy.demo.srtla.bridge",
            "--listen", f"{LOOPBACK}:{ports.SRT_SERVER}",
            "--publish-url-file", str(publish_url_file),
            "--statistics", str(directory / "srt-statistics.json"),
            "--latency-ms", str(LATENCY_MS),
            "--idle-ms", str(silence_s * 1000),
            "--drop-url", drop_url,
        ),
        namespace=world.vps,
        ready=LogReady("listening"),
        after=("nginx",),
        remedy=remedy,
    )  # fmt: skip
    yield Part(
        "srtla-receiver",
        _python(
            "deploy.demo.srtla.receiver",
            "--listen", f"{world.server}:{ports.BOND_SRTLA}",
            "--server", f"{LOOPBACK}:{ports.SRT_SERVER}",
            "--pad", "--broadcast-naks",
            "--group-timeout-s", str(SILENCE_S),
        ),
        namespace=world.vps,
        ready=LogReady("listening"),
        after=("srt-server",),
    )  # fmt: skip


def rig_parts(world: World) -> Iterator[Part]:
    """The SRTLA sender, which takes the encoder's SRT in."""
    uplinks = [f"--uplink={uplink.address}%{uplink.name}" for uplink in world.uplinks]
    listen, to = f"{LOOPBACK}:{ports.RIG_SRT}", f"{world.server}:{ports.BOND_SRTLA}"
    yield Part(
        "srtla-sender",
        _python("deploy.demo.srtla.sender", "--listen", listen, "--to", to, *uplinks),
        namespace=world.pi,
        ready=LogReady("listening"),
        after=("srtla-receiver",),
    )


def exporter(name: str, world: World) -> Part:
    """The passive observer of the host `name`: edge, which sends, or vps, which receives."""
    at_edge = name == "edge"
    uplinks = [f"--uplink={uplink.name}={uplink.name if at_edge else uplink.address}" for uplink in world.uplinks]
    role = "sender" if at_edge else "receiver"
    return Part(
        f"srtla-exporter-{name}",
        _python("exporters.srtla", *uplinks, "--watch", str(ports.BOND_SRTLA), "--role", role),
        namespace=world.pi if at_edge else world.vps,
        ready=HttpReady(f"http://{LOOPBACK}:{ports.SRTLA_EXPORTER}/-/healthy"),
    )
