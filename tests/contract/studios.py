"""The OBS adapters, each made ready to talk to a fake OBS: what passes with one must pass with all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from pydantic import SecretStr

from controller.adapters.obs.sequences import Watched
from controller.adapters.obs.studio import Deadlines, ReconnectingStudio
from controller.adapters.obs_http import HttpStudio
from controller.adapters.obs_obsws import ObswsStudio
from controller.adapters.obs_simple import SimpleStudio
from tests.fakes.clock import FakeClock
from tests.fakes.obs_websocket import PASSWORD

# Quick enough for a suite, and slow enough for a machine that runs other things too.
DEADLINES = Deadlines(connect_s=2.0, call_s=1.0, action_s=3.0)
WATCHED = Watched(picture="Ingest")


class Port(Protocol):
    """Something that listens on a port."""

    port: int


Make = Callable[..., ReconnectingStudio]


def _over_websocket(studio: type[ObswsStudio | SimpleStudio]) -> Make:
    def make(obs: Port, *, clock: FakeClock | None = None, password: str = PASSWORD) -> ReconnectingStudio:
        return studio(
            host="127.0.0.1",
            port=obs.port,
            password=SecretStr(password),
            watched=WATCHED,
            clock=clock or FakeClock(),
            jitter=lambda: 0.0,
            deadlines=DEADLINES,
        )

    return make


def _over_http(obs: Port, *, clock: FakeClock | None = None, password: str = PASSWORD) -> ReconnectingStudio:
    return HttpStudio(
        base_url=f"http://127.0.0.1:{obs.port}",
        key=SecretStr(password),
        watched=WATCHED,
        clock=clock or FakeClock(),
        jitter=lambda: 0.0,
        deadlines=DEADLINES,
    )


# Those that hold a session with OBS themselves, and so see how it ends.
SESSIONS: dict[str, Make] = {"obsws-python": _over_websocket(ObswsStudio), "simpleobsws": _over_websocket(SimpleStudio)}
STUDIOS: dict[str, Make] = SESSIONS | {"obs-websocket-http": _over_http}
