"""The whole service: its command line, its answers over HTTP, its file of keys, and a real nginx that asks it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KEY, NEW_KEY = "k3y-that-nobody-may-see", "s3cond-key-that-nobody-may-see"
READY_S = 30.0

NGINX = """
load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
daemon off; master_process off; pid {root}/nginx.pid; error_log {root}/error.log;
events {{ worker_connections 64; }}
rtmp {{ server {{ listen 127.0.0.1:{rtmp}; notify_method post; notify_update_timeout 1s; application publish {{
  live on; wait_video off;
  on_publish http://127.0.0.1:{auth}/auth/; on_update http://127.0.0.1:{auth}/auth/;
  on_publish_done http://127.0.0.1:{auth}/auth/; on_play http://127.0.0.1:{auth}/auth/;
}} }} }}
"""


def free_port() -> int:
    """A port of the loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(holds: Callable[[], object], what: str) -> None:
    """Wait for a condition, for as long as a loaded machine may need."""
    end_s = time.monotonic() + READY_S
    while not holds():
        assert time.monotonic() < end_s, f"{what} did not come in {READY_S:.0f} s"
        time.sleep(0.05)


class Service:
    """The service as a process, its file of keys, and what it was heard to say."""

    def __init__(self, root: Path) -> None:
        self.keys, self.log = root / "keys.json", root / "service.log"
        self.auth, self.metrics = free_port(), free_port()

    def write(self, text: str) -> None:
        """Another version of the file, in one step."""
        fresh = self.keys.with_suffix(".new")
        fresh.write_text(text)
        fresh.rename(self.keys)

    @contextmanager
    def running(self) -> Iterator[None]:
        """From the first scrape to the end."""
        command = [sys.executable, "-m", "exporters.rtmp_auth", "--keys", str(self.keys), "--silent", "5"]
        command += ["--answer", f"127.0.0.1:{self.auth}", "--listen", f"127.0.0.1:{self.metrics}"]
        with self.log.open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
            try:
                until(self.scrape, "the first scrape")
                yield
            finally:
                process.terminate()
                assert process.wait(20) == 0

    def scrape(self) -> str:
        """The metrics; nothing while nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics}/metrics", timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            return ""

    def has(self, line: str) -> bool:
        """Whether the metrics have this line."""
        return line in self.scrape().splitlines()

    def ask(self, name: str, *, call: str = "publish", body: bytes | None = None) -> int:
        """The status for a callback of nginx."""
        form = {"app": "publish", "name": name, "call": call, "addr": "127.0.0.1", "clientid": "1"}
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.auth}/auth/", data=urllib.parse.urlencode(form).encode() if body is None else body
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - the loopback
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def health(self) -> int:
        """The status of the health page."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.auth}/health", timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    def told(self) -> str:
        """Everything that it ever gave out."""
        return self.scrape() + self.log.read_text()


@pytest.fixture
def service(tmp_path: Path) -> Service:
    """A service with one key, not yet started."""
    made = Service(tmp_path)
    made.write(json.dumps({"publish": [{"key": KEY, "alias": "cam"}]}))
    return made


def test_it_answers_as_nginx_rtmp_auth_does(service: Service) -> None:
    """Right 200, wrong 401, and what is no form is refused; the keys are in no output."""
    with service.running():
        until(lambda: service.health() == 200, "the keys")

        assert (service.ask(KEY), service.ask("guess")) == (200, 401)
        assert service.ask("", body=b"\xff\xfe") == 400
        assert service.ask("", body=b"a=" + b"b" * 20_000) == 413
        assert service.has('rtmp_auth_denied_total{reason="wrong_key"} 1.0')
        assert KEY not in service.told()


