"""The health score and its parts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.decision.health import Part, health
from controller.decision.model import Freshness, IngestReading, Interval, Observation, Quality, UplinkReading
from controller.decision.policies import ADAPTIVE
from tests.controller.decision.roads import Road, at_rung

GOOD = replace(
    Road(50e6).see(at_rung(ADAPTIVE, Quality.HIGH)), ingest=IngestReading(age_s=0.1, publishing=True, lag_s=0.2)
)


def parts(seen: Observation) -> dict[str, Part]:
    """The parts by name."""
    return {part.name: part for part in health(seen).parts}


def test_without_data_there_is_no_score() -> None:
    """Unknown stays unknown: no part has a value."""
    seen = health(Observation(at_s=0.0, freshness=Freshness.BLIND))

    assert seen.score is None
    assert all(part.value is None for part in seen.parts)


def test_a_picture_that_is_gone_is_not_healed_by_good_links() -> None:
    """A vital part bounds the score."""
    score = health(replace(GOOD, ingest=replace(GOOD.ingest, publishing=False))).score

    assert score == 0.0


@pytest.mark.parametrize(
    ("dead", "value", "text"),
    [
        ((False, False), 1.0, "2 of 2 uplinks acknowledge."),
        ((False, True), 0.5, "1 of 2 uplinks acknowledge."),
        ((False, None), 1.0, "1 of 2 uplinks acknowledge, 1 unknown."),
        ((True, None), 0.0, "0 of 2 uplinks acknowledge, 1 unknown."),
        ((None, None), None, "0 of 2 uplinks acknowledge, 2 unknown."),
    ],
)
def test_an_uplink_of_which_nothing_is_known_is_not_counted_as_dead(
    dead: tuple[bool | None, ...], value: float | None, text: str
) -> None:
    """An idle uplink has no verdict: the part is made of those that have one."""
    uplinks = tuple(UplinkReading(f"modem-{n}", dead=one) for n, one in enumerate(dead))
    part = parts(replace(GOOD, uplinks=uplinks))["uplinks"]

    assert (part.value, part.text) == (value, text)


@pytest.mark.parametrize(
    ("seen", "part", "value"),
    [
        (replace(GOOD, ingest=replace(GOOD.ingest, lag_s=0.5)), "picture", 1.0),
        (replace(GOOD, ingest=replace(GOOD.ingest, lag_s=1.25)), "picture", 0.5),
        (replace(GOOD, ingest=IngestReading()), "picture", None),
        (replace(GOOD, drain_time_s=2.0), "queue", 0.0),
        (replace(GOOD, drain_time_s=0.0, freshness=Freshness.BLIND), "queue", None),
        (replace(GOOD, delivered_bps=2e6, capacity=Interval(2.4e6, None)), "room", 0.5),
        (replace(GOOD, delivered_bps=0.0), "room", None),
        (replace(GOOD, loss_ratio=0.05), "loss", 0.0),
        (replace(GOOD, loss_ratio=None), "loss", None),
        (replace(GOOD, min_rtt_s=0.29), "rtt", 0.5),
        (replace(GOOD, min_rtt_s=None), "rtt", None),
    ],
)
def test_each_part_is_made_of_its_own_reading(seen: Observation, part: str, value: float | None) -> None:
    """1 where it is as good as it matters, 0 where the stream suffers, nothing where it is not known."""
    assert parts(seen)[part].value == (None if value is None else pytest.approx(value))


def test_a_part_that_is_not_known_has_no_weight() -> None:
    """Where all that is known is perfect the score is 100, however little that is."""
    perfect = replace(GOOD, capacity=Interval(50e6, None))

    assert health(perfect).score == pytest.approx(100.0)
    assert health(replace(perfect, loss_ratio=None, min_rtt_s=None, uplinks=())).score == pytest.approx(100.0)


def test_a_good_stream_scores_high() -> None:
    """All parts known and good."""
    score = health(GOOD).score

    assert score is not None
    assert score > 85.0
