"""What is made of each question on the socket: JSON in, JSON out. An order is answered when it shows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

from deploy.encoder.video import VideoSettings

if TYPE_CHECKING:
    from collections.abc import Callable

Json = dict[str, Any]
VERSION = 1


class Encoder(Protocol):
    """What is asked and told."""

    def read(self) -> Json:
        """The answer to `read`."""

    def playing(self) -> VideoSettings:
        """What is coded now."""

    def set_video(self, video: VideoSettings) -> None:
        """Code this."""

    def publish(self, *, on: bool) -> None:
        """Connect or disconnect."""


def refused(detail: str) -> Json:
    """An order that was not carried out."""
    return {"outcome": "refused", "detail": detail}


def answer(line: bytes, encoder: Encoder) -> Json | Callable[[], Json | None]:
    """The answer to one question; for an order that takes a moment, what to call until it gives the answer."""
    try:
        asked = json.loads(line)
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict) or asked.get("version") != VERSION:
        return refused(f"the question is not one JSON object of version {VERSION}")
    match asked.get("verb"):
        case "read":
            return encoder.read()
        case "apply":
            return _applied(asked.get("target"), encoder)
        case "publish" if isinstance(asked.get("on"), bool):
            encoder.publish(on=asked["on"])
            return lambda: {"outcome": "applied"} if encoder.read()["publishing"] is asked["on"] else None
        case "restart":
            return refused("restart it by its supervisor: systemctl restart vvlive-encoder")
    return refused("the verb is none of read, apply, publish, restart")


def _applied(target: object, encoder: Encoder) -> Json | Callable[[], Json | None]:
    try:
        video = VideoSettings.from_target(target)
    except ValueError as error:
        return refused(str(error))
    encoder.set_video(video)

    def look() -> Json | None:
        now = encoder.playing()
        if not now.same_geometry(video):
            return None
        shown = {
            "bitrate_bps": now.bitrate_bps,
            "width_px": now.width_px,
            "height_px": now.height_px,
            "frame_rate_hz": now.frame_rate_hz,
        }
        return {"outcome": "applied", "target": shown}

    return look
