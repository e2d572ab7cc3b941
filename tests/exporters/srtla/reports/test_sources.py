"""Whole sources: from a program's answer to points, through the frame's schedule."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import struct
import time
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from deploy.demo.namespaces import Namespace
from exporters.catalog import SRTLA
from exporters.collecting import Clock
from exporters.srtla.naming import parse_uplink
from exporters.srtla.reports.mapped import parse_map
from exporters.srtla.reports.options import Stream, Told
from exporters.srtla.reports.sources import asked
from tests.exporters.exposing import complaints, exposition

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

KEY = "publish/live/k3y-that-nobody-may-see"
API_KEY = "4pi-key-that-nobody-may-see"
UPLINKS = tuple(parse_uplink(text) for text in ("verizon=conn:1", "att=conn:2", "verizon=198.51.100.7"))
CLOCK = Clock(time.monotonic, time.time)
PUBLISHER = {
    "bitrate": 1,
    "rtt": 20,
    "uptime": 9,
    "mbpsRecvRate": 4.0,
    "pktRcvLoss": 3,
    "pktRcvDrop": 1,
    "latency": 500,
}


async def answer(request: web.Request) -> web.Response:
    """An SLS page for one, a page for those with the API key, OpenIRL's page, and one that is no JSON."""
    if request.path == "/bad":
        return web.Response(text=f"<html>{KEY}</html>")
    if request.path.startswith("/openirl/"):
        assert request.match_info["key"] == KEY
        peers = [{"connection_id": "00000001", "rtt": 31, "jitter": 2}]
        return web.json_response({"publisher": {"rtt": 30, "dropped_pkts": 2, "peers": peers}, "status": "ok"})
    if request.headers.get("Authorization") == API_KEY or request.query.get("publisher") == KEY:
        return web.json_response({"publishers": {KEY: PUBLISHER}, "status": "ok"})
    return web.Response(status=401)


@pytest.fixture
async def server() -> AsyncIterator[str]:
    """A server of all kinds; its address."""
    application = web.Application()
    application.router.add_get("/openirl/{key:.+}", answer)
    application.router.add_get("/{other}", answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}"
    await runner.cleanup()


async def exposed(told: Told, *, key: str = "", polls: int = 1) -> str:
    """What one source exposes after so many polls."""
    program = asked(told, [Stream("cam", KEY)], lambda: UPLINKS, key)
    for _ in range(polls):
        await program.source.poll(CLOCK)
    await program.close()
    return exposition(SRTLA, program.source.points("srtla", time.monotonic()))


@pytest.mark.parametrize("key", ["", API_KEY])
async def test_sls(server: str, key: str) -> None:
    """With the API key one page for all, without it a page for each known name: the same stream."""
    text = await exposed(Told("sls", f"{server}/stats"), key=key)

    assert 'srtla_scrape_collector_success{collector="api_sls"} 1.0' in text
    assert 'srtla_stream_publishing{stream="cam"} 1.0' in text
    assert 'srtla_stream_lost_segments_total{stream="cam"} 3.0' in text
    assert complaints(text) == ""


async def test_openirl(server: str) -> None:
    """The stream by its play id, and the uplink by its connection id."""
    text = await exposed(Told("openirl", f"{server}/openirl/"))

    assert 'srtla_stream_dropped_segments_total{stream="cam"} 2.0' in text
    assert 'srtla_uplink_rtt_seconds{uplink="verizon"} 0.031' in text


UPDATE = {
    "method": "stats.update",
    "params": {"data": {"links": [{"ip": "198.51.100.7", "rtt_ms": 80, "nak_count": 4}]}},
}


