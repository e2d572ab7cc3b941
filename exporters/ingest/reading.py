"""Fetches the statistics of a server."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Self

import aiohttp

MAX_PAGE_BYTES = 1 << 20  # a stream's entry has 1 to 2 kB: room for hundreds of streams and players


class FetchError(Exception):
    """The page could not be fetched; the message names the cause and what to look at."""


class StatPages:
    """The pages of one server. `authorization` is the header's value, a secret. Use as an async context manager."""

    def __init__(self, authorization: str | None = None) -> None:
        self._headers = {} if authorization is None else {"Authorization": authorization}
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

    async def fetch(self, url: str, body: Mapping[str, object] | None = None) -> tuple[float, bytes]:
        """The event loop's clock when the page began to arrive, and the page; `body` is posted as JSON.

        Raises FetchError when nothing answers, when the status is not 200, and when the page is
        larger than a megabyte. Redirects are not followed.
        """
        if self._session is None:
            self._session = aiohttp.ClientSession(headers=self._headers)
        method = "GET" if body is None else "POST"
        try:
            async with self._session.request(method, url, json=body, allow_redirects=False) as response:
                at_s = asyncio.get_running_loop().time()
                if response.status != 200:
                    raise FetchError(f"the statistics page answers HTTP {response.status}; check --stat")
                return at_s, await _limited(response)
        except aiohttp.ClientError as error:
            raise FetchError(
                f"the statistics page cannot be read ({type(error).__name__}); is the server up?"
            ) from None


async def _limited(response: aiohttp.ClientResponse) -> bytes:
    page = b""
    async for chunk in response.content.iter_any():
        page += chunk
        if len(page) > MAX_PAGE_BYTES:
            raise FetchError(f"the statistics page is larger than {MAX_PAGE_BYTES} bytes; check --stat")
    return page
