"""The simulator's command line, and the whole of it as a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from deploy.demo.encoder.__main__ import main
from tests.deploy.demo.streaming import KEY, Ingest, free_port, until

if TYPE_CHECKING:
    from collections.abc import Iterator

STOP_S = 10


class Box:
    """A running simulator."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{port}", auth=httpx.DigestAuth("admin", "admin"))

    def get(self, path: str, **query: object) -> str:
        """The body of an answer."""
        return self._client.get(path, params={name: str(value) for name, value in query.items()}).text

    def set(self, **asked: object) -> None:
        """Change the configuration."""
        assert self.get("/set_output", input=0, output=0, **asked) == "succeed"

    def connected(self) -> bool:
        """Whether the device says that it publishes."""
        return "<rtmp_status>0<" in self.get("/get_status")

    @property
    def pipeline(self) -> int:
        """The process id of the GStreamer child."""
        return int(Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()[0])

    def close(self) -> None:
        """End the client and the process."""
        self._client.close()
        self.process.terminate()


def _start(tmp_path: Path, url: str, *more: str) -> Box:
    port, address = free_port(), tmp_path / "address"
    address.write_text(url + "\n")
    argv = ["--listen", f"127.0.0.1:{port}", "--publish-url-file", str(address), *more]
    process = subprocess.Popen(
        [sys.executable, "-m", "deploy.demo.encoder", *argv],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    assert "listening" in process.stdout.readline()
    return Box(process, port)


@pytest.fixture
def box(tmp_path: Path, ingest: Ingest) -> Iterator[Box]:
    """A live unit at 640x360, 600 kbit/s, publishing to the test's nginx."""
    options = ("--personality", "live", "--size", "640x360", "--frame-rate", "24", "--bitrate-kbit", "600")
    started = _start(tmp_path, ingest.publish_url, *options)
    try:
        until(started.connected, what="the device publishes")
        yield started
    finally:
        started.close()
        started.process.communicate(timeout=STOP_S)


def _gone(pid: int) -> bool:
    try:
        return "State:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return True


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--publish-url-file", "/nowhere/address"], "/nowhere/address"),
        (["--publish-url-file", "ADDRESS", "--size", "854x480"], "854x480 is not on the device's list"),
        (["--publish-url-file", "ADDRESS", "--bitrate-kbit", "5"], "venc_bitrate 5 is outside"),
        (["--publish-url-file", "ADDRESS", "--password-file", "/nowhere/password"], "/nowhere/password"),
        (["--publish-url-file", "ADDRESS", "--python", "/nowhere/python"], "/nowhere/python"),
    ],
)
def test_options_that_cannot_work_are_said_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    """The exit code is 2 and the message names the file or the value."""
    address = tmp_path / "address"
    address.write_text("rtmp://127.0.0.1:9/live/5ecret\n")
    filled = [str(address) if argument == "ADDRESS" else argument for argument in arguments]
    assert main(["--listen", "127.0.0.1:0", *filled]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1


def test_a_taken_port_is_said_in_a_line(tmp_path: Path, ingest: Ingest, capsys: pytest.CaptureFixture[str]) -> None:
    """The message names the port; no pipeline is left behind."""
    address = tmp_path / "address"
    address.write_text(ingest.publish_url)
    listen = f"127.0.0.1:{ingest.ports.stat}"
    assert main(["--listen", listen, "--publish-url-file", str(address)]) == 2
    assert str(ingest.ports.stat) in capsys.readouterr().err
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    assert not [pid for pid in children if b"encoder.pipeline" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_the_key_is_in_no_argument_list(box: Box) -> None:
    """Neither the device nor its pipeline shows where it publishes to whoever lists processes."""
    for pid in (box.process.pid, box.pipeline):
        assert KEY.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_a_stop_ends_both(tmp_path: Path, ingest: Ingest) -> None:
    """SIGTERM ends device and pipeline with code 0, and nginx sees the publication end."""
    started = _start(tmp_path, ingest.publish_url, "--personality", "live", "--size", "320x180")
    until(ingest.received_bytes, what="nginx receives")
    child = started.pipeline
    started.close()
    output, _ = started.process.communicate(timeout=STOP_S)
    assert (started.process.returncode, output) == (0, "")
    assert _gone(child)
    until(lambda: ingest.received_bytes() is None, what="the publication ends")


def test_the_pipeline_does_not_outlive_a_killed_device(box: Box) -> None:
    """After a SIGKILL of the device nothing goes on encoding."""
    child = box.pipeline
    box.process.kill()
    until(lambda: _gone(child), what="the pipeline ends")


def test_a_dead_pipeline_ends_the_device(box: Box) -> None:
    """The device does not pretend: it ends with code 1 and says why."""
    os.kill(box.pipeline, signal.SIGKILL)
    output, _ = box.process.communicate(timeout=STOP_S)
    assert box.process.returncode == 1
    assert "the pipeline ended with code -9" in output


def test_missing_bindings_are_said_in_a_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """An interpreter without GStreamer ends the device, naming what is missing and the packages."""
    address, bare = tmp_path / "address", tmp_path / "bare"
    address.write_text("rtmp://127.0.0.1:9/live/5ecret\n")
    bare.write_text('#!/bin/sh\nexec /usr/bin/python3 -S "$@"\n')  # -S hides the system's packages
    bare.chmod(0o755)
    listen = f"127.0.0.1:{free_port()}"
    assert main(["--listen", listen, "--publish-url-file", str(address), "--python", str(bare)]) == 1
    error = capfd.readouterr().err
    assert "No module named 'gi': apt-get install python3-gi" in error
    assert "Traceback" not in error


def test_a_reboot_closes_the_door(tmp_path: Path, ingest: Ingest) -> None:
    """While it reboots nothing answers and nothing is published; afterwards what was stored runs."""
    options = ("--personality", "stored", "--size", "320x180", "--reboot-seconds", "1.5")
    started = _start(tmp_path, ingest.publish_url, *options)
    try:
        until(ingest.received_bytes, what="nginx receives")
        started.set(venc_width=640, venc_height=360)
        assert started.get("/reboot") == "succeed"
        until(lambda: ingest.received_bytes() is None, what="the publication ends")
        with pytest.raises(httpx.TransportError):  # nobody listens, or the connection kept alive has ended
            started.get("/get_status")
        until(lambda: ingest.size_px() == (640, 360), what="the stored size runs")
    finally:
        started.close()
        started.process.communicate(timeout=STOP_S)
