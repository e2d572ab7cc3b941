"""Expressions that several panels ask, per what `by` groups."""

from __future__ import annotations

from grafana.source.vocabulary import EDGE, VPS

ARRIVING = f"sum by (rig) (rate(ingest_stream_receive_bytes_total{{{VPS}}}[$__rate_interval])) * 8"
TARGET = f"max by (rig) (vvlive_encoder_target_bytes_per_second{{{EDGE}}}) * 8"


def bond(name: str, labels: str) -> str:
    """The series of that name, whichever transport bonds: `bond("uplink_dead", EDGE)`."""
    return f'{{__name__=~"(mptcp|srtla)_{name}",{labels}}}'


# Over SRTLA a bond in use is one: its sender uses what uplinks there are, or nothing.
BONDED = (
    f"max by (rig) (mptcp_connection_fallback{{{EDGE}}}) == bool 0 "
    f"or max by (rig) (srtla_connections{{{EDGE}}}) > bool 0"
)
ALIVE = f"sum by (rig) (max by (rig, uplink) ({bond('uplink_dead', EDGE)}) == bool 0)"


def sent(by: str, labels: str = EDGE) -> str:
    """What the uplinks send, bit/s, retransmissions included."""
    return f"sum {by} (rate({bond('uplink_transmit_bytes_total', labels)}[$__rate_interval])) * 8"


def loss(by: str, labels: str = EDGE) -> str:
    """Segments sent again, of those sent; 50 segments at least, or an idle uplink's one retransmission is 100 %."""
    again = f"sum {by} (increase({bond('uplink_retransmitted_segments_total', labels)}[$__rate_interval]))"
    all_ = f"sum {by} (increase({bond('uplink_transmit_segments_total', labels)}[$__rate_interval]))"
    return f"{again} / clamp_min({all_}, 50)"
