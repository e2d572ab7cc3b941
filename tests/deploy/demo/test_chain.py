"""The whole way of the picture with every real part: encoder, proxies, nginx, OBS, nginx, probes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import httpx
import obsws_python
import pytest

from deploy.demo import media
from deploy.demo.namespaces import Namespace
from deploy.demo.picture.log import Sight, Sighting, newest
from deploy.demo.studio import configuration, scenes, starting
from tests.deploy.demo.streaming import ALIAS, KEY, until

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

pytestmark = [pytest.mark.root, pytest.mark.mptcp]

HOST = "127.0.0.1"
INGEST, PLATFORM, STAT, ENTRY, BOND, API, WEBSOCKET = range(21000, 21007)  # free: the namespace is the test's own
PASSWORD = "pa55word"
START_S = 40.0


class Chain:
    """The running chain in a namespace of its own; `ingest` and `platform` are the probes' files."""

    def __init__(self, namespace: Namespace, directory: Path, stack: ExitStack) -> None:
        self.namespace, self.directory = namespace, directory
        self._stack = stack
        self.bond: subprocess.Popen[bytes]
        self.ingest, self.platform = directory / "ingest.jsonl", directory / "platform.jsonl"

    def start(
        self,
        name: str,
        argv: tuple[str, ...],
        *,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a part; it is stopped, in reverse order, when the chain is."""
        log = self._stack.enter_context((self.directory / f"{name}.log").open("wb"))
        process = subprocess.Popen(
            self.namespace.command(argv), env={**os.environ, **(env or {})}, stdout=log, stderr=subprocess.STDOUT
        )
        self._stack.callback(_end, process)
        return process

    def file(self, name: str, text: str) -> str:
        """Write a file for a part; its path."""
        path = self.directory / name
        path.write_text(text)
        return str(path)

    def look(self, path: Path) -> Sighting | None:
        """What the probe saw last, if that is of the last second."""
        seen = newest(path)
        return seen if seen and time.time() - seen.t < 1 else None

    def age_s(self, path: Path) -> float | None:
        """The newest picture's age."""
        seen = self.look(path)
        return seen.age_s if seen else None

    def young(self, path: Path, *, most_s: float) -> bool:
        """Whether the probe sees the camera, moving, and no later than that."""
        seen = self.look(path)
        return bool(seen and seen.sight is Sight.LIVE and seen.age_s is not None and seen.age_s < most_s)

    def encode(self, **asked: object) -> None:
        """Change the encoder's configuration."""
        query = {"input": "0", "output": "0"} | {name: str(value) for name, value in asked.items()}

        def ask() -> str:
            auth = httpx.DigestAuth("admin", "admin")
            return httpx.get(f"http://{HOST}:{API}/set_output", params=query, auth=auth).text

        assert self.namespace.call(ask) == "succeed"

    def show(self, scene: str) -> None:
        """Put a scene on program."""

        def switch() -> None:
            with obsws_python.ReqClient(host=HOST, port=WEBSOCKET, password=PASSWORD, timeout=5) as client:
                client.set_current_program_scene(scene)

        self.namespace.call(switch)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGCONT)
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=10)


def _start_media(chain: Chain) -> subprocess.Popen[bytes]:
    admission = media.Admission(key=KEY, alias=ALIAS)
    config = media.nginx_config(media.RtmpPorts(INGEST, PLATFORM, STAT), admission=admission)
    prefix = str(chain.directory)
    chain.start("nginx", ("nginx", "-e", "stderr", "-p", prefix, "-c", chain.file("nginx.conf", config)))
    far = media.haproxy_config((media.Forward("stream", f"{HOST}:{BOND}", f"{HOST}:{INGEST}"),), small_buffers=False)
    near = media.haproxy_config((media.Forward("stream", f"{HOST}:{ENTRY}", f"{HOST}:{BOND}"),), small_buffers=True)
    chain.start("far", ("mptcpize", "run", "haproxy", "-db", "-f", chain.file("far.cfg", far)))
    return chain.start("near", ("mptcpize", "run", "haproxy", "-db", "-f", chain.file("near.cfg", near)))


