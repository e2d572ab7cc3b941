"""Every OBS adapter in turn, and an OBS for it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from deploy.demo.namespaces import Namespace
from tests.contract.real_obs import RealObs
from tests.contract.real_studios import ADAPTERS, adapters
from tests.contract.studios import SESSIONS, STUDIOS
from tests.fakes.obs_websocket import FakeObs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.contract import real_studios
    from tests.contract.studios import Make


@pytest.fixture(params=STUDIOS)
def make(request: pytest.FixtureRequest) -> Make:
    """One adapter after the other."""
    return STUDIOS[request.param]


@pytest.fixture(params=SESSIONS)
def make_session(request: pytest.FixtureRequest) -> Make:
    """One adapter that holds a session with OBS itself, after the other."""
    return SESSIONS[request.param]


@pytest.fixture
async def obs() -> AsyncIterator[FakeObs]:
    """An OBS that works."""
    async with FakeObs() as obs:
        yield obs


@pytest.fixture(scope="module")
def namespace() -> Iterator[Namespace]:
    """This thread, and with it every socket that a test opens, moves into a namespace with OBS."""
    home = Namespace("home", os.open("/proc/thread-self/ns/net", os.O_RDONLY))
    with home, Namespace.create("obs") as namespace:
        namespace.run(["ip", "link", "set", "lo", "up"])
        namespace.enter()
        yield namespace
        home.enter()


@pytest.fixture(scope="module")
def machine(namespace: Namespace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealObs]:
    """A display, and OBS set up on it."""
    with RealObs(namespace, tmp_path_factory.mktemp("obs")) as machine:
        yield machine


@pytest.fixture(params=ADAPTERS)
async def studio(request: pytest.FixtureRequest) -> AsyncIterator[real_studios.Make]:
    """How to make one adapter after the other, for a real OBS."""
    async with adapters(request.param) as make:
        yield make
