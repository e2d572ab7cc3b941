"""The stream's way: HAProxy and nginx accept what is rendered, and admit whom they should."""

from __future__ import annotations

import re
import socket
import subprocess
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from deploy.demo import media
from deploy.demo.media import Admission, Forward, RtmpPorts
from tests.deploy.demo.streaming import ALIAS, KEY, Ingest, free_port, until

if TYPE_CHECKING:
    from pathlib import Path

BLACK_OUT_S = 30
FORWARDS = (
    Forward("stream", "127.0.0.1:11935", "127.0.0.1:18443"),
    Forward("metrics", "127.0.0.1:19091", "127.0.0.1:18444"),
)


@pytest.mark.parametrize(("small_buffers", "send_buffer_bytes"), [(True, None), (False, None), (True, 131_072)])
def test_haproxy_accepts_its_file(tmp_path: Path, *, small_buffers: bool, send_buffer_bytes: int | None) -> None:
    """HAProxy's own check finds neither error nor warning."""
    path = tmp_path / "haproxy.cfg"
    config = media.haproxy_config(FORWARDS, small_buffers=small_buffers, send_buffer_bytes=send_buffer_bytes)
    assert ("tune.sndbuf.server 131072" in config) == (send_buffer_bytes is not None)
    path.write_text(config)
    checked = subprocess.run(["haproxy", "-c", "-f", path], capture_output=True, text=True, check=False)
    assert (checked.returncode, "WARNING" in checked.stderr) == (0, False), checked.stderr


def test_nginx_accepts_its_file(tmp_path: Path) -> None:
    """The server's own check finds no error, with and without admission."""
    for admission in (None, Admission(key=KEY, alias=ALIAS)):
        path = tmp_path / "nginx.conf"
        path.write_text(media.nginx_config(RtmpPorts(free_port(), free_port(), free_port()), admission=admission))
        argv = ["nginx", "-e", "stderr", "-t", "-p", str(tmp_path), "-c", str(path)]
        checked = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr


def test_no_time_out_ends_a_stream_in_a_black_out() -> None:
    """Whatever waits for data waits at least twice as long as a black-out lasts."""
    proxy = media.haproxy_config(FORWARDS, small_buffers=True)
    silences = re.findall(r"timeout (?:client|server) (\d+)s", proxy)
    server = media.nginx_config(RtmpPorts(1, 2, 3))
    silences += re.findall(r"(?:ping_timeout|drop_idle_publisher| timeout) (\d+)s", server)
    assert len(silences) == 6
    assert min(int(silence) for silence in silences) >= 2 * BLACK_OUT_S


def test_a_proxy_passes_octets_both_ways_and_half_closes(tmp_path: Path) -> None:
    """What goes in comes out, answers included, and the end of one side reaches the other."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        entry = free_port()
        forward = Forward("stream", f"127.0.0.1:{entry}", f"127.0.0.1:{server.getsockname()[1]}")
        path = tmp_path / "haproxy.cfg"
        path.write_text(media.haproxy_config((forward,), small_buffers=True))
        with subprocess.Popen(["haproxy", "-db", "-f", path]) as process:
            try:
                client = until(lambda: _connected(entry), what="the proxy listens")
                far, _ = server.accept()
                with client, far:
                    client.sendall(b"to the server" * 10_000)
                    client.shutdown(socket.SHUT_WR)
                    assert _all(far) == b"to the server" * 10_000
                    far.sendall(b"to the client")
                    far.close()
                    assert _all(client) == b"to the client"
            finally:
                process.terminate()


def _connected(port: int) -> socket.socket | None:
    try:
        return socket.create_connection(("127.0.0.1", port))
    except OSError:
        return None


def _all(source: socket.socket) -> bytes:
    source.settimeout(10)
    octets = b""
    while more := source.recv(65536):
        octets += more
    return octets


def _publish(url: str) -> subprocess.Popen[bytes]:
    picture = ["-f", "lavfi", "-i", "testsrc2=s=160x120:r=5", "-c:v", "libx264", "-preset", "ultrafast", "-g", "5"]
    argv = ["ffmpeg", "-v", "quiet", "-re", *picture, "-t", "20", "-f", "flv", url]
    return subprocess.Popen(argv, stdin=subprocess.DEVNULL)


def test_the_key_opens_and_the_alias_is_seen(ingest: Ingest) -> None:
    """Published by its key, the stream stands on the page under its alias, and the key nowhere."""
    with _publish(ingest.publish_url) as encoder:
        try:
            until(ingest.received_bytes, what="the stream is there")
            assert KEY not in ingest.stat()
        finally:
            encoder.terminate()


@pytest.mark.parametrize("name", ["guess", ALIAS])
def test_who_has_no_key_is_refused(ingest: Ingest, name: str) -> None:
    """A wrong key is refused, and so is the alias, which everybody knows."""
    with _publish(ingest.publish_url.replace(KEY, name)) as intruder:
        assert intruder.wait(timeout=15) != 0
    assert ingest.received_bytes() is None


def test_the_door_is_not_a_page(ingest: Ingest) -> None:
    """Asked without the key it answers 403 and tells nothing."""
    with pytest.raises(HTTPError, match="403") as refused:
        urlopen(f"http://127.0.0.1:{ingest.ports.stat}/admit?name=guess")
    refused.value.close()


def test_the_key_is_not_shown() -> None:
    """The repr of an admission does not give it away."""
    assert KEY not in repr(Admission(key=KEY, alias=ALIAS))
