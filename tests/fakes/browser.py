"""A real Chromium, driven over its DevTools protocol: a phone's screen, a finger, and a look."""

from __future__ import annotations

import asyncio
import base64
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

START_DEADLINE_S = 60.0  # a browser's start on a machine that is busy with other tests
LOOK_DEADLINE_S = 20.0
FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-quic", "--remote-debugging-port=0"),
)


class Page:
    """One page of the browser."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0

    async def command(self, method: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
        """Send one command and give its result."""
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": parameters})
        while True:
            message = await self._socket.receive_json(timeout=LOOK_DEADLINE_S)
            if message.get("id") == self._number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                result: dict[str, Any] = message["result"]
                return result

    async def value(self, expression: str) -> Any:  # noqa: ANN401 - any JSON
        """What the expression is in the page."""
        found = await self.command("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        return found["result"].get("value")

    async def until(self, expression: str) -> None:
        """Return when the expression is true in the page."""
        for _ in range(int(LOOK_DEADLINE_S * 20)):
            if await self.value(expression):
                return
            await asyncio.sleep(0.05)
        text = await self.value("document.body.innerText")
        raise TimeoutError(f"{expression} did not come true; the page shows:\n{text}")

    async def tap(self, selector: str, text: str = "") -> None:
        """Touch the first visible element of `selector` that shows `text`."""
        found = (
            f"[...document.querySelectorAll({json.dumps(selector)})]"
            f".find((one) => one.offsetParent !== null && one.textContent.includes({json.dumps(text)}))"
        )
        await self.until(f"{found} !== undefined")
        await self.value(f"{found}.click()")

    async def screenshot(self, path: Path) -> bytes:
        """Write a picture of the whole page to `path`; its bytes."""
        size = await self.value("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1}
        shot = await self.command("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        png = base64.b64decode(shot["data"])
        await asyncio.to_thread(path.write_bytes, png)
        return png


@asynccontextmanager
async def browsing(directory: Path, url: str, *, width_px: int, height_px: int = 740) -> AsyncIterator[Page]:
    """A page of a phone with a screen of that size, at `url`."""
    profile = directory / "profile"
    browser = await asyncio.create_subprocess_exec(
        *("chromium", *FLAGS, f"--user-data-dir={profile}", "about:blank"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        port = await _debugging_port(profile)
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/json/list") as listed:
            address = next(one["webSocketDebuggerUrl"] for one in await listed.json() if one["type"] == "page")
            async with session.ws_connect(address, max_msg_size=0) as socket:
                page = Page(socket)
                await page.command(
                    "Emulation.setDeviceMetricsOverride",
                    width=width_px,
                    height=height_px,
                    deviceScaleFactor=1,
                    mobile=True,
                )
                await page.command("Page.navigate", url=url)
                yield page
    finally:
        if browser.returncode is None:
            browser.kill()
        await browser.wait()


async def _debugging_port(profile: Path) -> int:
    told = profile / "DevToolsActivePort"
    for _ in range(int(START_DEADLINE_S * 20)):
        if told.exists() and (lines := told.read_text(encoding="utf-8").splitlines()):
            return int(lines[0])
        await asyncio.sleep(0.05)
    raise TimeoutError("chromium did not start; is the package chromium installed?")
