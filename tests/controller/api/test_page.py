"""The page in a real browser: what a person reads, with data and with none."""

from __future__ import annotations

import asyncio
import html
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from controller.api.app import build_app
from controller.api.serving import bind, serve
from controller.journal import Journal
from tests.controller.faces import Behind
from tests.controller.statuses import KNOWN, UNKNOWN

if TYPE_CHECKING:
    from controller.status import Status

DEADLINE_S = 90.0  # a browser's start on a machine that is busy with other tests


async def read(directory: Path, status: Status, *, journal: Journal | None = None) -> str:
    """The text that the page shows to a browser, once it has asked the API."""
    bound = bind("127.0.0.1", 0)
    port = bound.getsockname()[1]
    serving = asyncio.create_task(serve(build_app(Behind(status=status, journal=journal or Journal()).face()), bound))
    browser = await asyncio.create_subprocess_exec(
        *("chromium", "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={directory}"),
        *("--virtual-time-budget=3000", "--dump-dom", f"http://127.0.0.1:{port}/"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(DEADLINE_S):
            dom, _ = await browser.communicate()
    finally:
        if browser.returncode is None:
            browser.kill()
            await browser.wait()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
    body = re.sub(r"<(script|style).*?</\1>", "", dom.decode(), flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", "|", body))


async def test_the_page_shows_what_is_known_and_foreign_names_as_text(tmp_path: Path) -> None:
    """What is known is shown in words and field units; what devices and people name cannot become markup."""
    journal = Journal()
    journal.noticed(at_s=1.0, subject="obs", text="<img src=x onerror=document.title='owned'>")
    text = await read(tmp_path, replace(KNOWN, scene_shown_name="<b>bold</b>"), journal=journal)

    for shown in ("MEDIUM", "MEDIUM fits.", "2.50 Mbit/s, 1280x720 at 30", "modem-a", "as wanted"):
        assert shown in text
    assert "fresh, 500 ms old" in text
    assert "<b>bold</b>" in text
    assert "<img src=x" in text
    assert "|owned|" not in text


async def test_the_page_says_unknown_where_nothing_is_known(tmp_path: Path) -> None:
    """Without a decision every value is the word unknown, and the reason stands on top."""
    text = await read(tmp_path, UNKNOWN)

    assert text.count("|unknown|") >= 10
    assert "unknown because Prometheus has not been asked yet" in text
