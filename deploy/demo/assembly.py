"""What the demo is made of: every program of rig and server, in the order in which they need each other.

    rig     encoder -> haproxy ==MPTCP==> server   haproxy -> nginx -> OBS -> nginx ("the platform")
            exporter, guard, Prometheus, controller         exporters, Prometheus, controller, picture probes

Secrets are made anew for each run, written to files that only the owner reads, and blotted out of
every log line that an error quotes.
"""

from __future__ import annotations

import dataclasses
import secrets
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deploy.demo import guarding, media, ports, rendering
from deploy.demo.namespaces import Namespace
from deploy.demo.options import Options
from deploy.demo.part import Part
from deploy.demo.picture.log import newest_age_s
from deploy.demo.picture.reading import Looks
from deploy.demo.readiness import CallReady, HttpReady, LogReady, TcpReady
from deploy.demo.srtla import parts as srtla
from deploy.demo.studio import configuration, starting
from deploy.demo.watching import Pictures
from deploy.demo.world import World

STREAM_ALIAS = "cam"
LOOPBACK = "127.0.0.1"
INSTALL = "run `make setup` as root, then again"


@dataclass(frozen=True, slots=True)
class Assembly:
    """The parts, where the probes write, what must never be shown, and where a person finds the token."""

    world: World
    parts: tuple[Part, ...]
    pictures: Pictures
    secrets: tuple[str, ...]
    control_token: Path
    picture_timeout_s: float = 60.0

    def doors(self, base: int) -> Iterator[tuple[str, Namespace, int, int]]:
        """What a browser may open: name, host, port there, port on this machine's loopback."""
        pi, vps = self.world.pi, self.world.vps
        yield "controller (VPS, OBS)", vps, ports.CONTROLLER, base
        yield "controller (rig, encoder)", pi, ports.CONTROLLER, base + 1
        yield "Prometheus (VPS, everything)", vps, ports.PROMETHEUS, base + 2
        yield "Prometheus (rig)", pi, ports.PROMETHEUS, base + 3

    def picture_arrives(self, now_s: float) -> bool:
        """Whether a picture of the camera has reached the platform."""
        return newest_age_s(self.pictures.platform, now_s) is not None


@dataclass(frozen=True, slots=True)
class Keys:
    """The run's secrets and the files that hold them."""

    stream: str
    platform: str
    obs_password: str
    encoder_password: str
    control_token: str
    link_token: str
    guard: str

    @classmethod
    def fresh(cls) -> Keys:
        """Seven new ones."""
        return cls(*(secrets.token_hex(16) for _ in range(7)))

    def values(self) -> tuple[str, ...]:
        """All of them."""
        return dataclasses.astuple(self)


def assemble(world: World, options: Options, directory: Path) -> Assembly:
    """Write every configuration file into `directory` and describe every program.

    Raises:
        OSError: a file cannot be written.
        NoDisplayError: no X display number is free.
    """
    keys = Keys.fresh()
    pictures = Pictures(directory / "picture-ingest.jsonl", directory / "picture-platform.jsonl")
    tokens = rendering.TokenFiles(
        control=_secret(directory / "control.token", keys.control_token),
        link=_secret(directory / "link.token", keys.link_token),
    )
    parts = (
        *_server_media(world, keys, directory),
        *_server_srtla(world, options, keys, directory),
        *_probes(world, keys, pictures, directory),
        *_rig_media(world, options, keys, directory),
        *_server_watch(world, options, keys, directory, tokens),
        *_rig_watch(world, options, keys, directory, tokens),
        *_guard(world, options, keys, directory),
    )
    return Assembly(world, parts, pictures, keys.values(), tokens.control)


