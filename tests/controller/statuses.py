"""Statuses to present: one with everything known, one in which nothing is."""

from __future__ import annotations

from dataclasses import replace

from controller.actuation.studio_watch import StudioWatch, watched
from controller.decision.health import Health, Part
from controller.decision.model import (
    EncoderTarget,
    Freshness,
    IngestReading,
    Interval,
    Quality,
    Reason,
    Scene,
    Transport,
    UplinkReading,
)
from controller.decision.trust import Trust
from controller.ports import MediaState, StudioStatus
from controller.status import Counts, Decided, DeviceStatus, Plan, Status

TARGET = EncoderTarget(bitrate_bps=2_500_000, width_px=1280, height_px=720, frame_rate_hz=30)
FINE = DeviceStatus(
    reachable=True,
    problem=None,
    confirmed=True,
    in_flight=False,
    requests=5,
    failures=1,
    last_took_s=0.25,
    answer_age_s=0.5,
)
UNKNOWN_DEVICE = DeviceStatus(
    reachable=None, problem=None, confirmed=None, in_flight=False, requests=0, failures=0, last_took_s=None
)

KNOWN = Status(
    rig="r1",
    policy="adaptive",
    at_s=1_700_000_100.0,
    uptime_s=100.0,
    period_s=1.0,
    source_problem=None,
    self_test="armed: data was at most 0.9 s old",
    armed=True,
    last_tick_age_s=0.2,
    tick_duration_s=0.004,
    counts=Counts(decisions=100, ticks_late=2, ticks_failed=0, transitions={("HIGH", "LOW", "loss"): 3}),
    decided=Decided(
        at_s=1_700_000_099.8,
        quality=Quality.MEDIUM,
        since_s=1_700_000_050.0,
        target=TARGET,
        scene=Scene.SIMPLE,
        reason=Reason("hold", "MEDIUM fits."),
        scene_reason=Reason("picture-late", "The picture is 2.5 s late."),
        freshness=Freshness.FRESH,
        age_s=0.5,
        edge_state=None,
        capacity=Interval(lower_bps=4_000_000, upper_bps=6_000_000),
        delivered_bps=2_600_000,
        drain_time_s=0.1,
        loss_ratio=0.01,
        min_rtt_s=0.05,
        uplinks=(UplinkReading(name="modem-a", capacity=Interval(3_000_000, None), delivered_bps=2e6, dead=False),),
        ingest=IngestReading(age_s=0.7, publishing=True, received_bps=2_550_000, lag_s=2.5),
        override=None,
        health=Health(40.0, (Part("picture", 0.4, 3.0, "late", vital=True), Part("rtt", None, 1.0, "unknown"))),
        trusts={"modem-a": Trust(0.75, 0.9, 1.0, 0.01, 0.02), "modem-b": Trust(None)},
        carrier=Transport.SRTLA,
        out_of_band={"bitrate": True, "picture_size": False},
    ),
    drives_encoder=True,
    drives_studio=True,
    encoder=FINE,
    encoder_confirmed=TARGET,
    studio=replace(FINE, by_hand_for_s=12.5),
    scene_shown=Scene.SIMPLE,
    scene_shown_name="Emergency - Simple",
    streaming=True,
    studio_watch=watched(
        StudioWatch(),
        StudioStatus(
            reachable=True,
            scene_name="Emergency - Simple",
            streaming=True,
            reconnecting=False,
            output_bytes=5_000_000,
            output_skipped_frames=4,
            output_total_frames=3_000,
            congestion_ratio=0.25,
            encoder_skipped_frames=2,
            encoder_total_frames=3_100,
            render_skipped_frames=1,
            render_total_frames=3_200,
            active_fps=30.0,
            ingest_muted=False,
            media_state=MediaState.PLAYING,
            media_cursor_s=12.0,
            sound_raw_peak=0.2,
        ),
        now_s=100.0,
    ),
    vps_connected=True,
    plans=(Plan("modem-a", 2_000_000_000.0, 100_000_000_000), Plan("modem-b", 5_000.0, None)),
    watchdog_seen_s=1_700_000_080.0,
)

UNKNOWN = Status(
    rig="r1",
    policy="locked",
    at_s=1_700_000_000.0,
    uptime_s=0.5,
    period_s=1.0,
    source_problem="unknown because Prometheus has not been asked yet",
    self_test="not armed: no data yet; are the exporters scraped, and do the labels match?",
    armed=False,
    last_tick_age_s=None,
    tick_duration_s=None,
    counts=Counts(),
    drives_encoder=True,
    drives_studio=True,
    encoder=UNKNOWN_DEVICE,
    studio=UNKNOWN_DEVICE,
)
