"""The controller's own metrics, made anew from its status at each scrape, as the catalogue describes them.

What is unknown is absent. A controller without an encoder publishes no quality state and no target: those
are the edge's, and two sources of one truth are none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from controller import __version__
from controller.decision.model import Freshness, Quality, Scene, Transport
from controller.studio_metrics import studio_samples
from exporters import catalog
from exporters.units import octets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from prometheus_client.core import Metric

    from controller.decision.health import Health
    from controller.status import Decided, DeviceStatus, Status

Sample = tuple[str, tuple[str, ...], float]


class StatusCollector(Collector):
    """Presents what `status` returns at the moment of the scrape."""

    def __init__(self, status: Callable[[], Status]) -> None:
        self._status = status

    def collect(self) -> Iterable[Metric]:
        """One family per metric of the catalogue that has a sample now."""
        families: dict[str, Metric] = {}
        for name, labels, value in samples(self._status()):
            families.setdefault(name, _family(catalog.BY_NAME[name]))
            families[name].add_metric(labels, value)  # type: ignore[attr-defined] # both families used here have it
        return families.values()

    def describe(self) -> Iterable[Metric]:
        """Nothing: registering must not collect."""
        return ()


def registry(status: Callable[[], Status]) -> CollectorRegistry:
    """A registry of this process' own, with nothing else in it."""
    own = CollectorRegistry(auto_describe=False)
    own.register(StatusCollector(status))
    return own


def exposition(own: CollectorRegistry) -> bytes:
    """The metrics in Prometheus' text format."""
    return generate_latest(own)


def _family(metric: catalog.Metric) -> Metric:
    if metric.kind is catalog.Kind.COUNTER:
        return CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
    return GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)


def samples(status: Status) -> Iterator[Sample]:
    """Every sample that `status` has, as name, label values in the catalogue's order, and value."""
    yield "vvlive_build_info", (__version__,), 1.0
    yield "vvlive_ticks_late_total", (), float(status.counts.ticks_late)
    yield "vvlive_ticks_failed_total", (), float(status.counts.ticks_failed)
    yield "vvlive_decisions_total", (), float(status.counts.decisions)
    yield "vvlive_armed", (), float(status.armed)
    yield "vvlive_source_answering", (), float(status.source_problem is None)
    yield "vvlive_override_active", (), float(status.override is not None)
    yield "vvlive_timeline_writable", (), float(status.history.problem is None)
    yield "vvlive_timeline_waiting_events", (), float(status.history.waiting)
    yield "vvlive_timeline_lost_events_total", (), float(status.history.lost)
    linked = status.vps_connected if status.rig_end is None else status.rig_end.connected
    if linked is not None:
        yield "vvlive_link_connected", (), float(linked)
    if status.watchdog_seen_s is not None:
        yield "vvlive_watchdog_last_seen_timestamp_seconds", (), status.watchdog_seen_s
    for plan in status.plans:
        yield "vvlive_uplink_month_bytes", (plan.uplink,), plan.carried_bytes
        if plan.cap_bytes is not None:
            yield "vvlive_uplink_cap_bytes", (plan.uplink,), float(plan.cap_bytes)
    if status.tick_duration_s is not None:
        yield "vvlive_tick_duration_seconds", (), status.tick_duration_s
    if status.decided is not None:
        yield from _decided(status.decided)
        yield from _quality(status, status.decided)
    yield from _encoder(status)
    yield from _studio(status)


def _decided(decided: Decided) -> Iterator[Sample]:
    yield "vvlive_last_decision_timestamp_seconds", (), decided.at_s
    yield from _one_of("vvlive_observation_freshness", Freshness, decided.freshness)
    if decided.carrier is not None:
        yield from _one_of("vvlive_carrier", Transport, decided.carrier)
    for source, age_s in (("uplinks", decided.age_s), ("ingest", decided.ingest.age_s)):
        if age_s is not None:
            yield "vvlive_observation_age_seconds", (source,), age_s
    if decided.health is not None:
        yield from _health(decided.health)
    for uplink, found in decided.trusts.items():
        if found.score is not None:
            yield "vvlive_uplink_trust_ratio", (uplink,), found.score
    if decided.capacity.lower_bps is not None:
        yield "vvlive_capacity_lower_bytes_per_second", (), octets(decided.capacity.lower_bps)
    if decided.capacity.upper_bps is not None:
        yield "vvlive_capacity_upper_bytes_per_second", (), octets(decided.capacity.upper_bps)


def _health(found: Health) -> Iterator[Sample]:
    if found.score is not None:
        yield "vvlive_health_ratio", (), found.score / 100
    for part in found.parts:
        if part.value is not None:
            yield "vvlive_health_part_ratio", (part.name,), part.value


def _quality(status: Status, decided: Decided) -> Iterator[Sample]:
    if not status.drives_encoder:
        return
    yield from _one_of("vvlive_quality_state", Quality, decided.quality)
    for move, count in status.counts.transitions.items():
        yield "vvlive_quality_transitions_total", move, float(count)
    for part, departs in decided.out_of_band.items():
        yield "vvlive_quality_out_of_band", (part,), float(departs)
    if decided.target is not None:
        yield "vvlive_encoder_target_bytes_per_second", (), octets(decided.target.bitrate_bps)


def _encoder(status: Status) -> Iterator[Sample]:
    if status.encoder is not None:
        yield from _device("encoder", status.encoder)
    if status.encoder_confirmed is not None:
        yield "vvlive_encoder_confirmed_bytes_per_second", (), octets(status.encoder_confirmed.bitrate_bps)


def _studio(status: Status) -> Iterator[Sample]:
    if status.studio is None:
        return
    yield from _device("obs", status.studio)
    if status.studio_watch is not None:
        yield from studio_samples(status.studio_watch)
    if status.decided is not None and status.decided.scene is not None:
        yield from _one_of("vvlive_scene", Scene, status.decided.scene)
    if status.scene_shown is not None:
        yield from _one_of("vvlive_scene_shown", Scene, status.scene_shown)


def _device(target: str, device: DeviceStatus) -> Iterator[Sample]:
    yield "vvlive_actuation_requests_total", (target,), float(device.requests)
    yield "vvlive_actuation_failures_total", (target,), float(device.failures)
    if device.confirmed is not None:
        yield "vvlive_actuation_confirmed", (target,), float(device.confirmed)
    if device.reachable is not None:
        yield "vvlive_device_reachable", (target,), float(device.reachable)
    if device.answer_age_s is not None:
        yield "vvlive_device_answer_age_seconds", (target,), device.answer_age_s
    if device.by_hand_for_s is not None:
        yield "vvlive_device_by_hand_seconds", (target,), device.by_hand_for_s
    if device.last_took_s is not None:
        yield "vvlive_actuation_duration_seconds", (target,), device.last_took_s


def _one_of(name: str, choices: Iterable[str], present: str) -> Iterator[Sample]:
    for choice in choices:
        yield name, (str(choice),), float(choice == present)