def _python(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", *arguments)


def _secret(path: Path, text: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(f"{text}\n", encoding="utf-8")
    return path


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


# The encoder alone publishes by the key: nginx admits it under the alias, and that is what everybody else plays.
INGEST_URL = f"rtmp://{LOOPBACK}:{ports.INGEST_RTMP}/{media.LIVE_APPLICATION}/{STREAM_ALIAS}"


def _server_media(world: World, keys: Keys, directory: Path) -> Iterator[Part]:
    nginx = directory / "nginx"
    rtmp = media.RtmpPorts(ports.INGEST_RTMP, ports.PLATFORM_RTMP, ports.INGEST_STAT)
    nginx.mkdir(exist_ok=True)
    admission = media.Admission(key=keys.stream, alias=STREAM_ALIAS)
    conf = _secret(nginx / "nginx.conf", media.nginx_config(rtmp, admission=admission))
    yield Part(
        "nginx",
        ("nginx", "-e", "stderr", "-p", str(nginx), "-c", str(conf)),
        namespace=world.vps,
        ready=HttpReady(f"http://{LOOPBACK}:{ports.INGEST_STAT}/stat"),
        remedy=INSTALL,
    )
    forwards = (
        media.Forward("stream", f"{world.server}:{ports.BOND_RTMP}", f"{LOOPBACK}:{ports.INGEST_RTMP}"),
        media.Forward("metrics", f"{world.server}:{ports.BOND_REMOTE_WRITE}", f"{LOOPBACK}:{ports.PROMETHEUS}"),
        media.Forward("link", f"{world.server}:{ports.BOND_LINK}", f"{LOOPBACK}:{ports.CONTROLLER}"),
    )
    conf = _write(directory / "haproxy-vps.cfg", media.haproxy_config(forwards, small_buffers=False))
    yield Part(
        "haproxy-vps",
        ("mptcpize", "run", "haproxy", "-db", "-f", str(conf)),
        namespace=world.vps,
        ready=TcpReady(world.server, ports.BOND_RTMP),
        after=("nginx",),
        remedy=INSTALL,
    )
    display = starting.free_display()
    yield Part("xvfb", starting.xvfb_argv(display), namespace=world.vps, ready=CallReady(lambda: _display(display)))
    studio = configuration.Studio(
        ingest_url=INGEST_URL,
        platform_url=f"rtmp://{LOOPBACK}:{ports.PLATFORM_RTMP}/{media.PLATFORM_APPLICATION}",
        platform_key=keys.platform,
        websocket_port=ports.OBS_WEBSOCKET,
        websocket_password=keys.obs_password,
    )
    home = directory / "obs"
    configuration.write(studio, home)
    yield Part(
        "obs",
        starting.obs_argv(),
        namespace=world.vps,
        env=starting.obs_environment(home, display),
        ready=TcpReady(LOOPBACK, ports.OBS_WEBSOCKET),
        after=("xvfb", "nginx"),
        remedy=INSTALL,
    )


def _server_srtla(world: World, options: Options, keys: Keys, directory: Path) -> Iterator[Part]:
    if options.transport != "mptcp":
        url = f"rtmp://{LOOPBACK}:{ports.INGEST_RTMP}/{media.LIVE_APPLICATION}/{keys.stream}"
        address = _secret(directory / "srt-server.url", url)
        yield from srtla.server_parts(
            world,
            publish_url_file=address,
            directory=directory,
            remedy=INSTALL,
            drop_url=f"http://{LOOPBACK}:{ports.INGEST_STAT}/control/drop/publisher"
            f"?app={media.LIVE_APPLICATION}&name={STREAM_ALIAS}",
            silence_s=srtla.SILENCE_S if options.transport == "srtla" else srtla.STANDBY_SILENCE_S,
        )


async def _display(display: int) -> str | None:
    return None if starting.socket_of(display).exists() else f"display :{display} is not there yet"


def _probes(world: World, keys: Keys, pictures: Pictures, directory: Path) -> Iterator[Part]:
    platform_url = f"rtmp://{LOOPBACK}:{ports.PLATFORM_RTMP}/{media.PLATFORM_APPLICATION}/{keys.platform}"
    for name, url, look_at, output in (
        ("picture-ingest", INGEST_URL, Looks.KEYFRAMES, pictures.ingest),
        ("picture-platform", platform_url, Looks.ALL, pictures.platform),
    ):
        source = _secret(directory / f"{name}.url", url)
        yield Part(
            name,
            _python("deploy.demo.picture", "--source-file", str(source), "--look-at", look_at, "--output", str(output)),
            namespace=world.vps,
            after=("nginx",),
        )


def _rig_media(world: World, options: Options, keys: Keys, directory: Path) -> Iterator[Part]:
    forwards = (
        media.Forward("stream", f"{LOOPBACK}:{ports.RIG_RTMP}", f"{world.server}:{ports.BOND_RTMP}"),
        media.Forward("metrics", f"{LOOPBACK}:{ports.RIG_REMOTE_WRITE}", f"{world.server}:{ports.BOND_REMOTE_WRITE}"),
        media.Forward("link", f"{LOOPBACK}:{ports.RIG_LINK}", f"{world.server}:{ports.BOND_LINK}"),
    )
    conf = _write(directory / "haproxy-rig.cfg", media.haproxy_config(forwards, small_buffers=True))
    yield Part(
        "haproxy-rig",
        ("mptcpize", "run", "haproxy", "-db", "-f", str(conf)),
        namespace=world.pi,
        ready=TcpReady(LOOPBACK, ports.RIG_RTMP),
        after=("haproxy-vps",),
        remedy=INSTALL,
    )
    entries = ["haproxy-rig"]
    if options.transport != "mptcp":
        yield from srtla.rig_parts(world)
        entries.append("srtla-sender")
    url = srtla.PUBLISH_URL if options.transport == "srtla" else _rtmp_address(keys)
    yield Part(
        "encoder",
        _python(
            "deploy.demo.encoder",
            "--listen", f"{LOOPBACK}:{ports.ENCODER}",
            "--personality", options.encoder,
            "--publish-url-file", str(_secret(directory / "encoder.url", url)),
            "--password-file", str(_secret(directory / "encoder.password", keys.encoder_password)),
        ),
        namespace=world.pi,
        ready=LogReady("listening"),
        after=(*entries, "obs"),
        remedy=INSTALL,
    )  # fmt: skip


def _prometheus(name: str, namespace: Namespace, directory: Path, *extra: str, transport: str) -> Part:
    config = rendering.prometheus(name, directory, transport=transport)
    return Part(
        f"prometheus-{name}",
        (
            "prometheus",
            f"--config.file={config}",
            f"--storage.tsdb.path={directory / f'prometheus-{name}'}",
            f"--web.listen-address={LOOPBACK}:{ports.PROMETHEUS}",
            f"--web.external-url=http://{LOOPBACK}:{ports.PROMETHEUS}/",
            *extra,
        ),
        namespace=namespace,
        ready=HttpReady(f"http://{LOOPBACK}:{ports.PROMETHEUS}/-/ready"),
        remedy=INSTALL,
    )


def _controller(name: str, namespace: Namespace, config: Path, *after: str) -> Part:
    return Part(
        f"controller-{name}",
        _python("controller", "run", "--config", str(config)),
        namespace=namespace,
        ready=HttpReady(f"http://{LOOPBACK}:{ports.CONTROLLER}/-/healthy"),
        after=(f"prometheus-{name}", *after),
    )


def _rtmp_address(keys: Keys) -> str:
    """Where the encoder publishes over MPTCP."""
    return f"rtmp://{LOOPBACK}:{ports.RIG_RTMP}/{media.LIVE_APPLICATION}/{keys.stream}"


def _bond_exporters(name: str, world: World, options: Options, *arguments: str) -> Iterator[Part]:
    """The exporters of the transports that bond; `arguments` are for MPTCP's."""
    if options.transport != "mptcp":
        yield srtla.exporter(name, world)
    if options.transport != "srtla":
        yield _mptcp_exporter(name, world, *arguments)


def _mptcp_exporter(name: str, world: World, *arguments: str) -> Part:
    uplinks = [f"--uplink={uplink.name}={uplink.address}" for uplink in world.uplinks]
    return Part(
        f"mptcp-exporter-{name}",
        _python("exporters.mptcp", *uplinks, "--port", str(ports.BOND_RTMP), *arguments),
        namespace=world.pi if name == "edge" else world.vps,
        ready=HttpReady(f"http://{LOOPBACK}:{ports.MPTCP_EXPORTER}/-/healthy"),
    )


def _guard(world: World, options: Options, keys: Keys, directory: Path) -> Iterator[Part]:
    """What keeps the kernel's bond alive; SRTLA's sender drops a dead uplink by itself."""
    if options.transport != "srtla":
        key = _secret(directory / "guard.key", keys.guard)
        yield from guarding.parts(world, key_file=key, state_file=directory / "guard-endpoints.json")


def _server_watch(
    world: World, options: Options, keys: Keys, directory: Path, tokens: rendering.TokenFiles
) -> Iterator[Part]:
    yield from _bond_exporters("vps", world, options, "--role", "receiver")
    yield Part(
        "ingest-exporter",
        _python(
            "exporters.ingest",
            "--stat", f"http://{LOOPBACK}:{ports.INGEST_STAT}/stat",
            "--stream", f"{STREAM_ALIAS}={media.LIVE_APPLICATION}/{STREAM_ALIAS}",
        ),
        namespace=world.vps,
        ready=HttpReady(f"http://{LOOPBACK}:{ports.INGEST_EXPORTER}/-/healthy"),
        after=("nginx",),
    )  # fmt: skip
    yield _prometheus("vps", world.vps, directory, "--web.enable-remote-write-receiver", transport=options.transport)
    password = _secret(directory / "obs.password", keys.obs_password)
    config = rendering.vps_controller(
        directory, policy=options.policy, password_file=password, tokens=tokens, transport=options.transport
    )
    yield _controller("vps", world.vps, config, "obs", "ingest-exporter")


def _rig_watch(
    world: World, options: Options, keys: Keys, directory: Path, tokens: rendering.TokenFiles
) -> Iterator[Part]:
    exporters = tuple(_bond_exporters("edge", world, options, "--front-port", str(ports.RIG_RTMP)))
    yield from exporters
    # without this it would try for a minute, at its end, to send what it still has
    yield _prometheus("edge", world.pi, directory, "--storage.remote.flush-deadline=1s", transport=options.transport)
    password = _secret(directory / "controller-encoder.password", keys.encoder_password)
    config = rendering.edge_controller(
        directory,
        policy=options.policy,
        personality=options.encoder,
        password_file=password,
        tokens=tokens,
        transport=options.transport,
        publish=_addresses(options, keys, directory),
    )
    yield _controller("edge", world.pi, config, "encoder", *(one.name for one in exporters))


def _addresses(options: Options, keys: Keys, directory: Path) -> dict[str, Path]:
    """The files with the encoder's addresses, by transport, where there are two of them."""
    if options.transport != "hybrid":
        return {}
    return {
        "mptcp": _secret(directory / "publish-mptcp.url", _rtmp_address(keys)),
        "srtla": _secret(directory / "publish-srtla.url", srtla.PUBLISH_URL),
    }
