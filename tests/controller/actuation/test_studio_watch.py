"""What reads of OBS, a second apart, show together."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.actuation.studio_watch import (
    LOOK_EVERY_S,
    RATIOS_FROM_S,
    StudioWatch,
    findings,
    looked,
    wants_look,
    watched,
)
from controller.ports import MediaState, StudioStatus

LIVE = StudioStatus(
    reachable=True,
    scene_name="Main Camera",
    streaming=True,
    reconnecting=False,
    output_bytes=100_000,
    output_total_frames=300,
    output_skipped_frames=0,
    encoder_total_frames=300,
    encoder_skipped_frames=0,
    render_total_frames=300,
    render_skipped_frames=0,
    ingest_muted=False,
    media_state=MediaState.PLAYING,
    media_cursor_s=10.0,
)


def later(status: StudioStatus, seconds: int) -> StudioStatus:
    """A healthy OBS, so many seconds on, at 30 frames a second."""
    frames = 30 * seconds
    return replace(
        status,
        output_bytes=(status.output_bytes or 0) + 100_000 * seconds,
        output_total_frames=(status.output_total_frames or 0) + frames,
        encoder_total_frames=(status.encoder_total_frames or 0) + frames,
        render_total_frames=(status.render_total_frames or 0) + frames,
        media_cursor_s=(status.media_cursor_s or 0) + seconds,
    )


def over(*statuses: StudioStatus) -> StudioWatch:
    """What reads a second apart leave."""
    watch = StudioWatch()
    for now_s, status in enumerate(statuses):
        watch = watched(watch, status, now_s=float(now_s))
    return watch


def healthy(seconds: int = 12) -> list[StudioStatus]:
    """Reads of an OBS that works."""
    return [later(LIVE, second) for second in range(seconds)]


def test_an_obs_that_works_has_no_findings() -> None:
    """All moves, nothing skips."""
    watch = over(*healthy())

    assert (findings(watch), watch.output_still_s, watch.picture_still_s) == ((), 0.0, 0.0)


def stuck(**fields: object) -> list[StudioStatus]:
    """Reads in which `fields` do not move and the rest does."""
    return [replace(status, **fields) for status in healthy()]  # type: ignore[arg-type] # fields of a status


def rising(name: str, per_s: int) -> list[StudioStatus]:
    """Reads in which `name` rises by so much a second."""
    return [replace(status, **{name: per_s * second}) for second, status in enumerate(healthy())]  # type: ignore[arg-type] # a counter's name


@pytest.mark.parametrize(
    ("reads", "found"),
    [
        (stuck(output_bytes=5), "nothing leaves it"),
        (stuck(output_total_frames=5), "nothing leaves it"),
        (stuck(output_total_frames=5, reconnecting=True), "cut off from the platform"),
        (stuck(media_cursor_s=5.0), "picture stands still"),
        (stuck(media_cursor_s=None, media_state=MediaState.ENDED), "picture stands still"),
        (stuck(ingest_muted=True), "live without sound"),
        (stuck(ingest_muted=True, sound_raw_peak=0.2), "speaks into the muted"),
        (rising("encoder_skipped_frames", 3), "it skips frames"),
        (rising("render_skipped_frames", 3), "it skips frames"),
        (rising("output_skipped_frames", 2), "it drops frames"),
    ],
)
def test_each_fault_has_its_line(reads: list[StudioStatus], found: str) -> None:
    """Ten faults of a live OBS, and what the operator reads; nothing else is said beside, save that it is muted."""
    lines = findings(over(*reads))

    assert any(found in line for line in lines), lines
    assert {line for line in lines if found not in line} <= {"it is live without sound: the input is muted"}


@pytest.mark.parametrize(
    "reads",
    [
        stuck(streaming=False, output_bytes=0, output_total_frames=0),
        stuck(streaming=False, ingest_muted=True),
        stuck(ingest_muted=False, sound_raw_peak=0.5),
        rising("encoder_skipped_frames", 1),
        stuck(media_state=None, media_cursor_s=None),
        stuck(output_bytes=None, output_total_frames=None),
    ],
)
def test_what_is_no_fault_has_none(reads: list[StudioStatus]) -> None:
    """An OBS that does not stream may be mute and still; few skipped frames and what is unknown are no fault."""
    assert findings(over(*reads)) == ()


@given(
    st.sets(st.sampled_from([field for field in StudioStatus.__slots__ if field not in {"reachable", "scene_name"}]))
)
def test_what_is_unknown_is_never_a_fault(unknown: set[str]) -> None:
    """Whatever fields are missing, an OBS that works gets no line; a clock is missing together with its source."""
    if "media_cursor_s" in unknown:
        unknown = {*unknown, "media_state"}
    reads = [replace(status, **dict.fromkeys(unknown)) for status in healthy()]  # type: ignore[arg-type] # None for each

    assert findings(over(*reads)) == ()


def test_an_obs_that_went_away_is_watched_anew() -> None:
    """What stood still before an outage says nothing of what came back."""
    away = StudioStatus(reachable=False, problem="gone")
    not_ready = StudioStatus(reachable=True, problem="changing")
    frozen = stuck(media_cursor_s=5.0, output_bytes=5)

    assert over(*frozen, away) == StudioWatch()
    assert over(*frozen, not_ready) == StudioWatch()
    assert findings(over(*frozen, away, *frozen[:3])) == ()


def test_a_stream_that_starts_anew_has_no_share_of_the_last() -> None:
    """Counters that fell belong to another stream; nothing negative comes of it."""
    lossy = rising("output_skipped_frames", 20)
    fresh = replace(later(LIVE, 1), output_total_frames=3, output_skipped_frames=0)
    watch = over(*lossy, fresh)

    assert watch.share(lambda one: one.output_skipped_frames, lambda one: one.output_total_frames) is None
    assert findings(watch) == ()


def test_a_share_needs_some_seconds() -> None:
    """One slow frame right after the start is no overload."""
    reads = rising("encoder_skipped_frames", 20)

    assert findings(over(*reads[: int(RATIOS_FROM_S)])) == ()
    assert findings(over(*reads[: int(RATIOS_FROM_S) + 1])) != ()


def test_speech_may_pause_for_breath() -> None:
    """Between two loud seconds it is still speech; three seconds after the last it is not."""
    muted = replace(LIVE, ingest_muted=True, sound_raw_peak=0.0)
    loud = replace(muted, sound_raw_peak=0.2)

    assert over(loud, muted, muted).talks_unheard is True
    assert over(loud, muted, muted, muted).talks_unheard is False
    assert over(replace(muted, sound_raw_peak=None)).talks_unheard is None


def test_a_source_that_connects_in_vain_again_and_again_stands() -> None:
    """Without a publisher a source flaps between playing at 0 and ended; its picture has not moved for that."""
    flapping = [
        replace(status, media_state=state, media_cursor_s=cursor_s)
        for status, (state, cursor_s) in zip(
            healthy(), [(MediaState.PLAYING, 0.0), (MediaState.ENDED, None)] * 6, strict=True
        )
    ]

    assert over(*flapping).picture_still_s == 11.0


def test_the_picture_is_looked_at_only_when_its_clock_stands() -> None:
    """A look costs OBS a frame: not while the clock moves, at most every five seconds, not at what has ended."""
    frozen = over(*stuck(media_cursor_s=5.0))

    assert not wants_look(over(*healthy()))
    assert wants_look(frozen)
    assert not wants_look(looked(frozen, "a", now_s=frozen.at_s))
    assert wants_look(replace(looked(frozen, "a", now_s=frozen.at_s), at_s=frozen.at_s + LOOK_EVERY_S))
    assert not wants_look(over(*stuck(media_cursor_s=None, media_state=MediaState.ENDED)))


def test_a_picture_that_changes_refutes_its_clock() -> None:
    """Two looks that differ mean that it moves, whatever the clock says; two that do not, that it stands."""
    once = looked(over(*stuck(media_cursor_s=5.0)), "a", now_s=11.0)
    moving, standing = (looked(once, digest, now_s=16.0) for digest in ("b", "a"))

    assert (once.picture_still_s, moving.picture_still_s, standing.picture_still_s) == (11.0, 0.0, 11.0)


def test_a_clock_that_runs_again_makes_earlier_looks_void() -> None:
    """What was seen before the clock ran is not compared with what is seen after it stands again."""
    seen = looked(looked(over(*stuck(media_cursor_s=5.0)), "a", now_s=11.0), "b", now_s=16.0)
    runs = watched(seen, replace(LIVE, media_cursor_s=6.0), now_s=17.0)

    assert (runs.picture, runs.picture_still_s) == (None, 0.0)


def test_only_a_clock_that_has_run_tells_a_frozen_picture_from_a_still_life() -> None:
    """The scene follows the clock; without one, or with one that has never run, looks prove too little."""
    clockless = looked(over(*stuck(media_state=None, media_cursor_s=None)), "a", now_s=11.0)
    never = over(*stuck(media_cursor_s=0.0))

    assert (over(*stuck(media_cursor_s=5.0)).clock_still_s, over(*healthy()).clock_still_s) == (11.0, 0.0)
    assert (clockless.clock_still_s, never.clock_still_s) == (None, None)


def test_a_source_without_a_clock_is_known_by_looks_alone() -> None:
    """Where OBS has no media clock for the source, as for a capture card, looks are all there is."""
    clockless = over(*stuck(media_state=None, media_cursor_s=None))
    first = looked(clockless, "a", now_s=11.0)

    assert (clockless.picture_still_s, wants_look(clockless), first.picture_still_s) == (None, True, 0.0)
    assert replace(looked(first, "a", now_s=16.0), at_s=16.0).picture_still_s == 5.0
    assert looked(first, "b", now_s=16.0).picture_still_s == 0.0


def test_no_look_is_no_evidence() -> None:
    """A screenshot that failed changes nothing but the time of the next one."""
    frozen = over(*stuck(media_cursor_s=5.0))

    assert looked(frozen, None, now_s=11.0) == replace(frozen, looked_s=11.0)