async def test_srtla_send(tmp_path: Path) -> None:
    """Links by address, as they are pushed."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(json.dumps(UPDATE).encode() + b"\n")
        await writer.drain()
        writer.close()

    path = str(tmp_path / "control")
    async with await asyncio.start_unix_server(serve, path):
        text = await exposed(Told("srtla_send", path))

    assert 'srtla_uplink_rtt_seconds{uplink="verizon"} 0.08' in text
    assert 'srtla_uplink_lost_segments_total{uplink="verizon"} 4.0' in text


@pytest.mark.root
async def test_statistics_packets() -> None:
    """What OpenIRL's receiver sends to its SRT server is seen on its way."""
    peers = struct.pack(">IIIQII", 2, 400, 9_000, 123_456, 5, 410)
    packet = struct.pack(">IIIIIIQ", 0x93000000, 0, 0, 7, 1 << 24 | 1 << 16, 400, 1) + peers
    with Namespace.create("openirl") as host:
        host.run(["ip", "link", "set", "lo", "up"])
        program = host.call(lambda: asked(Told("openirl", "4001"), [], lambda: UPLINKS, ""))
        with host.socket(kind=socket.SOCK_DGRAM) as receiver:
            receiver.sendto(packet, ("127.0.0.1", 4001))
        text = ""
        deadline_s = time.monotonic() + 5
        while "srtla_uplink" not in text and time.monotonic() < deadline_s:
            await program.source.poll(CLOCK)
            text = exposition(SRTLA, program.source.points("srtla", time.monotonic()))
        await program.close()

    assert 'srtla_uplink_receive_bytes_total{uplink="att"} 123456.0' in text
    assert 'srtla_uplink_jitter_seconds{uplink="att"} 0.009' in text


async def test_mapped(server: str) -> None:
    """A page of any program by a mapping."""
    path = f"/publishers/{KEY.replace('/', '~1')}/rtt"
    page = parse_map(json.dumps({"url": f"{server}/s", "streams": {"spare": {"rtt_seconds": [path, 0.001]}}}).encode())
    text = await exposed(Told("json", "/map", page=page), key=API_KEY)

    assert 'srtla_stream_rtt_seconds{stream="spare"} 0.02' in text


async def test_group_file(tmp_path: Path) -> None:
    """Links by address."""
    path = tmp_path / "srtla-group-4001"
    path.write_text("198.51.100.7\n203.0.113.7\n")
    text = await exposed(Told("srtla-group", str(path)))

    assert 'srtla_uplink_subflows{uplink="verizon"} 1.0' in text
    assert "srtla_stray_subflows 1.0" in text


async def test_ceralive_file(tmp_path: Path) -> None:
    """Links by connection id, from a file that is renewed."""
    path = tmp_path / "stats.json"
    links = [{"conn_id": 2, "rtt_ms": 70, "nak_count": 5}]
    path.write_text(json.dumps({"last_updated_ms": time.time() * 1000, "connections": links}))

    assert 'srtla_uplink_lost_segments_total{uplink="att"} 5.0' in await exposed(Told("ceralive", str(path)))


async def test_statistics_file(tmp_path: Path) -> None:
    """Lines that are appended after the first look."""
    path = tmp_path / "stats.json"
    path.write_text("")
    program = asked(Told("live-transmit", str(path), "relay"), [], lambda: (), "")
    await program.source.poll(CLOCK)
    path.write_text(json.dumps({"sid": 1, "link": {"rtt": 5}, "recv": {"bytes": 99, "packets": 1}}) + "\n")
    await program.source.poll(CLOCK)
    await program.close()
    text = exposition(SRTLA, program.source.points("srtla", time.monotonic()))

    assert 'srtla_stream_receive_bytes_total{stream="relay"} 99.0' in text


@pytest.mark.parametrize("kind", ["sls", "openirl"])
async def test_failing_source_says_so_and_nothing_else(
    kind: str, server: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A page of another kind: success 0, no series of streams, one line, and no key anywhere."""
    url = f"{server}/bad" if kind == "sls" else f"{server}/none"
    with caplog.at_level(logging.DEBUG):
        text = await exposed(Told(kind, url), polls=3)

    assert f'srtla_scrape_collector_success{{collector="api_{kind}"}} 0.0' in text
    assert "srtla_stream" not in text
    warnings = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warnings) == 1
    assert not any(secret in text + warnings[0].getMessage() for secret in (KEY, "k3y-that", API_KEY, "127.0.0.1"))
