"""The adapter between a caller and a stand-in for the ntfy server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from deploy.ntfy.__main__ import Adapter, main
from deploy.ntfy.message import Topic

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PAYLOAD = {
    "version": "4",
    "status": "firing",
    "alerts": [{"status": "firing", "labels": {"alertname": "A", "severity": "critical"}}],
}


class Ntfy:
    """Takes messages, or answers with `status`."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.tokens: list[str | None] = []
        self.status = 200

    async def publish(self, request: web.Request) -> web.Response:
        """Keep what came."""
        self.messages.append(await request.json())
        self.tokens.append(request.headers.get("Authorization"))
        return web.Response(status=self.status)


@pytest.fixture
def ntfy() -> Ntfy:
    """A server of topics."""
    return Ntfy()


@pytest_asyncio.fixture
async def client(ntfy: Ntfy) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    """A caller of an adapter that publishes there."""
    application = web.Application()
    application.add_routes([web.post("/", ntfy.publish)])
    async with TestServer(application) as server:
        adapter = Adapter(Topic(str(server.make_url("/")), "mine"), "sesame")
        async with TestClient(TestServer(adapter.application())) as one:
            yield one


async def test_a_webhook_becomes_a_message(ntfy: Ntfy, client: TestClient[web.Request, web.Application]) -> None:
    """It is published to the topic with the token, and the caller hears 200."""
    answer = await client.post("/", json=PAYLOAD)

    assert answer.status == 200
    assert [(one["topic"], one["title"], one["priority"]) for one in ntfy.messages] == [("mine", "A", 5)]
    assert ntfy.tokens == ["Bearer sesame"]


async def test_a_refusal_is_passed_on(ntfy: Ntfy, client: TestClient[web.Request, web.Application]) -> None:
    """What ntfy does not take is a 502, so that Alertmanager tries again; the topic is not told."""
    ntfy.status = 429
    answer = await client.post("/", json=PAYLOAD)

    assert (answer.status, await answer.text()) == (502, "HTTP 429")


async def test_garbage_is_not_published(ntfy: Ntfy, client: TestClient[web.Request, web.Application]) -> None:
    """It is a 400, which Alertmanager does not repeat at once."""
    assert (await client.post("/", data=b"garbage")).status == 400
    assert ntfy.messages == []


async def test_an_empty_payload_is_taken(ntfy: Ntfy, client: TestClient[web.Request, web.Application]) -> None:
    """Nothing to tell is no fault."""
    assert (await client.post("/", json=PAYLOAD | {"alerts": []})).status == 200
    assert ntfy.messages == []


async def test_a_server_that_is_gone() -> None:
    """No ntfy at all is a 502 as well, without the address."""
    adapter = Adapter(Topic("http://127.0.0.1:1/", "mine"), None)
    async with TestClient(TestServer(adapter.application())) as client:
        answer = await client.post("/", json=PAYLOAD)
        assert (answer.status, await answer.text()) == (502, "ClientConnectorError")
        assert (await client.get("/-/healthy")).status == 200


@pytest.mark.parametrize("text", ["", "https://ntfy.sh/"])
def test_a_bad_topic_is_one_line(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command ends with code 2 and says what the file must hold."""
    path = tmp_path / "topic"
    path.write_text(text)

    assert main(["--topic-url-file", str(path)]) == 2
    assert capsys.readouterr().err == "deploy.ntfy: the topic's address must look like https://ntfy.sh/my-topic\n"
