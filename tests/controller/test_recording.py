"""Which decisions are entered, and what stands in an entry."""

from __future__ import annotations

from dataclasses import replace

from controller.decision import policies
from controller.decision.machine import Decision
from controller.decision.memory import State
from controller.decision.model import (
    EncoderTarget,
    Freshness,
    IngestReading,
    Interval,
    Observation,
    Quality,
    Reason,
    Scene,
)
from controller.journal import Journal
from controller.recording import Recorder

SEEN = Observation(
    at_s=10.0,
    freshness=Freshness.LATE,
    age_s=3.0,
    capacity=Interval(4e6, None),
    loss_ratio=0.02,
    ingest=IngestReading(age_s=1.0, received_bps=3e6, lag_s=0.4),
)
DECIDED = Decision(
    state=State.initial(policies.LOCKED),
    quality=Quality.LOW,
    target=EncoderTarget(1_200_000, 854, 480, 24),
    scene=Scene.MAIN,
    reason=Reason("loss", "Loss."),
    scene_reason=Reason("picture-fine", "Fine."),
    changed_from=Quality.HIGH,
)


def recorder(journal: Journal, *, encoder: bool = True, studio: bool = True) -> Recorder:
    """A recorder of a controller with these parts."""
    return Recorder(journal=journal, drives_encoder=encoder, drives_studio=studio)


def test_an_entry_has_reason_readings_and_their_age() -> None:
    """What was decided stands with what it was decided from; None is unknown."""
    journal = Journal()
    recorder(journal).record(SEEN, DECIDED)

    (entry,) = journal.entries()
    assert (entry.at_s, entry.quality, entry.changed_from, entry.scene) == (10.0, Quality.LOW, Quality.HIGH, Scene.MAIN)
    assert (entry.freshness, entry.age_s, entry.reason.rule) == (Freshness.LATE, 3.0, "loss")
    assert dict(entry.values) == {
        "capacity_lower_bps": 4e6,
        "capacity_upper_bps": None,
        "delivered_bps": None,
        "drain_time_s": None,
        "loss_ratio": 0.02,
        "min_rtt_s": None,
        "received_bps": 3e6,
        "ingest_lag_s": 0.4,
        "ingest_age_s": 1.0,
    }


def test_the_same_decision_again_is_no_new_entry() -> None:
    """A decision that holds goes back to the entry that made it."""
    journal = Journal()
    one = recorder(journal)
    first = one.record(SEEN, DECIDED)
    again = one.record(replace(SEEN, at_s=11.0), replace(DECIDED, changed_from=None, reason=Reason("hold", "Holds.")))

    assert (again, len(journal.entries())) == (first, 1)


def test_a_new_target_or_scene_is_a_new_entry() -> None:
    """Whatever a device will be told has an entry of its own."""
    journal = Journal()
    one = recorder(journal)
    numbers = [
        one.record(SEEN, DECIDED),
        one.record(SEEN, replace(DECIDED, target=replace(DECIDED.target, bitrate_bps=900_000))),
        one.record(SEEN, replace(DECIDED, scene=Scene.SIMPLE)),
    ]

    assert len(set(numbers)) == 3


def test_what_is_not_driven_is_not_entered() -> None:
    """Beside OBS only, a target of the core is nobody's, and its trims fill no journal."""
    journal = Journal()
    one = recorder(journal, encoder=False)
    one.record(SEEN, DECIDED)
    one.record(SEEN, replace(DECIDED, target=replace(DECIDED.target, bitrate_bps=900_000)))

    (entry,) = journal.entries()
    assert entry.target is None
