"""Which scene OBS shows: from lateness at the ingest first, then from OBS's own trouble and the quality state.

Bitrate says nothing here: over TCP it stays up while the picture is late. What is not known keeps the
scene that stands, whatever it is. Of OBS's troubles a scene mends one: a picture that arrives and stands still in
it; the others (no stream, no sound, too slow) are told by alerts, and an OBS that is not there by the reason.
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

_GONE, _FLOWS = "picture-gone", "picture-flows"
_MAIN, _STILL = "main-on-program", "still-in-obs"

Choice = tuple[Scene | None, Reason]


def choose_scene(
    before: Scene | None, seen: Observation, *, quality: Quality | None, clocks: Clocks, rules: SceneRules
) -> tuple[Scene | None, Clocks, Reason]:
    """The scene to show, the scene's clocks, and why. `quality` is None where the state is unknown."""
    gone = seen.ingest.publishing is False or seen.ingest.received_bps == 0
    conditions = {
        _GONE: gone,
        _FLOWS: _flows(seen, rules),
        _MAIN: seen.scene.scene is Scene.MAIN,
        _STILL: _stands_still(seen, clocks, rules),
    }
    clocks = clocks.run(conditions, at_s=seen.at_s)
    gone_s, flows_s = (clocks.held_s(clock, at_s=seen.at_s) for clock in (_GONE, _FLOWS))
    scene, reason = (
        _ordered(seen)
        or _missing(seen, gone_s, rules)
        or _by_studio(seen, still=bool(conditions[_STILL]))
        or _by_wholeness(before, seen, flows_s, rules)
        or _by_lateness(before, seen, rules)
    )
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


def _stands_still(seen: Observation, before: Clocks, rules: SceneRules) -> bool:
    """Whether OBS shows a picture that has stopped, or has been covered for that, and not for too long."""
    still_s, lag_s = seen.scene.picture_still_s, seen.ingest.lag_s
    if still_s is None or still_s < rules.still_s or lag_s is None or lag_s > rules.late_s:
        return False  # what does not arrive in time cannot move in OBS
    covered_s, shown_s = (before.held_s(clock, at_s=seen.at_s) for clock in (_STILL, _MAIN))
    if covered_s is not None:
        return covered_s < rules.still_for_s
    return shown_s is not None and shown_s >= rules.opening_s


def _by_studio(seen: Observation, *, still: bool) -> Choice | None:
    """Cover a picture that OBS shows standing still, whatever arrives; None while it moves or that is unknown."""
    if not still:
        return None
    evidence = (("picture_still_s", seen.scene.picture_still_s), ("lag_s", seen.ingest.lag_s))
    text = f"The picture has stood still in OBS for {seconds(seen.scene.picture_still_s)}."
    return Scene.SIMPLE, Reason("studio-still", text, evidence)


def _flows(seen: Observation, rules: SceneRules) -> bool | None:
    """Whether the transport's buffer has something to play; None where it has none, or where nothing is known."""
    ingest = seen.ingest
    return None if ingest.whole_s is None or ingest.lag_s is None else ingest.lag_s <= rules.empty_s


def _by_wholeness(before: Scene | None, seen: Observation, flows_s: float | None, rules: SceneRules) -> Choice | None:
    """Cover what is given up for good: now, and until a keyframe has been played, or can have come."""
    whole_s, lag_s, mended_s = seen.ingest.whole_s, seen.ingest.lag_s, seen.ingest.mended_s
    if whole_s is None or lag_s is None:
        return None
    evidence = (("lag_s", round(lag_s, 2)), ("whole_s", round(whole_s, 2)))
    if flows_s is None:
        text = f"The transport has nothing to play since {seconds(lag_s)}."
        return Scene.SIMPLE, Reason("picture-starved", text, evidence)
    lasts_s = min(whole_s, flows_s)
    if mended_s == 0 and lasts_s < rules.keyframe_most_s:
        text = f"A part of the picture was given up {seconds(lasts_s)} ago: no keyframe has been played since."
        return Scene.SIMPLE, Reason("picture-spoilt", text, (*evidence, ("mended_s", mended_s)))
    if mended_s is not None and mended_s <= lasts_s + rules.told_s:
        return None
    return _by_guess(before, whole_s, flows_s, rules, evidence)


def _by_guess(
    before: Scene | None, whole_s: float, flows_s: float, rules: SceneRules, evidence: tuple[tuple[str, float], ...]
) -> Choice | None:
    """Where nobody has seen a keyframe since the trouble: cover until one can have come."""
    evidence = (*evidence, ("keyframe_s", rules.keyframe_s))
    if whole_s < rules.keyframe_s:
        text = (
            f"A part of the picture was given up {seconds(whole_s)} ago: it is spoilt until a keyframe can have come."
        )
        return Scene.SIMPLE, Reason("picture-spoilt", text, evidence)
    if flows_s < rules.keyframe_s and before not in {Scene.MAIN, None}:
        text = f"The picture has come back {seconds(flows_s)} ago: the scene stays until a keyframe can have come."
        return before, Reason("picture-mending", text, evidence)
    return None


def _by_lateness(before: Scene | None, seen: Observation, rules: SceneRules) -> Choice:
    lag_s = seen.ingest.lag_s
    if lag_s is None:
        return before, Reason("picture-unknown", "Nothing fresh is known of the picture: the scene stays.")
    evidence = (("lag_s", round(lag_s, 2)), ("cover_s", rules.cover_s), ("back_s", rules.back_s))
    if lag_s > rules.cover_s:
        return Scene.SIMPLE, Reason("picture-late", f"The picture is {seconds(lag_s)} late.", evidence)
    if lag_s > rules.back_s and before not in {Scene.MAIN, None}:
        text = f"The picture is {seconds(lag_s)} late: the scene stays until it is below {seconds(rules.back_s)}."
        return before, Reason("picture-returning", text, evidence)
    return Scene.MAIN, Reason("picture-fine", f"The picture is on time, {seconds(lag_s)} behind.", evidence)
