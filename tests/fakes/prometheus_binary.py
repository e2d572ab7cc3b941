"""A real Prometheus on a loopback port, scraping what the test publishes."""

from __future__ import annotations

import asyncio
import contextlib
import http.server
import socket
import threading
from typing import TYPE_CHECKING, Self

import httpx

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

READY_DEADLINE_S = 30.0


class Exporter:
    """Publishes `lines`, changed by the test at will, in Prometheus' text format."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def target(self) -> str:
        """Host and port, as a scrape configuration names it."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        """Serve."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End, and give the port back."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        exporter = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = "".join(f"{line}\n" for line in exporter.lines).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(BrokenPipeError):
                    self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler


class PrometheusBinary:
    """The installed Prometheus with one job of one target, scraped each 200 ms under the labels given."""

    def __init__(self, directory: Path, *, target: str, labels: dict[str, str]) -> None:
        self._directory = directory
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        pairs = ", ".join(f"{name}: {value}" for name, value in labels.items())
        (directory / "prometheus.yml").write_text(
            "global: {scrape_interval: 200ms, scrape_timeout: 200ms}\n"
            f"scrape_configs: [{{job_name: test, static_configs: [{{targets: ['{target}'], labels: {{{pairs}}}}}]}}]\n",
            encoding="utf-8",
        )

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Start it and wait until it is ready."""
        self._log = (self._directory / "prometheus.log").open("ab")
        self._process = await asyncio.create_subprocess_exec(
            "prometheus",
            f"--config.file={self._directory}/prometheus.yml",
            f"--storage.tsdb.path={self._directory}/data",
            f"--web.listen-address=127.0.0.1:{self.port}",
            stdout=self._log,
            stderr=self._log,
        )
        async with asyncio.timeout(READY_DEADLINE_S), httpx.AsyncClient(trust_env=False) as client:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    if (await client.get(f"{self.url}/-/ready")).status_code == httpx.codes.OK:
                        return
                await asyncio.sleep(0.05)

    async def stop(self) -> None:
        """End it and wait for its end."""
        if self._process.returncode is None:
            self._process.terminate()
        await self._process.wait()
        self._log.close()

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        await self.stop()
