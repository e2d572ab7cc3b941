"""Uplinks: each one's history, deaths, room and data cap."""

from __future__ import annotations

from grafana.source.board import Board, Row
from grafana.source.expressions import bond, loss, sent
from grafana.source.panels import Column, Look, Query, graph, grid, timeline
from grafana.source.parts import uplinks
from grafana.source.vocabulary import DEAD, EDGE, GREEN, LOSS, RED, RIG, RTT_S, VPS, YELLOW, steps

PICKED = f'{EDGE},uplink=~"$uplink"'
PICKED_VPS = f'{VPS},uplink=~"$uplink"'
PICKED_ANYWHERE = f'{RIG},uplink=~"$uplink"'
CAP = steps(GREEN, (0.8, YELLOW), (1.0, RED))


def _state() -> Row:
    return Row(
        "State",
        [
            uplinks(span=14),
            grid(
                "Data this month",
                "What each uplink carried in its billing month, by the controller's ledger, and its share of the cap "
                "where one is configured. At 80 % an alert warns, at 100 % the carrier may throttle.",
                [
                    Column("Carried", f"max by (uplink) (vvlive_uplink_month_bytes{{{PICKED_ANYWHERE}}})", "decbytes"),
                    Column(
                        "Of the cap",
                        f"max by (uplink) (vvlive_uplink_month_bytes{{{PICKED_ANYWHERE}}}) "
                        f"/ max by (uplink) (vvlive_uplink_cap_bytes{{{PICKED_ANYWHERE}}})",
                        "percentunit",
                        CAP,
                        decimals=0,
                    ),
                ],
                names={"uplink": "Uplink"},
                span=10,
            ),
            timeline(
                "Dead or alive",
                "When each uplink acknowledged nothing. Short holes together: coverage. One alone and long: its "
                "modem or its carrier.",
                [Query(f"max by (uplink) ({bond('uplink_dead', PICKED)})", "{{uplink}}")],
                DEAD,
                height=5,
            ),
            graph(
                "Trust",
                "What the last hour says of each uplink: its time alive, deaths, loss and spread of the round trip. "
                "A little trusted uplink that comes back must stay calm longer before more is sent. Low for hours: "
                "another carrier, or another antenna.",
                [Query(f"max by (uplink) (vvlive_uplink_trust_ratio{{{PICKED_ANYWHERE}}})", "{{uplink}}")],
                Look("percentunit"),
                span=24,
                height=6,
            ),
        ],
    )


def _traffic() -> Row:
    return Row(
        "Traffic",
        [
            graph(
                "Sent per uplink",
                "Payload sent, retransmissions included. An uplink that sends little while another is full is slow "
                "or a backup.",
                [Query(sent("by (uplink)", PICKED), "{{uplink}}")],
                Look("bps"),
            ),
            graph(
                "Capacity per uplink",
                "The least that each uplink is known to carry, and, while a queue stands, the most. Narrow and low: "
                "this is where the bitrate comes from.",
                [
                    Query(
                        f"max by (uplink) ({bond('uplink_capacity_lower_bytes_per_second', PICKED)}) * 8",
                        "{{uplink}}, at least",
                    ),
                    Query(
                        f"max by (uplink) ({bond('uplink_capacity_upper_bytes_per_second', PICKED)}) * 8",
                        "{{uplink}}, at most",
                    ),
                ],
                Look("bps"),
            ),
            graph(
                "Round trip",
                "Smoothed and smallest round trip. The distance between them is queue: at the carrier, or ours.",
                [
                    Query(f"max by (uplink) ({bond('uplink_rtt_seconds', PICKED)})", "{{uplink}}"),
                    Query(f"max by (uplink) ({bond('uplink_min_rtt_seconds', PICKED)})", "{{uplink}}, smallest"),
                ],
                Look("s", RTT_S),
            ),
            graph(
                "Loss",
                "Segments sent again, of those sent. Lasting loss above 2 % halves what an uplink carries.",
                [Query(loss("by (uplink)", PICKED), "{{uplink}}")],
                Look("percentunit", LOSS),
            ),
            graph(
                "In flight and unsent",
                "Bytes on their way, and bytes that wait in the socket. Unsent that grows: the uplink is full.",
                [
                    Query(f"max by (uplink) ({bond('uplink_unacknowledged_bytes', PICKED)})", "{{uplink}}, in flight"),
                    Query(f"max by (uplink) (mptcp_uplink_unsent_bytes{{{PICKED}}})", "{{uplink}}, unsent"),
                ],
                Look("bytes"),
            ),
            graph(
                "Received per uplink at the VPS",
                "The same seen from the other end, where nothing is late. Sent but not received: lost on the way.",
                [
                    Query(
                        f"sum by (uplink) (rate({bond('uplink_receive_bytes_total', PICKED_VPS)}"
                        "[$__rate_interval])) * 8",
                        "{{uplink}}",
                    )
                ],
                Look("bps"),
            ),
        ],
    )


