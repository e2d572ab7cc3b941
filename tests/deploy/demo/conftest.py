"""What the tests of the stream's way share: a real nginx."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from deploy.demo import media
from tests.deploy.demo.streaming import ALIAS, KEY, Ingest, free_port, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def ingest(tmp_path: Path) -> Iterator[Ingest]:
    """An nginx of this test's own, on free loopback ports."""
    running = Ingest(media.RtmpPorts(ingest=free_port(), platform=free_port(), stat=free_port()))
    config = tmp_path / "nginx.conf"
    config.write_text(media.nginx_config(running.ports, admission=media.Admission(key=KEY, alias=ALIAS)))
    argv = ["nginx", "-e", "stderr", "-p", str(tmp_path), "-c", str(config)]
    with subprocess.Popen(argv, stderr=subprocess.DEVNULL) as process:
        try:
            until(running.stat, what="nginx answers")
            yield running
        finally:
            process.terminate()
