"""Any JSON page, by a mapping of the operator's: which number of it is which metric. Pure.

    {"url": "http://127.0.0.1:8082/manage/srt_receiver_stats",
     "streams": {"cam": {"receive_bytes_total": "/SrtReceivers/0/stats/recv/bytesReceived",
                         "rtt_seconds": ["/SrtReceivers/0/stats/link/rtt", 0.001]}},
     "uplinks": {"verizon": {"rtt_seconds": ["/peers/0/rtt", 0.001]}}}

Paths are JSON pointers (RFC 6901); the number beside one brings the value to the metric's unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from exporters.catalog import SRTLA
from exporters.srtla.naming import NAME
from exporters.srtla.reports.model import Reading, Report, ReportError, document, mapping, number

_KNOWN = {metric.name for metric in SRTLA}
_MAX_ENTRIES = 64


@dataclass(frozen=True, slots=True)
class Place:
    """Where a metric's value stands in the page, and what it is multiplied by."""

    path: tuple[str, ...]
    factor: float = 1.0


@dataclass(frozen=True, slots=True)
class PageMap:
    """A page's address, and its values by name and metric."""

    url: str = field(repr=False)
    streams: Mapping[str, Mapping[str, Place]]
    uplinks: Mapping[str, Mapping[str, Place]]


def parse_map(text: bytes) -> PageMap:
    """Read a mapping file. Raises ValueError, which names the entry that is wrong."""
    try:
        said = mapping(document(text), "mapping")
    except ReportError:
        raise ValueError("the mapping is no JSON object") from None
    unknown = said.keys() - {"url", "streams", "uplinks"}
    if unknown:
        raise ValueError(f"the mapping has {min(unknown)!r}; it takes url, streams and uplinks")
    url = urlsplit(str(said.get("url")))
    if url.scheme not in {"http", "https"} or not url.hostname or url.username is not None:
        raise ValueError("the mapping's url is no http:// or https:// URL without credentials")
    return PageMap(url.geturl(), _section(said, "streams", "stream"), _section(said, "uplinks", "uplink"))


def read_mapped(page: bytes, wanted: PageMap) -> Report:
    """The page's numbers. What is missing, or is no number, is left out. Raises ReportError for no JSON."""
    said = document(page)
    return Report(
        uplinks={name: _reading(said, places) for name, places in wanted.uplinks.items()},
        streams={name: _reading(said, places) for name, places in wanted.streams.items()},
    )


def _section(said: Mapping[str, Any], section: str, scope: str) -> Mapping[str, Mapping[str, Place]]:
    entries = said.get(section, {})
    if not isinstance(entries, dict) or len(entries) > _MAX_ENTRIES:
        raise ValueError(f"{section} of the mapping is no object of at most {_MAX_ENTRIES} entries")
    found: dict[str, dict[str, Place]] = {}
    for name, metrics in entries.items():
        if not NAME.fullmatch(name) or not isinstance(metrics, dict):
            raise ValueError(f"{section}: give names of letters, digits, dots and dashes, each with an object")
        found[name] = {metric: _place(scope, name, metric, where) for metric, where in metrics.items()}
    return found


def _place(scope: str, name: str, metric: str, where: object) -> Place:
    if f"srtla_{scope}_{metric}" not in _KNOWN or metric == "info":
        raise ValueError(f"{scope} {name}: there is no metric {metric!r}")
    path, factor = where if isinstance(where, list) and len(where) == 2 else (where, 1)
    scale = number(factor)
    if not isinstance(path, str) or not path.startswith("/") or not scale:
        raise ValueError(f"{scope} {name}: {metric} takes a path that begins with /, or a list of it and a factor")
    steps = tuple(step.replace("~1", "/").replace("~0", "~") for step in path[1:].split("/"))
    return Place(steps, scale)


def _reading(said: object, places: Mapping[str, Place]) -> Reading:
    found = {metric: value for metric, place in places.items() if (value := _value(said, place)) is not None}
    counters = {metric.removesuffix("_total"): value for metric, value in found.items() if metric.endswith("_total")}
    gauges = {metric: value for metric, value in found.items() if not metric.endswith("_total")}
    received = counters.get("receive_bytes")
    return Reading(gauges, counters, pulse=received)


def _value(said: object, place: Place) -> float | None:
    for step in place.path:
        if isinstance(said, dict):
            said = said.get(step)
        elif isinstance(said, list) and step.isascii() and step.isdigit() and len(step) < 6 and int(step) < len(said):
            said = said[int(step)]
        else:
            return None
    value = float(said) if isinstance(said, bool) else number(said)
    return None if value is None else value * place.factor
