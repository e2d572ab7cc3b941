"""The statistics page of irl-srt-server (SLS), and of OpenIRL's server in its legacy form. Pure.

Its `bitrate` is measured inside successful reads only, so it keeps its last value when the stream
stops; it is not used. `mbpsRecvRate` is the mean since the counters were last cleared: times that
span it is the bytes received, which stop growing when the stream does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from exporters.srtla.reports.model import Fields, Reading, Report, document, mapping, number, numbers
from exporters.units import bps_from_kbps, octets, seconds_from_ms

_GAUGES: Fields = {
    "rtt": ("rtt_seconds", seconds_from_ms),
    "msRcvBuf": ("buffer_seconds", seconds_from_ms),
    "latency": ("latency_seconds", seconds_from_ms),
}
_COUNTERS: Fields = {
    "pktRcvLoss": ("lost_segments", 1.0),
    "pktRcvDrop": ("dropped_segments", 1.0),
    "pktRcvRetrans": ("retransmitted_segments", 1.0),
}
# OpenIRL's document writes what its code spells in camel case with underscores.
_SPELLINGS = {
    "pkt_rcv_loss": "pktRcvLoss",
    "pkt_rcv_drop": "pktRcvDrop",
    "pkt_rcv_retrans": "pktRcvRetrans",
    "mbps_recv_rate": "mbpsRecvRate",
    "ms_rcv_buf": "msRcvBuf",
}
_PACKET_BYTES = 1316  # less growth than one packet is rounding


@dataclass(slots=True)
class _Session:
    """One publisher's connection: between which moments it began, and the bytes that it has brought."""

    uptime_s: float
    began_after_s: float
    began_before_s: float
    bytes: float = 0.0
    number: int = 0


@dataclass(slots=True)
class Publishers:
    """Feed it every page; `aliases` are the operator's names by the server's names."""

    aliases: Mapping[str, str] = field(repr=False)
    _sessions: dict[str, _Session] = field(default_factory=dict, repr=False)
    _begun: int = 0

    def read(self, page: bytes, at_s: float) -> Report:
        """The page as a report. Raises ReportError. A server without publishers has none: that is no error."""
        return self.take(publishers(page), at_s)

    def take(self, found: Mapping[str, Any], at_s: float) -> Report:
        """What several pages, of one publisher each, say together."""
        known = {alias: found[name] for name, alias in self.aliases.items() if name in found}
        streams = {alias: self._stream(alias, known.get(alias), at_s) for alias in self.aliases.values()}
        return Report(streams=streams, unknown_streams=len(found.keys() - self.aliases.keys()))

    def _stream(self, alias: str, entry: object, at_s: float) -> Reading:
        if entry is None:
            self._sessions.pop(alias, None)
            return Reading(gauges={"publishing": 0.0})
        said = mapping(entry, "publisher")
        said = {_SPELLINGS.get(name, name): value for name, value in said.items()}
        gauges = {"publishing": 1.0} | numbers(said, _GAUGES)
        counters = numbers(said, _COUNTERS)
        session = self._followed(alias, number(said.get("uptime")), at_s)
        rate = number(said.get("mbpsRecvRate"))
        if session is None or rate is None:
            return Reading(gauges, counters)
        seconds = at_s - (session.began_after_s + session.began_before_s) / 2
        received = octets(bps_from_kbps(rate * 1000)) * seconds
        if received > session.bytes + _PACKET_BYTES:
            session.bytes = received
        counters["receive_bytes"] = session.bytes
        return Reading(gauges, counters, session=str(session.number), pulse=(session.number, session.bytes))

    def _followed(self, alias: str, uptime_s: float | None, at_s: float) -> _Session | None:
        """The publisher's session. Whole seconds of uptime bound its beginning, each page a little closer."""
        if uptime_s is None:
            return None
        after_s, before_s = at_s - uptime_s - 1, at_s - uptime_s
        session = self._sessions.get(alias)
        if session is None or uptime_s < session.uptime_s:
            self._begun += 1
            session = self._sessions[alias] = _Session(uptime_s, after_s, before_s, number=self._begun)
        session.uptime_s = uptime_s
        narrowed = max(session.began_after_s, after_s), min(session.began_before_s, before_s)
        if narrowed[0] <= narrowed[1]:
            session.began_after_s, session.began_before_s = narrowed
        return session


def publishers(page: bytes) -> Mapping[str, Any]:
    """The publishers of a page by the server's names. Raises ReportError."""
    said = mapping(document(page), "page")
    return mapping(said.get("publishers", {}), "list of publishers")
