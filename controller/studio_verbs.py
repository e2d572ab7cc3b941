"""What a person does with OBS, over the port's requests: start and stop, mute, fix, screenshot.

Each verb is idempotent where a second time would do harm, and says what it found.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from controller.ports import Studio, StudioAnswer

# Requests of obs-websocket 5 that a Stream Deck or a bot may send through us. Those that tell or set stream
# keys, addresses, files and settings are left out: a token for buttons is no token for secrets.
PERMITTED = frozenset(
    {
        *("GetVersion", "GetStats", "GetSceneList", "GetCurrentProgramScene", "SetCurrentProgramScene"),
        *("GetCurrentPreviewScene", "SetCurrentPreviewScene", "GetStudioModeEnabled", "SetStudioModeEnabled"),
        *("TriggerStudioModeTransition", "GetSceneTransitionList", "GetCurrentSceneTransition"),
        *("SetCurrentSceneTransition", "SetCurrentSceneTransitionDuration"),
        *("GetStreamStatus", "StartStream", "StopStream", "ToggleStream"),
        *("GetRecordStatus", "StartRecord", "StopRecord", "ToggleRecord", "PauseRecord", "ResumeRecord"),
        *("GetVirtualCamStatus", "StartVirtualCam", "StopVirtualCam", "ToggleVirtualCam"),
        *("GetReplayBufferStatus", "StartReplayBuffer", "StopReplayBuffer", "SaveReplayBuffer"),
        *("GetInputList", "GetInputMute", "SetInputMute", "ToggleInputMute", "GetInputVolume", "SetInputVolume"),
        *("GetMediaInputStatus", "TriggerMediaInputAction"),
        *("GetSceneItemList", "GetSceneItemId", "GetSceneItemEnabled", "SetSceneItemEnabled"),
        *("GetSourceActive", "GetSourceScreenshot", "GetHotkeyList", "TriggerHotkeyByName"),
        *("GetSourceFilterList", "SetSourceFilterEnabled"),
    }
)
# A list of filters carries their settings, and a version its platform's paths: only these parts are passed on.
_PARTS = {
    "GetSourceFilterList": ("filters", ("filterName", "filterKind", "filterEnabled", "filterIndex")),
    "GetInputList": ("inputs", ("inputName", "inputKind")),
    "GetSceneItemList": ("sceneItems", ("sceneItemId", "sourceName", "sceneItemEnabled", "sceneItemIndex")),
}
RESTART_MEDIA = "OBS_WEBSOCKET_MEDIA_INPUT_ACTION_RESTART"
MAX_SCREENSHOT_BYTES = 4_000_000
# OBS refuses what it does already: somebody else was faster.
ALREADY_SO = frozenset({500, 501})
# A stop was seen to take 0.5 s, a start 0.2 s after its connection, which is slow over a poor way.
SWITCHED_TRIES, SWITCHED_PAUSE_S = 40, 0.1


@dataclass(frozen=True, slots=True)
class Done:
    """How a verb ended: `ok`, the operator's line, and whether OBS answered at all."""

    ok: bool
    text: str
    reachable: bool = True


def done(answer: StudioAnswer, text: str) -> Done:
    """How one request ended."""
    if not answer.reachable:
        return Done(ok=False, text=answer.problem or "OBS does not answer", reachable=False)
    return Done(ok=True, text=text) if answer.ok else Done(ok=False, text=_refusal(answer))


def _refusal(answer: StudioAnswer) -> str:
    return f"OBS refused with status {answer.code}{f': {answer.comment}' if answer.comment else ''}"


async def switch(
    studio: Studio, output: str, *, on: bool, pause: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> Done:
    """Start or stop the `output` "Stream" or "Record", and believe the read-back; what is so already is left alone."""
    state = await studio.ask(f"Get{output}Status")
    if not state.reachable or not state.ok:
        return done(state, "")
    if state.data.get("outputActive") is on:
        return Done(ok=True, text="it runs already" if on else "it is stopped already")
    answer = await studio.ask(f"{'Start' if on else 'Stop'}{output}")
    if not answer.ok and answer.code not in ALREADY_SO:
        return done(answer, "")
    for _ in range(SWITCHED_TRIES):
        state = await studio.ask(f"Get{output}Status")
        if not state.ok or state.data.get("outputActive") is on:
            return done(state, "started" if on else "stopped")
        await pause(SWITCHED_PAUSE_S)
    return Done(ok=False, text=f"OBS said ok, but it does not {'run' if on else 'stop'}: look into OBS for the reason")


async def mute(studio: Studio, input_name: str, *, muted: bool) -> Done:
    """Mute or unmute an input, and believe the read-back."""
    answer = await studio.ask("SetInputMute", {"inputName": input_name, "inputMuted": muted})
    if not answer.ok:
        return done(answer, "")
    shown = await studio.ask("GetInputMute", {"inputName": input_name})
    if shown.ok and shown.data.get("inputMuted") is not muted:
        return Done(ok=False, text="OBS said ok, but the read-back does not show it")
    return done(shown, "muted" if muted else "unmuted")


async def fix(studio: Studio, input_name: str) -> Done:
    """Start the ingest's media source anew: the usual cure of a frozen picture."""
    action = {"inputName": input_name, "mediaAction": RESTART_MEDIA}
    return done(await studio.ask("TriggerMediaInputAction", action), "the source was started anew")


async def glance(studio: Studio, source: str) -> str | None:
    """A digest of what `source` shows, small enough to be asked for often; None when OBS has no picture of it."""
    order = {"sourceName": source, "imageFormat": "png", "imageWidth": 64, "imageHeight": 36}
    answer = await studio.ask("GetSourceScreenshot", order)
    image = answer.data.get("imageData")
    if not answer.ok or not isinstance(image, str):
        return None
    return hashlib.blake2b(image.encode(), digest_size=8).hexdigest()


async def screenshot(studio: Studio, source: str | None, *, width_px: int) -> bytes | Done:
    """A PNG of `source`, or of the program scene."""
    if source is None:
        scene = await studio.ask("GetCurrentProgramScene")
        name = scene.data.get("currentProgramSceneName")
        if not scene.ok or not isinstance(name, str):
            return done(scene, "")
        source = name
    order = {"sourceName": source, "imageFormat": "png", "imageWidth": width_px}
    answer = await studio.ask("GetSourceScreenshot", order)
    if not answer.ok:
        return done(answer, "")
    image = str(answer.data.get("imageData", ""))
    try:
        png = base64.b64decode(image.partition(",")[2], validate=True)
    except binascii.Error:
        png = b""
    if not png.startswith(b"\x89PNG") or len(png) > MAX_SCREENSHOT_BYTES:
        return Done(ok=False, text="OBS sent no picture")
    return png


def passed_on(request_type: str, answer: StudioAnswer) -> dict[str, object]:
    """What of an answer's data is no secret of OBS."""
    if request_type not in _PARTS:
        return dict(answer.data)
    key, names = _PARTS[request_type]
    rows = answer.data.get(key)
    listed = rows if isinstance(rows, list) else []
    return {key: [{name: row.get(name) for name in names} for row in listed if isinstance(row, dict)]}
