"""The unit's four calls as values: settings, telemetry, a write, a reboot. No decisions here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from controller.adapters.uray.parsing import BadReplyError, OutputSettings, Telemetry, parse_output, parse_status
from controller.adapters.uray.settings import full_set
from controller.adapters.uray.transport import DevicePath, Failure, FailureKind, Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_Parsed = TypeVar("_Parsed")

SUCCESS = b"succeed"  # the whole body of a reply that reports success, apart from white space


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long each request may take in all, seconds, and how long a write may need to show."""

    read_s: float = 2.0
    write_s: float = 5.0
    # A unit that applies a write just after it said `succeed` gets this long before the last read-back.
    settle_s: float = 0.3


class Said(StrEnum):
    """What came back from an order."""

    SUCCEED = "succeed"
    SOMETHING_ELSE = "something else"
    NOTHING = "nothing"  # it may have worked
    NOT_SENT = "not sent"


@dataclass(frozen=True, slots=True)
class Answer:
    """The unit's answer to an order; `problem` is the operator's line where it is not `succeed`."""

    said: Said
    problem: str = ""


class Device:
    """One output of one unit."""

    def __init__(self, *, transport: Transport, input_index: int, output: int, deadlines: Deadlines) -> None:
        self._transport = transport
        self._deadlines = deadlines
        self._input_index = input_index
        self._output = output

    @property
    def host(self) -> str:
        """The unit's host, for messages."""
        return self._transport.host

    async def settings(self) -> OutputSettings | Failure:
        """The output's settings now."""
        query = {"input": str(self._input_index), "output": str(self._output)}
        body = await self._transport.get(DevicePath.GET_OUTPUT, query, deadline_s=self._deadlines.read_s)
        return self._parsed(body, parse_output)

    async def telemetry(self) -> Telemetry | Failure:
        """The unit's status now."""
        body = await self._transport.get(DevicePath.GET_STATUS, {}, deadline_s=self._deadlines.read_s)
        return self._parsed(body, parse_status)

    async def write(self, settings: OutputSettings, changed: Mapping[str, str]) -> Answer:
        """Write everything in `settings` with `changed` in place. Sent once: a repeat needs a read first."""
        query = full_set(settings, changed)
        body = await self._transport.get(
            DevicePath.SET_OUTPUT, query, deadline_s=self._deadlines.write_s, encoding=settings.encoding
        )
        return _answer(body, self.host)

    async def reboot(self) -> Answer:
        """Order a reboot. Sent once, never repeated."""
        return _answer(await self._transport.get(DevicePath.REBOOT, {}, deadline_s=self._deadlines.write_s), self.host)

    async def close(self) -> None:
        """Give connections back."""
        await self._transport.close()

    def _parsed(self, body: bytes | Failure, parse: Callable[..., _Parsed]) -> _Parsed | Failure:
        if isinstance(body, Failure):
            return body
        try:
            return parse(body, input_index=self._input_index, output=self._output)
        except BadReplyError as wrong:
            return Failure(FailureKind.BAD_REPLY, f"encoder {self.host}: bad reply: {wrong}")


def _answer(body: bytes | Failure, host: str) -> Answer:
    if isinstance(body, Failure):
        not_sent = body.kind in {FailureKind.UNREACHABLE, FailureKind.AUTH}
        wrong_words = body.kind is FailureKind.BAD_REPLY
        said = Said.NOT_SENT if not_sent else Said.SOMETHING_ELSE if wrong_words else Said.NOTHING
        return Answer(said, body.problem)
    if body.strip() == SUCCESS:
        return Answer(Said.SUCCEED)
    return Answer(Said.SOMETHING_ELSE, f"encoder {host}: it did not say `succeed`")  # its words may hold the key
