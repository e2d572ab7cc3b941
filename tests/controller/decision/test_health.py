"""The health score and its parts."""

from __future__ import annotations

from dataclasses import replace

from controller.decision.health import health
from controller.decision.model import Freshness, IngestReading, Observation, Quality
from controller.decision.policies import ADAPTIVE
from tests.controller.decision.roads import Road, at_rung

GOOD = replace(
    Road(50e6).see(at_rung(ADAPTIVE, Quality.HIGH)), ingest=IngestReading(age_s=0.1, publishing=True, lag_s=0.2)
)


def test_without_data_there_is_no_score() -> None:
    """Unknown stays unknown: no part has a value."""
    seen = health(Observation(at_s=0.0, freshness=Freshness.BLIND))

    assert seen.score is None
    assert all(part.value is None for part in seen.parts)


def test_a_picture_that_is_gone_is_not_healed_by_good_links() -> None:
    """A vital part bounds the score."""
    score = health(replace(GOOD, ingest=replace(GOOD.ingest, publishing=False))).score

    assert score == 0.0


def test_a_good_stream_scores_high() -> None:
    """All parts known and good."""
    score = health(GOOD).score

    assert score is not None
    assert score > 85.0
