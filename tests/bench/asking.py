"""A controller of the demo, asked from inside its own host, as its page would."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Self

import aiohttp

from deploy.demo import ports
from deploy.demo.readiness import connector

if TYPE_CHECKING:
    from collections.abc import Callable

    from deploy.demo.namespaces import Namespace

Answer = dict[str, Any]
LOOK_EVERY_S = 0.02


class Asked:
    """The controller on `host`, shown `token`, for the length of an `async with`."""

    def __init__(self, host: Namespace, token: str) -> None:
        self._host, self._token = host, token
        self._session: aiohttp.ClientSession

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            base_url=f"http://127.0.0.1:{ports.CONTROLLER}",
            connector=connector(self._host),
            headers={"Authorization": f"Bearer {self._token}"},
            timeout=aiohttp.ClientTimeout(5.0),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def get(self, path: str) -> Answer:
        """What stands at `path`. Raises aiohttp.ClientError, TimeoutError where it does not answer."""
        return await self._asked("GET", path)

    async def order(self, **order: object) -> Answer:
        """Give an override. Raises as `get`."""
        return await self._asked("POST", "/api/override", json={"for_s": 600.0, **order})

    async def end(self) -> Answer:
        """End every override. Raises as `get`."""
        return await self._asked("DELETE", "/api/override")

    async def until(self, path: str, holds: Callable[[Answer], object], *, within_s: float = 30.0) -> Answer:
        """The first answer at `path` for which `holds`; a controller that does not answer is asked again.

        Raises:
            TimeoutError: with the last answer.
        """
        deadline, found = time.monotonic() + within_s, Answer()
        while time.monotonic() < deadline:
            try:
                found = await self.get(path)
            except (aiohttp.ClientError, TimeoutError):
                await asyncio.sleep(LOOK_EVERY_S)
                continue
            if holds(found):
                return found
            await asyncio.sleep(LOOK_EVERY_S)
        raise TimeoutError(f"{path} never became so within {within_s:g} s; last answer: {found}")

    async def _asked(self, method: str, path: str, **rest: object) -> Answer:
        async with self._session.request(method, path, **rest) as answer:  # type: ignore[arg-type] # only json is passed
            answer.raise_for_status()
            found: Answer = await answer.json()
            return found


def reason_of(answer: Answer) -> str | None:
    """The reason of the override in force in an answer of `/api/override`."""
    standing = answer["override"]
    return None if standing is None else standing["reason"]
