"""Which decisions are worth an entry in the journal, and what goes into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.journal import Entry

if TYPE_CHECKING:
    from controller.decision.machine import Decision
    from controller.decision.model import EncoderTarget, Observation, Scene
    from controller.journal import Journal


class Recorder:
    """Writes an entry whenever something driven by this controller is decided anew."""

    def __init__(self, *, journal: Journal, drives_encoder: bool, drives_studio: bool) -> None:
        self._journal = journal
        self._drives_encoder = drives_encoder
        self._drives_studio = drives_studio
        self._last: tuple[object, ...] | None = None
        self._number = 0

    def record(self, observation: Observation, decision: Decision) -> int:
        """The number of the entry that the present wishes go back to; a new one if they changed."""
        target = decision.target if self._drives_encoder else None
        scene = decision.scene if self._drives_studio else None
        said = (decision.quality, target, scene)
        if said != self._last:
            self._last = said
            self._number = self._journal.decided(_entry(observation, decision, target=target, scene=scene))
        return self._number


def _entry(observation: Observation, decision: Decision, *, target: EncoderTarget | None, scene: Scene | None) -> Entry:
    return Entry(
        number=0,
        at_s=observation.at_s,
        quality=decision.quality,
        changed_from=decision.changed_from,
        target=target,
        scene=scene,
        reason=decision.reason,
        scene_reason=decision.scene_reason if scene is not None else None,
        freshness=observation.freshness,
        age_s=observation.age_s,
        values=readings(observation),
    )


def readings(observation: Observation) -> tuple[tuple[str, float | None], ...]:
    """The readings that a decision was made from, by name; None is unknown."""
    return (
        ("capacity_lower_bps", observation.capacity.lower_bps),
        ("capacity_upper_bps", observation.capacity.upper_bps),
        ("delivered_bps", observation.delivered_bps),
        ("drain_time_s", observation.drain_time_s),
        ("loss_ratio", observation.loss_ratio),
        ("min_rtt_s", observation.min_rtt_s),
        ("received_bps", observation.ingest.received_bps),
        ("ingest_lag_s", observation.ingest.lag_s),
        ("ingest_age_s", observation.ingest.age_s),
    )
