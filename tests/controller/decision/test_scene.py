"""Which scene is shown: the picture's lateness first, then the state, and orders above both."""

from __future__ import annotations

import pytest

from controller.decision.clocks import Clocks
from controller.decision.model import Freshness, IngestReading, Observation, Override, Quality, Scene, SceneReading
from controller.decision.policy import SceneRules
from controller.decision.scene import choose_scene

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
        (2.1, Scene.MAIN, Scene.SIMPLE),
        (1.9, Scene.SIMPLE, Scene.SIMPLE),
        (1.4, Scene.SIMPLE, Scene.MAIN),
        (1.9, None, Scene.MAIN),
    ],
)
def test_lateness_covers_the_picture_and_gives_it_back(lag_s: float, before: Scene | None, expected: Scene) -> None:
    """Beyond 2 s it is covered, below 1.5 s shown again, between them the scene stays."""
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
