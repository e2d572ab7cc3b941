"""Plumbing: whether what the other dashboards show is the truth, and whether orders take."""

from __future__ import annotations

from grafana.source.board import Board, Row
from grafana.source.panels import Column, Look, Query, graph, grid, number, timeline
from grafana.source.vocabulary import AGE_S, GREEN, GREY, RED, RIG, WORKS, YELLOW, steps

_PREFIXES = ("mptcp", "srtla", "ingest", "rtmp_auth", "mptcp_guard")
_SUCCESS = " or ".join(
    f"min by (site, job, collector) ({prefix}_scrape_collector_success{{{RIG}}})" for prefix in _PREFIXES
)
_DURATION = " or ".join(
    f"max by (site, job, collector) ({prefix}_scrape_collector_duration_seconds{{{RIG}}})" for prefix in _PREFIXES
)


def _scrapes() -> Row:
    return Row(
        "Scrapes and sources",
        [
            timeline(
                "Programs that answer",
                "Whether each exporter and controller answered Prometheus. Of the rig this is what arrived last: see "
                "its age. Red: runbook ExporterDown or ControllerDown.",
                [Query(f"max by (site, job) (up{{{RIG}}})", "{{site}} {{job}}")],
                WORKS,
                height=7,
            ),
            grid(
                "Sources",
                "Each source of each exporter: whether its last read succeeded and how long it took. A source that "
                "fails leaves its metrics out: runbook SourceFailing.",
                [Column("Read", _SUCCESS, mapping=WORKS), Column("Took", _DURATION, "s", decimals=3)],
                names={"site": "Side", "job": "Exporter", "collector": "Source"},
                height=9,
                span=12,
            ),
            graph(
                "Scrape duration",
                "How long each scrape took. Near 0.4 s, the timeout of the fast ones, samples are lost.",
                [Query(f"max by (site, job) (scrape_duration_seconds{{{RIG}}})", "{{site}} {{job}}")],
                Look("s"),
                height=9,
            ),
        ],
    )


def _ages() -> Row:
    watchdog = f"time() - max by (rig) (vvlive_watchdog_last_seen_timestamp_seconds{{{RIG}}})"
    return Row(
        "Ages",
        [
            number(
                "Rig heard of",
                "Age of the newest sample from the rig. Above 8 s what it reports is history: runbook MetricsStale.",
                Query(f"rig:exporter_clock:age_seconds{{{RIG}}}", "{{rig}}"),
                Look("s", AGE_S, decimals=1),
                span=6,
            ),
            number(
                "Watchdog heard",
                "When Alertmanager last told the controller that it works; due every 30 s. Above 2 min nobody would be "
                "told of anything: runbook Watchdog.",
                Query(watchdog, "{{rig}}"),
                Look("s", steps(GREEN, (60, YELLOW), (120, RED)), decimals=0),
                span=6,
            ),
            graph(
                "Age of what is decided by",
                "Age of the newest sample at each decision. Above 2.5 s nothing is raised, above 8 s the controller is "
                "blind.",
                [Query(f"max by (site, source) (vvlive_observation_age_seconds{{{RIG}}})", "{{site}} {{source}}")],
                Look("s", AGE_S),
            ),
        ],
    )


def _decisions() -> Row:
    return Row(
        "Decisions and orders",
        [
            grid(
                "Controllers",
                "Both controllers: armed means that its start-up test found the data young enough; answered, that "
                "Prometheus gave samples at the last tick. Failed ticks are defects.",
                [
                    Column("Armed", f"max by (site) (vvlive_armed{{{RIG}}})", mapping=WORKS),
                    Column("Answered", f"max by (site) (vvlive_source_answering{{{RIG}}})", mapping=WORKS),
                    Column(
                        "Decisions a second",
                        f"sum by (site) (rate(vvlive_decisions_total{{{RIG}}}[$__rate_interval]))",
                        "short",
                        decimals=1,
                    ),
                    Column(
                        "Late ticks in 5 min",
                        f"sum by (site) (increase(vvlive_ticks_late_total{{{RIG}}}[5m]))",
                        "short",
                        steps(GREY, (10, YELLOW)),
                        decimals=0,
                    ),
                    Column(
                        "Failed ticks in 5 min",
                        f"sum by (site) (increase(vvlive_ticks_failed_total{{{RIG}}}[5m]))",
                        "short",
                        steps(GREY, (1, RED)),
                        decimals=0,
                    ),
                ],
                names={"site": "Side"},
            ),
            graph(
                "Tick duration",
                "How long one look, decision and order took. Above half the period ticks come late.",
                [Query(f"max by (site) (vvlive_tick_duration_seconds{{{RIG}}})", "{{site}}")],
                Look("s"),
            ),
            graph(
                "Orders and failures",
                "Orders sent to each device per minute, and those that were not confirmed. Failures that keep up with "
                "orders: the device refuses.",
                [
                    Query(
                        f"sum by (target) (rate(vvlive_actuation_requests_total{{{RIG}}}[$__rate_interval])) * 60",
                        "{{target}}, orders",
                    ),
                    Query(
                        f"sum by (target) (rate(vvlive_actuation_failures_total{{{RIG}}}[$__rate_interval])) * 60",
                        "{{target}}, failures",
                    ),
                ],
                Look("short"),
            ),
            graph(
                "From order to read-back",
                "How long the last order took until it was read back. Seconds for the encoder mean that it restarts.",
                [Query(f"max by (target) (vvlive_actuation_duration_seconds{{{RIG}}})", "{{target}}")],
                Look("s"),
            ),
            grid(
                "Versions",
                "What runs where. Different versions on the two sides: update the other.",
                [
                    Column(
                        "Runs",
                        f"max by (site, job, version) (vvlive_build_info{{{RIG}}} or "
                        + " or ".join(f"{prefix}_exporter_build_info{{{RIG}}}" for prefix in _PREFIXES)
                        + ")",
                        mapping=WORKS,
                    )
                ],
                names={"site": "Side", "job": "Program", "version": "Version"},
                span=12,
                height=8,
            ),
        ],
    )


def _admission() -> Row:
    return Row(
        "Who publishes",
        [
            graph(
                "Refused",
                "Attempts to publish or play that were refused, by reason. A few wrong keys: an encoder with an old "
                "one. Ten a minute: runbook IngestAuthAttack.",
                [Query(f"sum by (reason) (rate(rtmp_auth_denied_total{{{RIG}}}[$__rate_interval]))", "{{reason}}")],
                Look("cps"),
                height=7,
            ),
            grid(
                "Keys",
                "Each stream's publishers now, since when, and when its key ends; the service's file may leave the "
                "end out. Three days before: runbook StreamKeyExpiring.",
                [
                    Column(
                        "Publish now", f"max by (stream) (rtmp_auth_active_publishers{{{RIG}}})", "none", decimals=0
                    ),
                    Column(
                        "Published for",
                        f"max by (stream) (rtmp_auth_session_duration_seconds{{{RIG}}})",
                        "s",
                        decimals=0,
                    ),
                    Column(
                        "Ends in",
                        f"max by (stream) (rtmp_auth_key_expires_timestamp_seconds{{{RIG}}}) - time()",
                        "s",
                        decimals=0,
                    ),
                ],
                names={"stream": "Stream"},
                span=12,
                height=7,
            ),
        ],
    )


def board() -> Board:
    """The dashboard for when something shown is doubted."""
    return Board(
        uid="vvlive-plumbing",
        title="Plumbing",
        description="Exporters, ages, controllers and what became of their orders.",
        rows=[_ages(), _scrapes(), _decisions(), _admission()],
    )
