"""Which scene OBS shows: from lateness at the ingest first, then from the quality state.

Bitrate says nothing here: over TCP it stays up while the picture is late. Unknown keeps the scene
that stands, whatever it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controller.decision.clocks import Clocks
from controller.decision.model import Observation, Quality, Reason, Scene

if TYPE_CHECKING:
    from controller.decision.policy import SceneRules

_GONE = "picture-gone"
_BACK = "picture-back"


def choose_scene(
    before: Scene | None,
    seen: Observation,
    *,
    quality: Quality | None,
    clocks: Clocks,
    rules: SceneRules,
) -> tuple[Scene | None, Clocks, Reason]:
    """The scene to show, the scene's clocks, and why. `quality` is None where the state is unknown."""
    ingest, at_s = seen.ingest, seen.at_s
    late = ingest.lag_s is not None and ingest.lag_s > rules.late_s
    gone = ingest.publishing is False or ingest.received_bps == 0
    fine = ingest.lag_s is not None and ingest.lag_s < rules.back_s and not gone
    clocks = clocks.run({_GONE: gone, _BACK: fine}, at_s=at_s)
    ordered = _ordered(seen)
    if ordered is not None:
        return (*ordered[:1], clocks, ordered[1])
    scene, reason = _by_picture(before, seen, late=late, gone=gone, clocks=clocks, rules=rules)
    if scene is Scene.MAIN and quality is Quality.ERROR:
        return Scene.AUDIO_ONLY, clocks, Reason("state-error", "No video fits the links: audio only.")
    return scene, clocks, reason


def _ordered(seen: Observation) -> tuple[Scene, Reason] | None:
    override = seen.override
    if override is None or seen.at_s >= override.until_s:
        return None
    left = (("override_left_s", round(override.until_s - seen.at_s, 1)),)
    if override.emergency:
        return Scene.SIMPLE, Reason("override-emergency", f"Emergency by hand: {override.reason}.", left)
    if override.scene is not None:
        return override.scene, Reason("override-scene", f"Scene by hand: {override.reason}.", left)
    if override.audio_only:
        return Scene.AUDIO_ONLY, Reason("override-audio-only", f"Audio only by hand: {override.reason}.", left)
    return None


def _by_picture(  # noqa: PLR0913 - one verdict from everything that is known of the picture
    before: Scene | None, seen: Observation, *, late: bool, gone: bool, clocks: Clocks, rules: SceneRules
) -> tuple[Scene | None, Reason]:
    ingest, at_s = seen.ingest, seen.at_s
    if gone:
        for_s = clocks.held_s(_GONE, at_s=at_s) or 0.0
        if for_s >= rules.offline_s:
            return Scene.OFFLINE, Reason("picture-offline", f"Nothing has arrived for {for_s:.0f} s.")
        if ingest.publishing is False or for_s >= rules.silent_s:
            why = "No publisher is connected" if ingest.publishing is False else "Nothing arrives"
            return Scene.SIMPLE, Reason("picture-gone", f"{why} at the ingest since {for_s:.0f} s.")
    if late:
        evidence = (("lag_s", ingest.lag_s), ("late_s", rules.late_s))
        return Scene.SIMPLE, Reason("picture-late", f"The picture is {ingest.lag_s:.1f} s late.", evidence)
    if ingest.lag_s is None:
        return before, Reason("picture-unknown", "Nothing fresh is known of the picture: the scene stays.")
    if before in {Scene.MAIN, None} or clocks.matured(_BACK, rules.back_for_s, at_s=at_s):
        return Scene.MAIN, Reason("picture-fine", f"The picture is {ingest.lag_s:.1f} s late: on time.")
    return before, Reason("picture-returning", f"The picture is {ingest.lag_s:.1f} s late: waiting for it to stay.")
