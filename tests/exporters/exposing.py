"""Expositions of points, and what Prometheus itself says of them."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.registry import Collector

from exporters.collecting import families

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prometheus_client.metrics_core import Metric as Family

    from exporters.catalog import Metric
    from exporters.collecting import Point


class _Fixed(Collector):
    def __init__(self, found: list[Family]) -> None:
        self._found = found

    def describe(self) -> list[Family]:
        return []

    def collect(self) -> list[Family]:
        return self._found


def exposition(catalogue: Sequence[Metric], points: Iterable[Point]) -> str:
    """The points in the text format, as a scrape would show them."""
    registry = CollectorRegistry()
    registry.register(_Fixed(families(catalogue, points)))
    return generate_latest(registry).decode()


def complaints(text: str) -> str:
    """What `promtool check metrics` says of an exposition: "" when it is content."""
    linted = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False, timeout=30
    )
    return linted.stdout + linted.stderr
