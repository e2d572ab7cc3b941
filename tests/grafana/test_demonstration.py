"""Everything that we ask Prometheus, asked of the one of a running demo."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.grafana import demonstration
from tests.prometheus.alertmanager_binary import free_port
from tests.prometheus.promql import ROOT
from tests.prometheus.serving import Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.root, pytest.mark.mptcp, pytest.mark.rig]
READY_DEADLINE_S = 120.0
# Of the first good stretch of the drive, which lasts 20 s.
GOOD_S = 15.0
# Half of what panels of the rig allow: on a busy machine the first samples take their time. And two points of the ten
# seconds' grid on which the report looks for increases.
HEARD = """
rig:exporter_clock:age_seconds < 4
and on () count_over_time(mptcp_exporter_clock_timestamp_seconds{site="edge"}[600s:10s]) >= 2
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The VPS's Prometheus of a demo that has been fine for a while."""
    directory: Path = tmp_path_factory.mktemp("demo")
    base = free_port() % 40_000 + 20_000
    command = [sys.executable, "-m", "deploy.demo", "--port-base", str(base), "--logs", str(directory / "logs")]
    with (directory / "screen").open("wb") as screen:
        process = subprocess.Popen(command, cwd=ROOT, stdout=screen, stderr=screen)
    try:
        deadline_s = time.monotonic() + READY_DEADLINE_S
        while "everything is ready" not in (directory / "screen").read_text():
            assert process.poll() is None, (directory / "screen").read_text()
            assert time.monotonic() < deadline_s, "the demo is not ready"
            time.sleep(0.5)
        time.sleep(GOOD_S)
        url = f"http://127.0.0.1:{base + 2}"
        while not Server(url, time.time()).instant(HEARD).series:
            assert time.monotonic() < deadline_s, "the rig's samples do not arrive at the VPS"
            time.sleep(0.5)
        yield Server(url, time.time())
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def test_no_panel_is_empty_or_slow(server: Server) -> None:
    """Where all is well every panel shows something, within 50 ms for what is live and 500 ms for the report."""
    assert demonstration.dashboards(server) == []


def test_rules_answer(server: Server) -> None:
    """Every rule's expression is understood, and every recording rule has a result."""
    assert demonstration.rules(server) == []


def test_the_controllers_query_answers(server: Server) -> None:
    """The one query of a controller's tick brings series."""
    assert demonstration.decisions(server) == []
