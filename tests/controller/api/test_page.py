"""The page in a real browser, on a phone's screen: what a person reads, and what a finger does."""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from controller.api.app import build_app
from controller.api.serving import bind, serve
from controller.decision.model import Override, Quality
from controller.journal import Entry, Journal
from controller.overriding.standing import By, Standing
from controller.timeline.records import Happening, Kind
from controller.timeline.telling import happening_of
from tests.controller.faces import CONTROL, Behind
from tests.controller.statuses import KNOWN, UNKNOWN
from tests.fakes.browser import Page, browsing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PHONE_PX = 360
# Fingers need 44 px (WCAG 2.1, 2.5.5).
FINGER_PX = 44
# A PNG of one grey pixel.
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)
# Where somebody wants to look at the pictures themselves.
PICTURES = os.environ.get("VVLIVE_PICTURES")


@asynccontextmanager
async def page_of(directory: Path, behind: Behind) -> AsyncIterator[Page]:
    """The page over `behind`, on a phone."""
    bound = bind("127.0.0.1", 0)
    serving = asyncio.create_task(serve(build_app(behind.face()), bound))
    try:
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/"
        async with browsing(directory, url, width_px=PHONE_PX) as page:
            await page.until("document.getElementById('rig') && document.getElementById('rig').textContent !== ''")
            yield page
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def picture(page: Page, directory: Path, name: str) -> bytes:
    """A picture of the page, kept where pictures are asked for."""
    return await page.screenshot((Path(PICTURES) if PICTURES else directory) / f"{name}.png")


def decided(behind: Behind) -> None:
    """Two decisions in the timeline, one of this controller with an order that took, and one that the rig told of."""
    known = KNOWN.decided
    assert known is not None
    own = Journal(tell=lambda one: behind.store.add([happening_of(one)]))
    entry = Entry(
        number=0,
        at_s=known.at_s - 60.0,
        quality=Quality.LOW,
        changed_from=Quality.HIGH,
        target=known.target,
        scene=None,
        reason=replace(known.reason, text="The links carry at most 1.1 Mbit/s for 10 s: LOW fits."),
        scene_reason=None,
        freshness=known.freshness,
        age_s=0.4,
    )
    number = own.decided(replace(entry, at_s=known.at_s, quality=Quality.MEDIUM, changed_from=Quality.LOW))
    own.commanded(number, "encoder", at_s=known.at_s + 0.01)
    own.answered(number, "encoder", at_s=known.at_s + 0.21, outcome="applied", detail="the read-back shows it")
    behind.store.add_foreign("rig", [(1, happening_of(replace(entry, number=number)))])


async def test_the_page_shows_what_is_known_within_a_phones_width(tmp_path: Path) -> None:
    """What is known is shown in words and field units; nothing needs to be scrolled sideways, fingers fit."""
    behind = Behind(status=replace(KNOWN, scene_shown_name="<b>bold</b>"))
    decided(behind)
    behind.store.add([Happening(1.0, Kind.DEVICE, "obs", "<img src=x onerror=document.title='owned'>")])
    async with page_of(tmp_path, behind) as page:
        text = await page.value("document.body.innerText")
        width_px = await page.value("document.documentElement.scrollWidth")
        heights_px = await page.value(
            "[...document.querySelectorAll('button')].filter((b) => b.offsetParent).map((b) => b.offsetHeight)"
        )
        title = await page.value("document.title")
        shot = await picture(page, tmp_path, "known")

    for shown in ("MEDIUM", "MEDIUM fits.", "2.50 Mbit/s, 1280x720 at 30", "modem-a", "as wanted", "fresh, 500 ms old"):
        assert shown in text
    assert text.count("applied +0.21 s") == 1
    assert text.index("LOW \u2192 MEDIUM") < text.index("applied +0.21 s") < text.index("HIGH \u2192 LOW")
    assert "The links carry at most 1.1 Mbit/s for 10 s: LOW fits." in text
    assert "<b>bold</b>" in text
    assert ("<img src=x" in text, title) == (True, "VVLIVE")
    assert width_px == PHONE_PX
    assert min(heights_px) >= FINGER_PX
    assert len(shot) > 10_000


