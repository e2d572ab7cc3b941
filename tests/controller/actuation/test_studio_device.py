"""OBS as the reconciler sees it: read, watched, and looked at where its clock stands."""

from __future__ import annotations

import asyncio

from controller.actuation.devices import StudioDevice
from controller.adapters.obs.sequences import Watched
from controller.adapters.obs.studio import ReconnectingStudio
from tests.fakes.clock import FakeClock
from tests.fakes.obs_in_memory import ObsInMemory


class Bench:
    """A live OBS, its device, and what the operator was told."""

    def __init__(self) -> None:
        self.obs = ObsInMemory()
        self.clock = FakeClock()
        self.told: list[str] = []
        self.cursor_ms, self.picture = 1_000, "a picture"
        studio = ReconnectingStudio(
            connect=self.obs.connect, where="test", watched=Watched(picture="Ingest"), clock=self.clock
        )
        self.device = StudioDevice(studio, picture="Ingest", now_s=self.clock, tell=self.told.append)

    async def seconds(self, count: int, *, runs: bool = True, mute: bool = False) -> None:
        """So many reads a second apart."""
        for _ in range(count):
            self.clock.advance(1)
            self.cursor_ms += 1_000 * runs
            self.obs.says = {
                "GetStreamStatus": {"outputActive": True},
                "GetInputMute": {"inputMuted": mute},
                "GetMediaInputStatus": {"mediaState": "OBS_MEDIA_STATE_PLAYING", "mediaCursor": self.cursor_ms},
                "GetSourceScreenshot": {"imageData": self.picture},
            }
            await self.device.read()

    @property
    def looks(self) -> int:
        """How often OBS was asked for a picture."""
        return self.obs.asked.count("GetSourceScreenshot")


def test_a_running_clock_costs_no_look() -> None:
    """While the source's clock runs OBS is never asked for a picture."""
    bench = Bench()
    asyncio.run(bench.seconds(30))

    assert (bench.looks, bench.told) == (0, [])


def test_a_standing_clock_is_looked_after_every_five_seconds_and_told_once() -> None:
    """A picture that stands is told once, looked at sparingly, and told again when it is over."""
    bench = Bench()

    async def story() -> None:
        await bench.seconds(3)
        await bench.seconds(15, runs=False)
        await bench.seconds(2)

    asyncio.run(story())

    assert bench.looks == 3
    assert bench.told == [
        "the ingest's picture stands still in it",
        "no longer: the ingest's picture stands still in it",
    ]


def test_a_picture_that_moves_without_a_clock_is_believed() -> None:
    """What changes from look to look moves, though its clock stands."""
    bench = Bench()

    async def story() -> None:
        await bench.seconds(3)
        for number in range(20):
            bench.picture = f"picture {number}"
            await bench.seconds(1, runs=False)

    asyncio.run(story())

    assert bench.told[-1].startswith("no longer: ")


def test_an_obs_that_goes_away_takes_its_findings_along() -> None:
    """Nothing is called over because it cannot be seen any more; back again, it is told anew."""
    bench = Bench()

    async def story() -> None:
        await bench.seconds(3, mute=True)
        bench.obs.away = True
        await bench.seconds(2)
        bench.obs.away = False
        await bench.seconds(3, mute=True)

    asyncio.run(story())

    assert bench.told == ["it is live without sound: the input is muted"] * 2
