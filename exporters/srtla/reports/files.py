"""Files that SRT and SRTLA programs write: srt-live-transmit's statistics, srtla_rec's group. Pure."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Callable
from typing import Any

from exporters.srtla.reports.model import Reading, Report, ReportError, document, mapping, number, numbers
from exporters.units import seconds_from_ms

_RECEIVED = {
    "bytes": "receive_bytes",
    "packets": "receive_segments",
    "packetsLost": "lost_segments",
    "packetsRetransmitted": "retransmitted_segments",
    "packetsDropped": "dropped_segments",
}
_MAX_LINE_BYTES = 1 << 16


class Statistics:
    """The lines of srt-live-transmit, `-pf:json`, for one stream.

    They are values of the interval since the last line unless it runs with `-fullstats`. A line comes
    every so many packets: without packets there is none, so the age of the last one tells.
    """

    def __init__(self, alias: str, *, totals: bool) -> None:
        self._alias = alias
        self._totals = totals
        self._counts: dict[str, float] = {}
        self._gauges: dict[str, float] = {}
        self._session = ""
        self._lines = 0
        self._rest = b""

    def read(self, text: bytes) -> Report:
        """Take what was written since the last call. Raises ReportError after the good lines were taken."""
        *lines, rest = (self._rest + text).split(b"\n")
        self._rest = rest if len(rest) <= _MAX_LINE_BYTES else b""
        bad = 0
        for line in lines:
            if line.strip():
                try:
                    self._take(mapping(document(line), "line"))
                except ReportError:
                    bad += 1
        if bad:
            raise ReportError(f"{bad} lines are no statistics; does srt-live-transmit run with -pf:json?")
        gauges = {"publishing": 1.0} | self._gauges if self._lines else {}
        pulse = self._lines or None
        return Report(streams={self._alias: Reading(gauges, dict(self._counts), self._session, pulse)})

    def _take(self, said: Any) -> None:  # noqa: ANN401 - a JSON object
        received = mapping(said.get("recv"), "receiving side")
        link = mapping(said.get("link"), "link")
        session = str(number(said.get("sid")) or "")
        new = {metric: value for name, metric in _RECEIVED.items() if (value := number(received.get(name))) is not None}
        if self._totals:
            self._counts, self._session = new, session
        else:
            for metric, value in new.items():
                self._counts[metric] = self._counts.get(metric, 0.0) + value
        self._gauges = numbers(link, {"rtt": ("rtt_seconds", seconds_from_ms)}) | numbers(
            received,
            {"msBuf": ("buffer_seconds", seconds_from_ms), "msTsbPdDelay": ("latency_seconds", seconds_from_ms)},
        )
        self._lines += 1


def read_group(text: bytes, name: Callable[[str], str | None]) -> Report:
    """The file of a group of irlserver's srtla_rec: one address for each link. Raises ReportError."""
    found: Counter[str | None] = Counter()
    for line in text.decode("ascii", "replace").split()[:64]:
        try:
            ipaddress.ip_address(line)
        except ValueError:
            raise ReportError("a line of the group's file is no address; is it the right file?") from None
        found[name(line)] += 1
    strays = found.pop(None, 0)
    uplinks = {uplink: Reading({"subflows": float(count)}) for uplink, count in found.items() if uplink is not None}
    return Report(uplinks=uplinks, stray_links=strays)
