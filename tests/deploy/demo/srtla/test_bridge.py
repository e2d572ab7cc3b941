"""The SRT server of the demo: what an encoder sends by SRT is published by RTMP, session after session."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from deploy.demo.encoder.child import PipelineChild
from deploy.demo.encoder.orders import Order
from deploy.demo.picture.reading import Looks, StreamReader
from deploy.demo.srtla import bridge
from deploy.encoder.video import VideoSettings
from tests.deploy.demo.streaming import ALIAS, KEY, Ingest, free_port, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SMALL = VideoSettings(width_px=640, height_px=360, frame_rate_hz=24, bitrate_bps=600_000)
WIDE = VideoSettings(width_px=1280, height_px=720, frame_rate_hz=24, bitrate_bps=1_000_000)


def test_listener() -> None:
    """The server waits for packets that overtake each other, and for a caller as long as it is told."""
    assert bridge.listener("127.0.0.1", 5001, latency_ms=1000, idle_ms=30_000) == (
        "srt://127.0.0.1:5001?mode=listener&latency=1000&peeridletimeo=30000&lossmaxttl=40"
    )


def test_no_address_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without its address file it ends with 2 and names the file."""
    code = bridge.main(
        ["--listen", "127.0.0.1:1", "--publish-url-file", str(tmp_path / "none"), "--statistics", str(tmp_path / "s")]
    )

    assert code == 2
    assert "none" in capsys.readouterr().err


@contextmanager
def serving(ingest: Ingest, port: int, directory: Path) -> Iterator[subprocess.Popen[str]]:
    """The bridge in front of that nginx."""
    address = directory / "address"
    address.write_text(ingest.publish_url)
    argv = [
        sys.executable, "-m", "deploy.demo.srtla.bridge", "--listen", f"127.0.0.1:{port}", "--latency-ms", "200",
        "--publish-url-file", str(address), "--statistics", str(directory / "statistics.json"),
        "--drop-url", f"http://127.0.0.1:{ingest.ports.stat}/control/drop/publisher?app=live&name={ALIAS}",
    ]  # fmt: skip
    with (directory / "bridge.log").open("w") as log, subprocess.Popen(argv, stdout=log, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


@contextmanager
def hanging(ingest: Ingest) -> Iterator[None]:
    """A publisher that published and then fell silent, as behind a transport that died."""
    argv = ["ffmpeg", "-nostdin", "-loglevel", "error", "-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25"]
    argv += ["-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-f", "flv", ingest.publish_url]
    with subprocess.Popen(argv) as process:
        try:
            until(ingest.received_bytes, what="the publisher that will hang")
            process.send_signal(signal.SIGSTOP)
            yield
        finally:
            process.kill()


async def test_sessions(ingest: Ingest, tmp_path: Path) -> None:
    """A young picture takes the place of one that hangs, also in a new size; a second session is as the first."""
    port = free_port()
    url = f"srt://127.0.0.1:{port}?mode=caller&latency=200"
    reader = StreamReader(ingest.play_url, Looks.KEYFRAMES)
    with hanging(ingest), serving(ingest, port, tmp_path):
        reader.start()
        child = await PipelineChild.start("/usr/bin/python3")
        try:
            await child.obey(Order(video=SMALL, publish_url=url))
            until(lambda: _young(reader), what="the picture")
            await child.obey(Order(video=WIDE, publish_url=url))
            until(lambda: ingest.size_px() == (1280, 720), what="the new size at the ingest")
            assert _young(reader)
            await child.obey(Order(video=SMALL))
            until(lambda: ingest.received_bytes() is None, what="the publication ends with the caller")
            await child.obey(Order(video=SMALL, publish_url=url))
            until(ingest.received_bytes, what="the second session")
        finally:
            reader.stop()
            await child.stop()

    said = (tmp_path / "bridge.log").read_text()
    assert "session over: the caller left" in said
    assert KEY not in said
    assert '"recv"' in (tmp_path / "statistics.json").read_text()


def _young(reader: StreamReader) -> bool:
    newest = reader.newest
    return bool(newest and newest.captured_s and 0 <= time.time() - newest.captured_s < 1.5)
