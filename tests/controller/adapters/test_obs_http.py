"""What a bridge's comments stand for."""

from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from controller.adapters.obs import faults
from controller.adapters.obs.faults import Retry
from controller.adapters.obs_http import NO_OBS_BEHIND, NOT_A_BRIDGE, WRONG_KEY, HttpStudio, fault_of_comment


@pytest.mark.parametrize(
    ("comment", "problem", "retry"),
    [
        ("Invalid authorization key.", WRONG_KEY, Retry.SLOWLY),
        ("You are missing the `Authorization` header.", WRONG_KEY, Retry.SLOWLY),
        ("The obs-websocket request timed out.", faults.SILENT, Retry.BACK_OFF),
        ("obs-websocket is not connected.", NO_OBS_BEHIND, Retry.BACK_OFF),
        ("", NOT_A_BRIDGE, Retry.BACK_OFF),
    ],
)
def test_comments(comment: str, problem: str, retry: Retry) -> None:
    """Each comment of the bridge has its line for the operator, and its pace."""
    fault = fault_of_comment(comment)

    assert (fault.problem, fault.retry) == (problem, retry)


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        (401, "{}", WRONG_KEY),
        (403, "", WRONG_KEY),
        (404, "<html>", NOT_A_BRIDGE),
        (200, "[]", NOT_A_BRIDGE),
        (200, '{"result": true}', NOT_A_BRIDGE),
        (200, '{"result": true, "requestResult": {"requestType": "GetStats"}}', NOT_A_BRIDGE),
        (502, "Bad Gateway", NOT_A_BRIDGE),
    ],
)
async def test_what_is_no_bridge(status: int, body: str, problem: str) -> None:
    """A web server that is no bridge, or a proxy that guards one, is told as such."""

    async def answer(_: web.BaseRequest) -> web.Response:
        return web.Response(status=status, text=body)

    app = web.Application()
    app.router.add_post("/{path:.*}", answer)
    async with TestServer(app) as server:
        studio = HttpStudio(base_url=str(server.make_url("")), key=SecretStr("key"))
        read = await studio.read()
        await studio.close()

    assert (read.reachable, problem in (read.problem or "")) == (False, True)
