"""What the demo makes of the controllers' answers and the ingest's counters."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.demo.watching import Received, edge_rows, rate_bps, vps_rows

START_S = 1000.0


def entry(at_s: float, **fields: object) -> dict[str, Any]:
    """A decision as the API answers it."""
    return {
        "at_s": at_s,
        "state": "HIGH",
        "changed_from": None,
        "target": None,
        "scene": None,
        "reason": "why",
        "scene_reason": None,
        "orders": [],
        **fields,
    }


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (Received(1.0, 1000), Received(2.0, 2000), 8000),
        (None, Received(2.0, 2000), None),
        (Received(1.0, 1000), None, None),
        (Received(1.0, 5000), Received(2.0, 2000), None),
        (Received(2.0, 1000), Received(2.0, 2000), None),
    ],
)
def test_rate(before: Received | None, now: Received | None, expected: int | None) -> None:
    """A rate needs two counts of one publisher and time between them; else it is unknown, not zero."""
    assert rate_bps(before, now) == expected


def test_edge_rows() -> None:
    """An edge decision has its target and the times of the encoder's order, counted from the drive's start."""
    order = {"device": "encoder", "commanded_s": 1005.1, "applied_s": 1005.2, "shown_s": None}
    newest_first = [
        entry(1005.0, state="LOW", changed_from="HIGH", target={"bitrate_bps": 1_200_000}, orders=[order]),
        entry(1001.0),
    ]
    first, second = edge_rows(newest_first, START_S)
    assert (first.t, first.from_, first.to, first.commanded_t) == (1.0, "HIGH", "HIGH", None)
    assert (second.t, second.from_, second.to, second.target_bps) == (5.0, "HIGH", "LOW", 1_200_000)
    assert (second.commanded_t, second.applied_t, second.shown_t, second.scene) == (5.1, 5.2, None, None)


def test_vps_rows_are_scene_changes() -> None:
    """Of the VPS's decisions those that changed the scene are kept, with the reason for the scene."""
    newest_first = [
        entry(1004.0, scene="main", scene_reason="on time"),
        entry(1003.0, scene="simple", scene_reason="late"),
        entry(1002.0, scene="simple", scene_reason="late"),
        entry(1001.0, scene="main"),
    ]
    rows = vps_rows(newest_first, START_S)
    assert [(row.t, row.scene, row.reason) for row in rows] == [
        (1.0, "main", "why"),
        (2.0, "simple", "late"),
        (4.0, "main", "on time"),
    ]
