"""The exporter as a process: its page, its time and its memory."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from deploy.demo.namespaces import Namespace

LISTEN_PORT = 12753


@contextmanager
def exporter(host: Namespace, options: Sequence[str]) -> Iterator[int]:
    """The exporter on a host for the length of a `with`; its process id."""
    argv = [sys.executable, "-m", "exporters.srtla", *options]
    process = subprocess.Popen(host.command(argv), stderr=subprocess.DEVNULL)
    try:
        deadline_s = time.monotonic() + 20
        while not _answers(host):
            if time.monotonic() > deadline_s:
                raise AssertionError("the exporter does not answer within 20 s")
            time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def scrape(host: Namespace) -> dict[str, float]:
    """Samples by name and labels as exposed."""
    with host.socket() as connection:
        connection.connect(("127.0.0.1", LISTEN_PORT))
        connection.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        page = b""
        while chunk := connection.recv(1 << 16):
            page += chunk
    found = re.findall(r"^(srtla_\S+) (\S+)$", page.decode(), re.MULTILINE)
    return {name: float(value) for name, value in found}


def used_cpu_s(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    """Resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")) / 1000


def _answers(host: Namespace) -> bool:
    try:
        return "srtla_connections" in scrape(host)
    except OSError:
        return False
