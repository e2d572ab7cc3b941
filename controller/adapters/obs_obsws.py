"""OBS through obsws-python, the default adapter.

The library (1.8) does not match answers to requests, has no timeout of its own, is not safe
between threads, logs the password and loses close codes. So here one thread owns one client, each
receive has a timeout, every answer's type is checked, the client is thrown away after any fault,
the library's logger is silent, and its socket is asked for close codes.

Tested against OBS 29.0.2 with obs-websocket 5.1.0 and against a fake server with the faults that
OBS shows; not against OBS 30 and later. For a host other than this one the library follows a proxy
named in the environment.
"""

from __future__ import annotations

import asyncio
import json
import logging
import queue
import select
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

import websocket
from obsws_python.baseclient import ObsClient
from obsws_python.error import OBSSDKError, OBSSDKTimeoutError

from controller.adapters.obs import faults
from controller.adapters.obs.changeover import UNSENT
from controller.adapters.obs.faults import FaultError, Retry, fault_of_close
from controller.adapters.obs.hearing import EVENT_GROUPS, Hearing, groups
from controller.adapters.obs.protocol import Answer, OutOfStepError, answer_of
from controller.adapters.obs.websocket_studio import WebSocketStudio

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import SecretStr


OP_IDENTIFIED, OP_REIDENTIFY, OP_EVENT = 2, 3, 5


class ClosedByObsError(Exception):
    """OBS sent a close frame."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"close code {code}")
        self.code = code


class CodedSocket:
    """The library's socket as the library's code expects one, with what that code leaves out.

    A close frame raises with its code instead of reading as no text, and events are told apart
    from answers.
    """

    def __init__(self, socket: Any, hearing: Hearing) -> None:  # noqa: ANN401 (the library ships no types)
        self._socket = socket
        self._hearing = hearing
        # Before it hands a close frame over, recv_data answers it; where OBS is gone by then, that
        # answer fails and the code with it. We close without a handshake anyway.
        socket.send_close = lambda *_, **__: None

    def take_events(self) -> None:
        """Hear what has come since the last answer; an answer among it belongs to nobody."""
        while select.select([self._socket.sock], [], [], 0)[0]:
            if not self._is_event(self._next()):
                raise OutOfStepError("an answer that nobody waits for")

    def send(self, text: str) -> None:
        """Send one message."""
        self._socket.send(text)

    def recv(self) -> str:
        """The next message that is no event. Raises ClosedByObsError."""
        while self._is_event(text := self._next()):
            pass
        return text

    def _next(self) -> str:
        opcode, payload = self._socket.recv_data()
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            raise ClosedByObsError(int.from_bytes(payload[:2], "big") if len(payload) >= 2 else None)
        return str(payload, "utf-8")

    def _is_event(self, text: str) -> bool:
        message = json.loads(text)
        if message["op"] != OP_EVENT:
            return False
        self._hearing.heard(message["d"])
        return True


class _Client(ObsClient):  # type: ignore[misc]  # the library ships no types
    """The library's client with a socket that is always given back."""

    def __init__(self, *, host: str, port: int, password: SecretStr, timeout_s: float) -> None:
        self.ws: Any = None
        self.hearing = Hearing()
        self.groups = EVENT_GROUPS
        try:
            super().__init__(
                host=host, port=port, password=password.get_secret_value(), subs=EVENT_GROUPS, timeout=timeout_s
            )
        except BaseException:
            self.give_back()
            raise
        self.raw_socket: Any = self.ws
        self.ws = CodedSocket(self.ws, self.hearing)

    def identify(self) -> None:
        """Answer the server's greeting."""
        if "authentication" in self.server_hello["d"] and not self.password:
            raise FaultError(faults.NO_PASSWORD, Retry.SLOWLY)
        self.authenticate()

    def asked(self, request_type: str, data: Mapping[str, object] | None) -> Answer:
        """Send one request and take its answer, unless OBS had better be left alone."""
        self.ws.take_events()
        if self.hearing.changeover.under_way():
            return UNSENT
        return answer_of(request_type, self.req(request_type, data))

    def subscribe(self, wanted: int) -> None:
        """Hear other groups of events from now on."""
        if wanted == self.groups or self.hearing.changeover.under_way():
            return
        self.ws.take_events()
        self.ws.send(json.dumps({"op": OP_REIDENTIFY, "d": {"eventSubscriptions": wanted}}))
        if json.loads(self.ws.recv())["op"] != OP_IDENTIFIED:
            raise OutOfStepError("no answer to Reidentify")
        self.groups = wanted

    def interrupt(self) -> None:
        """From another thread: end whatever the owning thread waits for."""
        self.raw_socket.abort()

    def give_back(self) -> None:
        """Close without the closing handshake, which could wait for a peer that hangs."""
        socket = getattr(self, "raw_socket", self.ws)
        if socket is not None:
            socket.shutdown()


