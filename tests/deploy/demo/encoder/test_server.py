"""The device over real HTTP, with a pipeline that only takes note."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpx
import pytest
from aiohttp import web
from defusedxml import ElementTree

from deploy.demo.encoder import device
from deploy.demo.encoder.authentication import Door
from deploy.demo.encoder.device import Fault, Personality
from deploy.demo.encoder.server import SimulatedDevice, Unit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from deploy.demo.encoder.orders import Order, PipelineStatus

URL = "rtmp://127.0.0.1/live/5ecret"
FIELDS = device.DEFAULTS | {"rtmp_publish_uri": URL}
HALF = {"input": "0", "output": "0"}
GAP_S = 0.05


class NotingPipeline:
    """Keeps the orders."""

    def __init__(self) -> None:
        self.status: PipelineStatus | None = None
        self.orders: list[Order] = []

        self._came = asyncio.Condition()

    async def obey(self, order: Order) -> None:
        """Note the order."""
        async with self._came:
            self.orders.append(order)
            self._came.notify_all()

    async def until(self, count: int) -> None:
        """Wait until so many orders have come."""
        async with asyncio.timeout(5), self._came:
            await self._came.wait_for(lambda: len(self.orders) >= count)

    @property
    def kbit(self) -> list[int]:
        """The bitrates ordered so far."""
        return [order.video.bitrate_bps // 1000 for order in self.orders]


class Bench:
    """A device, its pipeline, and a client that knows the password."""

    def __init__(self, simulated: SimulatedDevice, pipeline: NotingPipeline, client: httpx.AsyncClient) -> None:
        self.device, self.pipeline, self.client = simulated, pipeline, client

    async def output(self) -> dict[str, str]:
        """What get_output reads back."""
        root = ElementTree.fromstring((await self.client.get("/get_output", params=HALF)).text)
        return {child.tag: child.text or "" for child in root}

    async def set(self, **asked: object) -> str:
        """The answer to a set_output."""
        query = HALF | {name: str(value) for name, value in asked.items()}
        return (await self.client.get("/set_output", params=query)).text


@asynccontextmanager
async def bench(personality: Personality = Personality.LIVE, *, digest: bool = True) -> AsyncIterator[Bench]:
    """A unit on a free port, booted."""
    pipeline = NotingPipeline()
    door = Door(user="admin", password="admin", digest=digest, nonce="")
    unit = Unit(personality=personality, door=door, reboot_s=GAP_S, gap_s=GAP_S)
    simulated = SimulatedDevice(unit, pipeline, fields=FIELDS)
    runner = web.AppRunner(simulated.application(), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await simulated.boot()
    auth = httpx.DigestAuth("admin", "admin") if digest else httpx.BasicAuth("admin", "admin")
    try:
        address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with httpx.AsyncClient(base_url=address, auth=auth, timeout=5) as client:
            yield Bench(simulated, pipeline, client)
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("digest", [True, False])
async def test_the_door_is_real(*, digest: bool) -> None:
    """Without a password every path is 401 with a challenge; with it the device answers."""
    async with bench(digest=digest) as unit:
        assert (await unit.client.get("/get_status")).status_code == 200
        async with httpx.AsyncClient(base_url=unit.client.base_url) as stranger:
            refusal = await stranger.get("/get_output", params=HALF)
        assert refusal.status_code == 401
        assert refusal.headers["WWW-Authenticate"].startswith("Digest" if digest else "Basic")
        assert "5ecret" not in refusal.text


async def test_boot_starts_what_is_stored() -> None:
    """The pipeline's first order is the configuration's."""
    async with bench() as unit:
        assert unit.pipeline.orders == [device.order_of(FIELDS, audio_only=False)]


async def test_live_applies_at_once() -> None:
    """A bitrate and a geometry change reach the pipeline before the answer does."""
    async with bench(Personality.LIVE) as unit:
        assert await unit.set(venc_bitrate=600, venc_width=640, venc_height=360) == "succeed"
        assert unit.pipeline.orders[-1].video.bitrate_bps == 600_000
        assert unit.pipeline.orders[-1].video.width_px == 640
        assert (await unit.output())["venc_bitrate"] == "600"


async def test_restart_goes_dark_and_comes_back_changed() -> None:
    """Between the old picture and the new one nothing is published."""
    async with bench(Personality.RESTART) as unit:
        assert await unit.set(venc_bitrate=600) == "succeed"
        await unit.pipeline.until(3)
        assert [order.publish_url for order in unit.pipeline.orders] == [URL, None, URL]
        assert unit.pipeline.kbit == [2500, 2500, 600]


async def test_a_restart_takes_along_what_is_set_meanwhile() -> None:
    """Two changes in quick succession cost one gap, and the last one counts."""
    async with bench(Personality.RESTART) as unit:
        await unit.set(venc_bitrate=1200)
        await unit.set(venc_bitrate=600)
        await unit.pipeline.until(3)
        await asyncio.sleep(3 * GAP_S)
        assert unit.pipeline.kbit == [2500, 2500, 600]


async def test_stored_waits_for_a_reboot() -> None:
    """The configuration reads back new while the picture stays old; a reboot brings it."""
    async with bench(Personality.STORED) as unit:
        assert await unit.set(venc_bitrate=600) == "succeed"
        assert (await unit.output())["venc_bitrate"] == "600"
        assert unit.pipeline.kbit == [2500]
        status = ElementTree.fromstring((await unit.client.get("/get_status")).text)
        assert status.findtext("vi/venc/bitrate") == "2500"
        assert (await unit.client.get("/reboot")).text == "succeed"
        await unit.pipeline.until(3)
        assert unit.pipeline.kbit == [2500, 2500, 600]
        assert unit.pipeline.orders[1].publish_url is None


async def test_a_reboot_makes_old_answers_stale() -> None:
    """The nonce is new, and a client that follows the challenge gets in again."""
    async with bench() as unit:
        await unit.client.get("/reboot")
        await unit.pipeline.until(3)
        assert (await unit.client.get("/get_status")).status_code == 200


async def test_audio_only_is_an_order_like_others() -> None:
    """set_adv switches it, get_adv reads it back."""
    async with bench() as unit:
        assert (await unit.client.get("/set_adv", params={"audio_only": 1})).text == "succeed"
        assert unit.pipeline.orders[-1].audio_only
        assert "<audio_only>1</audio_only>" in (await unit.client.get("/get_adv")).text


@pytest.mark.parametrize(
    "query",
    [HALF | {"venc_bitrate": "0"}, HALF | {"venc_width": "854", "venc_height": "480"}, {"input": "0", "output": "1"}],
)
async def test_what_it_cannot_do_it_refuses(query: dict[str, str]) -> None:
    """Anything but `succeed` is failure, and then nothing has changed."""
    async with bench() as unit:
        before = await unit.output()
        assert (await unit.client.get("/set_output", params=query)).text == "failed"
        assert await unit.output() == before
        assert len(unit.pipeline.orders) == 1


async def test_other_outputs_are_not_there() -> None:
    """Only the main stream is simulated; sub streams answer that they are not."""
    async with bench() as unit:
        assert (await unit.client.get("/get_output", params={"input": 0, "output": 1})).text == "failed"


@pytest.mark.parametrize(
    ("fault", "stored_kbit", "running"),
    [
        (Fault.NONE, "600", (600, 640)),
        (Fault.IGNORES, "2500", (2500, 1280)),
        (Fault.LIES, "600", (2500, 1280)),
        (Fault.HALF, "600", (600, 1280)),
    ],
)
async def test_each_fault_says_succeed(fault: Fault, stored_kbit: str, running: tuple[int, int]) -> None:
    """What is read back and what is encoded part ways exactly as the fault says."""
    async with bench() as unit:
        unit.device.fault = fault
        assert await unit.set(venc_bitrate=600, venc_width=640, venc_height=360) == "succeed"
        assert (await unit.output())["venc_bitrate"] == stored_kbit
        video = unit.pipeline.orders[-1].video
        assert (video.bitrate_bps // 1000, video.width_px) == running


async def test_a_wiping_device_loses_its_address() -> None:
    """A partial set empties what it leaves out; the running stream goes on until it is applied."""
    async with bench() as unit:
        unit.device.fault = Fault.WIPES
        assert await unit.set(venc_bitrate=600) == "succeed"
        assert (await unit.output())["rtmp_publish_uri"] == ""
        assert len(unit.pipeline.orders) == 1


async def test_a_denying_device_denies_everybody() -> None:
    """The right password is answered with 401, too."""
    async with bench() as unit:
        unit.device.fault = Fault.DENIES
        assert (await unit.client.get("/get_status")).status_code == 401


async def test_a_garbled_device_answers_with_a_page() -> None:
    """200 and HTML: only the body tells."""
    async with bench() as unit:
        unit.device.fault = Fault.GARBAGE
        assert (await unit.client.get("/get_status")).text.startswith("<html>")


async def test_a_hanging_device_never_answers() -> None:
    """The connection stands, the answer does not come."""
    async with bench() as unit:
        unit.device.fault = Fault.HANGS
        with pytest.raises(httpx.ReadTimeout):
            await unit.client.get("/get_status", timeout=0.2)
