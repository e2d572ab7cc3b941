"""What a person does with OBS, and what is seen to ail it, on a real one that plays a camera and streams.

One OBS, one camera and one platform serve the whole file; each test leaves them as it found them.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from controller import studio_verbs
from controller.actuation.devices import StudioDevice
from controller.actuation.studio_watch import findings
from controller.adapters.obs.sequences import Watched
from controller.ports import MediaState
from controller.studio_verbs import Done
from tests.contract import real_media
from tests.contract.real_obs import SCENES, RealObs
from tests.contract.real_studios import ADAPTERS, BRIDGE, adapters, ready, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from controller.actuation.studio_watch import StudioWatch
    from controller.adapters.obs.studio import ReconnectingStudio
    from deploy.demo.namespaces import Namespace
    from tests.contract.real_media import Ffmpeg

pytestmark = pytest.mark.root

WATCHED = Watched(picture="Camera")
SEEN_DEADLINE_S = 25.0


@pytest.fixture(scope="module")
def camera(namespace: Namespace) -> Iterator[Ffmpeg]:
    """A camera."""
    with real_media.camera(namespace) as camera:
        yield camera


@pytest.fixture(scope="module")
def live_machine(machine: RealObs, camera: Ffmpeg) -> RealObs:
    """OBS with the camera on its main scene."""
    del camera
    machine.start()

    async def prepare() -> None:
        async with adapters(ADAPTERS[0]) as make:
            adapter = make()
            await until(adapter, ready)
            await adapter.close()
        await real_media.set_up(SCENES[0])

    asyncio.run(prepare())
    return machine


@pytest.fixture(params=ADAPTERS)
async def adapter(request: pytest.FixtureRequest, live_machine: RealObs) -> AsyncIterator[ReconnectingStudio]:
    """One adapter after the other on that OBS."""
    del live_machine
    async with adapters(request.param, watched=WATCHED) as make:
        adapter = make()
        await until(adapter, lambda status: status.media_state is MediaState.PLAYING)
        yield adapter
        await adapter.close()


async def test_a_stream_is_started_and_stopped_once(
    adapter: ReconnectingStudio, namespace: Namespace, request: pytest.FixtureRequest
) -> None:
    """Start and stop leave alone what is so already; on air a muted tone is heard, except through a bridge."""
    with real_media.platform(namespace):
        started = await studio_verbs.switch(adapter, "Stream", on=True)
        await until(adapter, lambda status: status.streaming is True and (status.output_total_frames or 0) > 5)
        again = await studio_verbs.switch(adapter, "Stream", on=True)
        await studio_verbs.mute(adapter, "Camera", muted=True)
        heard = (
            await until(adapter, lambda status: status.ingest_muted is True and (status.sound_raw_peak or 0) > 0.03)
            if BRIDGE not in request.node.name
            else None
        )
        await studio_verbs.mute(adapter, "Camera", muted=False)
        unheard = await until(adapter, lambda status: status.sound_raw_peak is None)
        stopped = await studio_verbs.switch(adapter, "Stream", on=False)
        ended = await until(adapter, lambda status: status.streaming is False)
        twice = await studio_verbs.switch(adapter, "Stream", on=False)

    assert [one.ok for one in (started, again, stopped, twice)] == [True] * 4
    assert (again.text, twice.text) == ("it runs already", "it is stopped already")
    assert (ended.reconnecting, unheard.ingest_muted) == (False, False)
    assert heard is None or heard.ingest_muted is True


async def test_a_recording_is_started_and_stopped_once(adapter: ReconnectingStudio, live_machine: RealObs) -> None:
    """A recording leaves one file, however often it is started."""
    before = len(list(live_machine.recordings.iterdir()))
    started = await studio_verbs.switch(adapter, "Record", on=True)
    await _until_recording(adapter, active=True)
    again = await studio_verbs.switch(adapter, "Record", on=True)
    stopped = await studio_verbs.switch(adapter, "Record", on=False)
    await _until_recording(adapter, active=False)
    twice = await studio_verbs.switch(adapter, "Record", on=False)

    assert [one.ok for one in (started, again, stopped, twice)] == [True] * 4
    assert (again.text, twice.text) == ("it runs already", "it is stopped already")
    assert len(list(live_machine.recordings.iterdir())) == before + 1


async def _until_recording(adapter: ReconnectingStudio, *, active: bool) -> None:
    deadline_s = time.monotonic() + SEEN_DEADLINE_S
    while (await adapter.ask("GetRecordStatus")).data.get("outputActive") is not active:
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.1)


async def test_an_input_is_muted(adapter: ReconnectingStudio) -> None:
    """Muted and unmuted are read back; who is not on air is not listened to."""
    done = await studio_verbs.mute(adapter, "Camera", muted=True)
    muted = await until(adapter, lambda status: status.ingest_muted is True)
    undone = await studio_verbs.mute(adapter, "Camera", muted=False)
    live = await until(adapter, lambda status: status.ingest_muted is False)

    assert (done.ok, undone.ok, live.ingest_muted) == (True, True, False)
    assert muted.sound_raw_peak is None


async def test_a_source_is_started_anew(adapter: ReconnectingStudio) -> None:
    """Fix is done, and the picture plays again afterwards; a source that OBS does not have is refused."""
    fixed = await studio_verbs.fix(adapter, "Camera")
    refused = await studio_verbs.fix(adapter, "Nope")
    first = await until(adapter, lambda status: status.media_state is MediaState.PLAYING)
    later = await until(adapter, lambda status: status.media_cursor_s not in (None, first.media_cursor_s))

    assert (fixed.ok, refused.ok, "600" in refused.text) == (True, False, True)
    assert later.media_state is MediaState.PLAYING


async def test_pictures_are_taken(adapter: ReconnectingStudio) -> None:
    """Of the program and of a source there is a PNG; of what OBS does not have there is a reason."""
    program = await studio_verbs.screenshot(adapter, None, width_px=64)
    source = await studio_verbs.screenshot(adapter, "Camera", width_px=64)
    nothing = await studio_verbs.screenshot(adapter, "Nope", width_px=64)

    assert isinstance(program, bytes)
    assert isinstance(source, bytes)
    assert isinstance(nothing, Done)
    assert not nothing.ok


async def seen(device: StudioDevice, holds: Callable[[StudioWatch], bool]) -> StudioWatch:
    """Read every quarter of a second until the watch is as wanted."""
    deadline_s = time.monotonic() + SEEN_DEADLINE_S
    while not holds(device.watch):
        assert time.monotonic() < deadline_s, device.watch
        await device.read()
        await asyncio.sleep(0.25)
    return device.watch


async def test_what_ails_a_live_obs_is_seen(live_machine: RealObs, camera: Ffmpeg, namespace: Namespace) -> None:
    """On air: a camera that stands, a mute that is spoken into, a busy machine, and a platform that goes away."""
    told: list[str] = []
    async with adapters(ADAPTERS[0], watched=WATCHED) as make:
        adapter = make()
        device = StudioDevice(adapter, picture="Camera", tell=told.append)
        platform = real_media.platform(namespace)
        assert (await studio_verbs.switch(adapter, "Stream", on=True)).ok
        await seen(device, lambda watch: watch.output_still_s == 0.0 and watch.picture_still_s == 0.0)
        assert findings(device.watch) == ()

        camera.stand()
        still = await seen(device, lambda watch: "the ingest's picture stands still in it" in findings(watch))
        camera.go_on()
        await seen(device, lambda watch: findings(watch) == ())

        await studio_verbs.mute(adapter, "Camera", muted=True)
        await seen(device, lambda watch: "somebody speaks into the muted input" in findings(watch))
        await studio_verbs.mute(adapter, "Camera", muted=False)
        await seen(device, lambda watch: findings(watch) == ())

        for _ in range(4):  # a machine that is too busy, as OBS sees it
            live_machine.freeze()
            await asyncio.sleep(0.5)
            live_machine.thaw()
            await asyncio.sleep(0.3)
            await device.read()
        await seen(device, lambda watch: "it skips frames: this machine is too slow for it" in findings(watch))

        platform.end()
        cut = await seen(device, lambda watch: watch.status is not None and watch.status.reconnecting is True)
        assert (await studio_verbs.switch(adapter, "Stream", on=False)).ok
        await seen(device, lambda watch: watch.status is not None and watch.status.streaming is False)
        await adapter.close()

    assert still.status is not None
    assert still.status.streaming is True
    assert "its stream is cut off from the platform and reconnects" in findings(cut)
    assert "no longer: somebody speaks into the muted input" in told
