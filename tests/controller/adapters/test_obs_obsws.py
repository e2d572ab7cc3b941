"""What obsws-python leaves out: close codes, and what its exceptions stand for."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
import websocket
from obsws_python.error import OBSSDKError, OBSSDKTimeoutError

from controller.adapters.obs import faults
from controller.adapters.obs.changeover import BEGINS
from controller.adapters.obs.faults import FaultError
from controller.adapters.obs.hearing import Hearing
from controller.adapters.obs.protocol import OutOfStepError
from controller.adapters.obs_obsws import ClosedByObsError, CodedSocket, fault_of


class RawSocket:
    """The library's socket with frames that came; it answers a close frame before it hands it over, as the original."""

    def __init__(self, *frames: tuple[int, bytes]) -> None:
        self._frames = list(frames)
        self.sock, self._other = socket.socketpair()
        self._other.send(b"x" * len(frames))

    def send_close(self) -> None:
        """Fail, as it does when OBS is gone already."""
        raise BrokenPipeError

    def recv_data(self) -> tuple[int, bytes]:
        """The next frame."""
        self.sock.recv(1)
        opcode, payload = self._frames.pop(0)
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            self.send_close()
        return opcode, payload

    def close(self) -> None:
        """Give the descriptors back."""
        self.sock.close()
        self._other.close()


def text(op: int, **data: Any) -> tuple[int, bytes]:  # noqa: ANN401 (any JSON)
    """A frame with a message."""
    return websocket.ABNF.OPCODE_TEXT, json.dumps({"op": op, "d": data}).encode()


def test_the_close_code_survives_a_peer_that_is_gone() -> None:
    """The code of a close frame is kept where answering it fails."""
    raw = RawSocket((websocket.ABNF.OPCODE_CLOSE, (4011).to_bytes(2, "big") + b"bye"))
    with pytest.raises(ClosedByObsError) as closed:
        CodedSocket(raw, Hearing()).recv()
    raw.close()

    assert closed.value.code == 4011


def test_a_close_frame_without_a_code() -> None:
    """A close frame may hold nothing."""
    raw = RawSocket((websocket.ABNF.OPCODE_CLOSE, b""))
    with pytest.raises(ClosedByObsError) as closed:
        CodedSocket(raw, Hearing()).recv()
    raw.close()

    assert closed.value.code is None


def test_events_are_heard_and_left_out() -> None:
    """Events before an answer are taken note of, and the answer is what is received."""
    raw, hearing = RawSocket(text(5, eventType=BEGINS), text(7, requestType="GetStats")), Hearing()
    received = CodedSocket(raw, hearing).recv()
    raw.close()

    assert (json.loads(received)["op"], hearing.changeover.under_way()) == (7, True)


def test_an_answer_that_nobody_waits_for() -> None:
    """An answer that lies there before the next request means that the two are out of step."""
    raw = RawSocket(text(5, eventType="X"), text(7, requestType="GetStats"))
    with pytest.raises(OutOfStepError):
        CodedSocket(raw, Hearing()).take_events()
    raw.close()


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (OBSSDKTimeoutError(), faults.SILENT),
        (websocket.WebSocketTimeoutException(), faults.SILENT),
        (TimeoutError(), faults.SILENT),
        (ConnectionRefusedError(), faults.NO_CONNECTION),
        (socket.gaierror(), faults.NO_CONNECTION),
        (ConnectionResetError(), faults.CLOSED),
        (BrokenPipeError(), faults.CLOSED),
        (websocket.WebSocketConnectionClosedException(), faults.CLOSED),
        (websocket.WebSocketBadStatusException("%s %s", 404), faults.NOT_OBS),
        (websocket.WebSocketProtocolException(), faults.NOT_OBS),
        (OBSSDKError(), faults.NOT_OBS),
        (json.JSONDecodeError("no", "", 0), faults.NOT_OBS),
        (KeyError("d"), faults.NOT_OBS),
        (TypeError(), faults.NOT_OBS),
        (OutOfStepError(), faults.NOT_OBS),
        (ClosedByObsError(4009), faults.WRONG_PASSWORD),
        (FaultError("as it is"), "as it is"),
    ],
)
def test_what_an_exception_stands_for(error: Exception, problem: str) -> None:
    """Every exception that the library, its socket or its parsing raises has its line for the operator."""
    assert fault_of(error).problem == problem


def test_a_programming_error_is_none() -> None:
    """What is none of those is raised as it is."""
    with pytest.raises(ZeroDivisionError):
        fault_of(ZeroDivisionError())
