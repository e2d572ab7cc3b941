"""What OBS does wrong, row by row: what it did, what the metrics say of it, what the operator reads.

Each deed is done to an OBS that was read for a while by a controller at work.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.fakes.obs_websocket import SCENES

if TYPE_CHECKING:
    from tests.faults.studio_stage import Stage

Deed = Callable[["Stage"], Awaitable[None] | None]
MAIN, SIMPLE, _ = SCENES
SOME = float("inf")  # stands for any value
REACHABLE, CONFIRMED = "vvlive_device_reachable", "vvlive_actuation_confirmed"
SHOWN = "vvlive_scene_shown"
ANSWERS, AWAY = {REACHABLE: 1.0}, {REACHABLE: 0.0, SHOWN: None, "vvlive_obs_streaming": None}
UNKNOWN = {SHOWN: None, "vvlive_obs_streaming": None}


@dataclass(frozen=True, slots=True)
class Row:
    """One failure. `metrics` by name, None for absent; `reads` is in what the operator is told; `undo` ends it.

    Without `undo` it is none that passes, or nothing that has to.
    """

    did: str
    deed: Deed
    metrics: Mapping[str, float | None]
    reads: str
    undo: Deed | None = None


def always(trouble: str, *request_types: str) -> Deed:
    """From now on that goes wrong with those requests."""

    def deed(stage: Stage) -> None:
        for request_type in request_types:
            stage.obs.trouble[request_type] = [trouble] * 1_000

    return deed


def well_again(stage: Stage) -> None:
    """Nothing goes wrong any more."""
    stage.obs.trouble.clear()
    stage.obs.rejects, stage.obs.not_ready, stage.obs.lies = None, 0, False


def set_stream(**fields: object) -> Deed:
    """OBS tells this of its stream."""
    return lambda stage: stage.obs.stream.update(fields)


def set_input(**fields: object) -> Deed:
    """OBS tells this of the ingest's source."""
    return lambda stage: stage.obs.inputs["Ingest"].update(fields)


def rejecting(code: int) -> Deed:
    """OBS closes its connections, and whoever comes, with this code."""

    async def deed(stage: Stage) -> None:
        stage.obs.rejects = code
        await stage.obs.kick(code)

    return deed


async def gone(stage: Stage) -> None:
    """OBS is killed."""
    await stage.obs.stop()


async def back(stage: Stage) -> None:
    """OBS is started again."""
    await stage.obs.start()


async def changing(stage: Stage) -> None:
    """The operator changes the scene collection, and it takes long."""
    await stage.obs.announce("CurrentSceneCollectionChanging")


async def changed(stage: Stage) -> None:
    """The new collection is there."""
    await stage.obs.announce("CurrentSceneCollectionChanged")


def renamed(stage: Stage) -> None:
    """The operator renames the simple scene, and then the picture is late."""
    stage.obs.scenes[1] = "Emergency"
    stage.source.lag_s = 5.0


def named_back(stage: Stage) -> None:
    """And names it back."""
    stage.obs.scenes[1] = SIMPLE


def late_picture(stage: Stage) -> None:
    """The picture is late: the simple scene is wanted."""
    stage.source.lag_s = 5.0


def lies(stage: Stage) -> None:
    """OBS says ok to a change of scene and does nothing."""
    stage.obs.lies = True
    stage.source.lag_s = 5.0


def by_hand(stage: Stage) -> None:
    """The operator chooses a scene in OBS."""
    stage.obs.scene = "Audio Only"


async def spoken_into(stage: Stage) -> None:
    """The input is muted, and its meters show speech before the mute."""
    stage.obs.inputs["Ingest"]["inputMuted"] = True
    stage.keep_announcing("InputVolumeMeters", {"inputs": [{"inputName": "Ingest", "inputLevelsMul": [[0, 0, 0.2]]}]})


def quiet(stage: Stage) -> None:
    """Unmuted, and nothing moves any more but the clock."""
    stage.obs.inputs["Ingest"]["inputMuted"] = False


def moving(*names: str) -> Deed:
    """From now on OBS's own clocks and counters run, but for `names`."""
    return lambda stage: stage.stand(*names)


