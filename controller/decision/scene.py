"""Which scene OBS shows: from lateness at the ingest first, then from the quality state.

Bitrate says nothing here: over TCP it stays up while the picture is late. What is not known keeps the
scene that stands, whatever it is.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from controller.decision.model import Quality, Reason, Scene
from controller.decision.wording import seconds

if TYPE_CHECKING:
    from controller.decision.clocks import Clocks
    from controller.decision.model import Observation
    from controller.decision.policy import SceneRules

_GONE = "picture-gone"

Choice = tuple[Scene | None, Reason]


def choose_scene(
    before: Scene | None, seen: Observation, *, quality: Quality | None, clocks: Clocks, rules: SceneRules
) -> tuple[Scene | None, Clocks, Reason]:
    """The scene to show, the scene's clocks, and why. `quality` is None where the state is unknown."""
    gone = seen.ingest.publishing is False or seen.ingest.received_bps == 0
    clocks = clocks.run({_GONE: gone}, at_s=seen.at_s)
    gone_s = clocks.held_s(_GONE, at_s=seen.at_s)
    scene, reason = _ordered(seen) or _missing(seen, gone_s, rules) or _by_lateness(before, seen, rules)
    if scene is Scene.MAIN and quality is Quality.ERROR and not reason.rule.startswith("override"):
        scene, reason = Scene.AUDIO_ONLY, Reason("state-error", "No video fits the links: audio only.")
    if seen.scene.reachable is False:
        reason = replace(reason, text=f"{reason.text} OBS does not answer; it is told again until it does.")
    return scene, clocks, reason


def _ordered(seen: Observation) -> Choice | None:
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


def _missing(seen: Observation, gone_s: float | None, rules: SceneRules) -> Choice | None:
    if gone_s is None:
        return None
    evidence = (("gone_s", round(gone_s, 1)),)
    if gone_s >= rules.offline_s:
        return Scene.OFFLINE, Reason("picture-offline", f"Nothing has arrived for {gone_s:.0f} s.", evidence)
    if seen.ingest.publishing is False:
        text = f"No publisher is connected to the ingest since {gone_s:.0f} s."
        return Scene.SIMPLE, Reason("picture-gone", text, evidence)
    if gone_s >= rules.silent_s:
        return Scene.SIMPLE, Reason("picture-silent", f"Nothing has arrived for {gone_s:.0f} s.", evidence)
    return None


def _by_lateness(before: Scene | None, seen: Observation, rules: SceneRules) -> Choice:
    lag_s = seen.ingest.lag_s
    if lag_s is None:
        return before, Reason("picture-unknown", "Nothing fresh is known of the picture: the scene stays.")
    evidence = (("lag_s", round(lag_s, 2)), ("late_s", rules.late_s), ("back_s", rules.back_s))
    if lag_s > rules.late_s:
        return Scene.SIMPLE, Reason("picture-late", f"The picture is {seconds(lag_s)} late.", evidence)
    if lag_s > rules.back_s and before not in {Scene.MAIN, None}:
        text = f"The picture is {seconds(lag_s)} late: the scene stays until it is below {seconds(rules.back_s)}."
        return before, Reason("picture-returning", text, evidence)
    return Scene.MAIN, Reason("picture-fine", f"The picture is on time, {seconds(lag_s)} behind.", evidence)