_FAULTS: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((OBSSDKTimeoutError, websocket.WebSocketTimeoutException, TimeoutError), faults.SILENT),
    ((websocket.WebSocketBadStatusException, websocket.WebSocketProtocolException, OBSSDKError), faults.NOT_OBS),
    ((ConnectionResetError, BrokenPipeError, websocket.WebSocketException), faults.CLOSED),
    ((OSError,), faults.NO_CONNECTION),
    ((OutOfStepError, ValueError, KeyError, TypeError), faults.NOT_OBS),
)


def fault_of(error: Exception) -> FaultError:
    """The fault that an exception of the library, its socket or its parsing stands for.

    Raises:
        Exception: `error` itself, when it is none of those.
    """
    if isinstance(error, FaultError):
        return error
    if isinstance(error, ClosedByObsError):
        return fault_of_close(error.code)
    problem = next((problem for kinds, problem in _FAULTS if isinstance(error, kinds)), None)
    if problem is None:
        raise error
    return FaultError(problem)


class ObswsLink:
    """One client and the thread that owns it."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = queue.SimpleQueue()
        self._client: _Client | None = None
        # A daemon: a peer that dribbles bytes can hold it, and must not hold the program's end.
        self._thread = threading.Thread(target=self._work, name="obs", daemon=True)

    @classmethod
    async def open(cls, *, host: str, port: int, password: SecretStr, timeout_s: float) -> ObswsLink:
        """Connect and identify; `timeout_s` bounds each receive from then on. Raises FaultError."""
        # At INFO the library logs the password, and at ERROR a traceback for every refused request.
        logging.getLogger("obsws_python").setLevel(logging.CRITICAL)
        link = cls()
        link._thread.start()
        try:
            await link._in_thread(lambda: link._connect(host, port, password, timeout_s))
        except BaseException:
            await link.close()
            raise
        return link

    async def call(self, request_type: str, data: Mapping[str, object] | None = None, /) -> Answer:
        """Send one request and give its answer. Raises FaultError."""
        answer: Answer = await self._in_thread(lambda: self._connected().asked(request_type, data))
        return answer

    async def listen(self, *, to_sound: bool) -> None:
        """Hear how loud inputs are from now on, or no more. Raises FaultError."""
        await self._in_thread(lambda: self._connected().subscribe(groups(to_sound=to_sound)))

    def level(self, input_name: str) -> float | None:
        """How loud the input was since the last time; None when that is unknown."""
        return None if self._client is None else self._client.hearing.levels.take(input_name)

    async def close(self) -> None:
        """Wake the thread out of whatever it waits for, and let it end; does not wait for it."""
        if self._client is not None:
            self._client.interrupt()
        self._jobs.put(None)

    async def _in_thread(self, job: Callable[[], Any]) -> Any:  # noqa: ANN401 (the job's own result)
        future: Future[Any] = Future()
        self._jobs.put((job, future))
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 (fault_of raises what it does not know)
            raise fault_of(error) from None

    def _connect(self, host: str, port: int, password: SecretStr, timeout_s: float) -> None:
        self._client = _Client(host=host, port=port, password=password, timeout_s=timeout_s)
        self._client.identify()

    def _connected(self) -> _Client:
        if self._client is None:
            raise FaultError(faults.CLOSED)
        return self._client

    def _work(self) -> None:
        while (next_job := self._jobs.get()) is not None:
            job, future = next_job
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(job())
            except BaseException as error:  # noqa: BLE001 (it belongs to whoever waits for the future)
                future.set_exception(error)
        if self._client is not None:
            self._client.give_back()


class ObswsStudio(WebSocketStudio):
    """OBS through this library."""

    link = ObswsLink
