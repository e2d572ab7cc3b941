"""Session report: one stream, from its begin to its end. Set the range to it; every number is about the range."""

from __future__ import annotations

from grafana.source.board import Board, Row
from grafana.source.expressions import ARRIVING, bond
from grafana.source.panels import Column, Look, Query, graph, grid, number, timeline
from grafana.source.vocabulary import EDGE, GREEN, GREY, LATENESS_S, PLAIN, QUALITY, RED, RIG, VPS, YELLOW, steps

# The rig's counters come four times a second. Every tenth second of them is enough to tell how far they rose, and
# over a day takes two thirds of the time.
COUNTED = "$__range:10s"


def _sums() -> Row:
    live = f"max by (rig) (avg_over_time(ingest_stream_publishing{{{VPS}}}[$__range]))"
    late = f"max by (rig) (quantile_over_time(0.99, ingest_stream_lag_seconds{{{VPS}}}[$__range]))"
    worst = f"max by (rig) (max_over_time(ingest_stream_lag_seconds{{{VPS}}}[$__range]))"
    changes = f"sum by (rig) (increase(vvlive_quality_transitions_total{{{EDGE}}}[$__range]))"
    received = f"sum by (rig) (increase(ingest_stream_receive_bytes_total{{{VPS}}}[$__range]))"
    return Row(
        "",
        [
            number(
                "Live",
                "Time with a publisher at the ingest, in the range. Less than the stream's length: it was interrupted.",
                Query(f"({live}) * $__range_s", "{{rig}}"),
                Look("s"),
            ),
            number(
                "Share of the range",
                "Share of the range with a publisher. Set the range to the stream for a meaningful number.",
                Query(live, "{{rig}}"),
                Look("percentunit", steps(RED, (0.9, YELLOW), (0.99, GREEN)), decimals=2),
            ),
            number(
                "Lateness, 99 %",
                "The picture was later than this for one hundredth of the time. Above 2 s viewers saw it.",
                Query(late, "{{rig}}"),
                Look("s", LATENESS_S, decimals=1),
            ),
            number(
                "Lateness, worst",
                "The latest picture. Look for it in the graph below.",
                Query(worst, "{{rig}}"),
                Look("s", LATENESS_S, decimals=1),
            ),
            number(
                "Changes of quality",
                "How often the rung changed. Dozens per hour: the links were at the edge; a lower cap would be calmer.",
                Query(changes, "{{rig}}"),
                Look("short", PLAIN, decimals=0),
            ),
            number(
                "Received",
                "Bytes of the stream that the ingest received. The uplinks carried more: retransmissions and headers.",
                Query(received, "{{rig}}"),
                Look("decbytes", decimals=1),
            ),
        ],
    )


def _shares() -> Row:
    return Row(
        "Where the time and the data went",
        [
            grid(
                "Time per state",
                "Share of the range on each rung. Much time below MEDIUM: weak links, or thresholds that do not suit "
                "them.",
                [
                    Column(
                        "Share",
                        f"max by (state) (avg_over_time(vvlive_quality_state{{{EDGE}}}[$__range]))",
                        "percentunit",
                        decimals=1,
                    )
                ],
                names={"state": "State"},
                span=6,
                height=8,
            ),
            grid(
                "Changes and their rules",
                "Each kind of change with the rule that made it, and how often. The rule tells the cause.",
                [
                    Column(
                        "Times",
                        f"sum by (from, to, rule) (increase(vvlive_quality_transitions_total{{{EDGE}}}[$__range])) > "
                        f"0.5",
                        "short",
                        decimals=0,
                    )
                ],
                names={"from": "From", "to": "To", "rule": "Rule"},
                none="no change",
                span=9,
                height=8,
            ),
            grid(
                "Uplinks",
                "What each uplink carried, how much of it twice, and how long it was dead. An uplink that was dead "
                "for long was a burden; try another carrier.",
                [
                    Column(
                        "Sent",
                        f"sum by (uplink) (increase({bond('uplink_transmit_bytes_total', EDGE)}[{COUNTED}]))",
                        "decbytes",
                        decimals=1,
                    ),
                    Column(
                        "Twice",
                        f"sum by (uplink) (increase({bond('uplink_retransmitted_bytes_total', EDGE)}[{COUNTED}]))",
                        "decbytes",
                        decimals=1,
                    ),
                    Column(
                        "Dead",
                        f"max by (uplink) (avg_over_time({bond('uplink_dead', EDGE)}[$__range]))",
                        "percentunit",
                        steps(GREY, (0.05, YELLOW), (0.2, RED)),
                        decimals=1,
                    ),
                ],
                names={"uplink": "Uplink"},
                span=9,
                height=8,
            ),
        ],
    )


def _moments() -> Row:
    fired = f'max by (alertname, severity) (count_over_time(ALERTS{{{RIG},alertstate="firing"}}[$__range]))'
    return Row(
        "Moments",
        [
            timeline(
                "Quality",
                "The rung over the stream, with the rule of each change as a mark.",
                [Query(f"rig:vvlive_quality_state:rank{{{RIG}}}", "quality")],
                QUALITY,
            ),
            graph(
                "Lateness of the picture",
                "The worst moments are the peaks above 2 s. Zoom into one: every dashboard of the menu follows.",
                [Query(f"max by (rig) (max_over_time(ingest_stream_lag_seconds{{{VPS}}}[$__interval]))", "late by")],
                Look("s", LATENESS_S),
            ),
            graph(
                "Bitrate at the ingest",
                "What arrived. A fall to nothing is a hole in coverage; a fall to a step is a decision.",
                [Query(ARRIVING, "arriving")],
                Look("bps"),
            ),
            grid(
                "Alerts of the stream",
                "Alerts that fired in the range, and for how many evaluations of a second each.",
                [Column("Seconds", fired, "s", decimals=0)],
                names={"alertname": "Alert", "severity": "Severity"},
                links={"Alert": ("Runbook", "/d/runbook-${__data.fields.Alert}")},
                none="nothing fired",
            ),
        ],
    )


def board() -> Board:
    """The dashboard for afterwards."""
    return Board(
        uid="vvlive-session",
        title="Session report",
        description="One stream afterwards: time per state, worst moments, what each uplink carried.",
        refresh="",
        since="now-3h",
        rows=[_sums(), _shares(), _moments()],
    )
