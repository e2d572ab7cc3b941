"""What the API answers: one model per answer, built from the controller's values. None is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from controller.actuation.studio_watch import findings
from controller.overriding.standing import ordered

if TYPE_CHECKING:
    from controller.decision.model import EncoderTarget, UplinkReading
    from controller.decision.trust import Trust
    from controller.journal import Entry, Event, Order
    from controller.status import Decided, DeviceStatus, Status


class View(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(frozen=True)


class TargetView(View):
    """What an encoder shall play, or plays."""

    bitrate_bps: int
    width_px: int
    height_px: int
    frame_rate_hz: int
    audio_only: bool


class DeviceView(View):
    """A device that this controller drives. `confirmed`: it is known to be as wanted."""

    reachable: bool | None
    problem: str | None
    confirmed: bool | None
    in_flight: bool
    orders: int
    orders_failed: int
    last_order_took_s: float | None
    changed_by_hand_for_s: float | None


class EncoderView(DeviceView):
    """The encoder; `plays` is its last read-back, `introduction` what it is and what its changes cost."""

    plays: TargetView | None
    introduction: str | None


class StudioView(DeviceView):
    """OBS; `shows` is the scene of ours that was read back, `shows_name` its name in OBS, `findings` what ails it."""

    shows: str | None
    shows_name: str | None
    streaming: bool | None
    findings: list[str]


class UplinkView(View):
    """One uplink."""

    name: str
    dead: bool | None
    capacity_lower_bps: float | None
    capacity_upper_bps: float | None
    delivered_bps: float | None
    rtt_s: float | None
    min_rtt_s: float | None
    loss_ratio: float | None
    trust: float | None


class SourceView(View):
    """Prometheus, as the metric source, and the self-test of its data."""

    answering: bool
    problem: str | None
    armed: bool
    self_test: str


class ObservedView(View):
    """What the last decision was made from."""

    freshness: str
    age_s: float | None
    capacity_lower_bps: float | None
    capacity_upper_bps: float | None
    delivered_bps: float | None
    drain_time_s: float | None
    loss_ratio: float | None
    min_rtt_s: float | None
    ingest_age_s: float | None
    ingest_publishing: bool | None
    ingest_received_bps: float | None
    ingest_lag_s: float | None


class EdgeView(View):
    """The rig's controller as it last reported: how long ago, and its status then."""

    connected: bool
    age_s: float | None
    status: dict[str, Any] | None


class StatusView(View):
    """The controller at this moment. `edge` is null where no rig reports here."""

    edge: EdgeView | None
    vps_connected: bool | None
    vps_problem: str | None

    rig: str
    policy: str
    at_s: float
    uptime_s: float
    period_s: float
    state: str | None
    state_since_s: float | None
    out_of_band: list[str]
    edge_state: str | None
    reason: str | None
    rule: str | None
    scene: str | None
    scene_reason: str | None
    target: TargetView | None
    source: SourceView
    encoder: EncoderView | None
    studio: StudioView | None
    observed: ObservedView | None
    uplinks: list[UplinkView]
    override_until_s: float | None
    override_reason: str | None
    override_orders: list[str]
    history_problem: str | None
    decisions: int
    ticks_late: int
    ticks_failed: int


class OrderView(View):
    """What became of a decision at one device; a time that never became known is null."""

    device: str
    commanded_s: float | None
    applied_s: float | None
    shown_s: float | None
    outcome: str | None
    detail: str | None


class DecisionView(View):
    """One decision that changed something: why, from what, and what became of it."""

    number: int
    at_s: float
    state: str
    changed_from: str | None
    target: TargetView | None
    scene: str | None
    rule: str
    reason: str
    evidence: dict[str, float | str | None]
    scene_rule: str | None
    scene_reason: str | None
    freshness: str
    age_s: float | None
    values: dict[str, float | None]
    orders: list[OrderView]


class EventView(View):
    """Something that happened besides decisions."""

    number: int
    at_s: float
    subject: str
    text: str


class DecisionsView(View):
    """The last decisions and events, newest first."""

    decisions: list[DecisionView]
    events: list[EventView]


class HealthView(View):
    """Whether the loop runs, and which parts are configured."""

    healthy: bool
    problem: str | None
    features: dict[str, bool]


def target_view(target: EncoderTarget | None) -> TargetView | None:
    """`target` as answered."""
    if target is None:
        return None
    return TargetView(
        bitrate_bps=target.bitrate_bps,
        width_px=target.width_px,
        height_px=target.height_px,
        frame_rate_hz=target.frame_rate_hz,
        audio_only=target.audio_only,
    )


