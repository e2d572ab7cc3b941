"""The exporter as a process in a namespace: started, scraped, ended."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from deploy.demo.namespaces import Namespace

PORT = 12751
READY_S = 20.0
PROGRAM = ("-m", "exporters.mptcp")


class Exporter:
    """The exporter running in a namespace."""

    def __init__(self, namespace: Namespace, *given: str, program: Sequence[str]) -> None:
        self._namespace = namespace
        command = namespace.command([sys.executable, "-W", "error", *program, *given])
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, stdout=subprocess.DEVNULL)

    def scrape(self) -> str:
        """One scrape's body."""
        with self._namespace.socket() as connection:
            connection.settimeout(5)
            connection.connect(("127.0.0.1", PORT))
            connection.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            return connection.makefile().read().partition("\n\n")[2]

    def until(self, holds: Callable[[dict[str, float]], bool]) -> dict[str, float]:
        """Scrape until the samples satisfy `holds`; the samples."""
        deadline = time.monotonic() + READY_S
        seen: dict[str, float] = {}
        while time.monotonic() < deadline:
            try:
                seen = samples(self.scrape())
            except OSError:
                seen = {}
            if seen and holds(seen):
                return seen
            time.sleep(0.1)
        raise AssertionError(f"not within {READY_S} s; the last scrape was {seen}")

    def end(self) -> tuple[int, str]:
        """Ask it to end: exit code and log."""
        self.process.terminate()
        _, log = self.process.communicate(timeout=10)
        return self.process.returncode, log


def samples(text: str) -> dict[str, float]:
    """Samples by name and labels as exposed."""
    found = re.findall(r"^([a-z_]+(?:\{[^}]*\})?) (\S+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in found}


@contextmanager
def running(namespace: Namespace, *given: str, program: Sequence[str] = PROGRAM) -> Iterator[Exporter]:
    """An exporter for the length of a `with`; `program` is what Python runs."""
    exporter = Exporter(namespace, *given, program=program)
    try:
        yield exporter
    finally:
        if exporter.process.poll() is None:
            exporter.end()
