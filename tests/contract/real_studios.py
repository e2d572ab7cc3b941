"""The OBS adapters, each made ready to talk to a real OBS, and waiting for what it says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from pydantic import SecretStr

from controller.adapters.obs.sequences import Watched
from controller.adapters.obs.studio import Deadlines, ReconnectingStudio
from controller.adapters.obs_http import HttpStudio
from controller.adapters.obs_obsws import ObswsStudio
from controller.adapters.obs_simple import SimpleStudio
from controller.ports import StudioStatus
from tests.contract.bridge import KEY, Bridge
from tests.contract.real_obs import PASSWORD, PORT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DEADLINES = Deadlines(connect_s=3.0, call_s=2.0, action_s=4.0)
READY_DEADLINE_S = 20.0
WATCHED = Watched(picture="Ingest")
WEBSOCKETS: dict[str, type[ObswsStudio | SimpleStudio]] = {"obsws-python": ObswsStudio, "simpleobsws": SimpleStudio}
BRIDGE = "obs-websocket-http"
ADAPTERS = (*WEBSOCKETS, BRIDGE)
Make = Callable[[], ReconnectingStudio]


@asynccontextmanager
async def adapters(name: str, *, wrong_password: bool = False, watched: Watched = WATCHED) -> AsyncIterator[Make]:
    """How to make the adapter of that name."""
    if name != BRIDGE:
        secret = SecretStr("wrong" if wrong_password else PASSWORD)
        yield lambda: WEBSOCKETS[name](
            host="127.0.0.1", port=PORT, password=secret, watched=watched, deadlines=DEADLINES
        )
        return
    async with Bridge(obs_port=PORT, obs_password=PASSWORD) as bridge:
        key, url = SecretStr("wrong" if wrong_password else KEY), f"http://127.0.0.1:{bridge.port}"
        yield lambda: HttpStudio(base_url=url, key=key, watched=watched, deadlines=DEADLINES)


async def until(adapter: ReconnectingStudio, holds: Callable[[StudioStatus], bool]) -> StudioStatus:
    """Read until a status is as wanted; fail with the last one otherwise."""
    deadline_s = time.monotonic() + READY_DEADLINE_S
    while not holds(status := await adapter.read()):
        assert time.monotonic() < deadline_s, status
        await asyncio.sleep(0.1)
    return status


def ready(status: StudioStatus) -> bool:
    """Whether OBS answered in full."""
    return status.scene_name is not None
