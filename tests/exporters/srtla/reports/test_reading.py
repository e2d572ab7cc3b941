"""Reports from a real HTTP server, a real Unix socket and real files."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from exporters.srtla.reports.model import MAX_REPORT_BYTES, ReportError
from exporters.srtla.reports.reading import Pages, Tail, Updates, whole

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

KEY = "s3cret"


@pytest.fixture
async def served() -> AsyncIterator[str]:
    """A server with one path for each kind of answer; its address."""

    async def answer(request: web.Request) -> web.Response:
        if request.headers.get("Authorization") not in {None, KEY}:
            return web.Response(status=401)
        kinds = {
            "good": web.Response(body=json.dumps(dict(request.query)).encode()),
            "absent": web.Response(status=404, body=b'{"publishers":{}}'),
            "missing": web.Response(status=404, body=b"no such page"),
            "broken": web.Response(status=500),
            "moved": web.Response(status=302, headers={"Location": "/good"}),
            "huge": web.Response(body=b"x" * (MAX_REPORT_BYTES + 1)),
        }
        return kinds[request.match_info["kind"]]

    application = web.Application()
    application.router.add_get("/{kind}", answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}"
    await runner.cleanup()


async def test_page_with_its_query(served: str) -> None:
    """The publisher's name goes into the query, whatever characters it has."""
    pages = Pages()
    body = await pages.fetch(f"{served}/good", {"publisher": "publish/live/a&b c"})
    await pages.close()

    assert json.loads(body) == {"publisher": "publish/live/a&b c"}


async def test_absent_publisher_may_be_a_404(served: str) -> None:
    """A 404 with a JSON object is an answer; any other is not."""
    pages = Pages(KEY)
    body = await pages.fetch(f"{served}/absent")
    with pytest.raises(ReportError, match="answers HTTP 404; check its address"):
        await pages.fetch(f"{served}/missing")
    await pages.close()

    assert body == b'{"publishers":{}}'


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("broken", "the statistics page answers HTTP 500; check its address"),
        ("moved", "the statistics page answers HTTP 302; check its address"),
        ("huge", "the statistics page is larger than 1048576 bytes; check its address"),
    ],
)
async def test_other_answers_are_refused(served: str, kind: str, said: str) -> None:
    """An error, a redirect and a page without end are refused by name."""
    pages = Pages(KEY)
    with pytest.raises(ReportError) as refused:
        await pages.fetch(f"{served}/{kind}", {"publisher": KEY})
    await pages.close()

    assert str(refused.value) == said


async def test_wrong_key_is_told(served: str) -> None:
    """The message names the remedy, and neither key."""
    pages = Pages("wr0ng")
    with pytest.raises(ReportError, match="wants a key: give --api-key-file") as refused:
        await pages.fetch(f"{served}/good")
    await pages.close()

    assert "wr0ng" not in str(refused.value)


async def test_absent_server_is_told(unused_tcp_port: int) -> None:
    """When nothing listens, the message asks for the server, and has no address in it."""
    pages = Pages()
    with pytest.raises(ReportError, match=r"cannot be read \(.*\); is the server up") as refused:
        await pages.fetch(f"http://127.0.0.1:{unused_tcp_port}/stats/{KEY}")
    await pages.close()

    assert KEY not in str(refused.value)


class Program:
    """A program with a control socket: it writes its lines to everyone who subscribes."""

    def __init__(self, *lines: bytes) -> None:
        self._lines = lines
        self.asked: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.asked.append(await reader.readline())
        writer.writelines(self._lines)
        await writer.drain()
        writer.close()


ANSWER = b'{"jsonrpc":"2.0","id":1,"result":{"subscription_id":1}}\n'
UPDATE = b'{"method":"stats.update","params":{"data":{"links":[]}}}\n'


async def test_updates_are_pushed(tmp_path: Path) -> None:
    """One subscription, the answer passed over, and each report in turn; after the end it subscribes anew."""
    program, path = Program(ANSWER, UPDATE, UPDATE), str(tmp_path / "control")
    async with await asyncio.start_unix_server(program.serve, path):
        updates = Updates(path)
        assert [await updates.next(), await updates.next()] == [UPDATE, UPDATE]
        with pytest.raises(ReportError, match="control socket fails"):
            await updates.next()
        assert await updates.next() == UPDATE
        await updates.close()

    assert len(program.asked) == 2


@pytest.mark.parametrize(
    "line",
    [b"no json\n", b"x" * (MAX_REPORT_BYTES + 2), b'{"error":{"code":-32601}}\n', b"7\n"],
    ids=["text", "endless", "refusal", "seven"],
)
async def test_other_lines_end_the_connection(line: bytes, tmp_path: Path) -> None:
    """A program that speaks otherwise is an error each time, and no memory without end."""
    program, path = Program(line), str(tmp_path / "control")
    async with await asyncio.start_unix_server(program.serve, path):
        updates = Updates(path)
        for _ in range(2):
            with pytest.raises(ReportError):
                await updates.next()

    assert len(program.asked) == 2


async def test_absent_socket_is_told(tmp_path: Path) -> None:
    """Without a program there is no socket."""
    with pytest.raises(ReportError, match=r"control socket fails .*; does it run"):
        await Updates(str(tmp_path / "none")).next()


def test_tail_begins_at_the_end(tmp_path: Path) -> None:
    """History is not counted as if it came now; what is appended is; a new file is read whole."""
    path = tmp_path / "stats.json"
    path.write_bytes(b"old\n")
    tail = Tail(str(path))
    assert tail.read() == b""

    with path.open("ab") as file:
        file.write(b"new\n")
    assert tail.read() == b"new\n"

    path.unlink()
    path.write_bytes(b"other file\n")
    assert tail.read() == b"other file\n"

    path.write_bytes(b"cut\n")
    assert tail.read() == b"cut\n"
    tail.close()


def test_missing_files_are_told(tmp_path: Path) -> None:
    """The message names the file."""
    path = str(tmp_path / "none")
    for read in (Tail(path).read, lambda: whole(path)):
        with pytest.raises(ReportError, match="none cannot be read: No such file or directory"):
            read()
