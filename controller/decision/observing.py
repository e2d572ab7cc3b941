"""From raw windows of samples to one Observation. Pure: the moment is an argument.

Every reading has an age, judged from the sample's own timestamp and from what the exporter says of
its source: a number that an exporter repeats while its source is gone is not a reading. A gauge that is
missing from its target's newest scrape is unknown, whatever an older scrape said.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from controller.decision.model import (
    EncoderReading,
    EncoderTraits,
    Freshness,
    IngestReading,
    Interval,
    Observation,
    Override,
    Quality,
    SceneReading,
    Series,
    Transport,
    UplinkReading,
)
from controller.decision.sources import EDGE_SITE, Source, sender, sources
from exporters.units import bits

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from controller.decision.policy import Ages, Policy
    from controller.decision.windows import Gain

_SENDER = (
    "connection_acknowledged_bytes_total",
    "connection_backlog_bytes",
    "connection_capacity_lower_bytes_per_second",
    "connection_capacity_upper_bytes_per_second",
    "connection_drain_time_max_seconds",
    "connection_drain_time_seconds",
    "uplink_acknowledged_bytes_total",
    "uplink_capacity_lower_bytes_per_second",
    "uplink_capacity_upper_bytes_per_second",
    "uplink_dead",
    "uplink_min_rtt_seconds",
    "uplink_rtt_seconds",
    "uplink_subflows",
    "uplink_transmit_segments_total",
)
# What was lost: TCP sends it again on the same uplink; SRT may do so on another, but says where it was missing.
_LOST = {Transport.MPTCP: "uplink_retransmitted_segments_total", Transport.SRTLA: "uplink_lost_segments_total"}
_INGEST = ("ingest_stream_lag_seconds", "ingest_stream_publishing", "ingest_stream_receive_bytes_total")
# What the receiver went on without, and whether the stream comes this way at all.
_RECEIVER = ("connection_missing_segments_total", "connection_receive_bytes_total")
# Whether keyframes are seen there, and since when, or from when on, what is played has nothing missing any more.
_KEYFRAMES = ("connection_keyframes_total", "connection_whole_timestamp_seconds")
_FRAME = ("exporter_clock_timestamp_seconds", "scrape_collector_last_success_timestamp_seconds")
_EDGE_STATE = "vvlive_quality_state"


def metrics(carriers: Collection[Transport]) -> tuple[str, ...]:
    """Names of the metrics, as exposed, that `observe` reads where one of these transports carries the stream."""
    of_sender = (f"{carrier}_{name}" for carrier in carriers for name in (*_SENDER, _LOST[carrier]))
    frames = (f"{prefix}_{name}" for prefix in (*carriers, "ingest") for name in _FRAME)
    of_receiver = (
        f"{carrier}_{name}" for carrier in carriers if carrier is Transport.SRTLA for name in (*_RECEIVER, *_KEYFRAMES)
    )
    return (*of_sender, *of_receiver, *_INGEST, *frames, _EDGE_STATE)


METRICS: tuple[str, ...] = metrics([Transport.MPTCP])
"""Names of the metrics that `observe` reads where MPTCP carries the stream."""

WINDOW_S = 12.0
"""How far back the raw windows must reach: the age at which we are blind, and the longest window on top."""


def observe(  # noqa: PLR0913 - everything that a decision is made from, each by its name
    *,
    at_s: float,
    series: Iterable[Series],
    encoder: EncoderReading,
    encoder_traits: EncoderTraits,
    scene: SceneReading,
    override: Override | None,
    policy: Policy,
    carriers: Collection[Transport] = tuple(Transport),
) -> Observation:
    """What is known at `at_s`, seconds since the epoch, from windows of `metrics` over `WINDOW_S` seconds.

    Of several `carriers` the one that carries most is meant. Where nothing fresh enough is known the reading is
    None, and `freshness` says how far the rest may be used.
    """
    ages = policy.ages
    known = sources(series, not_after_s=at_s + ages.future_s)
    seen = Observation(
        at_s=at_s,
        freshness=Freshness.BLIND,
        ingest=_ingest(known, at_s=at_s, ages=ages),
        encoder=encoder,
        encoder_traits=encoder_traits,
        scene=scene,
        override=override,
        edge_state=_edge_state(known, at_s=at_s, ages=ages),
    )
    edge = sender(known, carriers)
    return seen if edge is None else _with_sender(seen, edge=edge, ages=ages)


def _with_sender(seen: Observation, *, edge: Source, ages: Ages) -> Observation:
    age_s = edge.age_s(seen.at_s)
    carrier = Transport(edge.kind)
    if age_s > ages.late_s:
        return replace(seen, age_s=age_s, carrier=carrier)
    uplinks = tuple(_uplink(edge, name=name, ages=ages) for name in edge.values_of("uplink"))
    return replace(
        seen,
        freshness=Freshness.FRESH if age_s <= ages.fresh_s else Freshness.LATE,
        age_s=age_s,
        carrier=carrier,
        capacity=Interval(
            lower_bps=_bps(edge.gauge(f"{edge.kind}_connection_capacity_lower_bytes_per_second")),
            upper_bps=_bps(edge.gauge(f"{edge.kind}_connection_capacity_upper_bytes_per_second")),
        ),
        delivered_bps=_rate_bps(edge.gained(f"{edge.kind}_connection_acknowledged_bytes_total", span_s=ages.rate_s)),
        drain_time_s=_positive(edge.gauge(f"{edge.kind}_connection_drain_time_seconds")),
        drain_time_max_s=_positive(edge.gauge(f"{edge.kind}_connection_drain_time_max_seconds")),
        backlog_bytes=_positive(edge.gauge(f"{edge.kind}_connection_backlog_bytes")),
        ahead_bytes=_ahead(edge, ages=ages),
        held_up_bps=_held_up(edge, ages=ages),
        loss_ratio=_loss(edge, ages=ages),
        min_rtt_s=min((u.rtt_s for u in uplinks if u.rtt_s is not None and not u.dead), default=None),
        lasting_loss_ratio=_lasting_loss(edge, ages=ages),
        lasting_rtt_s=_lasting_rtt(edge, uplinks, ages=ages),
        uplinks=uplinks,
    )


def _uplink(edge: Source, *, name: str, ages: Ages) -> UplinkReading:
    label = ("uplink", name)
    subflows = edge.gauge(f"{edge.kind}_uplink_subflows", label=label)
    verdict = edge.gauge(f"{edge.kind}_uplink_dead", label=label)
    return UplinkReading(
        name=name,
        capacity=Interval(
            lower_bps=_bps(edge.gauge(f"{edge.kind}_uplink_capacity_lower_bytes_per_second", label=label)),
            upper_bps=_bps(edge.gauge(f"{edge.kind}_uplink_capacity_upper_bytes_per_second", label=label)),
        ),
        delivered_bps=_rate_bps(
            edge.gained(f"{edge.kind}_uplink_acknowledged_bytes_total", span_s=ages.rate_s, label=label),
        ),
        rtt_s=_positive(edge.gauge(f"{edge.kind}_uplink_rtt_seconds", label=label)),
        min_rtt_s=_positive(edge.gauge(f"{edge.kind}_uplink_min_rtt_seconds", label=label)),
        dead=True if subflows == 0 else None if verdict is None else verdict > 0,
        loss_ratio=_loss(edge, ages=ages, label=label),
    )


def _ahead(edge: Source, *, ages: Ages) -> float | None:
    """What the uplinks delivered of late beyond what was acknowledged in order; sent twice counts twice."""
    uplinks = edge.gained(f"{edge.kind}_uplink_acknowledged_bytes_total", span_s=ages.stall_s)
    in_order = edge.gained(f"{edge.kind}_connection_acknowledged_bytes_total", span_s=ages.stall_s)
    return None if uplinks is None or in_order is None else max(0.0, uplinks.amount - in_order.amount)


def _held_up(edge: Source, *, ages: Ages) -> float | None:
    """What was acknowledged in order of late, while the connection's queue takes long to drain."""
    drain_s = edge.gauge(f"{edge.kind}_connection_drain_time_seconds")
    if drain_s is None or drain_s < ages.held_up_s:
        return None
    return _rate_bps(edge.gained(f"{edge.kind}_connection_acknowledged_bytes_total", span_s=ages.stall_s))


