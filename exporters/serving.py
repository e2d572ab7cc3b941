"""The HTTP face of an exporter, and the life of its process.

Scrapes are served from a thread of their own: they read finished values only, so a scrape is
answered even while the event loop that polls the sources is held up.
"""

from __future__ import annotations

import argparse
import asyncio
import html
import logging
import math
import signal
import socket
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from socketserver import TCPServer
from typing import Any, NoReturn, TypeVar
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import ThreadingWSGIServer, make_wsgi_app

from exporters.catalog import Metric
from exporters.collecting import Clock, Exposition, Source
from exporters.units import octets

EXIT_USAGE = 2

T = TypeVar("T")


class StartError(Exception):
    """The exporter cannot start; the message names the thing and the remedy."""


@dataclass(frozen=True, slots=True)
class Listen:
    """Where to serve: `host` is an address of this machine, IPv6 without brackets."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Listen:
        """Read HOST:PORT, [HOST]:PORT for IPv6. Raises ValueError."""
        host, _, port = text.rpartition(":")
        if not host or not port.isdigit() or int(port) > 65535:
            raise ValueError(f"{text!r} is not HOST:PORT, for example 127.0.0.1:9100 or [::1]:9100")
        return cls(host.removeprefix("[").removesuffix("]"), int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Exporter:
    """What `serve` needs to know: metric prefix, a title for people, catalogue, sources, and how to close them.

    `start` is for an exporter that is a service besides; it may raise StartError.
    """

    prefix: str
    title: str
    catalogue: Sequence[Metric]
    sources: Sequence[Source[Any]]
    close: Callable[[], Awaitable[None]] | None = None
    start: Callable[[], Awaitable[None]] | None = None


class Parser(argparse.ArgumentParser):
    """An argument parser whose complaint is one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where help is; exit code 2."""
        self.exit(EXIT_USAGE, f"{self.prog}: {message}; see {self.prog} --help\n")


def checked(parse: Callable[[str], T]) -> Callable[[str], T]:
    """For `type=`: argparse shows the message of a ValueError raised by `parse`, instead of its own."""

    def convert(text: str) -> T:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return convert


def port(text: str) -> int:
    """A TCP port. Raises ValueError."""
    if not text.isascii() or not text.isdigit() or not 0 < int(text) <= 65535:
        raise ValueError(f"{text!r} is not a port, 1 to 65535")
    return int(text)


def seconds(text: str) -> float:
    """An interval to poll at. Raises ValueError."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.01 <= value <= 60:
        raise ValueError(f"{text!r} is not a number of seconds between 0.01 and 60")
    return value


def megabytes(text: str) -> float:
    """Bytes, given in megabytes. Raises ValueError."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= 100_000:
        raise ValueError(f"{text!r} is not a number of megabytes above 0")
    return value * 1e6


def megabits(text: str) -> float:
    """Bytes per second, given in Mbit/s. Raises ValueError."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= 10_000:
        raise ValueError(f"{text!r} is not a number of Mbit/s above 0")
    return octets(value * 1e6)


class _Handler(WSGIRequestHandler):
    timeout = 5  # seconds until a client that sends nothing loses its thread

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Nothing: a line per scrape is noise."""


class _Server(ThreadingWSGIServer):
    def __init__(self, listen: Listen) -> None:
        self.address_family = socket.AF_INET6 if ":" in listen.host else socket.AF_INET
        super().__init__((listen.host, listen.port), _Handler)

    def server_bind(self) -> None:
        """Bind without asking DNS for the host's full name, as the base class would, for seconds if it is away."""
        TCPServer.server_bind(self)
        host, self.server_port = self.server_address[:2]
        self.server_name = str(host)
        self.setup_environ()

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: a scraper that hangs up in mid-answer is no event of ours."""


def main(run: Callable[[], None], prog: str) -> None:
    """Run an exporter's entry point; a StartError becomes one line and exit code 2."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    try:
        run()
    except StartError as error:
        sys.exit(_complaint(prog, error))


def serve(exporter: Exporter, listen: Listen) -> None:
    """Poll and serve until SIGTERM or SIGINT. Raises StartError when the address cannot be had."""
    clock = Clock(time.monotonic, time.time)
    registry = CollectorRegistry()
    registry.register(Exposition(exporter.prefix, exporter.catalogue, exporter.sources, clock))
    with _listening(listen) as server:
        bound = Listen(listen.host, server.server_port)
        server.set_app(application(exporter.title, registry))
        logging.getLogger(__name__).info("%s: serving on http://%s/metrics", exporter.prefix, bound)
        asyncio.run(_poll_until_told(exporter, clock, server))


def application(title: str, registry: CollectorRegistry) -> WSGIApplication:
    """The three pages: /metrics, /-/healthy and a landing page; GET and HEAD only."""
    metrics = make_wsgi_app(registry)
    landing = _landing_page(title).encode()

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            return _page(start, HTTPStatus.METHOD_NOT_ALLOWED, b"GET only\n")
        path = environ["PATH_INFO"]
        if path == "/metrics":
            return metrics(environ, start)  # type: ignore[no-any-return] # prometheus_client leaves it open
        if path == "/-/healthy":
            return _page(start, HTTPStatus.OK, b"ok\n")
        if path == "/":
            return _page(start, HTTPStatus.OK, landing, "text/html; charset=utf-8")
        return _page(start, HTTPStatus.NOT_FOUND, b"not found; the metrics are at /metrics\n")

    return answer


async def _poll_until_told(exporter: Exporter, clock: Clock, server: WSGIServer) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if exporter.start is not None:
        await exporter.start()
    # Only now: whoever is answered finds the service up, and an end by signal in good order.
    with _serving(server):
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(source.poll_forever(clock), name=source.name) for source in exporter.sources]
            await stop.wait()
            for task in tasks:
                task.cancel()
    if exporter.close is not None:
        await exporter.close()


@contextmanager
def _serving(server: WSGIServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, name="http", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


def _listening(listen: Listen) -> WSGIServer:
    try:
        return _Server(listen)
    except OSError as error:
        raise StartError(f"cannot listen on {listen}: {error.strerror}; choose another with --listen") from error


def _complaint(prog: str, error: StartError) -> int:
    sys.stderr.write(f"{prog}: {error}\n")
    return EXIT_USAGE


def _page(start: StartResponse, status: HTTPStatus, body: bytes, kind: str = "text/plain") -> Iterable[bytes]:
    start(f"{status.value} {status.phrase}", [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]


def _landing_page(title: str) -> str:
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title></head>
<body><h1>{html.escape(title)}</h1>
<p><a href="/metrics">Metrics</a>, <a href="/-/healthy">health</a>.</p></body></html>
"""