def status_view(status: Status) -> StatusView:
    """`status` as answered."""
    decided = status.decided
    override = status.override.override if status.override else None
    rig = status.rig_end
    return StatusView(
        edge=None if rig is None else EdgeView(connected=rig.connected, age_s=rig.age_s, status=rig.plain_status),
        vps_connected=status.vps_connected,
        vps_problem=status.vps_problem,
        rig=status.rig,
        policy=status.policy,
        at_s=status.at_s,
        uptime_s=status.uptime_s,
        period_s=status.period_s,
        state=decided.quality if decided else None,
        state_since_s=decided.since_s if decided else None,
        out_of_band=[part for part, departs in decided.out_of_band.items() if departs] if decided else [],
        edge_state=decided.edge_state if decided else None,
        reason=decided.reason.text if decided else None,
        rule=decided.reason.rule if decided else None,
        scene=decided.scene if decided else None,
        scene_reason=decided.scene_reason.text if decided and decided.scene_reason else None,
        target=target_view(decided.target if decided else None),
        source=SourceView(
            answering=status.source_problem is None,
            problem=status.source_problem,
            armed=status.armed,
            self_test=status.self_test,
        ),
        encoder=_encoder(status),
        studio=_studio(status),
        observed=_observed(decided) if decided else None,
        uplinks=uplink_views(decided),
        override_until_s=override.until_s if override else None,
        override_reason=override.reason if override else None,
        override_orders=list(ordered(override)) if override else [],
        history_problem=status.history.problem,
        decisions=status.counts.decisions,
        ticks_late=status.counts.ticks_late,
        ticks_failed=status.counts.ticks_failed,
    )


def decisions_view(entries: tuple[Entry, ...], events: tuple[Event, ...]) -> DecisionsView:
    """The journal as answered."""
    return DecisionsView(
        decisions=[_decision(entry) for entry in entries],
        events=[EventView(number=e.number, at_s=e.at_s, subject=e.subject, text=e.text) for e in events],
    )


def _decision(entry: Entry) -> DecisionView:
    return DecisionView(
        number=entry.number,
        at_s=entry.at_s,
        state=entry.quality,
        changed_from=entry.changed_from,
        target=target_view(entry.target),
        scene=entry.scene,
        rule=entry.reason.rule,
        reason=entry.reason.text,
        evidence=dict(entry.reason.evidence),
        scene_rule=entry.scene_reason.rule if entry.scene_reason else None,
        scene_reason=entry.scene_reason.text if entry.scene_reason else None,
        freshness=entry.freshness,
        age_s=entry.age_s,
        values=dict(entry.values),
        orders=[_order(order) for order in entry.orders],
    )


def _order(order: Order) -> OrderView:
    return OrderView(
        device=order.device,
        commanded_s=order.commanded_s,
        applied_s=order.applied_s,
        shown_s=order.shown_s,
        outcome=order.outcome,
        detail=order.detail,
    )


def _device_fields(device: DeviceStatus) -> dict[str, object]:
    return {
        "reachable": device.reachable,
        "problem": device.problem,
        "confirmed": device.confirmed,
        "in_flight": device.in_flight,
        "orders": device.requests,
        "orders_failed": device.failures,
        "last_order_took_s": device.last_took_s,
        "changed_by_hand_for_s": device.by_hand_for_s,
    }


def _encoder(status: Status) -> EncoderView | None:
    if status.encoder is None:
        return None
    plays = target_view(status.encoder_confirmed)
    return EncoderView.model_validate(
        {**_device_fields(status.encoder), "plays": plays, "introduction": status.encoder.introduction}
    )


def _studio(status: Status) -> StudioView | None:
    if status.studio is None:
        return None
    shown = {"shows": status.scene_shown, "shows_name": status.scene_shown_name, "streaming": status.streaming}
    found = [] if status.studio_watch is None else list(findings(status.studio_watch))
    return StudioView.model_validate({**_device_fields(status.studio), **shown, "findings": found})


def _observed(decided: Decided) -> ObservedView:
    return ObservedView(
        freshness=decided.freshness,
        age_s=decided.age_s,
        capacity_lower_bps=decided.capacity.lower_bps,
        capacity_upper_bps=decided.capacity.upper_bps,
        delivered_bps=decided.delivered_bps,
        drain_time_s=decided.drain_time_s,
        loss_ratio=decided.loss_ratio,
        min_rtt_s=decided.min_rtt_s,
        ingest_age_s=decided.ingest.age_s,
        ingest_publishing=decided.ingest.publishing,
        ingest_received_bps=decided.ingest.received_bps,
        ingest_lag_s=decided.ingest.lag_s,
    )


def uplink_views(decided: Decided | None) -> list[UplinkView]:
    """The uplinks of the last decision, as answered; none before the first."""
    return [] if decided is None else [_uplink(one, decided.trusts.get(one.name)) for one in decided.uplinks]


def _uplink(uplink: UplinkReading, trusted: Trust | None) -> UplinkView:
    return UplinkView(
        name=uplink.name,
        dead=uplink.dead,
        capacity_lower_bps=uplink.capacity.lower_bps,
        capacity_upper_bps=uplink.capacity.upper_bps,
        delivered_bps=uplink.delivered_bps,
        rtt_s=uplink.rtt_s,
        min_rtt_s=uplink.min_rtt_s,
        loss_ratio=uplink.loss_ratio,
        trust=None if trusted is None else trusted.score,
    )
