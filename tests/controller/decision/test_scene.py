"""Which scene is shown: the picture's lateness first, then the state, and orders above both."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.decision.clocks import Clocks
from controller.decision.model import Freshness, IngestReading, Observation, Override, Quality, Scene, SceneReading
from controller.decision.policy import SceneRules
from controller.decision.scene import choose_scene
from tests.controller.decision.examples import law

FINE = IngestReading(age_s=0.2, publishing=True, received_bps=2e6, lag_s=0.3)


def scene(
    ingest: IngestReading,
    *,
    before: Scene | None = Scene.MAIN,
    quality: Quality | None = Quality.HIGH,
    override: Override | None = None,
    gone_since_s: float | None = None,
) -> tuple[Scene | None, str]:
    """The scene at 1000 s and its rule."""
    seen = Observation(at_s=1_000.0, freshness=Freshness.FRESH, ingest=ingest, override=override)
    clocks = Clocks() if gone_since_s is None else Clocks((("picture-gone", gone_since_s),))
    chosen, _, reason = choose_scene(before, seen, quality=quality, clocks=clocks, rules=SceneRules())
    return chosen, reason.rule


@pytest.mark.parametrize(
    ("lag_s", "before", "expected"),
    [
        (0.3, Scene.MAIN, Scene.MAIN),
        (1.9, Scene.MAIN, Scene.MAIN),
        (2.2, Scene.MAIN, Scene.SIMPLE),
        (1.9, Scene.SIMPLE, Scene.SIMPLE),
        (1.7, Scene.SIMPLE, Scene.MAIN),
        (1.9, None, Scene.MAIN),
    ],
)
def test_lateness_covers_the_picture_and_gives_it_back(lag_s: float, before: Scene | None, expected: Scene) -> None:
    """Beyond 2.1 s it is covered, below 1.8 s shown again, between them the scene stays."""
    assert scene(IngestReading(0.2, True, 2e6, lag_s), before=before)[0] is expected  # noqa: FBT003 - a record


@pytest.mark.parametrize("before", [None, *Scene])
def test_an_unknown_picture_keeps_the_scene(before: Scene | None) -> None:
    """Whatever stands, stands; at the start nothing is ordered."""
    assert scene(IngestReading(), before=before) == (before, "picture-unknown")


def test_a_publisher_that_left_is_covered_at_once_and_is_offline_after_a_minute() -> None:
    """The simple scene first, the offline scene when it lasts."""
    left = IngestReading(age_s=0.2, publishing=False)

    assert scene(left)[0] is Scene.SIMPLE
    assert scene(left, gone_since_s=930.0)[0] is Scene.OFFLINE


def test_silence_at_the_ingest_is_covered_after_two_seconds() -> None:
    """A publisher that is listed and sends nothing is as gone as one that left."""
    silent = IngestReading(age_s=0.2, publishing=True, received_bps=0.0, lag_s=1.0)

    assert scene(silent)[0] is Scene.MAIN
    assert scene(silent, gone_since_s=998.0) == (Scene.SIMPLE, "picture-silent")


def test_the_bottom_state_shows_audio_only_while_the_picture_is_on_time() -> None:
    """A late picture is covered by the simple scene even then; an unknown state orders nothing."""
    assert scene(FINE, quality=Quality.ERROR) == (Scene.AUDIO_ONLY, "state-error")
    assert scene(IngestReading(0.2, True, 3e5, 4.0), quality=Quality.ERROR)[0] is Scene.SIMPLE  # noqa: FBT003 - a record
    assert scene(FINE, quality=None)[0] is Scene.MAIN


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        (Override(1_100.0, "fall", emergency=True, scene=Scene.MAIN), Scene.SIMPLE),
        (Override(1_100.0, "break", scene=Scene.OFFLINE), Scene.OFFLINE),
        (Override(1_100.0, "break", audio_only=True), Scene.AUDIO_ONLY),
        (Override(999.0, "over", emergency=True), Scene.MAIN),
    ],
)
def test_orders_win_until_their_end(override: Override, expected: Scene) -> None:
    """Emergency before a scene by hand, both before what the picture says."""
    assert scene(FINE, override=override)[0] is expected


def test_a_studio_that_does_not_answer_is_named_in_the_reason() -> None:
    """The scene wanted stays the same; the operator reads that OBS is not there."""
    seen = Observation(at_s=1.0, freshness=Freshness.FRESH, ingest=FINE, scene=SceneReading(reachable=False))
    _, _, reason = choose_scene(None, seen, quality=Quality.HIGH, clocks=Clocks(), rules=SceneRules())

    assert "OBS does not answer" in reason.text


def giving_up(
    lag_s: float, whole_s: float, *, before: Scene, flows_s: float | None = 60.0, mended_s: float | None = None
) -> tuple[Scene | None, str]:
    """The scene where SRT carries: `flows_s` is how long the picture has been on time before this look."""
    ingest = replace(FINE, lag_s=lag_s, whole_s=whole_s, mended_s=mended_s)
    seen = Observation(at_s=1_000.0, freshness=Freshness.FRESH, ingest=ingest)
    clocks = Clocks() if flows_s is None else Clocks((("picture-flows", 1_000.0 - flows_s),))
    chosen, _, reason = choose_scene(before, seen, quality=Quality.HIGH, clocks=clocks, rules=SceneRules())
    return chosen, reason.rule


@pytest.mark.parametrize(
    ("lag_s", "whole_s", "before", "flows_s", "expected"),
    [
        (0.1, 12.0, Scene.MAIN, 60.0, (Scene.MAIN, "picture-fine")),
        (0.7, 12.0, Scene.MAIN, 60.0, (Scene.SIMPLE, "picture-starved")),
        (0.1, 0.3, Scene.MAIN, 60.0, (Scene.SIMPLE, "picture-spoilt")),
        (0.1, 1.1, Scene.SIMPLE, 60.0, (Scene.SIMPLE, "picture-spoilt")),
        (0.1, 1.3, Scene.SIMPLE, 60.0, (Scene.MAIN, "picture-fine")),
        (0.1, 12.0, Scene.SIMPLE, 1.0, (Scene.SIMPLE, "picture-mending")),
        (0.1, 12.0, Scene.SIMPLE, 1.3, (Scene.MAIN, "picture-fine")),
        (0.1, 12.0, Scene.MAIN, None, (Scene.MAIN, "picture-fine")),
    ],
)
def test_what_srt_gives_up_is_covered_up_to_the_next_keyframe(
    lag_s: float, whole_s: float, before: Scene, flows_s: float | None, expected: tuple[Scene, str]
) -> None:
    """At the first lack of picture, and a good second beyond the last; at a start nothing is mended."""
    assert giving_up(lag_s, whole_s, before=before, flows_s=flows_s) == expected


@pytest.mark.parametrize(
    ("whole_s", "flows_s", "mended_s", "expected"),
    [
        (0.2, 60.0, 0.0, (Scene.SIMPLE, "picture-spoilt")),
        (3.9, 60.0, 0.0, (Scene.SIMPLE, "picture-spoilt")),
        (0.6, 60.0, 0.1, (Scene.MAIN, "picture-fine")),
        (0.6, 0.4, 0.3, (Scene.MAIN, "picture-fine")),
        (5.1, 60.0, 0.0, (Scene.MAIN, "picture-fine")),
        (12.0, 0.5, 0.0, (Scene.SIMPLE, "picture-spoilt")),
        (12.0, 0.5, 0.4, (Scene.MAIN, "picture-fine")),
        (12.0, 0.5, 90.0, (Scene.SIMPLE, "picture-mending")),
        (12.0, 60.0, 90.0, (Scene.MAIN, "picture-fine")),
    ],
)
def test_a_keyframe_that_was_seen_gives_the_picture_back(
    whole_s: float, flows_s: float, mended_s: float, expected: tuple[Scene, str]
) -> None:
    """Not sooner than it is played, and not later; one from before the trouble tells nothing of it."""
    assert giving_up(0.1, whole_s, before=Scene.SIMPLE, flows_s=flows_s, mended_s=mended_s) == expected


def test_the_reason_says_whether_a_keyframe_was_seen_or_is_guessed() -> None:
    """The operator reads which of both it was."""
    said = {}
    for mended_s in (None, 0.0):
        ingest = replace(FINE, lag_s=0.1, whole_s=0.3, mended_s=mended_s)
        seen = Observation(at_s=1_000.0, freshness=Freshness.FRESH, ingest=ingest)
        clocks = Clocks((("picture-flows", 900.0),))
        _, _, said[mended_s] = choose_scene(None, seen, quality=Quality.HIGH, clocks=clocks, rules=SceneRules())

    assert "until a keyframe can have come" in said[None].text
    assert "no keyframe has been played since" in said[0.0].text
    assert {"keyframe_s"} == dict(said[None].evidence).keys() - dict(said[0.0].evidence).keys()


@law
@given(
    st.lists(st.tuples(st.none() | st.floats(0, 9), st.none() | st.floats(0, 12)), max_size=12),
    st.sampled_from(Scene),
    st.none() | st.floats(0, 2_000),
)
def test_whatever_was_given_up_a_whole_picture_is_shown_in_the_end(
    past: list[tuple[float | None, float | None]], before: Scene, mended_s: float | None
) -> None:
    """Keyframes or none, six seconds of a stream that is on time and whole bring the main scene back, and it stays."""
    clocks, shown = Clocks(), before
    looks = [*past, *((0.1, 2.0 + second / 4) for second in range(25))]
    scenes = []
    for place, (lag_s, whole_s) in enumerate(looks):
        ingest = replace(FINE, lag_s=lag_s, whole_s=whole_s, mended_s=mended_s)
        seen = Observation(at_s=1_000.0 + place / 4, freshness=Freshness.FRESH, ingest=ingest)
        chosen, clocks, _ = choose_scene(shown, seen, quality=Quality.HIGH, clocks=clocks, rules=SceneRules())
        shown = chosen or shown
        scenes.append(shown)

    assert scenes[-3:] == [Scene.MAIN] * 3


def test_an_order_by_hand_wins_over_a_spoilt_picture() -> None:
    """The operator sees the picture, too."""
    seen = Observation(
        at_s=1.0,
        freshness=Freshness.FRESH,
        ingest=replace(FINE, whole_s=0.1),
        override=Override(100.0, "it is art", scene=Scene.MAIN),
    )
    chosen, _, reason = choose_scene(None, seen, quality=None, clocks=Clocks(), rules=SceneRules())

    assert (chosen, reason.rule) == (Scene.MAIN, "override-scene")


def told_by_obs(*looks: tuple[Scene | None, float | None], lag_s: float = 0.3) -> list[str]:
    """The rules that spoke, a look a second: what is on program, and how long the picture has stood still in OBS."""
    clocks, before, rules = Clocks(), Scene.MAIN, []
    for second, (shown, still_s) in enumerate(looks):
        seen = Observation(
            at_s=1_000.0 + second,
            freshness=Freshness.FRESH,
            ingest=replace(FINE, lag_s=lag_s),
            scene=SceneReading(reachable=True, scene=shown, picture_still_s=still_s),
        )
        chosen, clocks, reason = choose_scene(before, seen, quality=Quality.HIGH, clocks=clocks, rules=SceneRules())
        before = chosen or before
        rules.append(reason.rule)
    return rules


def standing(seconds: int, shown: Scene, *, since_s: float = 0.0) -> list[tuple[Scene | None, float | None]]:
    """So many looks at a picture that does not move."""
    return [(shown, since_s + second) for second in range(seconds)]


MOVING: list[tuple[Scene | None, float | None]] = [(Scene.MAIN, 0.0)] * 6


def test_a_picture_that_arrives_and_stands_still_in_obs_is_covered_until_it_moves() -> None:
    """OBS's own trouble: after three seconds, and back with the first movement."""
    rules = told_by_obs(*MOVING, *standing(4, Scene.MAIN), *standing(4, Scene.SIMPLE, since_s=4.0), (Scene.SIMPLE, 0.2))

    assert rules == ["picture-fine"] * 9 + ["studio-still"] * 5 + ["picture-fine"]