def runs(stage: Stage) -> None:
    """Everything moves again."""
    stage.stand()


ROWS = (
    Row("is killed", gone, AWAY, "no connection; start OBS", back),
    Row(
        "hangs: takes requests and answers none",
        always("silent", "GetSceneList"),
        AWAY,
        "no answer in time",
        well_again,
    ),
    Row("answers after the deadline", always("late", "GetStats"), AWAY, "no answer in time", well_again),
    Row(
        "gives another request's answer", always("another's answer", "GetStats"), AWAY, "not obs-websocket", well_again
    ),
    Row("sends garbage", always("garbage", "GetStats"), AWAY, "not obs-websocket", well_again),
    Row("cuts the connection in mid-call", always("dies", "GetStats"), AWAY, "the connection was lost", well_again),
    Row("sends events before an answer", always("events first", "GetStats"), ANSWERS, ""),
    Row("refuses the password (4009)", rejecting(4009), AWAY, "refuses our password"),
    Row("speaks another rpcVersion (4010)", rejecting(4010), AWAY, "use OBS 28 or newer"),
    Row("ends our session by its operator (4011)", rejecting(4011), AWAY, "its operator ended our session"),
    Row("rejects a message as malformed (4003)", rejecting(4003), AWAY, "close code 4003"),
    Row("shuts down (1001)", rejecting(1001), AWAY, "it shut down", well_again),
    Row(
        "is not ready (207)",
        lambda stage: setattr(stage.obs, "not_ready", 1_000),
        {REACHABLE: 1.0, **UNKNOWN},
        "starting up or changing",
        well_again,
    ),
    Row(
        "changes its scene collection", changing, {REACHABLE: 1.0, **UNKNOWN}, "changing its scene collection", changed
    ),
    Row("has no such scene (600)", renamed, {REACHABLE: 1.0, CONFIRMED: 0.0}, SIMPLE, named_back),
    Row(
        "says ok and shows another scene",
        lies,
        {REACHABLE: 1.0, CONFIRMED: 0.0},
        f"OBS said ok, but its program is `{MAIN}`",
        well_again,
    ),
    Row("shows a scene that its operator chose", by_hand, {"vvlive_device_by_hand_seconds": SOME}, "changed by hand"),
    Row(
        "has no such source (600)",
        lambda stage: stage.obs.inputs.clear(),
        {REACHABLE: 1.0, "vvlive_obs_muted": None, "vvlive_obs_picture_still_seconds": None},
        "OBS has no source `Ingest`",
    ),
    Row(
        "tells NaN and texts for numbers",
        set_stream(outputCongestion=float("nan"), outputBytes="many"),
        {REACHABLE: 1.0, "vvlive_obs_congestion_ratio": None, "vvlive_obs_output_bytes_total": None},
        "",
    ),
    Row("is muted while live", set_input(inputMuted=True), {"vvlive_obs_muted": 1.0}, "live without sound"),
    Row("is spoken into while muted", spoken_into, {"vvlive_obs_talks_unheard": 1.0}, "speaks into the muted", quiet),
    Row(
        "sends no bytes any more",
        moving("outputBytes"),
        {"vvlive_obs_output_still_seconds": SOME},
        "nothing leaves it",
        runs,
    ),
    Row(
        "sends no frames any more",
        moving("outputTotalFrames"),
        {"vvlive_obs_output_still_seconds": SOME},
        "nothing leaves it",
        runs,
    ),
    Row(
        "is cut off from the platform",
        set_stream(outputReconnecting=True),
        {"vvlive_obs_reconnecting": 1.0},
        "cut off from the platform",
        set_stream(outputReconnecting=False),
    ),
    Row(
        "plays a source that stands",
        moving("mediaCursor"),
        {"vvlive_obs_picture_still_seconds": SOME},
        "picture stands still",
        runs,
    ),
    Row(
        "plays a source that ended",
        set_input(mediaState="OBS_MEDIA_STATE_ENDED", mediaCursor=None),
        {"vvlive_obs_picture_still_seconds": SOME},
        "picture stands still",
    ),
    Row("restarts its stream's counters", set_stream(outputBytes=0, outputTotalFrames=0), ANSWERS, ""),
)
