"""The ingest exporter's command line, and sources that misbehave."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from exporters.ingest.__main__ import run
from exporters.ingest.reading import MAX_PAGE_BYTES, FetchError, StatPages

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

KEY = "s3cret"


Complaint = Callable[..., str]


@pytest.fixture
def complaint(refused: Complaint) -> Complaint:
    """What this exporter says to a command line that must be refused."""
    return partial(refused, run, "exporters.ingest")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "the following arguments are required: --stream"),
        (["--stream", f"publish/{KEY}"], "argument --stream: --stream takes ALIAS=APP/NAME"),
        (["--stream", "cam=publish/@/no/such"], "cannot read the key file /no/such: No such file or directory"),
        (["--stream", f"a=publish/{KEY}", "--stream", f"b=publish/{KEY}"], "streams a and b stand for the same stream"),
        (["--stream", f"a=publish/{KEY}", "--stat", "ftp://here/"], "argument --stat: give an http:// URL"),
        (["--stream", f"a=publish/{KEY}", "--stat", f"http://u:{KEY}@here/"], "argument --stat: give an http:// URL"),
        (["--stream", f"a=publish/{KEY}", "--server", "icecast"], "argument --server: invalid Server value"),
        (["--stream", f"a=publish/{KEY}", "--authorization", f"Basic {KEY}"], "give @FILE, a file with the header"),
        (["--stream", f"a=publish/{KEY}", "--authorization", "@/no/such"], "cannot read the file /no/such"),
        (["--stream", f"a=publish/{KEY}", "--interval", "0"], "argument --interval: '0' is not a number of seconds"),
        (["--stream", f"a=publish/{KEY}", "--listen", "203.0.113.9:1"], "cannot listen on 203.0.113.9:1"),
    ],
)
def test_wrong_command_line_is_one_line_without_the_key(given: list[str], said: str, complaint: Complaint) -> None:
    """What is wrong is told in one line, with exit code 2, and never with a key."""
    told = complaint(*given)

    assert said in told
    assert KEY not in told


def test_key_file_that_is_no_text_is_refused(tmp_path: Path, complaint: Complaint) -> None:
    """A key file of another kind is one line too."""
    (tmp_path / "key").write_bytes(b"\xff\xfe")

    assert "cannot read the key file" in complaint("--stream", f"cam=publish/@{tmp_path}/key")


@pytest.fixture
async def served() -> AsyncIterator[str]:
    """A server with one path for each kind of answer; its address."""

    async def hang(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await asyncio.Event().wait()
        return response

    async def answer(request: web.Request) -> web.Response:
        kinds = {
            "good": web.Response(body=b"<rtmp/>"),
            "missing": web.Response(status=404),
            "moved": web.Response(status=302, headers={"Location": "/good"}),
            "huge": web.Response(body=b"x" * (MAX_PAGE_BYTES + 1)),
        }
        return kinds[request.match_info["kind"]]

    application = web.Application()
    application.router.add_get("/hang", hang)
    application.router.add_get("/{kind}", answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}"
    await runner.cleanup()


async def test_page_is_fetched_with_its_time(served: str) -> None:
    """A good answer is the page and the loop's clock."""
    before = asyncio.get_running_loop().time()
    async with StatPages() as pages:
        at_s, body = await pages.fetch(f"{served}/good")

    assert body == b"<rtmp/>"
    assert before <= at_s <= asyncio.get_running_loop().time()


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("missing", "the statistics page answers HTTP 404; check --stat"),
        ("moved", "the statistics page answers HTTP 302; check --stat"),
        ("huge", "the statistics page is larger than 1048576 bytes; check --stat"),
    ],
)
async def test_other_answers_are_refused(served: str, kind: str, said: str) -> None:
    """An error, a redirect and a page without end are refused by name."""
    async with StatPages() as pages:
        with pytest.raises(FetchError) as refused:
            await pages.fetch(f"{served}/{kind}")

    assert str(refused.value) == said


async def test_absent_server_is_told(unused_tcp_port: int) -> None:
    """When nothing listens, the message asks for the server."""
    async with StatPages() as pages:
        with pytest.raises(FetchError, match=r"cannot be read .*; is the server up"):
            await pages.fetch(f"http://127.0.0.1:{unused_tcp_port}/stat")


async def test_answer_that_hangs_can_be_given_up(served: str) -> None:
    """An answer that never ends is given up by the caller's deadline, and the next fetch works."""
    async with StatPages() as pages:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await pages.fetch(f"{served}/hang")
    async with StatPages() as pages:
        assert (await pages.fetch(f"{served}/good"))[1] == b"<rtmp/>"
