"""What went wrong with OBS, how soon to try again, and the waiting times. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FIRST_DELAY_S, LONGEST_DELAY_S = 0.5, 10.0
# OBS shows its operator a message for each wrong password; once a minute tells that it was corrected.
SLOW_DELAY_S = 60.0


class Retry(StrEnum):
    """When a new connection may be tried."""

    BACK_OFF = "back off"
    SLOWLY = "slowly"
    NEVER = "never"


class FaultError(Exception):
    """A connection that must be thrown away. `problem` is the operator's line, without secrets."""

    def __init__(self, problem: str, retry: Retry = Retry.BACK_OFF) -> None:
        super().__init__(problem)
        self.problem = problem
        self.retry = retry


class NotConnectedError(FaultError):
    """No connection came about: nothing was sent."""


SILENT = "no answer in time; look whether OBS hangs or shows a dialog"
NO_CONNECTION = "no connection; start OBS and enable its WebSocket server (Tools, WebSocket Server Settings)"
NOT_OBS = "what answers there is not obs-websocket 5; check host and port"
WRONG_PASSWORD = "it refuses our password; set the one from Tools, WebSocket Server Settings"  # noqa: S105 (a message)
NO_PASSWORD = "it wants a password and we have none; set the one from Tools, WebSocket Server Settings"  # noqa: S105 (a message)
CLOSED = "the connection was lost"


def fault_of_close(code: int | None) -> FaultError:
    """The fault for obs-websocket's close code; None is a connection that broke without one."""
    if code == 4009:
        return FaultError(WRONG_PASSWORD, Retry.SLOWLY)
    if code == 4010:
        return FaultError("it speaks no rpcVersion 1; use OBS 28 or newer", Retry.NEVER)
    if code == 4011:
        return FaultError(
            "its operator ended our session, so we stay away; restart the controller to come back", Retry.NEVER
        )
    if code is not None and 4002 <= code <= 4008:
        return FaultError(f"it rejected our message as malformed (close code {code}); report this", Retry.NEVER)
    if code == 1001:
        return FaultError("it shut down")
    return FaultError(CLOSED)


def delays(jitter: Callable[[], float]) -> Iterator[float]:
    """Waiting times after failed connections, seconds: 0.5 doubling to 10, each shortened by up to a fifth.

    `jitter` gives 0 to 1. Shortened, not lengthened: the stated maximum holds.
    """
    delay_s = FIRST_DELAY_S
    while True:
        yield delay_s * (1 - 0.2 * jitter())
        delay_s = min(LONGEST_DELAY_S, delay_s * 2)
