"""What is published of OBS."""

from __future__ import annotations

from controller.actuation.studio_watch import StudioWatch, watched
from controller.ports import MediaState, StudioStatus
from controller.studio_metrics import studio_samples
from exporters import catalog

KNOWN = StudioStatus(
    reachable=True,
    scene_name="Main Camera",
    streaming=True,
    reconnecting=False,
    output_bytes=123,
    output_skipped_frames=1,
    output_total_frames=90,
    congestion_ratio=0.25,
    encoder_skipped_frames=2,
    encoder_total_frames=91,
    render_skipped_frames=3,
    render_total_frames=92,
    active_fps=30.0,
    ingest_muted=True,
    media_state=MediaState.PLAYING,
    media_cursor_s=4.0,
    sound_raw_peak=0.5,
)


def test_everything_known_is_published() -> None:
    """With all that OBS tells, every metric of the catalogue about it has a sample, and no other."""
    published = {name for name, _, _ in studio_samples(watched(StudioWatch(), KNOWN, now_s=1.0))}

    assert published == {metric.name for metric in catalog.CONTROLLER if metric.name.startswith("vvlive_obs_")}


def test_nothing_known_publishes_nothing() -> None:
    """An OBS that does not answer has no samples; one that tells nothing has none either."""
    told_nothing = watched(StudioWatch(), StudioStatus(reachable=True, scene_name="A"), now_s=1.0)

    assert list(studio_samples(StudioWatch())) == []
    assert list(studio_samples(told_nothing)) == []


def test_a_stopped_stream_is_not_a_still_one() -> None:
    """While OBS does not stream, how long its output stood has no value."""
    idle = StudioStatus(reachable=True, scene_name="A", streaming=False, output_bytes=0, output_total_frames=0)
    published = {name: value for name, _, value in studio_samples(watched(StudioWatch(), idle, now_s=1.0))}

    assert published["vvlive_obs_streaming"] == 0.0
    assert "vvlive_obs_output_still_seconds" not in published
