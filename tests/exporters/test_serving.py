"""The HTTP face of an exporter, and the life of its process."""

from __future__ import annotations

import argparse
import select
import socket
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client import CollectorRegistry

from exporters.catalog import INGEST
from exporters.collecting import Clock, Exposition
from exporters.serving import Listen, Parser, application, checked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SERVED = textwrap.dedent(
    """
    import asyncio, sys
    from exporters.catalog import INGEST
    from exporters.collecting import Point, Schedule, Source
    from exporters.serving import Exporter, Listen, main, serve

    async def read():
        return 3

    async def hang():
        import time
        time.sleep(60)  # the worst source: it blocks the loop itself

    def describe(reading):
        yield Point("ingest_unknown_streams", reading)

    async def close():
        print("closed", flush=True)

    async def start():
        await asyncio.sleep(0.3)
        print("started", flush=True)

    def run():
        sources = [Source("page", read, describe, Schedule(0.05, 1, 5))]
        if "hang" in sys.argv:
            sources.append(Source("hanging", hang, describe, Schedule(0.05, 1, 5)))
        besides = start if "start" in sys.argv else None
        serve(Exporter("ingest", "A <test>", INGEST, sources, close, besides), Listen.parse(sys.argv[1]))

    main(run, "test-exporter")
    """
)


def get(path: str, method: str = "GET") -> tuple[str, dict[str, str], str]:
    """Status, headers and body of a request to an exporter without sources."""
    registry = CollectorRegistry()
    registry.register(Exposition("ingest", INGEST, [], Clock(lambda: 0.0, lambda: 7.0)))
    told: list[Any] = []

    def start(status: str, headers: list[tuple[str, str]], *_: object) -> Callable[[bytes], object]:
        told.extend((status, headers))
        return told.append

    environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": ""}
    body = b"".join(application("A <test>", registry)(environ, start))
    return told[0], dict(told[1]), body.decode()


def fetch(port: int, path: str) -> str:
    """The whole answer to a GET over the wire."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        return connection.makefile().read()


class Served:
    """An exporter process that listens on a port of its own."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVED, "127.0.0.1:0", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        self.greeting = self.process.stderr.readline()
        self.port = int(self.greeting.rpartition(":")[2].removesuffix("/metrics\n"))

    def end(self) -> tuple[int, str, str]:
        """Ask it to end; exit code and what it said."""
        self.process.terminate()
        out, err = self.process.communicate(timeout=10)
        return self.process.returncode, out, err


@pytest.fixture
def served() -> Iterator[Served]:
    """A running exporter with one good source."""
    exporter = Served()
    yield exporter
    if exporter.process.poll() is None:
        exporter.end()


@pytest.mark.parametrize(
    ("text", "host", "port"), [("127.0.0.1:12751", "127.0.0.1", 12751), ("[::1]:1", "::1", 1), ("rig:0", "rig", 0)]
)
def test_listen_address_is_read(text: str, host: str, port: int) -> None:
    """HOST:PORT and [HOST]:PORT are read, and printed as they were given."""
    listen = Listen.parse(text)

    assert (listen.host, listen.port) == (host, port)
    assert str(listen) == text


@pytest.mark.parametrize("text", ["", "12751", ":12751", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "h:-1", "h:x"])
def test_bad_listen_address_is_refused_by_name(text: str) -> None:
    """Anything else is refused with an example of what is wanted."""
    with pytest.raises(ValueError, match="is not HOST:PORT, for example 127"):
        Listen.parse(text)


def test_metrics_are_served_as_text() -> None:
    """/metrics answers in the text format."""
    status, headers, body = get("/metrics")

    assert status == "200 OK"
    assert headers["Content-Type"].startswith("text/plain; version=")
    assert "ingest_exporter_clock_timestamp_seconds 7.0\n" in body


def test_health_is_plain() -> None:
    """/-/healthy says ok, without looking at any source."""
    assert get("/-/healthy")[::2] == ("200 OK", "ok\n")


def test_landing_page_links_to_the_metrics() -> None:
    """The landing page names the exporter, escaped, and links to the metrics."""
    status, headers, body = get("/")

    assert status == "200 OK"
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert "A &lt;test&gt;" in body
    assert 'href="/metrics"' in body


@pytest.mark.parametrize(
    ("path", "method", "status"), [("/x", "GET", "404 Not Found"), ("/", "POST", "405 Method Not Allowed")]
)
def test_anything_else_is_refused(path: str, method: str, status: str) -> None:
    """Unknown paths are not found; only reading is allowed."""
    assert get(path, method)[0] == status


def test_process_serves_and_ends_cleanly(served: Served) -> None:
    """The process answers over the wire; at SIGTERM it closes its sources and exits with 0, silently."""
    assert served.greeting.startswith("INFO ingest: serving on http://127.0.0.1:")
    assert "ingest_exporter_build_info" in fetch(served.port, "/metrics")

    assert served.end() == (0, "closed\n", "")


def test_blocked_event_loop_does_not_fail_the_scrape() -> None:
    """Even when a source blocks the event loop, the scrape is answered, without that source."""
    exporter = Served("hang")
    try:
        assert 'collector="hanging"' not in fetch(exporter.port, "/metrics")
    finally:
        exporter.process.kill()
        exporter.process.communicate(timeout=10)


def test_a_service_is_up_before_its_first_scrape() -> None:
    """Whoever has got an answer finds what the exporter is besides, and may end it in good order."""
    exporter = Served("start")
    assert exporter.process.stdout is not None
    answered = "200 OK" in fetch(exporter.port, "/-/healthy")
    said, _, _ = select.select([exporter.process.stdout], [], [], 0)
    code, out, _ = exporter.end()

    assert (answered, len(said)) == (True, 1)
    assert (code, out) == (0, "started\nclosed\n")


def test_silent_client_does_not_hold_up_others(served: Served) -> None:
    """A client that connects and says nothing leaves the others served."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=5):
        assert "200 OK" in fetch(served.port, "/-/healthy")


def test_taken_port_is_one_line_and_exit_code_2(served: Served) -> None:
    """A taken port is told in one line that names it and the remedy; exit code 2."""
    second = subprocess.run(
        [sys.executable, "-c", SERVED, f"127.0.0.1:{served.port}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert second.returncode == 2
    assert second.stderr == (
        f"test-exporter: cannot listen on 127.0.0.1:{served.port}: Address already in use; "
        "choose another with --listen\n"
    )


def test_foreign_address_is_one_line_and_exit_code_2() -> None:
    """So is an address that this machine does not have."""
    done = subprocess.run(
        [sys.executable, "-c", SERVED, "203.0.113.99:0"], capture_output=True, text=True, check=False, timeout=30
    )

    assert done.returncode == 2
    assert done.stderr.startswith("test-exporter: cannot listen on 203.0.113.99:0: Cannot assign requested address")


def test_parser_complains_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong option is one line, with exit code 2 and the message of the check that failed."""
    parser = Parser(prog="test-exporter")
    parser.add_argument("--listen", type=checked(Listen.parse))

    with pytest.raises(SystemExit) as ended:
        parser.parse_args(["--listen", "nowhere"])

    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        "test-exporter: argument --listen: 'nowhere' is not HOST:PORT, for example 127.0.0.1:9100 or [::1]:9100; "
        "see test-exporter --help\n"
    )


def test_checked_passes_values_through() -> None:
    """A good value is what the parser returns."""
    assert checked(int)("5") == 5
    with pytest.raises(argparse.ArgumentTypeError):
        checked(int)("five")