def _loss(edge: Source, *, ages: Ages, label: tuple[str, str] | None = None) -> float | None:
    """Lost over sent segments of a short window, longer where few were sent; None where too few were to tell."""
    span_s, counted = ages.loss_s, f"{edge.kind}_uplink_transmit_segments_total"
    sent = edge.gained(counted, span_s=span_s, label=label)
    if sent is not None and sent.amount < ages.loss_segments:
        span_s = min(ages.loss_longest_s, span_s * ages.loss_segments / max(sent.amount, 1.0))
        sent = edge.gained(counted, span_s=span_s, label=label)
    lost = edge.gained(f"{edge.kind}_{_LOST[Transport(edge.kind)]}", span_s=span_s, label=label)
    if sent is None or lost is None or sent.amount < ages.loss_segments_min:
        return None
    return min(1.0, lost.amount / sent.amount)


def _lasting_loss(edge: Source, *, ages: Ages) -> float | None:
    """Lost over sent segments of a long window; None where too few were sent to tell."""
    sent = edge.gained(f"{edge.kind}_uplink_transmit_segments_total", span_s=ages.lasting_loss_s)
    lost = edge.gained(f"{edge.kind}_{_LOST[Transport(edge.kind)]}", span_s=ages.lasting_loss_s)
    if sent is None or lost is None or sent.amount < ages.loss_segments_min:
        return None
    return min(1.0, lost.amount / sent.amount)