def _guard() -> Row:
    return Row(
        "Guard",
        [
            grid(
                "Lives and deaths in the range shown",
                "Subflows that came and went, and what the guard did. Many renewals: the carrier drops idle "
                "connections; many deaths: coverage; detours: the uplink crawled, and its data went over the others.",
                [
                    Column(
                        "Subflows opened",
                        f"sum by (uplink) (increase({bond('uplink_subflows_created_total', PICKED)}[$__range]))",
                        "short",
                        decimals=0,
                    ),
                    Column(
                        "Subflows closed",
                        f"sum by (uplink) (increase({bond('uplink_subflows_closed_total', PICKED)}[$__range]))",
                        "short",
                        decimals=0,
                    ),
                    Column(
                        "Taken out",
                        f"sum by (uplink) (increase(mptcp_guard_suppressions_total{{{PICKED_ANYWHERE}}}[$__range]))",
                        "short",
                        decimals=0,
                    ),
                    Column(
                        "Brought back",
                        f"sum by (uplink) (increase(mptcp_guard_revivals_total{{{PICKED_ANYWHERE}}}[$__range]))",
                        "short",
                        decimals=0,
                    ),
                    Column(
                        "Detours",
                        f"sum by (uplink) (increase(mptcp_guard_detours_total{{{PICKED_ANYWHERE}}}[$__range]))",
                        "short",
                        decimals=0,
                    ),
                    Column(
                        "Renewed",
                        f"sum by (uplink) (increase(mptcp_guard_renewals_total{{{PICKED_ANYWHERE}}}[$__range]))",
                        "short",
                        decimals=0,
                    ),
                ],
                names={"uplink": "Uplink"},
                span=12,
            ),
            graph(
                "Probe round trip",
                "Round trip of the guard's own probes, which tell of an uplink that carries nothing else. A gap: "
                "none was answered.",
                [Query(f"max by (uplink) (mptcp_guard_probe_rtt_seconds{{{PICKED_ANYWHERE}}})", "{{uplink}}")],
                Look("s", RTT_S),
            ),
        ],
        folded=True,
    )


def _srtla() -> Row:
    return Row(
        "SRTLA",
        [
            graph(
                "Later than the fastest uplink",
                "At the VPS, how much later packets come over each uplink than over the fastest. Above the stream's "
                "latency they come too late: take that uplink out.",
                [Query(f"max by (uplink) (srtla_uplink_relative_delay_seconds{{{PICKED_VPS}}})", "{{uplink}}")],
                Look("s", RTT_S),
            ),
            graph(
                "Window and in flight",
                "How many packets the sender lets each uplink have on its way, and how many are. A window that "
                "shrinks: the uplink loses.",
                [
                    Query(f"max by (uplink) (srtla_uplink_window_segments{{{PICKED}}})", "{{uplink}}, window"),
                    Query(
                        f"max by (uplink) (srtla_uplink_unacknowledged_segments{{{PICKED}}})", "{{uplink}}, in flight"
                    ),
                ],
                Look("short"),
            ),
            graph(
                "Lost on the uplink",
                "Packets a second that the receiver missed and that did not come late. One uplink alone: its carrier.",
                [
                    Query(
                        f"sum by (uplink) (rate(srtla_uplink_lost_segments_total{{{PICKED}}}[$__rate_interval]))",
                        "{{uplink}}",
                    )
                ],
                Look("cps"),
            ),
            graph(
                "Given up by the server",
                "Packets a second that never came in time: viewers see this. Above zero for long: raise the latency, "
                "or lower the bitrate.",
                [
                    Query(
                        f"sum by (stream) (rate(srtla_stream_dropped_segments_total{{{VPS}}}[$__rate_interval]))",
                        "{{stream}}",
                    )
                ],
                Look("cps"),
            ),
        ],
        folded=True,
    )


def board() -> Board:
    """The dashboard for: which uplink is it?"""
    return Board(
        uid="vvlive-uplinks",
        title="Uplinks",
        description="Every uplink by itself: what it carried, when it died, what it costs.",
        variables=("rig", "uplink"),
        rows=[_state(), _traffic(), _guard(), _srtla()],
    )