async def test_the_page_says_unknown_where_nothing_is_known(tmp_path: Path) -> None:
    """Without a decision every value is the word unknown, and the reason stands on top."""
    async with page_of(tmp_path, Behind(status=UNKNOWN)) as page:
        unknown = await page.value("document.querySelectorAll('.unknown').length")
        notice = await page.value("document.getElementById('notice').innerText")
        await picture(page, tmp_path, "unknown")

    assert unknown >= 10
    assert "unknown because Prometheus has not been asked yet" in notice


async def test_an_order_needs_a_second_tap_and_a_token(tmp_path: Path) -> None:
    """A tap asks, No does nothing, Yes without a token says what is missing; with it the override stands."""
    behind = Behind()
    async with page_of(tmp_path, behind) as page:
        await page.tap("button", "Emergency scene")
        await page.until("document.getElementById('confirm').open")
        question = await page.value("document.getElementById('question').innerText")
        await picture(page, tmp_path, "confirm")
        await page.tap("#no")
        assert behind.desk is not None
        refused = behind.desk.in_force()

        await page.tap("button", "Emergency scene")
        await page.tap("#yes")
        await page.until("document.getElementById('question').innerText.includes('token')")
        await page.tap("#no")
        await page.value(f"document.getElementById('token').value = '{CONTROL}'")
        await page.tap("#token-form button")
        await page.tap("button", "Emergency scene")
        await page.tap("#yes")
        for _ in range(100):
            if behind.desk.in_force() is not None:
                break
            await asyncio.sleep(0.05)
        shown = await page.value("document.body.innerText")

    given = behind.desk.in_force()
    assert question == "Emergency scene for 10 minutes?"
    assert refused is None
    assert given is not None
    assert (given.override.emergency, given.override.reason) == (True, "by hand, from the page")
    assert CONTROL not in shown


@pytest.mark.parametrize("confirmed", [True, False])
async def test_an_override_is_shown_and_ended_by_two_taps(tmp_path: Path, confirmed: bool) -> None:  # noqa: FBT001 - both cases of one table
    """What stands is on top with its end; a tap and a Yes end it."""
    until_s = 1_700_000_700.0
    override = Override(until_s=until_s, reason="tunnel ahead", state=Quality.LOW, bitrate_cap_bps=1_500_000)
    behind = Behind(status=replace(KNOWN, override=Standing(1, By.HAND, 1_700_000_100.0, override)))
    async with page_of(tmp_path, behind) as page:
        assert behind.desk is not None
        await behind.desk.give(override, by=By.HAND)
        await page.value(f"localStorage.setItem('vvlive-token', '{CONTROL}')")
        await page.until("!document.getElementById('override').hidden")
        told = await page.value("document.getElementById('override').innerText")
        await picture(page, tmp_path, "override")
        await page.tap("#end")
        await page.tap("#yes" if confirmed else "#no")
        for _ in range(20):
            if behind.desk.in_force() is None:
                break
            await asyncio.sleep(0.05)

    assert "state LOW, at most 1500 kbit/s" in told
    assert "tunnel ahead" in told
    assert (behind.desk.in_force() is None) is confirmed


async def test_obs_is_reached_from_the_page(tmp_path: Path) -> None:
    """Behind "More": fix, mute, stream and recording, each with a second tap; and what is on program, to be seen."""
    behind = Behind()
    assert behind.studio is not None
    behind.studio.answers = {
        "TriggerMediaInputAction": {},
        "GetCurrentProgramScene": {"currentProgramSceneName": "Main Camera"},
        "GetSourceScreenshot": {"imageData": PIXEL},
    }
    async with page_of(tmp_path, behind) as page:
        await page.value(f"localStorage.setItem('vvlive-token', '{CONTROL}')")
        await page.tap("summary")
        await page.tap("button", "Fix the ingest")
        question = await page.value("document.getElementById('question').innerText")
        before = list(behind.studio.asked)
        await page.tap("#yes")
        await page.tap("button", "Show the picture")
        await page.until("document.getElementById('screenshot').naturalWidth > 0")
        await picture(page, tmp_path, "more")
        width_px = await page.value("document.documentElement.scrollWidth")

    assert question == "Fix the ingest?"
    assert before == []
    assert [name for name, _ in behind.studio.asked if name == "TriggerMediaInputAction"] == ["TriggerMediaInputAction"]
    assert width_px == PHONE_PX
