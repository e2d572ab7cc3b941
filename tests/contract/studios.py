"""The OBS adapters, each made ready to talk to a fake OBS: what passes with one must pass with all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from pydantic import SecretStr

from controller.adapters.obs.studio import Deadlines, ReconnectingStudio
from controller.adapters.obs_obsws import ObswsStudio
from tests.fakes.clock import FakeClock
from tests.fakes.obs_websocket import PASSWORD

QUICK = Deadlines(connect_s=0.6, call_s=0.5, action_s=2.0)


class Port(Protocol):
    """Something that listens on a port."""

    port: int


Make = Callable[..., ReconnectingStudio]


def obsws(obs: Port, *, clock: FakeClock | None = None, password: str = PASSWORD) -> ReconnectingStudio:
    """Through obsws-python."""
    return ObswsStudio(
        host="127.0.0.1",
        port=obs.port,
        password=SecretStr(password),
        ingest_source="Ingest",
        clock=clock or FakeClock(),
        jitter=lambda: 0.0,
        deadlines=QUICK,
    )


STUDIOS: dict[str, Make] = {"obsws-python": obsws}
