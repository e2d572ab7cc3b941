"""The Studio port over a WebSocket to OBS itself, whichever library holds it."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, ClassVar, Protocol

from controller.adapters.obs.sequences import Watched
from controller.adapters.obs.studio import Deadlines, Link, ReconnectingStudio

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import SecretStr


class WebSocketLink(Link, Protocol):
    """A connection that can be opened to an address."""

    @classmethod
    async def open(cls, *, host: str, port: int, password: SecretStr, timeout_s: float) -> Link:
        """Connect and identify; `timeout_s` bounds each call from then on. Raises FaultError."""
        ...


class WebSocketStudio(ReconnectingStudio):
    """OBS at `host`:`port`, with the inputs that are `watched`."""

    link: ClassVar[type[WebSocketLink]]

    def __init__(  # noqa: PLR0913 (the whole of the configuration, keyword-only)
        self,
        *,
        host: str,
        port: int,
        password: SecretStr,
        watched: Watched = Watched(),  # noqa: B008 (frozen)
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
        deadlines: Deadlines = Deadlines(),  # noqa: B008 (frozen)
    ) -> None:
        async def connect() -> Link:
            return await self.link.open(host=host, port=port, password=password, timeout_s=deadlines.call_s)

        super().__init__(
            connect=connect,
            where=f"{host}:{port}",
            watched=watched,
            clock=clock,
            jitter=jitter,
            deadlines=deadlines,
        )
