"""A real nginx for the tests of the stream's way, and patience with a limit."""

from __future__ import annotations

import re
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.error import URLError
from urllib.request import urlopen

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from deploy.demo import media

T = TypeVar("T")
ALIAS, KEY = "cam", "5ecret"


def free_port() -> int:
    """A loopback port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(look: Callable[[], T | None], *, what: str, within_s: float = 15.0) -> T:
    """The first answer that is neither None nor False; fails the test when none comes in time."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.05)
    pytest.fail(f"{what}: not within {within_s} s")


@dataclass(frozen=True, slots=True)
class Ingest:
    """A running nginx; the stream is published by its key and seen by its alias."""

    ports: media.RtmpPorts

    @property
    def publish_url(self) -> str:
        """Where the encoder publishes."""
        return f"rtmp://127.0.0.1:{self.ports.ingest}/live/{KEY}"

    @property
    def play_url(self) -> str:
        """Where everybody else reads."""
        return f"rtmp://127.0.0.1:{self.ports.ingest}/live/{ALIAS}"

    def stat(self) -> str:
        """The /stat page, or nothing while nginx does not answer."""
        with suppress(URLError, ConnectionError), urlopen(f"http://127.0.0.1:{self.ports.stat}/stat") as page:
            return str(page.read().decode())
        return ""

    def received_bytes(self) -> int | None:
        """Bytes of the published stream so far; None without a publisher."""
        found = re.search(rf"<name>{ALIAS}</name>.*?<bytes_in>(\d+)<.*?<publishing/>", self.stat(), re.DOTALL)
        return int(found[1]) if found else None

    def size_px(self) -> tuple[int, int] | None:
        """The size that the stream announced last."""
        found = re.search(r"<width>(\d+)</width>\s*<height>(\d+)</height>", self.stat())
        return (int(found[1]), int(found[2])) if found else None