def test_an_obs_that_closes_what_it_does_not_show_is_tried_again() -> None:
    """Its picture can only move on program: after half a minute it is shown, long enough to be opened."""
    covered = standing(31, Scene.SIMPLE, since_s=4.0)
    shown_again = standing(7, Scene.MAIN, since_s=35.0)
    rules = told_by_obs(*MOVING, *standing(4, Scene.MAIN), *covered, *shown_again)

    assert rules.count("studio-still") == 31
    assert rules[-8:] == ["picture-fine"] * 7 + ["studio-still"]


@pytest.mark.parametrize(
    ("looks", "lag_s", "rule"),
    [
        ([*MOVING, *standing(9, Scene.SIMPLE)], 0.3, "picture-fine"),
        ([*MOVING[:1], *standing(5, Scene.MAIN)], 0.3, "picture-fine"),
        ([*MOVING, *[(Scene.MAIN, None)] * 9], 0.3, "picture-fine"),
        ([*MOVING, *standing(9, Scene.MAIN)], 2.5, "picture-late"),
    ],
    ids=["not shown", "just shown", "unknown", "late anyway"],
)
def test_a_still_picture_is_obs_fault_only_on_program_and_on_time(
    looks: list[tuple[Scene | None, float | None]], lag_s: float, rule: str
) -> None:
    """Elsewhere it has other reasons, and they have rules of their own."""
    assert told_by_obs(*looks, lag_s=lag_s)[-1] == rule
