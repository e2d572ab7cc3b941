"""Panels that several dashboards have."""

from __future__ import annotations

from grafana.source.board import Panel
from grafana.source.expressions import ALIVE, ARRIVING, TARGET, bond, loss, sent
from grafana.source.panels import Column, Look, Query, graph, grid, number
from grafana.source.vocabulary import (
    DEAD,
    EDGE,
    GREEN,
    HEALTH,
    LATENESS_S,
    LIVE,
    LOSS,
    ORANGE,
    QUALITY,
    RED,
    RIG,
    RTT_S,
    VPS,
    YELLOW,
    fresh,
    steps,
)

UPLINK_PAGE = "/d/vvlive-uplinks?var-rig=${rig}&var-uplink=${__data.fields.Uplink}&${__url_time_range}"


def is_live(*, span: int = 4) -> Panel:
    """Whether somebody publishes."""
    return number(
        "Stream",
        "LIVE while a publisher is connected to the ingest. OFFLINE is bad only if you mean to be live: start the "
        "encoder's output, then see the runbook StreamDown.",
        Query(f"max by (rig) (ingest_stream_publishing{{{VPS}}})", "{{rig}}"),
        Look("none", mapping=LIVE),
        span=span,
    )


def quality(*, span: int = 4) -> Panel:
    """The quality state."""
    return number(
        "Quality",
        "The rung of the ladder that the controller has chosen. RECOVERY proves that the next rung is safe; ERROR is "
        "sound only. Below MEDIUM for long: look at the uplinks.",
        Query(f"rig:vvlive_quality_state:rank{{{RIG}}}", "{{rig}}"),
        Look("none", mapping=QUALITY),
        span=span,
    )


def lateness(*, span: int = 4) -> Panel:
    """How late the picture is."""
    return number(
        "Picture is late by",
        "How late the newest picture is at the ingest. Viewers' buffers run dry at 2 s: then OBS shows the simple "
        "scene. If it stays red, lower the bitrate by hand.",
        Query(f"max by (rig) (ingest_stream_lag_seconds{{{VPS}}})", "{{rig}}"),
        Look("s", LATENESS_S, decimals=1),
        span=span,
    )


def health(*, span: int = 4) -> Panel:
    """The health score."""
    return number(
        "Health",
        "What the controller beside the encoder makes of picture, queue, room, uplinks, loss and round trip; never "
        "better than the worse of picture and queue. Below 50 % look at the parts.",
        Query(fresh(f"max by (rig) (vvlive_health_ratio{{{EDGE}}})"), "{{rig}}"),
        Look("percentunit", HEALTH, decimals=0),
        span=span,
    )


def share(*, span: int = 4) -> Panel:
    """What arrives, as a share of what is wanted."""
    return number(
        "Arriving, of the target",
        "Bitrate at the ingest divided by the bitrate ordered from the encoder. Below 90 % the links or the encoder "
        "fall behind; well above 100 % the encoder does not obey: runbook EncoderNotApplying.",
        Query(f"({ARRIVING}) / on (rig) ({fresh(TARGET)})", "{{rig}}"),
        Look("percentunit", steps(RED, (0.5, YELLOW), (0.9, GREEN), (1.3, ORANGE)), decimals=0),
        span=span,
    )


def alive(*, span: int = 4) -> Panel:
    """How many uplinks acknowledge."""
    return number(
        "Uplinks alive",
        "Uplinks that acknowledge data. One is no bond any more; none is the end. The table below says which is dead.",
        Query(fresh(ALIVE), "{{rig}}"),
        Look("none", steps(RED, (1, YELLOW), (2, GREEN))),
        span=span,
    )


def alerts(*, span: int = 12, height: int = 6) -> Panel:
    """What fires now."""
    return grid(
        "Alerts that fire",
        "Alerts of this rig that fire now; a row leads to its runbook. Empty is good, as long as Plumbing says that "
        "Prometheus evaluates and the watchdog is heard.",
        [Column("Firing", f'max by (alertname, severity, site) (ALERTS{{{RIG},alertstate="firing"}})')],
        names={"alertname": "Alert", "severity": "Severity", "site": "Side"},
        links={"Alert": ("Runbook", "/d/runbook-${__data.fields.Alert}")},
        none="nothing fires",
        span=span,
        height=height,
    )


def uplinks(*, span: int = 24, height: int = 6) -> Panel:
    """One row per uplink."""
    by = "by (rig, uplink)"
    return grid(
        "Uplinks now",
        "Each uplink as the rig sees it now; a name leads to its history. Dead: nothing acknowledged. Loss above 5 % "
        "or a round trip above 400 ms makes it a burden; the guard then takes it out.",
        [
            Column("State", fresh(f"max {by} ({bond('uplink_dead', EDGE)})"), mapping=DEAD),
            Column("Sends", fresh(sent(by)), "bps", decimals=1),
            Column("Round trip", fresh(f"max {by} ({bond('uplink_rtt_seconds', EDGE)})"), "s", RTT_S, decimals=0),
            Column("Loss", fresh(loss(by)), "percentunit", LOSS, decimals=1),
            Column("Subflows", fresh(f"max {by} ({bond('uplink_subflows', EDGE)})"), "none", steps(RED, (1, GREEN))),
        ],
        names={"uplink": "Uplink"},
        links={"Uplink": ("History", UPLINK_PAGE)},
        span=span,
        height=height,
    )


def bitrate(*, span: int = 12, height: int = 8) -> Panel:
    """Wanted, read back and arriving, inside what the links can carry."""
    lower = f"max by (rig) (vvlive_capacity_lower_bytes_per_second{{{EDGE}}}) * 8"
    upper = f"max by (rig) (vvlive_capacity_upper_bytes_per_second{{{EDGE}}}) * 8"
    return graph(
        "Bitrate and capacity",
        "What arrives, what was ordered and what the encoder confirms, between the least and the most that the links "
        "are known to carry. The upper bound is known only while a queue stands. Arriving below the target: the "
        "links lack.",
        [
            Query(ARRIVING, "arriving"),
            Query(TARGET, "target"),
            Query(f"max by (rig) (vvlive_encoder_confirmed_bytes_per_second{{{EDGE}}}) * 8", "confirmed"),
            Query(lower, "capacity, at least"),
            Query(upper, "capacity, at most"),
        ],
        Look("bps"),
        span=span,
        height=height,
    )