def _start_studio(chain: Chain) -> None:
    display = starting.free_display()
    chain.start("xvfb", starting.xvfb_argv(display))
    until(starting.socket_of(display).exists, what="the X server serves")
    home = chain.directory / "obs"
    studio = configuration.Studio(
        ingest_url=f"rtmp://{HOST}:{INGEST}/live/{ALIAS}",
        platform_url=f"rtmp://{HOST}:{PLATFORM}/platform",
        platform_key="program",
        websocket_port=WEBSOCKET,
        websocket_password=PASSWORD,
    )
    configuration.write(studio, home)
    chain.start("obs", starting.obs_argv(), env=starting.obs_environment(home, display))


def _start_ends(chain: Chain) -> None:
    python = (sys.executable, "-m")
    for output, source, look_at in (
        (chain.ingest, f"rtmp://{HOST}:{INGEST}/live/{ALIAS}", "keyframes"),
        (chain.platform, f"rtmp://{HOST}:{PLATFORM}/platform/program", "all"),
    ):
        probe = ("deploy.demo.picture", "--source", source, "--look-at", look_at, "--output", str(output))
        chain.start(output.stem, (*python, *probe))
    address = chain.file("address", f"rtmp://{HOST}:{ENTRY}/live/{KEY}\n")
    encoder = ("deploy.demo.encoder", "--listen", f"{HOST}:{API}", "--publish-url-file", address)
    chain.start("encoder", (*python, *encoder, "--personality", "live", "--bitrate-kbit", "1500"))


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """The chain with a picture at its end; `near` stands for the bond, and stopping it for a black-out."""
    with ExitStack() as stack:
        namespace = stack.enter_context(Namespace.create("chain"))
        namespace.run(["ip", "link", "set", "lo", "up"])
        running = Chain(namespace, tmp_path_factory.mktemp("chain"), stack)
        running.bond = _start_media(running)
        _start_studio(running)
        _start_ends(running)
        until(lambda: running.young(running.platform, most_s=5), what="a picture at the platform", within_s=START_S)
        yield running


def test_the_picture_arrives_young(chain: Chain) -> None:
    """At the ingest it is a fraction of a second old, at the platform some more."""
    until(lambda: chain.young(chain.ingest, most_s=1.0), what="a young picture at the ingest")
    until(lambda: chain.young(chain.platform, most_s=2.5), what="a young picture at the platform")
    ages = chain.age_s(chain.ingest), chain.age_s(chain.platform)
    assert ages[0] is not None
    assert ages[1] is not None
    assert 0 < ages[0] < ages[1]


def test_a_new_size_is_no_interruption(chain: Chain) -> None:
    """OBS and both probes follow a change of size within the running stream."""
    chain.encode(venc_width=850, venc_height=480, venc_framerate=24, venc_bitrate=1200)
    time.sleep(3)  # longer than the delay to the platform: what is seen now has the new size
    assert chain.young(chain.ingest, most_s=1.5)
    assert chain.young(chain.platform, most_s=3.5)


def test_another_scene_has_no_age(chain: Chain) -> None:
    """While OBS shows the emergency scene the platform's age is unknown; the ingest's goes on."""
    chain.show(scenes.SIMPLE)
    until(lambda: (seen := chain.look(chain.platform)) and seen.sight is Sight.UNSTAMPED, what="no stamp is seen")
    assert chain.age_s(chain.platform) is None
    assert chain.young(chain.ingest, most_s=1.5)
    chain.show(scenes.MAIN)
    until(lambda: chain.young(chain.platform, most_s=3.5), what="the camera is back")


def test_after_a_black_out_the_picture_is_soon_young_again(chain: Chain) -> None:
    """While nothing comes through, the age grows; afterwards the same connections go on, without delay."""
    chain.bond.send_signal(signal.SIGSTOP)
    until(lambda: (chain.age_s(chain.platform) or 0) > 6, what="the age grows")
    assert (seen := chain.look(chain.ingest))
    assert seen.sight is Sight.FROZEN
    chain.bond.send_signal(signal.SIGCONT)
    until(lambda: chain.young(chain.ingest, most_s=1.0), what="the ingest recovers")
    until(lambda: chain.young(chain.platform, most_s=2.5), what="the platform recovers")


def test_no_log_names_the_key(chain: Chain) -> None:
    """Whatever the parts have written to their logs, the stream's key is not in it."""
    logs = list(chain.directory.glob("*.log"))
    assert len(logs) == 8
    assert not [log.name for log in logs if KEY.encode() in log.read_bytes()]
