"""What a person does with OBS, believed by the read-back."""

from __future__ import annotations

import pytest

from controller import studio_verbs
from controller.ports import StudioAnswer
from tests.fakes.devices import FakeStudio

IMAGE = "data:image/png;base64,iVBORw0KGgo="


class Pauses:
    """Counts instead of waiting."""

    def __init__(self) -> None:
        self.count, self.waited_s = 0, 0.0

    async def __call__(self, seconds: float) -> None:
        """Count."""
        self.count += 1
        self.waited_s += seconds


def outputs(*, active: bool, obeys: bool = True) -> FakeStudio:
    """An OBS with a stream."""
    answers: dict[str, dict[str, object]] = {
        "GetStreamStatus": {"outputActive": active},
        "StartStream": {},
        "StopStream": {},
    }
    return FakeStudio(answers=answers, obeys=obeys)


@pytest.mark.parametrize(
    ("active", "on", "text"),
    [(False, True, "started"), (True, False, "stopped"), (True, True, "it runs already"), (False, False, "it is")],
)
async def test_an_output_is_switched_once(*, active: bool, on: bool, text: str) -> None:
    """Done is what the read-back shows; what is so already is not asked for."""
    studio = outputs(active=active)
    done = await studio_verbs.switch(studio, "Stream", on=on)
    orders = [name for name, _ in studio.asked if not name.startswith("Get")]

    assert (done.ok, done.text.startswith(text)) == (True, True)
    assert len(orders) == (active is not on)


async def test_ok_alone_starts_no_stream() -> None:
    """An OBS that says ok and does not stream after four seconds is not believed."""
    pauses = Pauses()
    done = await studio_verbs.switch(outputs(active=False, obeys=False), "Stream", on=True, pause=pauses)

    assert (done.ok, "does not run" in done.text) == (False, True)
    assert (pauses.count, round(pauses.waited_s)) == (studio_verbs.SWITCHED_TRIES, 4)


class Overtaken(FakeStudio):
    """An OBS in which somebody else starts the stream just before us."""

    runs = False

    async def ask(self, request_type: str, data: object = None) -> StudioAnswer:
        """Refuse the start, for it runs by then."""
        del data
        if request_type == "StartStream":
            self.runs = True
            return StudioAnswer(reachable=True, code=500, comment="OutputRunning")
        return StudioAnswer(reachable=True, ok=True, code=100, data={"outputActive": self.runs})


async def test_who_was_faster_did_it_for_us() -> None:
    """A refusal because it runs already is a success."""
    assert (await studio_verbs.switch(Overtaken(), "Stream", on=True)).ok


async def test_a_glance_tells_pictures_apart() -> None:
    """Equal pictures have equal digests, others have others, and no picture has none."""
    studio = FakeStudio(answers={"GetSourceScreenshot": {"imageData": IMAGE}})
    first, same = [await studio_verbs.glance(studio, "Ingest") for _ in range(2)]
    studio.answers["GetSourceScreenshot"] = {"imageData": IMAGE + "AA"}
    other = await studio_verbs.glance(studio, "Ingest")
    studio.answers.clear()

    assert first == same
    assert other not in {None, first}
    assert await studio_verbs.glance(studio, "Ingest") is None
    assert studio.asked[0][1]["imageWidth"] == 64
