"""OBS through simpleobsws, for those who want one event loop and no thread.

The library (1.4) matches answers to requests, but leaves calls waiting when the connection is
lost, reads nothing more after a message it does not understand, and may wait ten seconds to close.
So each call ends with the library's receiving task, and a connection is cut rather than closed.

Tested against OBS 29.0.2 with obs-websocket 5.1.0 and against a fake server with the faults that
OBS shows; not against OBS 30 and later. It follows a proxy named in the environment.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgpack
import simpleobsws
from websockets.exceptions import InvalidHandshake, InvalidMessage, WebSocketException

from controller.adapters.obs import faults
from controller.adapters.obs.changeover import UNSENT
from controller.adapters.obs.faults import FaultError, fault_of_close
from controller.adapters.obs.hearing import EVENT_GROUPS, Hearing, groups
from controller.adapters.obs.protocol import Answer, OutOfStepError, answer_of
from controller.adapters.obs.websocket_studio import WebSocketStudio

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from pydantic import SecretStr


OP_REIDENTIFY = 3


class SimpleLink:
    """One client of the library."""

    def __init__(self, client: Any, timeout_s: float) -> None:  # noqa: ANN401 (the library ships no types)
        self._client = client
        self._timeout_s = timeout_s
        self._hearing = Hearing()
        self._groups = EVENT_GROUPS
        client.register_event_callback(self._heard)

    @classmethod
    async def open(cls, *, host: str, port: int, password: SecretStr, timeout_s: float) -> SimpleLink:
        """Connect and identify; `timeout_s` bounds each call from then on. Raises FaultError."""
        # At DEBUG the library logs each message whole.
        logging.getLogger("simpleobsws").setLevel(logging.CRITICAL)
        parameters = simpleobsws.IdentificationParameters(eventSubscriptions=EVENT_GROUPS)
        client = simpleobsws.WebSocketClient(f"ws://{host}:{port}", password.get_secret_value(), parameters)
        link = cls(client, timeout_s)
        try:
            await _connected(client)
            await link._identified()
        except BaseException:
            await link.close()
            raise
        return link

    async def call(self, request_type: str, data: Mapping[str, object] | None = None, /) -> Answer:
        """Send one request and give its answer. Raises FaultError."""
        if self._hearing.changeover.under_way():
            if self._client.recv_task.done():
                raise self._fault()  # it has gone already: that is known without asking
            return UNSENT
        request = simpleobsws.Request(request_type, None if data is None else dict(data))
        try:
            response = await self._while_receiving(self._client.call(request, timeout=self._timeout_s))
        except simpleobsws.MessageTimeout:
            raise FaultError(faults.SILENT) from None
        except (simpleobsws.NotIdentifiedError, WebSocketException, OSError):
            raise self._fault() from None
        except (KeyError, TypeError, AttributeError):  # an answer without status or type
            raise FaultError(faults.NOT_OBS) from None
        status = response.requestStatus
        raw = {
            "requestType": response.requestType,
            "requestStatus": {"result": status.result, "code": status.code, "comment": status.comment},
            "responseData": response.responseData,
        }
        try:
            return answer_of(request_type, raw)
        except OutOfStepError:
            raise FaultError(faults.NOT_OBS) from None

    async def listen(self, *, to_sound: bool) -> None:
        """Hear how loud inputs are from now on, or no more. Raises FaultError."""
        wanted = groups(to_sound=to_sound)
        if wanted == self._groups or self._hearing.changeover.under_way():
            return
        self._client.identified = False  # the library has no word for this; its receiving task does the rest
        try:
            await self._client.ws.send(msgpack.packb({"op": OP_REIDENTIFY, "d": {"eventSubscriptions": wanted}}))
        except (WebSocketException, OSError):
            raise self._fault() from None
        await self._identified()
        self._groups = wanted

    def level(self, input_name: str) -> float | None:
        """How loud the input was since the last time; None when that is unknown."""
        return self._hearing.levels.take(input_name)

    async def close(self) -> None:
        """Cut the connection, and end the library's receiving task."""
        receiving, socket = self._client.recv_task, self._client.ws
        if socket is not None:
            socket.transport.abort()
        if receiving is not None:
            receiving.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await receiving

    async def _heard(self, event: Mapping[str, object]) -> None:
        self._hearing.heard(event)

    async def _identified(self) -> None:
        if not await self._while_receiving(self._client.wait_until_identified(timeout=self._timeout_s)):
            raise self._fault()

    async def _while_receiving(self, work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 (the work's own result)
        """The result of `work`, or FaultError as soon as nothing is received any more."""
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait({task, self._client.recv_task}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise self._fault()
            return await task
        finally:
            task.cancel()

    def _fault(self) -> FaultError:
        receiving, socket = self._client.recv_task, self._client.ws
        if receiving is None or socket is None or not receiving.done():
            return FaultError(faults.SILENT)
        if not receiving.cancelled() and receiving.exception() is not None:
            return FaultError(faults.NOT_OBS)  # the task choked on what it received
        return fault_of_close(socket.close_code)


async def _connected(client: Any) -> None:  # noqa: ANN401 (the library ships no types)
    try:
        await client.connect()
    except (InvalidHandshake, InvalidMessage):
        raise FaultError(faults.NOT_OBS) from None
    except TimeoutError:
        raise FaultError(faults.SILENT) from None
    except OSError:
        raise FaultError(faults.NO_CONNECTION) from None


class SimpleStudio(WebSocketStudio):
    """OBS through this library."""

    link = SimpleLink
