"""Values of obs-websocket 5 (rpcVersion 1): answers, status codes, and what their data mean.

Only requests of 5.0 and 5.1 are used, which every OBS from 28 on has. Times of the protocol are
milliseconds. A field that is missing or of another type is None.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from controller.ports import MediaState, StudioStatus
from exporters.units import seconds_from_ms

if TYPE_CHECKING:
    from collections.abc import Mapping

USED_REQUESTS = frozenset(
    {
        *("GetVersion", "GetSceneList", "GetCurrentProgramScene", "SetCurrentProgramScene"),
        *("GetStreamStatus", "GetStats", "GetInputMute", "GetMediaInputStatus"),
    }
)


class Code(IntEnum):
    """The status codes that are treated each in its own way."""

    NOT_READY = 207  # OBS starts up or changes its scene collection
    NO_SUCH_RESOURCE = 600
    INVALID_STATE = 604
    PROCESSING_FAILED = 702


NOT_READY = "OBS is starting up or changing its scene collection"


@dataclass(frozen=True, slots=True)
class Answer:
    """One RequestResponse: whether OBS did it, its status code, its comment, its data."""

    ok: bool
    code: int
    comment: str
    data: Mapping[str, object]


class OutOfStepError(Exception):
    """What came is not the answer to the request just sent: the connection cannot be trusted any more."""


def answer_of(request_type: str, raw: object) -> Answer:
    """The `d` of a RequestResponse to `request_type`.

    Raises:
        OutOfStepError: it answers another request, or is none.
    """
    if not isinstance(raw, dict) or raw.get("requestType") != request_type:
        raise OutOfStepError(f"no answer to {request_type}")
    status = raw.get("requestStatus")
    if not isinstance(status, dict) or not isinstance(status.get("result"), bool):
        raise OutOfStepError(f"no status in the answer to {request_type}")
    code, data = status.get("code"), raw.get("responseData")
    return Answer(
        ok=status["result"],
        code=code if isinstance(code, int) else 0,
        comment=str(status.get("comment") or ""),
        data=data if isinstance(data, dict) else {},
    )


def missing_requests(version: Answer) -> frozenset[str]:
    """The requests that we use and this OBS does not know; empty when it does not list what it knows."""
    available = version.data.get("availableRequests")
    return USED_REQUESTS - {str(name) for name in available} if isinstance(available, list) else frozenset()


def program_scene(answer: Answer) -> str | None:
    """The program scene in an answer to GetSceneList or GetCurrentProgramScene."""
    return _text(answer, "currentProgramSceneName")


def status_of(
    *, scenes: Answer, stream: Answer, stats: Answer, mute: Answer | None, media: Answer | None
) -> StudioStatus:
    """One read of OBS from its answers; a request that OBS refused leaves its fields unknown.

    Without a program scene, or with an answer that says NotReady, everything is unknown.
    """
    answers = (scenes, stream, stats, mute, media)
    if program_scene(scenes) is None or any(answer and answer.code == Code.NOT_READY for answer in answers):
        return StudioStatus(reachable=True, problem=NOT_READY)  # what was read meanwhile is of no OBS that stays
    cursor_ms = None if media is None else _number(media, "mediaCursor")
    return StudioStatus(
        reachable=True,
        scene_name=program_scene(scenes),
        streaming=_flag(stream, "outputActive"),
        reconnecting=_flag(stream, "outputReconnecting"),
        output_bytes=_count(stream, "outputBytes"),
        output_skipped_frames=_count(stream, "outputSkippedFrames"),
        output_total_frames=_count(stream, "outputTotalFrames"),
        congestion_ratio=_number(stream, "outputCongestion"),
        encoder_skipped_frames=_count(stats, "outputSkippedFrames"),
        encoder_total_frames=_count(stats, "outputTotalFrames"),
        render_skipped_frames=_count(stats, "renderSkippedFrames"),
        render_total_frames=_count(stats, "renderTotalFrames"),
        active_fps=_number(stats, "activeFps"),
        ingest_muted=None if mute is None else _flag(mute, "inputMuted"),
        media_state=None if media is None else _media_state(media),
        media_cursor_s=None if cursor_ms is None else seconds_from_ms(cursor_ms),
        scene_names=_scene_names(scenes),
    )


def _scene_names(answer: Answer) -> tuple[str, ...]:
    # GetSceneList gives the reverse of the order that OBS shows.
    scenes = answer.data.get("scenes")
    listed = scenes if isinstance(scenes, list) else []
    names = [scene.get("sceneName") for scene in listed if isinstance(scene, dict)]
    return tuple(str(name) for name in reversed(names) if name)


def _media_state(answer: Answer) -> MediaState | None:
    state = (_text(answer, "mediaState") or "").removeprefix("OBS_MEDIA_STATE_").lower()
    return MediaState(state) if state in set(MediaState) else None


def _text(answer: Answer, name: str) -> str | None:
    value = answer.data.get(name)
    return value if isinstance(value, str) else None


def _flag(answer: Answer, name: str) -> bool | None:
    value = answer.data.get(name)
    return value if isinstance(value, bool) else None


def _number(answer: Answer, name: str) -> float | None:
    value = answer.data.get(name)
    known = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if known else None  # type: ignore[arg-type]  # `known` says that it is a number


def _count(answer: Answer, name: str) -> int | None:
    value = _number(answer, name)
    return None if value is None else int(value)
