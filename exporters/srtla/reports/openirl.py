"""OpenIRL's receiver: its statistics page, and the packets that its SRTLA part sends to its SRT part. Pure.

The page of an absent publisher is an HTTP 200 without the key `publisher`. Its `bitrate` is a ready-made
rate and is not used; that any of the changing values changes shows that the stream flows.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Any

from exporters.srtla.reports.model import Fields, Reading, Report, ReportError, document, mapping, number, numbers
from exporters.srtla.wire import STATISTICS
from exporters.units import seconds_from_ms, seconds_from_us

Name = Callable[[int], str | None]
"""The uplink's name of a connection id; None when it is of none."""

_GAUGES: Fields = {
    "rtt": ("rtt_seconds", seconds_from_ms),
    "buffer": ("buffer_seconds", seconds_from_ms),
    "latency": ("latency_seconds", seconds_from_ms),
}
_PEER_GAUGES: Fields = {"rtt": ("rtt_seconds", seconds_from_ms), "jitter": ("jitter_seconds", seconds_from_ms)}
_CHANGING = ("bitrate", "throughput", "rtt", "buffer", "dropped_pkts")
_HEADER = struct.Struct(">IIIIIIQ")
_PEER = struct.Struct(">IIIQII")
_MAX_PEERS = 16


def read_page(page: bytes, alias: str, name: Name) -> Report:
    """The page of one play id, as a report on its stream `alias` and its uplinks. Raises ReportError."""
    said = mapping(document(page), "page")
    if "publisher" not in said:
        return Report(streams={alias: Reading(gauges={"publishing": 0.0})})
    publisher = mapping(said["publisher"], "publisher")
    uptime_s = number(publisher.get("uptime"))
    stream = Reading(
        gauges={"publishing": 1.0} | numbers(publisher, _GAUGES),
        counters=numbers(publisher, {"dropped_pkts": ("dropped_segments", 1.0)}),
        pulse=tuple(number(publisher.get(key)) for key in _CHANGING),
        session="" if uptime_s is None else "on",
    )
    peers = publisher.get("peers", said.get("peers", []))
    uplinks, strays = _peers(peers if isinstance(peers, list) else [], name)
    return Report(uplinks=uplinks, streams={alias: stream}, stray_links=strays if peers else None)


def read_packet(payload: bytes, name: Name) -> Report:
    """One statistics packet: bytes and jitter of each connection. Raises ReportError."""
    if len(payload) < _HEADER.size or int.from_bytes(payload[:2]) != STATISTICS:
        raise ReportError("the packet is no statistics packet; is it the port of the SRT server?")
    version, count = payload[16], payload[17]
    if version != 1 or count > _MAX_PEERS or len(payload) < _HEADER.size + count * _PEER.size:
        raise ReportError("the statistics packet is of another version, or cut short")
    uplinks: dict[str, Reading] = {}
    strays = 0
    for place in range(count):
        peer, _, jitter_us, received, _, _ = _PEER.unpack_from(payload, _HEADER.size + place * _PEER.size)
        uplink = name(peer)
        received_bytes = number(received)
        if uplink is None or received_bytes is None:
            strays += uplink is None
            continue
        gauges = {"subflows": 1.0, "jitter_seconds": seconds_from_us(jitter_us)}
        uplinks[uplink] = Reading(gauges, {"receive_bytes": received_bytes}, session=str(peer))
    return Report(uplinks=uplinks, stray_links=strays)


def _peers(peers: list[Any], name: Name) -> tuple[Mapping[str, Reading], int]:
    uplinks: dict[str, Reading] = {}
    strays = 0
    for peer in peers[:_MAX_PEERS]:
        said = mapping(peer, "peer")
        uplink = name(_identity(said.get("connection_id")))
        if uplink is None:
            strays += 1
        else:
            uplinks[uplink] = Reading({"subflows": 1.0} | numbers(said, _PEER_GAUGES))
    return uplinks, strays


def _identity(text: object) -> int:
    """Eight hexadecimal digits as a number; -1, which is nobody's, for anything else."""
    try:
        return int(text, 16) if isinstance(text, str) and len(text) <= 8 else -1
    except ValueError:
        return -1
