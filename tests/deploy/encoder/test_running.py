"""The real encoder, driven through its socket by the controller's driver: what is ordered is what arrives."""

from __future__ import annotations

import asyncio
import itertools
import json
import signal
import socket
import subprocess
import time
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from controller.adapters.json_verbs import Range
from controller.adapters.local_socket import gst_encoder
from controller.decision.model import EncoderTarget
from controller.ports import Impact, Impacts, Outcome
from tests.deploy.demo.streaming import KEY, Ingest, free_port, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from controller.adapters.json_verbs import VerbsEncoder
    from controller.ports import EncoderStatus

ROOT = Path(__file__).resolve().parents[3]
START = EncoderTarget(1_500_000, 640, 360, 30)
LOWER = EncoderTarget(500_000, 640, 360, 30)
SMALLER = EncoderTarget(800_000, 426, 240, 24)
AUDIO_BPS = 100_000


@contextmanager
def process(folder: Path, url: str, *more: str) -> Iterator[subprocess.Popen[str]]:
    """The encoder as its unit starts it."""
    (folder / "url").write_text(url + "\n")
    options = ["--socket", str(folder / "control"), "--publish-url-file", str(folder / "url"), "--source", "test:snow"]
    start = ["--size", "640x360", "--bitrate-kbit", "1500", "--speed", "ultrafast", "--keyframe-seconds", "1"]
    argv = ["/usr/bin/python3", "-m", "deploy.encoder", *options, *start, *more]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout is not None
            assert "listening" in running.stdout.readline()
            yield running
        finally:
            running.terminate()


@asynccontextmanager
async def driver(folder: Path) -> AsyncIterator[VerbsEncoder]:
    """The controller's driver."""
    impacts = Impacts(bitrate=Impact.NONE, geometry=Impact.GLITCH)
    yield gst_encoder(folder / "control", impacts=impacts, bitrates=Range())


async def read_until(encoder: VerbsEncoder, holds: Callable[[EncoderStatus], object]) -> EncoderStatus:
    """The first read for which `holds`; fails with the last one after a while."""
    for _ in range(300):
        status = await encoder.read()
        if holds(status):
            return status
        await asyncio.sleep(0.05)
    pytest.fail(f"never: {status}")


async def publishing(encoder: VerbsEncoder) -> None:
    """Wait until it publishes."""
    await read_until(encoder, lambda status: status.publishing)


async def received_bps(ingest: Ingest, *, over_s: float) -> float:
    """What arrives at nginx."""
    before, began_s = ingest.received_bytes() or 0, time.monotonic()
    await asyncio.sleep(over_s)
    return ((ingest.received_bytes() or 0) - before) * 8 / (time.monotonic() - began_s)


async def test_bitrate_and_size_over_rtmp(ingest: Ingest, tmp_path: Path) -> None:
    """A third of the bitrate arrives as a third, on the same connection; a new size is announced at the ingest."""
    with process(tmp_path, ingest.publish_url):
        async with driver(tmp_path) as encoder:
            await publishing(encoder)
            assert (await encoder.read()).configured == START
            full_bps = await received_bps(ingest, over_s=2)
            lower = await encoder.apply(LOWER, Impact.NONE)
            await asyncio.sleep(0.7)
            low_bps = await received_bps(ingest, over_s=2)
            refused = await encoder.apply(SMALLER, Impact.NONE)
            smaller = await encoder.apply(SMALLER, Impact.GLITCH)
            until(lambda: ingest.size_px() == (426, 240), what="nginx sees the new size")

    assert full_bps - AUDIO_BPS == pytest.approx(1_500_000, rel=0.25)
    assert low_bps - AUDIO_BPS == pytest.approx(500_000, rel=0.3)
    assert (lower.outcome, lower.read_back) == (Outcome.APPLIED, LOWER)
    assert refused.outcome is Outcome.REFUSED
    assert (smaller.outcome, smaller.read_back) == (Outcome.APPLIED, SMALLER)


@contextmanager
def receiving(port: int, file: Path) -> Iterator[None]:
    """A listener that writes the transport stream to `file`."""
    argv = ["srt-live-transmit", "-q", f"srt://127.0.0.1:{port}?mode=listener", "file://con"]
    with file.open("wb") as out, subprocess.Popen(argv, stdout=out, stderr=subprocess.DEVNULL) as listener:
        try:
            yield
        finally:
            listener.send_signal(signal.SIGINT)


def frames(path: Path) -> list[tuple[float, str, int, int]]:
    """Time, kind and size of each coded picture in a file."""
    show = ["-show_entries", "frame=best_effort_timestamp_time,pict_type,width,height", "-select_streams", "v"]
    done = subprocess.run(
        ["ffprobe", "-v", "error", *show, "-of", "json", str(path)], capture_output=True, text=True, check=True
    )
    return [
        (float(one["best_effort_timestamp_time"]), one["pict_type"], one["width"], one["height"])
        for one in json.loads(done.stdout)["frames"]
    ]