def _lasting_rtt(edge: Source, uplinks: tuple[UplinkReading, ...], *, ages: Ages) -> float | None:
    """The least round trip that an uplink which lives was seen with of late."""
    metric = f"{edge.kind}_uplink_rtt_seconds"
    known = [
        edge.least(metric, span_s=ages.lasting_rtt_s, label=("uplink", one.name))
        for one in uplinks
        if one.rtt_s is not None and not one.dead
    ]
    return min((least_s for least_s in known if least_s is not None and least_s >= 0), default=None)


def _ingest(known: tuple[Source, ...], *, at_s: float, ages: Ages) -> IngestReading:
    """The stream that arrives, from the freshest ingest exporter; its largest stream when there are several."""
    found = [source for source in known if source.kind == "ingest"]
    if not found:
        return IngestReading()
    source = max(found, key=lambda one: one.newest_s)
    age_s = source.age_s(at_s)
    if age_s > ages.late_s:
        return IngestReading(age_s=age_s)
    stream = _largest_stream(source, ages=ages)
    label = None if stream is None else ("stream", stream)
    publishing = source.gauge("ingest_stream_publishing", label=label)
    server = _server(known, at_s=at_s, ages=ages)
    return IngestReading(
        age_s=age_s,
        publishing=None if publishing is None else publishing > 0,
        received_bps=_rate_bps(source.gained("ingest_stream_receive_bytes_total", span_s=ages.rate_s, label=label)),
        lag_s=_positive(source.gauge("ingest_stream_lag_seconds", label=label)),
        whole_s=None if server is None else server.steady_s(f"{Transport.SRTLA}_{_RECEIVER[0]}", at_s=at_s),
        mended_s=None if server is None else _mended(server, at_s=at_s),
    )


def _server(known: tuple[Source, ...], *, at_s: float, ages: Ages) -> Source | None:
    """The exporter beside an SRT server that takes the stream in."""
    missing, received = (f"{Transport.SRTLA}_{name}" for name in _RECEIVER)
    for source in known:
        if missing in source.series and source.age_s(at_s) <= ages.late_s:
            arrived = source.gained(received, span_s=WINDOW_S)
            return source if arrived is not None and arrived.amount > 0 else None
    return None


def _mended(server: Source, *, at_s: float) -> float | None:
    """For how long what is played has had nothing missing since a keyframe, which may be known ahead."""
    seen, whole = (server.gauge(f"{Transport.SRTLA}_{name}") for name in _KEYFRAMES)
    clock = server.gauge(f"{Transport.SRTLA}_exporter_clock_timestamp_seconds")
    if seen is None:
        return None
    scraped_s = server.newest_s if clock is None else clock
    return 0.0 if whole is None else max(0.0, scraped_s - whole + at_s - server.newest_s)


def _largest_stream(source: Source, *, ages: Ages) -> str | None:
    def received(stream: str) -> float:
        found = source.gained("ingest_stream_receive_bytes_total", span_s=ages.late_s, label=("stream", stream))
        return -1.0 if found is None else found.amount

    return max(source.values_of("stream"), key=received, default=None)


def _edge_state(known: tuple[Source, ...], *, at_s: float, ages: Ages) -> Quality | None:
    """The edge controller's quality state, as shipped to us; our own series never counts as the edge's."""
    for source in known:
        if source.kind == "vvlive" and source.site == EDGE_SITE and at_s - source.newest_s <= ages.late_s:
            for quality in Quality:
                if source.gauge(_EDGE_STATE, label=("state", quality.value)) == 1:
                    return quality
    return None


def _bps(octets_per_s: float | None) -> float | None:
    return None if octets_per_s is None or octets_per_s < 0 else bits(octets_per_s)


def _rate_bps(gained: Gain | None) -> float | None:
    return None if gained is None else bits(gained.per_s)


def _positive(value: float | None) -> float | None:
    return None if value is None or value < 0 else value
