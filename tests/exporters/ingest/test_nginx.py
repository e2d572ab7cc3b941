"""The ingest exporter against a real nginx with the RTMP module and a real encoder, through a relay that stalls."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.exporters.exposing import complaints

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KEY = "k3y-that-nobody-may-see"
READY_S = 30.0

NGINX = """
load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
daemon off; master_process off; pid {root}/nginx.pid; error_log {root}/error.log;
events {{ worker_connections 64; }}
rtmp {{ server {{ listen 127.0.0.1:{rtmp}; application publish {{ live on; wait_video off; }} }} }}
http {{
  access_log off; client_body_temp_path {root}/a; proxy_temp_path {root}/b; fastcgi_temp_path {root}/c;
  uwsgi_temp_path {root}/d; scgi_temp_path {root}/e;
  server {{ listen 127.0.0.1:{http}; location = /stat {{ rtmp_stat all; }} }}
}}
"""


class Relay:
    """Passes one connection on to `port`; while held, it reads nothing, so that the sender's queue fills."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._flows = threading.Event()
        self._flows.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._over = False
        threading.Thread(target=self._serve, daemon=True).start()

    def hold(self) -> None:
        """Let nothing through."""
        self._flows.clear()

    def release(self) -> None:
        """Let everything through again."""
        self._flows.set()

    def close(self) -> None:
        """Take no further connection."""
        self._over = True
        self._listener.close()

    def _serve(self) -> None:
        while not self._over:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._target))
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pass, args=(source, sink), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with source, sink:
            while True:
                self._flows.wait()
                try:
                    data = source.recv(1500)
                    sink.sendall(data)
                except OSError:
                    return
                if not data:
                    return


def free_port() -> int:
    """A port that nobody has at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


@contextmanager
def process(*argv: str) -> Iterator[subprocess.Popen[str]]:
    """A program for the length of a `with`."""
    started = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        yield started
    finally:
        started.terminate()
        started.communicate(timeout=10)


class Rig:
    """nginx, and the exporter that reads it."""

    def __init__(self, root: Path, stack: ExitStack) -> None:
        self.rtmp, self.http, self.metrics = free_port(), free_port(), free_port()
        (root / "nginx.conf").write_text(NGINX.format(root=root, rtmp=self.rtmp, http=self.http))
        (root / "key").write_text(KEY + "\n")
        stack.enter_context(process("nginx", "-p", str(root), "-c", str(root / "nginx.conf")))
        self.exporter = stack.enter_context(
            process(
                *(sys.executable, "-W", "error", "-m", "exporters.ingest"),
                *("--stat", f"http://127.0.0.1:{self.http}/stat", "--stream", f"cam=publish/@{root}/key"),
                *("--listen", f"127.0.0.1:{self.metrics}"),
            )
        )

    def scrape(self) -> str:
        """One scrape's body."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics}/metrics", timeout=5) as answer:
            body: bytes = answer.read()
        return body.decode()

    def until(self, holds: Callable[[dict[str, float]], bool]) -> dict[str, float]:
        """Scrape until the samples satisfy `holds`; the samples."""
        deadline = time.monotonic() + READY_S
        seen: dict[str, float] = {}
        while time.monotonic() < deadline:
            try:
                found = re.findall(r"^ingest_(\w+)(?:\{.*\})? (\S+)$", self.scrape(), re.MULTILINE)
                seen = {name: float(value) for name, value in found}
            except OSError:
                seen = {}
            if seen and holds(seen):
                return seen
            time.sleep(0.1)
        raise AssertionError(f"not within {READY_S} s; the last scrape was {seen}")


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """One nginx and one exporter for all tests of this file."""
    with ExitStack() as stack:
        yield Rig(tmp_path_factory.mktemp("nginx"), stack)


@contextmanager
def publishing(port: int, name: str = KEY) -> Iterator[None]:
    """A small live encoder that publishes `name`."""
    video = ("-re", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=15")
    audio = ("-re", "-f", "lavfi", "-i", "sine=f=440:r=48000")
    codecs = ("-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "30", "-b:v", "300k")
    with process(
        *("ffmpeg", "-loglevel", "error", *video, *audio, *codecs, "-pix_fmt", "yuv420p", "-c:a", "aac"),
        *("-f", "flv", f"rtmp://127.0.0.1:{port}/publish/{name}"),
    ):
        yield


def test_stall_shows_as_lag_and_is_recovered_from(rig: Rig) -> None:
    """A published stream shows what it is; a stall makes it late, second by second; what was held up catches up."""
    rig.until(lambda found: found.get("stream_publishing") == 0)
    relay = Relay(rig.rtmp)
    with publishing(relay.port):
        seen = rig.until(lambda found: found.get("stream_media_time_seconds", 0) > 3)
        assert seen["stream_publishing"] == 1
        assert (seen["stream_width_pixels"], seen["stream_height_pixels"]) == (320, 180)
        assert (seen["stream_frame_rate_hertz"], seen["stream_audio"]) == (15, 1)
        assert seen["stream_receive_bytes_total"] > 30_000
        assert seen["stream_lag_seconds"] < 1

        relay.hold()
        late = rig.until(lambda found: found.get("stream_lag_seconds", 0) > 2.5)
        relay.release()
        recovered = rig.until(lambda found: found.get("stream_lag_seconds", 9) < 0.5)
    relay.close()

    assert recovered["stream_media_time_seconds"] > late["stream_media_time_seconds"] + 2
    assert recovered["stream_receive_bytes_total"] > late["stream_receive_bytes_total"]


def test_publisher_that_leaves_and_returns(rig: Rig) -> None:
    """Without a publisher nothing is late and nothing published; a new one starts on time, and its bytes add up."""
    rig.until(lambda found: found.get("stream_publishing") == 0)
    with publishing(rig.rtmp):
        before = rig.until(lambda found: found.get("stream_media_time_seconds", 0) > 1)
    gone = rig.until(lambda found: found.get("stream_publishing") == 0)
    with publishing(rig.rtmp):
        again = rig.until(lambda found: found.get("stream_media_time_seconds", 0) > 0)

    assert "stream_lag_seconds" not in gone
    assert "stream_media_time_seconds" not in gone
    assert again["stream_lag_seconds"] < 1
    assert again["stream_receive_bytes_total"] >= before["stream_receive_bytes_total"]


def test_foreign_stream_is_only_counted(rig: Rig) -> None:
    """A stream without alias is a number; neither its name nor our key is ever shown."""
    with publishing(rig.rtmp, "another-secret"):
        rig.until(lambda found: found.get("unknown_streams") == 1)
        text = rig.scrape()

    assert "another-secret" not in text
    assert KEY not in text
    assert complaints(text) == ""
    rig.until(lambda found: found.get("unknown_streams") == 0)
