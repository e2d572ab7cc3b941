"""What an encoder is asked and how it answers: one JSON object each, on a line of its own.

A user's program is started once for each question. Asked are `version` 1 and a `verb`:

    {"version": 1, "verb": "read"}
    {"version": 1, "verb": "apply", "target": TARGET, "max_impact": "glitch"}
    {"version": 1, "verb": "publish", "on": true}
    {"version": 1, "verb": "restart"}

TARGET is `{"bitrate_bps": 2500000, "width_px": 1280, "height_px": 720, "frame_rate_hz": 30,
"audio_only": false, "floor_bps": null}`; the last two may be left out of an answer.

Answer to `read`, every field null or left out where it is not known:

    {"configured": TARGET, "publishing": true, "has_input": true, "uptime_s": 3600, "problem": null,
     "identity": "maker and model"}

Answer to everything else: `outcome` is "applied", "stored" (until a restart) or "refused", `target`
what was set where that is not what was asked:

    {"outcome": "applied", "detail": "one line for the operator", "target": TARGET}

A program exits with 0. Fields that are not listed are ignored. `problem` and `detail` are shown
to the operator: they must hold no secrets.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from controller.decision.model import EncoderTarget

if TYPE_CHECKING:
    from controller.ports import Impact

VERSION = 1
LONGEST_TEXT = 200


class BadAnswerError(ValueError):
    """An answer is not as described above; the message names the field, never its value."""


class Said(StrEnum):
    """What the other end says of an order."""

    APPLIED = "applied"
    STORED = "stored"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ReadAnswer:
    """The answer to `read`; None is not known."""

    configured: EncoderTarget | None = None
    publishing: bool | None = None
    has_input: bool | None = None
    uptime_s: float | None = None
    problem: str | None = None
    identity: str | None = None


@dataclass(frozen=True, slots=True)
class OrderAnswer:
    """The answer to an order; `target` None means as asked."""

    said: Said
    detail: str = ""
    target: EncoderTarget | None = None


def read_request() -> bytes:
    """Ask what is set."""
    return _line({"verb": "read"})


def apply_request(target: EncoderTarget, max_impact: Impact) -> bytes:
    """Order a target."""
    return _line({"verb": "apply", "target": asdict(target), "max_impact": max_impact.name.lower()})


def publish_request(*, on: bool) -> bytes:
    """Order publishing on or off."""
    return _line({"verb": "publish", "on": on})


def restart_request() -> bytes:
    """Order a restart."""
    return _line({"verb": "restart"})


def read_answer(text: bytes) -> ReadAnswer:
    """The answer to `read` in `text`. Raises BadAnswerError."""
    answer = _object(text)
    return ReadAnswer(
        configured=_target(answer, "configured"),
        publishing=_flag(answer, "publishing"),
        has_input=_flag(answer, "has_input"),
        uptime_s=_seconds(answer, "uptime_s"),
        problem=_text(answer, "problem"),
        identity=_text(answer, "identity"),
    )


def order_answer(text: bytes) -> OrderAnswer:
    """The answer to an order in `text`. Raises BadAnswerError."""
    answer = _object(text)
    said = answer.get("outcome")
    if not isinstance(said, str) or said not in set(Said):
        raise BadAnswerError("`outcome` is none of applied, stored, refused")
    return OrderAnswer(Said(said), _text(answer, "detail") or "", _target(answer, "target"))


def _line(question: dict[str, Any]) -> bytes:
    return json.dumps({"version": VERSION, **question}).encode() + b"\n"


def _object(text: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        raise BadAnswerError("it is not one JSON object") from None
    if not isinstance(answer, dict):
        raise BadAnswerError("it is not one JSON object")
    return answer


def _target(answer: dict[str, Any], name: str) -> EncoderTarget | None:
    value = answer.get(name)
    if value is None:
        return None
    if not isinstance(value, dict):
        raise BadAnswerError(f"`{name}` is no object")
    return EncoderTarget(
        bitrate_bps=_whole(value, f"{name}.bitrate_bps"),
        width_px=_whole(value, f"{name}.width_px"),
        height_px=_whole(value, f"{name}.height_px"),
        frame_rate_hz=_whole(value, f"{name}.frame_rate_hz"),
        audio_only=_flag(value, "audio_only") or False,
        floor_bps=None if value.get("floor_bps") is None else _whole(value, f"{name}.floor_bps"),
    )


def _whole(values: dict[str, Any], path: str) -> int:
    value = values.get(path.rpartition(".")[2])
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 10**10:
        raise BadAnswerError(f"`{path}` is no whole number")
    return value


def _flag(values: dict[str, Any], name: str) -> bool | None:
    value = values.get(name)
    if value is not None and not isinstance(value, bool):
        raise BadAnswerError(f"`{name}` is neither true nor false")
    return value


def _seconds(values: dict[str, Any], name: str) -> float | None:
    value = values.get(name)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise BadAnswerError(f"`{name}` is no number")
    return float(value)


def _text(values: dict[str, Any], name: str) -> str | None:
    value = values.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise BadAnswerError(f"`{name}` is no text")
    return "".join(char if char.isprintable() else " " for char in value[:LONGEST_TEXT])
