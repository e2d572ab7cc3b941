"""OBS through an obs-websocket-http bridge: `POST /call/{requestType}`, JSON in, JSON out.

For an OBS whose WebSocket port is not reachable, but a bridge beside it is. The bridge answers
HTTP 200 to everything; `result` says whether it could ask OBS, and `requestResult` is OBS's answer.
Its key travels in the header Authorization, in clear: loopback, a tunnel or https only.

Tested against our own stand-ins for the bridge, written from its README, before a fake and a real
OBS 29.0.2; not against the bridge's own program. Without OBS's events this adapter cannot keep
quiet while OBS changes its scene collection, which may crash it: prefer the others.
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import httpx

from controller.adapters.obs import faults
from controller.adapters.obs.faults import FaultError, Retry
from controller.adapters.obs.protocol import Answer, OutOfStepError, answer_of
from controller.adapters.obs.sequences import Watched
from controller.adapters.obs.studio import Deadlines, ReconnectingStudio

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import SecretStr

NO_BRIDGE = "no connection; start the bridge"
NOT_A_BRIDGE = "what answers there is no obs-websocket-http bridge; check its address"
WRONG_KEY = "it refuses our password; set the bridge's authentication_key"
NO_OBS_BEHIND = "the bridge runs but is not connected to OBS; start OBS, then the bridge again"


def fault_of_comment(comment: str) -> FaultError:
    """The fault behind a bridge's `result: false`, by the words of its comment."""
    words = comment.lower()
    if "authorization" in words:
        return FaultError(WRONG_KEY, Retry.SLOWLY)
    if "timed out" in words:
        return FaultError(faults.SILENT)
    return FaultError(NO_OBS_BEHIND if "not connected" in words else NOT_A_BRIDGE)


class HttpLink:
    """One HTTP client with its connections."""

    def __init__(self, *, base_url: str, key: SecretStr, timeout_s: float) -> None:
        headers = {"Authorization": key.get_secret_value()} if key.get_secret_value() else {}
        self._client = httpx.AsyncClient(
            base_url=base_url,
            headers=headers,
            timeout=timeout_s,
            # Loading the certificates of this machine takes 20 to 100 ms, in which nothing else runs here.
            verify=base_url.startswith("https:"),
            trust_env=False,  # a proxy from the environment would be handed the key
        )

    async def call(self, request_type: str, data: Mapping[str, object] | None = None, /) -> Answer:
        """Send one request and give its answer. Raises FaultError."""
        reply = await self._posted(f"/call/{request_type}", data)
        if not isinstance(reply, dict):
            raise FaultError(NOT_A_BRIDGE)
        if reply.get("result") is not True:
            raise fault_of_comment(str(reply.get("comment") or ""))
        try:
            return answer_of(request_type, reply.get("requestResult"))
        except OutOfStepError:
            raise FaultError(NOT_A_BRIDGE) from None

    async def listen(self, *, to_sound: bool) -> None:
        """A bridge passes no events on."""

    def level(self, input_name: str) -> None:
        """A bridge passes no events on, so that nothing is known of loudness."""

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    async def _posted(self, path: str, data: Mapping[str, object] | None) -> object:
        try:
            response = await self._client.post(path, json=None if data is None else dict(data))
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise FaultError(NO_BRIDGE) from None
        except httpx.TimeoutException:
            raise FaultError(faults.SILENT) from None
        except httpx.HTTPError:
            raise FaultError(faults.CLOSED) from None
        if response.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
            raise FaultError(WRONG_KEY, Retry.SLOWLY)
        try:
            reply: object = response.json()
        except ValueError:
            raise FaultError(NOT_A_BRIDGE) from None
        return reply


class HttpStudio(ReconnectingStudio):
    """OBS behind the bridge at `base_url`, with the bridge's `key`; empty where it has none."""

    def __init__(  # noqa: PLR0913 (the whole of the configuration, keyword-only)
        self,
        *,
        base_url: str,
        key: SecretStr,
        watched: Watched = Watched(),  # noqa: B008 (frozen)
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
        deadlines: Deadlines = Deadlines(),  # noqa: B008 (frozen)
    ) -> None:
        async def connect() -> HttpLink:
            return HttpLink(base_url=base_url, key=key, timeout_s=deadlines.call_s)

        super().__init__(
            connect=connect,
            where=httpx.URL(base_url).netloc.decode("ascii"),
            watched=watched,
            clock=clock,
            jitter=jitter,
            deadlines=deadlines,
        )
