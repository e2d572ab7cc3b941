"""Fleet: all rigs, one row each; a name leads to its dashboard."""

from __future__ import annotations

from grafana.source.board import Board, Row
from grafana.source.expressions import bond
from grafana.source.panels import Column, Query, grid, timeline
from grafana.source.vocabulary import AGE_S, GREEN, GREY, LATENESS_S, LIVE, QUALITY, RED, YELLOW, fresh, steps

SITE = 'site="edge"'
LIVE_PAGE = "/d/vvlive-live?var-rig=${__data.fields.Rig}&${__url_time_range}"


def board() -> Board:
    """The dashboard for whoever looks after several rigs."""
    alive = f"sum by (rig) (max by (rig, uplink) ({bond('uplink_dead', SITE)}) == bool 0)"
    arriving = "sum by (rig) (rate(ingest_stream_receive_bytes_total[$__rate_interval])) * 8"
    return Board(
        uid="vvlive-fleet",
        title="Fleet",
        description="Every rig in one line.",
        variables=(),
        events=False,
        rows=[
            Row(
                "",
                [
                    grid(
                        "Rigs",
                        "Every rig that the server knows. A rig that was not heard of for 8 s has no quality and no "
                        "uplinks here: its name leads to what is known. Red lateness or alerts want you first.",
                        [
                            Column("Stream", "max by (rig) (ingest_stream_publishing)", mapping=LIVE),
                            Column("Quality", "rig:vvlive_quality_state:rank", mapping=QUALITY),
                            Column("Late by", "max by (rig) (ingest_stream_lag_seconds)", "s", LATENESS_S, decimals=1),
                            Column("Arriving", arriving, "bps", decimals=1),
                            Column("Uplinks alive", fresh(alive), "none", steps(RED, (1, YELLOW), (2, GREEN))),
                            Column("Heard of", "rig:exporter_clock:age_seconds", "s", AGE_S, decimals=1),
                            Column(
                                "Alerts",
                                'count by (rig) (ALERTS{alertstate="firing",rig!=""})',
                                "none",
                                steps(GREY, (1, RED)),
                            ),
                        ],
                        names={"rig": "Rig"},
                        links={"Rig": ("Live", LIVE_PAGE)},
                        height=10,
                    ),
                    timeline(
                        "Quality of each rig",
                        "The rungs of all rigs over time. All at once worse: the VPS or its network.",
                        [Query("rig:vvlive_quality_state:rank", "{{rig}}")],
                        QUALITY,
                        height=8,
                    ),
                ],
            )
        ],
    )
