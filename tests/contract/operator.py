"""Somebody at OBS who changes the scene collection, and tells when OBS has announced it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

import simpleobsws

from tests.contract.real_obs import PASSWORD, PORT

if TYPE_CHECKING:
    from types import TracebackType

DEADLINE_S = 15.0
# OBS tells one client after the other; a request of one that has not heard it yet is what crashes OBS.
ALL_TOLD_S = 0.1
# obs-websocket's protocol: the group of events on profiles and scene collections.
CONFIG = 1 << 1


class Operator:
    """A WebSocket client of OBS beside the adapter under test."""

    def __init__(self) -> None:
        heard = simpleobsws.IdentificationParameters(eventSubscriptions=CONFIG)
        self._client = simpleobsws.WebSocketClient(f"ws://127.0.0.1:{PORT}", PASSWORD, heard)
        self._begun = asyncio.Event()
        self._client.register_event_callback(self._note, "CurrentSceneCollectionChanging")

    async def __aenter__(self) -> Self:
        await self._client.connect()
        assert await self._client.wait_until_identified(int(DEADLINE_S))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.disconnect()

    async def _note(self, _event: object) -> None:
        self._begun.set()

    async def change_to(self, collection: str) -> asyncio.Task[bool]:
        """Order the change; once OBS has announced it to all, a task that says whether it was made."""
        self._begun.clear()
        changing = asyncio.create_task(self._change(collection))
        await asyncio.wait_for(self._begun.wait(), DEADLINE_S)
        await asyncio.sleep(ALL_TOLD_S)
        return changing

    async def _change(self, collection: str) -> bool:
        wanted = simpleobsws.Request("SetCurrentSceneCollection", {"sceneCollectionName": collection})
        return bool((await self._client.call(wanted)).ok())
