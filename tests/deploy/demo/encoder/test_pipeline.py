"""The real encoder in front of a real nginx: what is ordered is what arrives."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Self

import pytest

from deploy.demo.encoder.child import PipelineChild
from deploy.demo.encoder.orders import Order
from deploy.demo.picture.reading import Looks, StreamReader
from deploy.encoder.video import VideoSettings
from tests.deploy.demo.streaming import KEY, Ingest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

SYSTEM_PYTHON = "/usr/bin/python3"
SMALL = VideoSettings(width_px=640, height_px=360, frame_rate_hz=24, bitrate_bps=600_000)
AUDIO_BPS = 64_000


@asynccontextmanager
async def pipeline() -> AsyncIterator[PipelineChild]:
    """A pipeline without orders."""
    child = await PipelineChild.start(SYSTEM_PYTHON)
    try:
        yield child
    finally:
        await child.stop()


async def until(look: Callable[[], object], *, what: str, within_s: float = 15.0) -> None:
    """Wait for the look to be true; fails the test when it is not in time."""
    deadline = time.monotonic() + within_s
    while not look():
        if time.monotonic() > deadline:
            pytest.fail(f"{what}: not within {within_s} s")
        await asyncio.sleep(0.05)


async def _received_bps(ingest: Ingest, *, over_s: float) -> float:
    before, began_s = ingest.received_bytes() or 0, time.monotonic()
    await asyncio.sleep(over_s)
    return ((ingest.received_bytes() or 0) - before) * 8 / (time.monotonic() - began_s)


async def test_bitrate_and_size_follow_while_the_stream_goes_on(ingest: Ingest) -> None:
    """600 and 2000 kbit/s arrive within a quarter, and neither change costs the connection."""
    async with pipeline() as child:
        await child.obey(Order(video=SMALL, publish_url=ingest.publish_url))
        await until(ingest.received_bytes, what="nginx receives")
        await asyncio.sleep(1)
        slow_bps = await _received_bps(ingest, over_s=3)
        faster = VideoSettings(width_px=850, height_px=480, frame_rate_hz=30, bitrate_bps=2_000_000)
        await child.obey(Order(video=faster, publish_url=ingest.publish_url))
        await asyncio.sleep(1)
        fast_bps = await _received_bps(ingest, over_s=3)
        assert slow_bps - AUDIO_BPS == pytest.approx(600_000, rel=0.25)
        assert fast_bps - AUDIO_BPS == pytest.approx(2_000_000, rel=0.25)
        assert child.status is not None
        assert child.status.connections == 1


async def test_the_picture_carries_its_time_through_a_size_change(ingest: Ingest) -> None:
    """A probe at the ingest reads young pictures before and after a new size, without reconnecting."""
    reader = StreamReader(ingest.play_url, Looks.KEYFRAMES)
    reader.start()

    def young() -> bool:
        newest = reader.newest
        return bool(newest and newest.captured_s and 0 <= time.time() - newest.captured_s < 1.5)

    try:
        async with pipeline() as child:
            await child.obey(Order(video=SMALL, publish_url=ingest.publish_url))
            await until(young, what="the probe reads the stamp")
            wide = VideoSettings(width_px=1280, height_px=720, frame_rate_hz=30, bitrate_bps=600_000)
            await child.obey(Order(video=wide, publish_url=ingest.publish_url))
            await asyncio.sleep(3)
            assert young()
    finally:
        reader.stop()


async def test_it_comes_back_by_itself(ingest: Ingest) -> None:
    """When nginx drops the publisher, the next connection follows within seconds."""
    async with pipeline() as child:
        await child.obey(Order(video=SMALL, publish_url=ingest.publish_url))
        await until(lambda: child.status and child.status.connected, what="the first connection")
        await child.obey(Order(video=SMALL, publish_url=None))
        await until(lambda: ingest.received_bytes() is None, what="the publication ends")
        async with _occupied(ingest):
            await child.obey(Order(video=SMALL, publish_url=ingest.publish_url))
            await asyncio.sleep(2)
        await until(ingest.received_bytes, what="the publication is back")


@asynccontextmanager
async def _occupied(ingest: Ingest) -> AsyncIterator[None]:
    """Another encoder holds the stream: who comes now is refused."""
    async with pipeline() as other:
        await other.obey(Order(video=SMALL, publish_url=ingest.publish_url))
        await until(ingest.received_bytes, what="the other publishes")
        yield


async def test_audio_only_publishes_sound_alone(ingest: Ingest) -> None:
    """Without pictures only the sound's bits arrive."""
    async with pipeline() as child:
        await child.obey(Order(video=SMALL, audio_only=True, publish_url=ingest.publish_url))
        await until(ingest.received_bytes, what="nginx receives")
        assert 40_000 < await _received_bps(ingest, over_s=3) < 120_000


class Way:
    """A TCP way to nginx that can be blocked: what a black-out of the uplinks looks like."""

    def __init__(self, ingest: Ingest) -> None:
        self._upstream = ("127.0.0.1", ingest.ports.ingest)
        self._open = asyncio.Event()
        self._open.set()
        self._writers: list[asyncio.StreamWriter] = []
        self.accepted = 0
        self.url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=4096)
        self.url = f"rtmp://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/live/{KEY}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._open.set()
        self._server.close()
        for writer in self._writers:
            writer.close()

    def block(self, *, blocked: bool) -> None:
        """Stop taking the client's octets, or take them again."""
        if blocked:
            self._open.clear()
        else:
            self._open.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        upstream_reader, upstream_writer = await asyncio.open_connection(*self._upstream)
        self._writers += [writer, upstream_writer]
        await asyncio.gather(self._pass_on(reader, upstream_writer), self._pass_on(upstream_reader, writer))

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while octets := await reader.read(4096):
                await self._open.wait()
                writer.write(octets)
                await writer.drain()
        writer.close()


async def test_a_black_out_costs_pictures_and_not_the_connection(ingest: Ingest) -> None:
    """While nothing can be sent, raw pictures are dropped and at most some two seconds wait; afterwards
    the same connection goes on.
    """
    async with Way(ingest) as way, pipeline() as child:
        await child.obey(Order(video=SMALL, publish_url=way.url))
        await until(ingest.received_bytes, what="nginx receives")
        way.block(blocked=True)
        await until(lambda: child.status and child.status.dropped_frames > 24, what="pictures are dropped")
        assert child.status is not None
        assert 0.9 < child.status.queued_s < 2.0
        way.block(blocked=False)
        await until(lambda: child.status and child.status.queued_s < 0.2, what="the send buffer drains")
        encoded = child.status.encoded_frames
        await until(lambda: child.status and child.status.encoded_frames > encoded + 24, what="it encodes again")
        assert way.accepted == 1


async def test_a_line_that_is_no_order_is_refused_and_survived(
    ingest: Ingest, capfd: pytest.CaptureFixture[str]
) -> None:
    """The pipeline says so without repeating the line, and takes the next one."""
    async with pipeline() as child:
        await child.write(b'{"publish_url": "5ecret"}\n')
        await child.obey(Order(video=SMALL, publish_url=ingest.publish_url))
        await until(ingest.received_bytes, what="nginx receives")
    error = capfd.readouterr().err
    assert "order refused: not an order" in error
    assert "5ecret" not in error
