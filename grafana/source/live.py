"""Live: everything that matters while streaming, the most urgent first."""

from __future__ import annotations

from grafana.source import studio
from grafana.source.board import Board, Panel, Row
from grafana.source.expressions import ARRIVING, BONDED, bond, loss, sent
from grafana.source.orders import buttons
from grafana.source.panels import Column, Look, Query, graph, grid, number, timeline
from grafana.source.parts import alerts, alive, bitrate, health, is_live, lateness, quality, share, uplinks
from grafana.source.vocabulary import (
    AGE_S,
    CARRIES,
    DEAD,
    EDGE,
    GREEN,
    GREY,
    LATENESS_S,
    LOSS,
    OVERRIDE,
    QUALITY,
    RED,
    RIG,
    RTT_S,
    SCENE,
    VPS,
    WORKS,
    YELLOW,
    fresh,
    steps,
)


def _top() -> Row:
    return Row("", [is_live(), quality(), health(), lateness(), share(), alive(), _scene(), *_state_of_parts()])


def _scene() -> Panel:
    return number(
        "Scene",
        "The scene that OBS was read to show. It follows the quality and the lateness of the picture; another "
        "scene than the controller wants: runbook SceneNotShown.",
        Query(f"rig:vvlive_scene_shown:rank{{{RIG}}}", "{{rig}}"),
        Look("none", mapping=SCENE),
    )


def _state_of_parts() -> list[Panel]:
    return [
        number(
            "Arriving",
            "Bitrate at the ingest. What is good depends on the rung: compare with the target in the graph below.",
            Query(ARRIVING, "{{rig}}"),
            Look("bps", decimals=1),
        ),
        number(
            "Rig heard of",
            "Age of the newest sample from the rig, by its own clock. From 8 s on all that comes from the rig is shown "
            "as NO DATA: runbook MetricsStale.",
            Query(f"rig:exporter_clock:age_seconds{{{RIG}}}", "{{rig}}"),
            Look("s", AGE_S, decimals=1),
        ),
        number(
            "OBS answers",
            "Whether OBS answered the controller's last read. If not, nobody can change the scene: runbook ObsDown.",
            Query(f'max by (rig) (vvlive_device_reachable{{{VPS},target="obs"}})', "{{rig}}"),
            Look("none", mapping=WORKS),
        ),
        number(
            "Bonded",
            "Whether the stream runs over all uplinks at once, by MPTCP or SRTLA. If not, the next hole of the one "
            "uplink ends it: runbook BondingOff.",
            Query(fresh(BONDED), "{{rig}}"),
            Look("none", mapping=WORKS),
        ),
        number(
            "Driven",
            "Whether a manual override is in force on either side. End it with Automatic below, or wait for its end.",
            Query(f"max by (rig) (vvlive_override_active{{{RIG}}})", "{{rig}}"),
            Look("none", mapping=OVERRIDE),
        ),
    ]


def _timelines() -> Row:
    dead = f"max by (uplink) ({bond('uplink_dead', EDGE)})"
    return Row(
        "What happened",
        [
            timeline(
                "Quality over time",
                "The rung over time. Each change carries a mark with the rule that made it. Many changes within a "
                "minute: the links are at the edge of a rung; an override to the lower one calms it.",
                [Query(f"rig:vvlive_quality_state:rank{{{RIG}}}", "quality")],
                QUALITY,
            ),
            timeline(
                "Scene over time",
                "What OBS showed. Simple or offline: the picture was late or gone; compare with the lateness below.",
                [Query(f"rig:vvlive_scene_shown:rank{{{RIG}}}", "scene")],
                SCENE,
            ),
            timeline(
                "Uplinks over time",
                "When each uplink was dead. All at once is a hole in coverage; one alone is its carrier or its modem.",
                [Query(dead, "{{uplink}}")],
                DEAD,
                height=5,
            ),
            timeline(
                "Transport over time",
                "Which transport carried the stream, MPTCP or SRTLA. A change costs a reconnect; many in an hour: "
                "neither gets through well, look at the uplinks.",
                [Query(f"max by (transport) (vvlive_carrier{{{EDGE}}})", "{{transport}}")],
                CARRIES,
                height=5,
            ),
            graph(
                "Health and its parts",
                "The score and what it is made of, 100 % where all is well. The lowest part is the one to look "
                "after; a part that is missing is unknown and does not count.",
                [
                    Query(f"max by (rig) (vvlive_health_ratio{{{EDGE}}})", "health"),
                    Query(f"max by (part) (vvlive_health_part_ratio{{{EDGE}}})", "{{part}}"),
                ],
                Look("percentunit", highest=1),
                span=24,
            ),
        ],
    )


