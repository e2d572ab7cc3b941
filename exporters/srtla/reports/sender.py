"""What SRTLA senders say of their links: srtla_send's statistics and CERALIVE's file. Pure.

Their bitrates are ready-made rates, in bytes per second whatever they are called, and are not used.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from exporters.srtla.reports.model import Fields, Reading, Report, ReportError, document, mapping, number, numbers
from exporters.units import seconds_from_ms

ByAddress = Callable[[str, str], str | None]
"""The uplink's name by a link's local address and its label."""
ById = Callable[[int], str | None]
"""The uplink's name by a link's connection id."""

# By the definition of the file's own writer, which renews it each second.
CERALIVE_STALE_S = 5.0

_GAUGES: Fields = {
    "window": ("window_segments", 1.0),
    "in_flight": ("unacknowledged_segments", 1.0),
    "rtt_ms": ("rtt_seconds", seconds_from_ms),
    "rtt_min_ms": ("min_rtt_seconds", seconds_from_ms),
    "quality_multiplier": ("weight_ratio", 1.0),
}
_COUNTERS: Fields = {"nak_count": ("lost_segments", 1.0)}
_MAX_LINKS = 64


def subscription() -> bytes:
    """The JSON-RPC request for statistics each second, as one line."""
    request = {"jsonrpc": "2.0", "id": 1, "method": "subscribe", "params": {"topic": "stats"}}
    return json.dumps(request).encode() + b"\n"


def is_update(line: bytes) -> bool:
    """Whether a line of the connection is a report; the answer to the subscription is none. Raises ReportError."""
    said = mapping(document(line), "line")
    if "error" in said:
        raise ReportError("srtla_send refuses the subscription; is it of version 3 or newer?")
    return said.get("method") == "stats.update"


def read_update(line: bytes, name: ByAddress) -> Report:
    """One pushed report of srtla_send. Raises ReportError."""
    parameters = mapping(mapping(document(line), "line").get("params"), "parameters")
    data = mapping(parameters.get("data"), "data")
    return _report(data.get("links"), lambda link: name(_text(link.get("ip")), _text(link.get("label"))))


def read_file(text: bytes, name: ById, now_ms: float) -> Report:
    """CERALIVE's file. Raises ReportError, also when the file has not been renewed for 5 s."""
    said = mapping(document(text), "file")
    updated_ms = number(said.get("last_updated_ms"))
    if updated_ms is None or seconds_from_ms(now_ms - updated_ms) > CERALIVE_STALE_S:
        raise ReportError(f"the sender has not renewed its file for {CERALIVE_STALE_S:g} s; does it run?")

    def named(link: Mapping[str, Any]) -> str | None:
        identity = number(link.get("conn_id"))
        return None if identity is None else name(int(identity))

    return _report(said.get("connections"), named)


def _report(links: object, named: Callable[[Mapping[str, Any]], str | None]) -> Report:
    if not isinstance(links, list):
        raise ReportError("the report has no list of links; is the program of another version?")
    uplinks: dict[str, Reading] = {}
    strays = 0
    for link in links[:_MAX_LINKS]:
        said = mapping(link, "link")
        uplink = named(said)
        if uplink is None:
            strays += 1
        else:
            uplinks[uplink] = _reading(said)
    return Report(uplinks=uplinks, stray_links=strays)


def _reading(said: Mapping[str, Any]) -> Reading:
    gauges = numbers(said, _GAUGES)
    weight = number(said.get("weight_percent"))
    if weight is not None:
        gauges["weight_ratio"] = weight / 100
    if isinstance(said.get("connected"), bool):
        gauges["subflows"] = float(said["connected"])
    if isinstance(said.get("timed_out"), bool):
        gauges["dead"] = float(said["timed_out"])
    if gauges.get("dead") or gauges.get("subflows") == 0:
        # What is shown of a link that is gone is what was last known.
        gauges = {name: value for name, value in gauges.items() if name in {"subflows", "dead"}}
    return Reading(gauges, numbers(said, _COUNTERS))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
