"""What is published of OBS: its counters as they are, and what watching it over time adds."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from controller.actuation.studio_watch import StudioWatch

Sample = tuple[str, tuple[str, ...], float]


def studio_samples(watch: StudioWatch) -> Iterator[Sample]:
    """Every sample that `watch` has, as name, label values and value; what is unknown has none."""
    status = watch.status
    if status is None:
        return
    values = {
        "streaming": status.streaming,
        "reconnecting": status.reconnecting,
        "muted": status.ingest_muted,
        "talks_unheard": watch.talks_unheard,
        "sound_raw_peak_ratio": status.sound_raw_peak,
        "congestion_ratio": status.congestion_ratio,
        "frame_rate_hertz": status.active_fps,
        "output_still_seconds": watch.output_still_s,
        "picture_still_seconds": watch.picture_still_s,
        "output_bytes_total": status.output_bytes,
        "output_frames_total": status.output_total_frames,
        "output_dropped_frames_total": status.output_skipped_frames,
        "encoder_frames_total": status.encoder_total_frames,
        "encoder_skipped_frames_total": status.encoder_skipped_frames,
        "render_frames_total": status.render_total_frames,
        "render_skipped_frames_total": status.render_skipped_frames,
    }
    for name, value in values.items():
        if value is not None:
            yield f"vvlive_obs_{name}", (), float(value)
