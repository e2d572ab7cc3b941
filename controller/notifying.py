"""What systemd is told: that the loop ticks, that it goes on ticking, that it ends. As in sd_notify(3).

The watchdog is fed from what the loop did, not from the fact that this process lives: one that hangs is restarted.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_log = logging.getLogger(__name__)
READY, WATCHDOG, STOPPING = "READY=1", "WATCHDOG=1", "STOPPING=1"
_LOOK_EVERY_S = 0.25
# systemd advises half; a third leaves room for one look that came late.
_FEED_SHARE = 1 / 3


@dataclass(frozen=True, slots=True)
class ServiceManager:
    """Who started us: where it listens, and how often it wants to hear that we are well; None for never."""

    address: str
    watchdog_s: float | None

    def tell(self, state: str) -> None:
        """Send one state. Who does not listen any more is not waited for."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as speaking:
                speaking.sendto(state.encode(), self.address)
        except OSError as error:
            _log.warning("systemd was not told %s (%s)", state, error.strerror)


def service_manager(environment: Mapping[str, str], *, pid: int) -> ServiceManager | None:
    """The one that the environment of process `pid` names; None where nobody wants to be told."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return None
    wanted = environment.get("WATCHDOG_USEC", "")
    ours = environment.get("WATCHDOG_PID", str(pid)) == str(pid)
    watchdog_s = int(wanted) / 1e6 if ours and wanted.isdecimal() and int(wanted) > 0 else None
    return ServiceManager(address="\0" + address[1:] if address[0] == "@" else address, watchdog_s=watchdog_s)


async def accompany(manager: ServiceManager, *, ticking: Callable[[], bool], hanging: Callable[[], bool]) -> None:
    """Tell that we are ready once `ticking`, and feed the watchdog while not `hanging`, until cancelled."""
    try:
        while not ticking():  # noqa: ASYNC110 - the loop publishes what it did as a value
            await asyncio.sleep(_LOOK_EVERY_S)
        manager.tell(READY)
        while manager.watchdog_s is not None:
            if not hanging():
                manager.tell(WATCHDOG)
            await asyncio.sleep(manager.watchdog_s * _FEED_SHARE)
        await asyncio.Event().wait()
    finally:
        manager.tell(STOPPING)


def own_service_manager() -> ServiceManager | None:
    """The one of this process."""
    return service_manager(os.environ, pid=os.getpid())
