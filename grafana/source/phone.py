"""Phone: one column, the most urgent first, nothing that needs a pointer."""

from __future__ import annotations

from grafana.source.board import Board, Row
from grafana.source.orders import buttons
from grafana.source.parts import alerts, bitrate, health, is_live, quality, uplinks


def board() -> Board:
    """Seven panels; open it with `?kiosk` from a bookmark."""
    return Board(
        uid="vvlive-phone",
        title="Phone",
        description="What a person in the street needs, in one column.",
        variables=("rig", "controller"),
        rows=[
            Row(
                "",
                [
                    is_live(span=8),
                    quality(span=8),
                    health(span=8),
                    uplinks(span=24, height=5),
                    alerts(span=24, height=5),
                    bitrate(span=24, height=8),
                    buttons(span=24, height=6),
                ],
            )
        ],
    )