async def test_size_over_srt_begins_with_a_keyframe_and_without_a_gap(tmp_path: Path) -> None:
    """Over SRT the new size begins with an I picture, and no two pictures are further apart than 0.3 s."""
    port, file = free_port(), tmp_path / "out.ts"
    with receiving(port, file), process(tmp_path, f"srt://127.0.0.1:{port}?mode=caller"):
        async with driver(tmp_path) as encoder:
            await publishing(encoder)
            await asyncio.sleep(1)
            await encoder.apply(SMALLER, Impact.GLITCH)
            await asyncio.sleep(1)
    seen = frames(file)
    first_small = next(place for place, frame in enumerate(seen) if frame[2:] == (426, 240))

    assert {frame[2:] for frame in seen[:first_small]} == {(640, 360)}
    assert seen[first_small][1] == "I"
    assert max(after[0] - before[0] for before, after in itertools.pairwise(seen)) < 0.3


def box(port: int, length_s: float) -> None:
    """A box that sends picture and sound over SRT for so long."""
    picture = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30", "-f", "lavfi", "-i", "sine=440"]
    coded = [
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-tune",
        "zerolatency",
        "-g",
        "15",
        "-c:a",
        "aac",
        "-f",
        "mpegts",
    ]
    argv = [
        "ffmpeg",
        "-v",
        "quiet",
        "-re",
        *picture,
        "-t",
        f"{length_s:g}",
        *coded,
        f"srt://127.0.0.1:{port}?mode=caller",
    ]
    subprocess.run(argv, stdin=subprocess.DEVNULL, timeout=30, check=False)


async def test_a_source_that_comes_back_goes_on_in_the_same_stream(tmp_path: Path) -> None:
    """A box that sends over SRT, goes and comes again: one stream, whose time never runs back."""
    port, source, file = free_port(), free_port(), tmp_path / "out.ts"
    options = ["--source", f"srt://127.0.0.1:{source}?mode=listener", "--audio", "source"]
    with receiving(port, file), process(tmp_path, f"srt://127.0.0.1:{port}?mode=caller", *options):
        async with driver(tmp_path) as encoder:
            await asyncio.to_thread(box, source, 2.5)
            gone = await read_until(encoder, lambda one: "ended" in (one.problem or ""))
            await asyncio.to_thread(box, source, 2.5)
    seen = frames(file)
    gaps = [after[0] - before[0] for before, after in itertools.pairwise(seen)]

    assert gone.has_input is False
    assert {frame[2:] for frame in seen} == {(640, 360)}
    assert min(gaps) > 0
    assert max(gaps) > 0.4
    assert len(seen) > 60


async def test_publishing_goes_off_and_on(ingest: Ingest, tmp_path: Path) -> None:
    """The verb `publish` ends the connection and opens it again, and the read-back says so."""
    with process(tmp_path, ingest.publish_url):
        async with driver(tmp_path) as encoder:
            await publishing(encoder)
            off = await encoder.publish(on=False)
            until(lambda: ingest.received_bytes() is None, what="nginx sees nobody")
            on = await encoder.publish(on=True)
            until(ingest.received_bytes, what="nginx receives again")

    assert (off.outcome, on.outcome) == (Outcome.APPLIED, Outcome.APPLIED)


async def test_a_source_that_is_away_is_told_and_tried_again(ingest: Ingest, tmp_path: Path) -> None:
    """Without its source the encoder answers, says that there is no picture and why, and does not give the address."""
    away = f"rtmp://127.0.0.1:{free_port()}/live/5ecret"
    with process(tmp_path, ingest.publish_url, "--source", away) as running:
        async with driver(tmp_path) as encoder:
            status = await read_until(encoder, lambda one: "failed" in (one.problem or ""))
        running.terminate()
        assert running.stderr is not None
        said = running.stderr.read()

    assert (status.reachable, status.has_input) == (True, False)
    assert "5ecret" not in f"{status.problem} {said}"
    assert KEY not in said


def test_a_second_one_gives_way(ingest: Ingest, tmp_path: Path) -> None:
    """Who finds the socket taken by a living encoder says so and ends; a dead one's socket is taken over."""
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(tmp_path / "control"))
    left.close()
    with process(tmp_path, ingest.publish_url):
        second = subprocess.run(
            ["/usr/bin/python3", "-m", "deploy.encoder", "--socket", str(tmp_path / "control"),
             "--publish-url-file", str(tmp_path / "url")],
            cwd=ROOT, capture_output=True, text=True, timeout=20, check=False,
        )  # fmt: skip

    assert second.returncode == 2
    assert "another encoder listens there" in second.stderr


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--source", "nowhere"], "--source, --audio: the source is none of test"),
        (["--size", "big"], "--size: write it like 1280x720"),
        (["--size", "641x360"], "not even"),
        (["--keyframe-seconds", "60"], "--keyframe-seconds: is not within 0.5 to 10"),
    ],
)
def test_wrong_options_are_named(options: list[str], says: str, tmp_path: Path) -> None:
    """Each is one line with the option and the remedy, and exit code 2."""
    (tmp_path / "url").write_text("rtmp://127.0.0.1/live/5ecret\n")
    argv = ["--socket", str(tmp_path / "control"), "--publish-url-file", str(tmp_path / "url"), *options]
    done = subprocess.run(
        ["/usr/bin/python3", "-m", "deploy.encoder", *argv],
        cwd=ROOT, capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip

    assert done.returncode == 2
    assert says in done.stderr
    assert "5ecret" not in done.stderr
