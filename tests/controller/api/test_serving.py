"""Listening: one clear line where it cannot be, an answer where it can, an end that gives the port back."""

from __future__ import annotations

import asyncio
import socket

import httpx
import pytest

from controller.api.app import build_app
from controller.api.serving import ListenError, bind, serve
from tests.controller.faces import Behind


def test_a_taken_port_is_named_with_the_remedy() -> None:
    """Two controllers on one port: the second one says so."""
    with bind("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(ListenError) as refusal:
            bind("127.0.0.1", port)

    assert str(refusal.value) == (
        f"api.listen: port {port} is taken on 127.0.0.1; stop what listens there, or choose another port"
    )


@pytest.mark.parametrize(
    ("host", "says"),
    [
        ("192.0.2.1", "api.listen: 192.0.2.1 is not an address of this machine; write one that is, like 127.0.0.1"),
        ("no such", "api.listen: no such is no address; write one of this machine's, like 127.0.0.1"),
    ],
)
def test_an_address_of_elsewhere_is_refused(host: str, says: str) -> None:
    """Only an address of this machine can be listened on."""
    with pytest.raises(ListenError) as refusal:
        bind(host, 0)

    assert str(refusal.value) == says


def test_ipv6_can_be_listened_on() -> None:
    """The loopback of IPv6 is an address like any other."""
    with bind("::1", 0) as bound:
        assert bound.family is socket.AF_INET6


async def test_it_answers_until_it_is_ended_and_gives_the_port_back() -> None:
    """The server runs in the loop's own process, ends when its task does, and leaves nothing listening."""
    bound = bind("127.0.0.1", 0)
    port = bound.getsockname()[1]
    app = build_app(Behind().face())
    serving = asyncio.create_task(serve(app, bound))
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(f"http://127.0.0.1:{port}/-/healthy")
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    assert answer.status_code == 200
    assert serving.cancelled()
    bind("127.0.0.1", port).close()