def _links() -> Row:
    by = "by (uplink)"
    return Row(
        "Links",
        [
            bitrate(),
            graph(
                "Uplink throughput",
                "What each uplink carries. All on one although both live: the other is a backup or too slow.",
                [Query(sent(by), "{{uplink}}")],
                Look("bps"),
            ),
            graph(
                "Round trip per uplink",
                "Smoothed round trip. A rise together with throughput is a queue at the carrier: the bitrate is too "
                "high.",
                [Query(f"max {by} ({bond('uplink_rtt_seconds', EDGE)})", "{{uplink}}")],
                Look("s", RTT_S),
            ),
            graph(
                "Loss per uplink",
                "Segments sent again, of those sent. Above 2 % the locked policy goes down from HIGH, above 5 % from "
                "LOW.",
                [Query(loss(by), "{{uplink}}")],
                Look("percentunit", LOSS),
            ),
            graph(
                "Queue before the links",
                "How long the backlog takes to drain, and the largest within each second. Above 1 s the picture will "
                "be late: the bitrate must fall.",
                [
                    Query(f"max by (rig) ({bond('connection_drain_time_seconds', EDGE)})", "drain time"),
                    Query(f"max by (rig) ({bond('connection_drain_time_max_seconds', EDGE)})", "largest"),
                    Query(f"max by (rig) (ingest_stream_lag_seconds{{{VPS}}})", "picture is late by"),
                ],
                Look("s", LATENESS_S),
            ),
            graph(
                "Backlog",
                "Bytes that wait: accepted from the encoder and not acknowledged, and arrived out of order at the "
                "VPS. A backlog that only rises while an uplink delivers: runbook ConnectionStuck.",
                [
                    Query(f"max by (rig) ({bond('connection_backlog_bytes', EDGE)})", "at the rig"),
                    Query(
                        f"max by (rig) (mptcp_connection_head_of_line_gap_bytes{{{VPS}}})", "out of order at the VPS"
                    ),
                ],
                Look("bytes"),
            ),
        ],
    )


def _ends() -> Row:
    return Row(
        "Encoder, ingest and OBS",
        [
            grid(
                "Picture at the ingest",
                "What the stream says of itself. A size or rate other than the rung's: the encoder did not take it.",
                [
                    Column("Width", f"max by (stream) (ingest_stream_width_pixels{{{VPS}}})", "suffix: px"),
                    Column("Height", f"max by (stream) (ingest_stream_height_pixels{{{VPS}}})", "suffix: px"),
                    Column("Frame rate", f"max by (stream) (ingest_stream_frame_rate_hertz{{{VPS}}})", "suffix: fps"),
                    Column("Sound", f"max by (stream) (ingest_stream_audio{{{VPS}}})", mapping=WORKS),
                    Column(
                        "Dropped in a minute",
                        f"sum by (stream) (increase(ingest_stream_dropped_total{{{VPS}}}[1m]))",
                        "short",
                        steps(GREY, (10, YELLOW), (100, RED)),
                        decimals=0,
                    ),
                ],
                names={"stream": "Stream"},
                span=12,
            ),
            grid(
                "Devices",
                "Encoder and OBS: whether they answer, how long ago they did, whether they are as ordered, and how "
                "long the last order took. No answer for 3 s: it hangs. Failures that rise: it refuses.",
                [
                    Column("Answers", f"max by (target) (vvlive_device_reachable{{{RIG}}})", mapping=WORKS),
                    Column(
                        "Answered",
                        f"max by (target) (vvlive_device_answer_age_seconds{{{RIG}}})",
                        "s",
                        steps(GREEN, (2.5, YELLOW), (8, RED)),
                        decimals=1,
                    ),
                    Column("As ordered", f"max by (target) (vvlive_actuation_confirmed{{{RIG}}})", mapping=WORKS),
                    Column(
                        "Last order took",
                        f"max by (target) (vvlive_actuation_duration_seconds{{{RIG}}})",
                        "s",
                        decimals=2,
                    ),
                    Column(
                        "Failures in 5 min",
                        f"sum by (target) (increase(vvlive_actuation_failures_total{{{RIG}}}[5m]))",
                        "short",
                        steps(GREEN, (1, YELLOW), (5, RED)),
                        decimals=0,
                    ),
                ],
                names={"target": "Device"},
                span=12,
            ),
        ],
    )


def board() -> Board:
    """The dashboard for the streamer's second screen."""
    return Board(
        uid="vvlive-live",
        title="Live",
        description="The stream now: what viewers get, what the links carry, and why automation did what it did.",
        refresh="1s",
        variables=("rig", "controller"),
        rows=[
            _top(),
            Row("Act", [uplinks(span=24), buttons(), alerts()]),
            _timelines(),
            _links(),
            _ends(),
            studio.row(),
        ],
    )
