"""Fetches the statistics page of nginx-rtmp."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

import aiohttp

MAX_PAGE_BYTES = 1 << 20  # a stream's entry has 1 to 2 kB: room for hundreds of streams and players


class FetchError(Exception):
    """The page could not be fetched; the message names the cause and what to look at."""


class StatPage:
    """The `/stat` page at `url`. Use as an async context manager."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Give the connection back."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def fetch(self) -> tuple[float, bytes]:
        """The event loop's clock when the page began to arrive, and the page.

        Raises FetchError when nothing answers, when the status is not 200, and when the page is
        larger than a megabyte. Redirects are not followed.
        """
        if self._session is None:
            self._session = aiohttp.ClientSession()
        try:
            async with self._session.get(self._url, allow_redirects=False) as response:
                at_s = asyncio.get_running_loop().time()
                if response.status != 200:
                    raise FetchError(f"the statistics page answers HTTP {response.status}; check --stat")
                return at_s, await _limited(response)
        except aiohttp.ClientError as error:
            raise FetchError(f"the statistics page cannot be read ({type(error).__name__}); is nginx up?") from None


async def _limited(response: aiohttp.ClientResponse) -> bytes:
    page = b""
    async for chunk in response.content.iter_any():
        page += chunk
        if len(page) > MAX_PAGE_BYTES:
            raise FetchError(f"the statistics page is larger than {MAX_PAGE_BYTES} bytes; check --stat")
    return page
