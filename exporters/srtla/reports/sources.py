"""Sources for the exporter's frame, one for each program that is asked."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from exporters.collecting import Schedule, Source
from exporters.srtla.capture import Capture
from exporters.srtla.filtering import Watched
from exporters.srtla.model import Role
from exporters.srtla.naming import Seen, Uplink, uplink_of
from exporters.srtla.reports import files, ledger, mapped, openirl, sender, sls
from exporters.srtla.reports.mapped import PageMap
from exporters.srtla.reports.model import Report, ReportError
from exporters.srtla.reports.options import Stream, Told
from exporters.srtla.reports.reading import Pages, Tail, Updates, whole

# SLS locks its data path for each page: its authors saw the buffer jump when it was asked often.
_PAGE = Schedule(5, timeout_s=4, stale_after_s=12)
_FILE = Schedule(1, timeout_s=1, stale_after_s=3)
# Pushed each second: the read waits for the next one, and four in a row missed are a failure.
_PUSHED = Schedule(0.05, timeout_s=4, stale_after_s=3)
_PACKET_SILENCE_S = 3.0

Uplinks = Callable[[], Sequence[Uplink]]


@dataclass(frozen=True, slots=True)
class Asked:
    """One program that is asked, and how to stop asking."""

    source: Source[Report]
    close: Callable[[], Awaitable[None]]


def asked(told: Told, streams: Sequence[Stream], uplinks: Uplinks, key: str) -> Asked:
    """The source of one program. Raises CaptureError where packets are watched and may not be."""
    if told.kind == "sls":
        return _pages(told, key, _Sls(told.target, streams))
    if told.page is not None:
        return _pages(told, key, _Mapped(told.page))
    if told.kind == "openirl" and told.target.isdigit():
        return _packets(told, uplinks)
    if told.kind == "openirl":
        return _pages(told, key, _OpenIrl(told.target, streams, uplinks))
    if told.kind == "srtla_send":
        return _updates(told, uplinks)
    return _file(told, uplinks)


def _source(name: str, read: Callable[[], Awaitable[Report]], schedule: Schedule) -> Source[Report]:
    book = ledger.Ledger()

    async def taken() -> Report:
        return book.take(await read(), time.monotonic())

    return Source(name, taken, ledger.describe, schedule)


class _Sls:
    """SLS answers a key with all publishers, and anybody with one that he knows the name of."""

    def __init__(self, url: str, streams: Sequence[Stream]) -> None:
        self._url = url
        self._publishers = sls.Publishers({stream.name: stream.alias for stream in streams})
        self._names = [stream.name for stream in streams]

    async def read(self, pages: Pages, *, keyed: bool) -> Report:
        if keyed:
            page = await pages.fetch(self._url)
            return self._publishers.read(page, time.monotonic())
        found: dict[str, Any] = {}
        for name in self._names:
            found |= sls.publishers(await pages.fetch(self._url, {"publisher": name}))
        return self._publishers.take(found, time.monotonic())


class _OpenIrl:
    def __init__(self, url: str, streams: Sequence[Stream], uplinks: Uplinks) -> None:
        self._url = url.rstrip("/")
        self._streams = streams
        self._uplinks = uplinks

    async def read(self, pages: Pages, *, keyed: bool) -> Report:  # noqa: ARG002 - its pages need no key
        report = Report()
        for stream in self._streams:
            page = await pages.fetch(f"{self._url}/{quote(stream.name, safe='')}")
            one = openirl.read_page(page, stream.alias, _by_id(self._uplinks))
            strays = [value for value in (report.stray_links, one.stray_links) if value is not None]
            report = Report(
                {**report.uplinks, **one.uplinks},
                {**report.streams, **one.streams},
                None,
                sum(strays) if strays else None,
            )
        return report


class _Mapped:
    def __init__(self, page: PageMap) -> None:
        self._page = page

    async def read(self, pages: Pages, *, keyed: bool) -> Report:  # noqa: ARG002 - a key is sent anyway
        return mapped.read_mapped(await pages.fetch(self._page.url), self._page)


def _pages(told: Told, key: str, server: _Sls | _OpenIrl | _Mapped) -> Asked:
    pages = Pages(key)
    name = f"api_{told.kind}"
    return Asked(_source(name, lambda: server.read(pages, keyed=bool(key)), _PAGE), pages.close)


def _updates(told: Told, uplinks: Uplinks) -> Asked:
    updates = Updates(told.target)

    async def read() -> Report:
        return sender.read_update(await updates.next(), _by_address(uplinks))

    return Asked(_source("socket_srtla_send", read, _PUSHED), updates.close)


def _packets(told: Told, uplinks: Uplinks) -> Asked:
    capture = Capture(Watched(int(told.target), Role.RECEIVER))
    newest: list[tuple[float, bytes]] = []

    async def read() -> Report:
        for datagram in capture.read():
            if datagram.head[:2] == b"\x93\x00":
                newest[:] = [(datagram.at_s, datagram.head)]
        if not newest or time.monotonic() - newest[0][0] > _PACKET_SILENCE_S:
            raise ReportError(f"no statistics packet for {_PACKET_SILENCE_S:g} s; does OpenIRL's receiver run here?")
        return openirl.read_packet(newest[0][1], _by_id(uplinks))

    async def close() -> None:
        capture.close()

    return Asked(_source("socket_openirl", read, _FILE), close)


def _file(told: Told, uplinks: Uplinks) -> Asked:
    tail = Tail(told.target)
    read = _reader(told, uplinks, tail)

    async def report() -> Report:
        return await asyncio.to_thread(read)

    async def close() -> None:
        tail.close()

    return Asked(_source(f"file_{told.kind.replace('-', '_')}", report, _FILE), close)


def _reader(told: Told, uplinks: Uplinks, tail: Tail) -> Callable[[], Report]:
    if told.kind == "srtla-group":
        by_address = _by_address(uplinks)
        return lambda: files.read_group(whole(told.target), lambda address: by_address(address, ""))
    if told.kind == "ceralive":
        return lambda: sender.read_file(whole(told.target), _by_id(uplinks), time.time() * 1000)
    statistics = files.Statistics(told.alias, totals=told.kind == "live-transmit-totals")
    return lambda: statistics.read(tail.read())


def _by_address(uplinks: Uplinks) -> sender.ByAddress:
    def named(address: str, label: str) -> str | None:
        known = uplinks()
        if any(uplink.name == label for uplink in known):
            return label
        with contextlib.suppress(ValueError):
            return uplink_of(Seen(ipaddress.ip_address(address), 0, None, None), known)
        return None

    return named


def _by_id(uplinks: Uplinks) -> sender.ById:
    def named(connection: int) -> str | None:
        return next((uplink.name for uplink in uplinks() if uplink.connection == connection), None)

    return named
