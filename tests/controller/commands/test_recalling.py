"""What the timeline has of a moment: the moment as written, the events in order, decisions in words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import typer

from controller.commands.recalling import moment_of, recalled, told

if TYPE_CHECKING:
    from collections.abc import Mapping

NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def event(at_s: float, kind: str, subject: str = "encoder", *, origin: str = "", **data: object) -> dict[str, Any]:
    """An event as the API answers."""
    return {
        "at_s": at_s,
        "kind": kind,
        "subject": subject,
        "text": f"because of {at_s:g}",
        "data": data,
        "origin": origin,
    }


def decision(at_s: float, number: int, *, target: Mapping[str, Any] | None, **rest: object) -> dict[str, Any]:
    """A decision with all that the timeline keeps of it."""
    known = {
        "rule": "down",
        "scene": "simple",
        "state": "LOW",
        "from": "HIGH",
        "values": {},
        "evidence": {},
        "freshness": "fresh",
        "age_s": 0.25,
    }
    kind = "transition" if target else "decision"
    return {
        **event(at_s, kind, "encoder" if target else "obs"),
        "data": {**known, "decision": number, "target": target, **rest},
    }


TARGET = {"bitrate_bps": 1_200_000, "width_px": 854, "height_px": 480, "frame_rate_hz": 24, "audio_only": False}


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("14:32", datetime(2026, 11, 23, 14, 32, tzinfo=UTC)),
        ("14:32:05", datetime(2026, 11, 23, 14, 32, 5, tzinfo=UTC)),
        ("15:00", NOW),
        ("15:01", datetime(2026, 11, 22, 15, 1, tzinfo=UTC)),
        ("2026-11-20T14:32+00:00", datetime(2026, 11, 20, 14, 32, tzinfo=UTC)),
    ],
)
def test_a_moment_is_the_last_one_of_that_name(text: str, moment: datetime) -> None:
    """A time of day that is still to come is yesterday's."""
    assert moment_of(text, now=NOW) == moment


@pytest.mark.parametrize("text", ["", "soon", "25:00", "14.32 h", "2026-13-01T10:00"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    """It ends the program with code 2."""
    with pytest.raises(typer.Exit) as ended:
        moment_of(text, now=NOW)
    assert ended.value.exit_code == 2


def test_orders_stand_with_their_decision() -> None:
    """By number and log: the rig's decision 7 is not ours; and everything is in the order of time."""
    ours, theirs = decision(2.0, 7, target=TARGET), {**decision(1.0, 7, target=TARGET), "origin": "rig"}
    order = event(3.0, "order", decision=7, decided_s=1.0, applied_s=1.25, shown_s=None, origin="rig")

    first, second = recalled([ours, order, theirs])

    assert (first["orders"], second["orders"]) == ([order], [])


def test_a_change_of_state_is_told_with_reason_readings_and_outcome() -> None:
    """What is unknown is left out; of a device its last word counts."""
    data = {"evidence": {"window_s": 5.0}, "values": {"drain_time_s": 2.5, "loss_ratio": None}}
    orders = [
        event(11.0, "order", decision=7, decided_s=10.0, applied_s=10.25, shown_s=None),
        event(12.0, "order", decision=7, decided_s=10.0, applied_s=10.25, shown_s=10.5),
    ]
    [one] = recalled([decision(10.0, 7, target=TARGET, **data), *orders])

    assert list(told(one)) == [
        "encoder: HIGH to LOW, 480p at 1200 kbit/s",
        "  because of 10 (down)",
        "  drain_time_s 2.5, window_s 5",
        "  data fresh, age 0.2 s",
        "  encoder: applied after 0.25 s, seen after 0.50 s",
    ]


def test_an_order_that_did_not_take_says_why() -> None:
    """Without a time there is the device's word."""
    order = event(11.0, "order", "obs", decision=7, decided_s=10.0, applied_s=None, shown_s=None)
    [one] = recalled([decision(10.0, 7, target=None), order])

    assert list(told(one)) == [
        "obs: scene simple",
        "  because of 10 (down)",
        "  data fresh, age 0.2 s",
        "  obs: because of 11",
    ]


def test_other_events_are_one_line() -> None:
    """Who, and what."""
    assert list(told(event(5.0, "uplink", "verizon"))) == ["verizon: because of 5"]


def test_many_readings_are_broken_into_lines() -> None:
    """No line grows beyond a terminal's width."""
    values = {f"reading_number_{number}": 1.5 for number in range(12)}
    lines = list(told(decision(1.0, 1, target=TARGET, values=values) | {"orders": []}))

    assert max(map(len, lines)) < 80
    assert sum(line.count("reading_number") for line in lines) == 12
