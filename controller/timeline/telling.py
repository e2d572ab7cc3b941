"""What the journal tells, as events of the timeline. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from controller.journal import Entry, Event, Order
from controller.timeline.records import Happening, Kind

if TYPE_CHECKING:
    from controller.decision.model import EncoderTarget
    from controller.journal import Told

_KINDS = {"override": Kind.OVERRIDE, "alert": Kind.ALERT, "encoder": Kind.DEVICE, "obs": Kind.DEVICE}


def happening_of(told: Told) -> Happening:
    """The event that `told` is."""
    if isinstance(told, Entry):
        return _decision(told)
    if isinstance(told, Event):
        return Happening(told.at_s, _KINDS.get(told.subject, Kind.CONTROLLER), told.subject, told.text)
    return _order(*told)


def _decision(entry: Entry) -> Happening:
    # Where no encoder is driven the state is the edge's, whose own log tells of it.
    moved = entry.changed_from is not None and entry.target is not None
    reason = entry.reason if entry.target is not None or entry.scene_reason is None else entry.scene_reason
    data: dict[str, Any] = {
        "decision": entry.number,
        "state": entry.quality.value,
        "from": None if entry.changed_from is None else entry.changed_from.value,
        "target": target_data(entry.target),
        "scene": None if entry.scene is None else entry.scene.value,
        "rule": reason.rule,
        "evidence": dict(reason.evidence),
        "scene_reason": None if entry.scene_reason is None else entry.scene_reason.text,
        "freshness": entry.freshness.value,
        "age_s": entry.age_s,
        "values": dict(entry.values),
    }
    kind = Kind.TRANSITION if moved else Kind.DECISION
    return Happening(entry.at_s, kind, "encoder" if entry.target is not None else "obs", reason.text, data)


def _order(entry: Entry, order: Order) -> Happening:
    times = [one for one in (order.shown_s, order.applied_s, order.commanded_s) if one is not None]
    data = {
        "decision": entry.number,
        "decided_s": entry.at_s,
        "commanded_s": order.commanded_s,
        "applied_s": order.applied_s,
        "shown_s": order.shown_s,
        "outcome": order.outcome,
    }
    what = "it shows" if order.shown_s is not None else f"{order.outcome}: {order.detail}"
    return Happening(max(times, default=entry.at_s), Kind.ORDER, order.device, what, data)


def target_data(target: EncoderTarget | None) -> dict[str, Any] | None:
    """An encoder's target as plain data."""
    if target is None:
        return None
    return {
        "bitrate_bps": target.bitrate_bps,
        "width_px": target.width_px,
        "height_px": target.height_px,
        "frame_rate_hz": target.frame_rate_hz,
        "audio_only": target.audio_only,
    }
