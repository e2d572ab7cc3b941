"""Moblin's remote control messages, as its source encodes them: one JSON object per WebSocket message. Pure.

    to the phone    {"hello": {"apiVersion", "authentication": {"challenge", "salt"}}}
                    {"identified": {"result": {"ok": {}}}}
                    {"request": {"id": 1, "data": {"setBitratePreset": {"id": UUID}}}}
    from the phone  {"identify": {"authentication"}}
                    {"response": {"id": 1, "result": {"ok": {}}, "data": {...}}}
                    {"event": {"data": {"state": {"data": {"bitrate": UUID, "streaming": true, ...}}}}}

A state event tells what changed, and all of it after the phone has connected. Bitrates are bit/s.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

API_VERSION = "0.1"


@dataclass(frozen=True, slots=True)
class Identify:
    """The phone's proof that it knows the password."""

    authentication: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to request `number`."""

    number: int
    ok: bool
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class State:
    """What changed on the phone; None did not."""

    preset: str | None = None
    streaming: bool | None = None


@dataclass(frozen=True, slots=True)
class Ping:
    """The phone asks whether we are there."""


Message = Identify | Response | State | Ping | None


def proof(*, password: str, challenge: str, salt: str) -> str:
    """What a phone that knows `password` answers to `challenge` and `salt`."""
    inner = base64.b64encode(hashlib.sha256(f"{password}{salt}".encode()).digest()).decode()
    return base64.b64encode(hashlib.sha256(f"{inner}{challenge}".encode()).digest()).decode()


def hello(*, challenge: str, salt: str) -> str:
    """The first message on a connection."""
    return json.dumps({"hello": {"apiVersion": API_VERSION, "authentication": {"challenge": challenge, "salt": salt}}})


def identified(*, ok: bool) -> str:
    """What became of the phone's proof."""
    return json.dumps({"identified": {"result": {"ok" if ok else "wrongPassword": {}}}})


def request(number: int, name: str, **arguments: object) -> str:
    """A request."""
    return json.dumps({"request": {"id": number, "data": {name: arguments}}})


def pong() -> str:
    """The answer to a ping."""
    return json.dumps({"pong": {}})


def parsed(text: str) -> Message:
    """What a message says; None for one that says nothing to us, or is damaged."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return None
    name, body = next(iter(message.items()), ("", None)) if isinstance(message, dict) else ("", None)
    if not isinstance(body, dict):
        return None
    if name == "identify":
        given = body.get("authentication")
        return Identify(given) if isinstance(given, str) else None
    if name == "response":
        return _response(body)
    if name == "event":
        return _state(body)
    return Ping() if name == "ping" else None


def _response(body: dict[str, Any]) -> Response | None:
    number, result, data = body.get("id"), body.get("result"), body.get("data")
    if not isinstance(number, int) or not isinstance(result, dict):
        return None
    return Response(number, "ok" in result, data if isinstance(data, dict) else {})


def _state(body: dict[str, Any]) -> State | None:
    found: Any = body
    for part in ("data", "state", "data"):
        found = found.get(part) if isinstance(found, dict) else None
    if not isinstance(found, dict):
        return None
    preset, streaming = found.get("bitrate"), found.get("streaming")
    return State(preset if isinstance(preset, str) else None, streaming if isinstance(streaming, bool) else None)


def presets(response: Response) -> dict[str, int]:
    """The bitrate presets in the answer to `getSettings`, bit/s by UUID; damaged ones are left out."""
    settings: Any = response.data
    for part in ("getSettings", "data", "bitratePresets"):
        settings = settings.get(part) if isinstance(settings, dict) else None
    rows = [row for row in settings if isinstance(row, dict)] if isinstance(settings, list) else []
    return {
        row["id"]: row["bitrate"]
        for row in rows
        if isinstance(row.get("id"), str)
        and isinstance(row.get("bitrate"), int)
        and not isinstance(row["bitrate"], bool)
        and row["bitrate"] > 0
    }


def chosen(offered: dict[str, int], wanted_bps: int) -> str | None:
    """The highest preset that is not above `wanted_bps`, else the lowest; None where there is none."""
    fitting = {name: bps for name, bps in offered.items() if bps <= wanted_bps}
    if fitting:
        return max(fitting, key=fitting.__getitem__)
    return min(offered, key=offered.__getitem__, default=None)