def test_a_new_file_is_taken_and_a_bad_one_is_not(service: Service) -> None:
    """The old keys stay while the new file cannot be used, and the failure is a metric and one line."""
    with service.running():
        until(lambda: service.health() == 200, "the keys")
        service.write('{"publish": [{"key": "' + NEW_KEY)
        until(lambda: service.has('rtmp_auth_scrape_collector_success{collector="keys"} 0.0'), "the failure")

        assert service.ask(KEY) == 200
        service.write(json.dumps({"publish": [{"key": NEW_KEY, "alias": "cam"}]}))
        until(lambda: service.has('rtmp_auth_scrape_collector_success{collector="keys"} 1.0'), "the new key")
        assert (service.ask(NEW_KEY), service.ask(KEY)) == (200, 401)
        assert service.log.read_text().count("the keys read before stay") == 1
        assert NEW_KEY not in service.told()
        assert KEY not in service.told()


def test_without_keys_it_refuses_and_says_so(service: Service) -> None:
    """Fail closed: 503, an unhealthy page, and a failing source; all is well once the file is there."""
    text = service.keys.read_text()
    service.keys.unlink()
    with service.running():
        assert (service.ask(KEY), service.health()) == (503, 503)
        until(lambda: service.has('rtmp_auth_denied_total{reason="no_keys"} 1.0'), "the refusal")
        service.write(text)
        until(lambda: service.health() == 200, "health")
        assert service.ask(KEY) == 200


def publish(rtmp: int, name: str, *, seconds: float) -> subprocess.Popen[bytes]:
    """A real encoder for so long, in real time."""
    source = ["-re", "-f", "lavfi", "-i", "testsrc=size=160x90:rate=10", "-t", str(seconds)]
    target = ["-c:v", "libx264", "-preset", "ultrafast", "-f", "flv", f"rtmp://127.0.0.1:{rtmp}/publish/{name}"]
    command = ["ffmpeg", "-nostdin", "-loglevel", "quiet", *source, *target]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL)


def test_a_real_nginx_lets_in_whom_it_allows(service: Service, tmp_path: Path) -> None:
    """The right key publishes, is counted, and is gone at its end; a guess and a withdrawn key are thrown out."""
    rtmp = free_port()
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(NGINX.format(root=tmp_path, rtmp=rtmp, auth=service.auth))
    with ExitStack() as stack:
        stack.enter_context(service.running())
        nginx = stack.enter_context(
            subprocess.Popen(
                ["nginx", "-p", str(tmp_path), "-c", str(configuration), "-e", str(tmp_path / "error.log")]
            )
        )
        stack.callback(nginx.terminate)
        until(lambda: service.health() == 200, "the keys")
        guess = stack.enter_context(publish(rtmp, "guess", seconds=30))
        assert guess.wait(READY_S) != 0
        encoder = stack.enter_context(publish(rtmp, KEY, seconds=60))
        stack.callback(encoder.terminate)
        until(lambda: service.has('rtmp_auth_active_publishers{stream="cam"} 1.0'), "the publisher")
        service.write(json.dumps({"publish": [{"key": NEW_KEY, "alias": "cam"}]}))

        assert encoder.wait(READY_S) != 0
        until(lambda: service.has('rtmp_auth_active_publishers{stream="cam"} 0.0'), "the end")
        assert KEY not in service.told()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "the following arguments are required: --keys"),
        (["--keys", "k", "--failures", "0"], "'0' is not a number between 1 and 1000"),
        (["--keys", "k", "--silent", "x"], "'x' is not a number of seconds"),
        (["--keys", "k", "--other", "http://user:pw@here/"], "without credentials"),
        (["--keys", "k", "--answer", "203.0.113.9:1", "--listen", "127.0.0.1:0"], "choose another with --answer"),
    ],
)
def test_a_wrong_command_line_ends_with_code_2_and_one_line(given: list[str], said: str) -> None:
    """What is wrong, and what to write instead."""
    ended = subprocess.run(
        [sys.executable, "-m", "exporters.rtmp_auth", *given], capture_output=True, text=True, check=False, timeout=30
    )

    assert ended.returncode == 2
    assert said in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr
