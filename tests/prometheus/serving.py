"""The installed Prometheus over a history that promtool has written."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from tests.prometheus.alertmanager_binary import free_port

READY_DEADLINE_S = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query brought: its series, and how long Prometheus says that it took."""

    series: list[dict[str, Any]]
    took_s: float


@dataclass(frozen=True, slots=True)
class Server:
    """A Prometheus that answers at `url`, for which it is `now_s`."""

    url: str
    now_s: float

    def instant(self, expression: str) -> Answer:
        """The answer now."""
        return self._ask("query", {"query": expression, "time": str(self.now_s)})

    def range(self, expression: str, *, last_s: float, step_s: float = 1.0) -> Answer:
        """The answers of the last `last_s` seconds."""
        times = {"start": str(self.now_s - last_s), "end": str(self.now_s), "step": str(step_s)}
        return self._ask("query_range", {"query": expression} | times)

    def firing(self) -> list[dict[str, Any]]:
        """The alerts that fire at this moment, whatever `now_s` is."""
        answer = _client().get(f"{self.url}/api/v1/alerts").json()
        return [alert for alert in answer["data"]["alerts"] if alert["state"] == "firing"]

    def _ask(self, endpoint: str, arguments: dict[str, str]) -> Answer:
        asked = arguments | {"stats": "all"}
        answer = _client().post(f"{self.url}/api/v1/{endpoint}", data=asked).json()
        assert answer["status"] == "success", f"{answer.get('error')}: {arguments['query']}"
        result = answer["data"]["result"]
        took_s = answer["data"]["stats"]["timings"]["execTotalTime"]
        return Answer(result if isinstance(result, list) else [], took_s)


@cache
def _client() -> httpx.Client:
    """One for all: a new one per query would take longer than the query."""
    return httpx.Client(timeout=60, trust_env=False)


def backfill(directory: Path, lines: Iterator[str]) -> Path:
    """Blocks from these lines of OpenMetrics; the directory of the blocks."""
    text, blocks = directory / "history.om", directory / "data"
    with text.open("w") as file:
        file.writelines(lines)
    subprocess.run(
        ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet", str(text), str(blocks)],
        check=True, capture_output=True,
    )  # fmt: skip
    text.unlink()
    return blocks


@contextlib.contextmanager
def serving(directory: Path, blocks: Path, *, now_s: float, rules: Path | None = None) -> Iterator[Server]:
    """A Prometheus over `blocks` that scrapes nothing and evaluates `rules`, ended afterwards."""
    port = free_port()
    config = directory / "prometheus.yml"
    files = "" if rules is None else str(rules)
    config.write_text(f"scrape_configs: []\nrule_files: [{files}]\n")
    with (directory / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [
                "prometheus", f"--config.file={config}", f"--storage.tsdb.path={blocks}",
                f"--web.listen-address=127.0.0.1:{port}", "--storage.tsdb.retention.time=90d",
            ],
            stdout=log, stderr=log,
        )  # fmt: skip
        try:
            server = Server(f"http://127.0.0.1:{port}", now_s)
            _until_ready(server, process)
            yield server
        finally:
            process.terminate()
            process.wait()


def _until_ready(server: Server, process: subprocess.Popen[bytes]) -> None:
    deadline_s = time.monotonic() + READY_DEADLINE_S
    while time.monotonic() < deadline_s:
        assert process.poll() is None, "Prometheus has ended; see prometheus.log"
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{server.url}/-/ready", trust_env=False).status_code == httpx.codes.OK:
                return
        time.sleep(0.1)
    raise TimeoutError("Prometheus is not ready; see prometheus.log")
