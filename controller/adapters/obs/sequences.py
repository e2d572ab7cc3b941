"""The two things done with OBS, over any means of sending a request: read it, show a scene."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from controller.adapters.obs.faults import FaultError, Retry
from controller.adapters.obs.protocol import NOT_READY, Answer, Code, missing_requests, program_scene, status_of
from controller.ports import Outcome, SceneResult, StudioStatus

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

# OBS takes 0.5 to 2.5 s from start to ready; a caller gets its answer within 2 s and asks again.
READY_TRIES, READY_PAUSE_S = 4, 0.5
# A scene change was seen to take 7 to 90 ms; a second is ten times that.
SHOWN_TRIES, SHOWN_PAUSE_S = 20, 0.05


# Failures that leave open whether something happened: read back, then once more.
TRIED_TWICE = frozenset({Code.PROCESSING_FAILED, Code.INVALID_STATE})


# While OBS exits or changes its collection it removes scene after scene, each time showing another;
# that takes up to 0.3 s.
SETTLED_S = 0.5


class Call(Protocol):
    """Sends one request and gives its answer; raises FaultError when the connection is of no use any more."""

    async def __call__(self, request_type: str, data: Mapping[str, object] | None = None, /) -> Answer:
        """Send `request_type` with `data`."""
        ...


async def check_version(call: Call) -> None:
    """Raise FaultError where this OBS lacks a request that we use."""
    missing = missing_requests(await call("GetVersion"))
    if missing:
        raise FaultError(f"it does not know {', '.join(sorted(missing))}; use OBS 28 or newer", Retry.NEVER)


@dataclass(frozen=True, slots=True)
class Watched:
    """The inputs that a read looks at, by their names in OBS: the ingest's, and the one whose sound counts."""

    picture: str | None = None
    microphone: str | None = None

    @property
    def sound(self) -> str | None:
        """The input whose mute and loudness are read: the ingest's, unless the microphone is another."""
        return self.microphone or self.picture


async def read_studio(call: Call, watched: Watched) -> StudioStatus:
    """One read; while OBS is not ready everything is unknown, and the problem says so."""
    scenes = await call("GetSceneList")
    if scenes.code == Code.NOT_READY:
        return StudioStatus(reachable=True, problem=NOT_READY)
    stream, stats = await call("GetStreamStatus"), await call("GetStats")
    mute = media = None
    if watched.sound is not None:
        mute = await call("GetInputMute", {"inputName": watched.sound})
    if watched.picture is not None:
        media = await call("GetMediaInputStatus", {"inputName": watched.picture})
    status = status_of(scenes=scenes, stream=stream, stats=stats, mute=mute, media=media)
    return replace(status, problem=status.problem or _lack(watched, mute, media))


def _lack(watched: Watched, mute: Answer | None, media: Answer | None) -> str | None:
    for name, answer in ((watched.sound, mute), (watched.picture, media)):
        if answer is not None and answer.code == Code.NO_SUCH_RESOURCE:
            return f"OBS has no source `{name}`: correct its name in the section obs of the config"
    return None


async def show_scene(
    call: Call, scene_name: str, *, pause: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> SceneResult:
    """Put `scene_name` on program unless it is, and believe only the read-back."""
    before = await _when_ready(call, "GetCurrentProgramScene", None, pause)
    if before.code == Code.NOT_READY:
        return SceneResult(Outcome.REFUSED, NOT_READY)
    if program_scene(before) == scene_name:
        return SceneResult(Outcome.APPLIED, "it is on program already", scene_name)
    order = {"sceneName": scene_name}
    answer = await _when_ready(call, "SetCurrentProgramScene", order, pause)
    if answer.code in TRIED_TWICE and program_scene(await call("GetCurrentProgramScene")) != scene_name:
        answer = await call("SetCurrentProgramScene", order)
    if answer.ok:
        return await _read_back(call, scene_name, pause)
    shown = program_scene(await call("GetCurrentProgramScene"))
    if shown == scene_name:
        return SceneResult(Outcome.APPLIED, "OBS reported a failure, but the read-back shows it", shown)
    return SceneResult(Outcome.REFUSED, _refusal(answer, scene_name), shown)


async def _read_back(call: Call, scene_name: str, pause: Callable[[float], Awaitable[None]]) -> SceneResult:
    shown = None
    for _ in range(SHOWN_TRIES):
        shown = program_scene(await call("GetCurrentProgramScene"))
        if shown == scene_name:
            return SceneResult(Outcome.APPLIED, "the read-back shows it", shown)
        await pause(SHOWN_PAUSE_S)
    return SceneResult(Outcome.UNKNOWN, f"OBS said ok, but its program is `{shown}`", shown)


async def _when_ready(
    call: Call, request_type: str, data: Mapping[str, object] | None, pause: Callable[[float], Awaitable[None]]
) -> Answer:
    answer = await call(request_type, data)
    for _ in range(READY_TRIES - 1):
        if answer.code != Code.NOT_READY:
            break
        await pause(READY_PAUSE_S)
        answer = await call(request_type, data)
    return answer


def _refusal(answer: Answer, scene_name: str) -> str:
    if answer.code == Code.NOT_READY:
        return NOT_READY
    if answer.code == Code.NO_SUCH_RESOURCE:
        return f"OBS has no scene `{scene_name}`: create it or correct the scene's name in the config"
    return f"OBS refused `{scene_name}` with status {answer.code}"


@dataclass(frozen=True, slots=True)
class Sighting:
    """A scene on program that is not the one expected there, and since when."""

    scene: str
    since_s: float


def sighting(before: Sighting | None, *, expected: str | None, seen: str | None, now_s: float) -> Sighting | None:
    """What a read of scene `seen` adds to the sighting `before`."""
    if expected is None or seen is None or seen == expected:
        return None
    return before if before is not None and before.scene == seen else Sighting(seen, now_s)


def operator_scene(sighted: Sighting | None, now_s: float) -> str | None:
    """The scene that the operator put on program, once it has stayed."""
    return sighted.scene if sighted is not None and now_s - sighted.since_s >= SETTLED_S else None
