"""The encoder as ordered: source and encoders on one side, the connection on the other, each renewed by itself."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gi.repository import GLib

from deploy.encoder.coder import Coder
from deploy.encoder.publisher import SEND_BUFFER_S, Publisher

if TYPE_CHECKING:
    from deploy.encoder.source import Source
    from deploy.encoder.video import VideoSettings

WATCH_MS = 100
# A source that is away is tried again later and later; 5 s is what a person waits who just plugged it in.
BACK_OFF_S = (0.5, 1.0, 2.0, 5.0)
# One that ran for so long is begun anew at once, whatever was before.
STEADY_S = 10.0


@dataclass(frozen=True, slots=True)
class Made:
    """What the machine is made of, for its whole life."""

    source: Source
    publish_url: str = field(repr=False)
    preset: str = "veryfast"
    keyframe_s: float = 2.0


class Machine:
    """Codes and publishes from its start on. Its methods are called in GLib's main loop alone."""

    def __init__(self, made: Made, video: VideoSettings) -> None:
        self._made = made
        self._video = video
        self._started_s = time.monotonic()
        self._coder: Coder | None = None
        self._publisher: Publisher | None = None
        self._source_failures = 0
        self._source_from_s = 0.0
        self.problem: str | None = None
        self.publish(on=True)
        self._watch()
        GLib.timeout_add(WATCH_MS, self._watch)

    def set_video(self, video: VideoSettings) -> None:
        """Code this from the next picture on."""
        self._video = video
        if self._coder is not None:
            self._coder.set_video(video)

    def playing(self) -> VideoSettings:
        """What is coded now; while there is no source, what would be."""
        return self._video if self._coder is None else self._coder.playing()

    def publish(self, *, on: bool) -> None:
        """Connect, or end the connection."""
        if on and self._publisher is None:
            self._publisher = Publisher(self._made.publish_url, with_video=True, on_connect=self._force_keyframe)
        elif not on and self._publisher is not None:
            self._publisher.stop()
            self._publisher = None

    def read(self) -> dict[str, Any]:
        """The answer to `read`."""
        now = self.playing()
        has_input = self._coder is not None and self._coder.has_picture()
        return {
            "configured": {
                "bitrate_bps": now.bitrate_bps,
                "width_px": now.width_px,
                "height_px": now.height_px,
                "frame_rate_hz": now.frame_rate_hz,
            },
            "publishing": self._publisher is not None and self._publisher.connected,
            "has_input": has_input,
            "uptime_s": round(time.monotonic() - self._started_s, 1),
            "problem": self.problem or (None if has_input else "no picture comes from its source"),
            "identity": "VVLIVE encoder, x264",
        }

    def stop(self) -> None:
        """Give source, encoders and connection back."""
        self.publish(on=False)
        if self._coder is not None:
            self._coder.stop()

    def _watch(self) -> bool:
        coder, now_s = self._coder, time.monotonic()
        if coder is None:
            if now_s >= self._source_from_s:
                self._begin()
        elif (why := coder.ended()) is not None:
            self._lost(coder, why)
        elif self.problem is not None and coder.has_picture():
            self.problem = None
        return True

    def _begin(self) -> None:
        if self._publisher is not None:
            self._publisher.begin_anew()
        self._coder = Coder(
            self._made.source,
            self._video,
            preset=self._made.preset,
            keyframe_s=self._made.keyframe_s,
            on_sample=self._push,
            may_code=self._may_code,
        )

    def _lost(self, coder: Coder, why: str) -> None:
        coder.stop()
        self._coder = None
        now_s = time.monotonic()
        self._source_failures = 0 if now_s - coder.started_s > STEADY_S else self._source_failures + 1
        wait_s = BACK_OFF_S[min(self._source_failures, len(BACK_OFF_S) - 1)]
        self._source_from_s = now_s + wait_s
        if self.problem != why:
            print(f"source: {why}; trying again until it is back", file=sys.stderr, flush=True)
        self.problem = why

    def _force_keyframe(self) -> None:
        if self._coder is not None:
            self._coder.force_keyframe()

    def _may_code(self) -> bool:
        queued_s = self._publisher.queued_s() if self._publisher is not None else None
        return queued_s is not None and queued_s < SEND_BUFFER_S

    def _push(self, kind: str, sample: Any) -> None:  # noqa: ANN401 - untyped bindings
        publisher = self._publisher
        if publisher is not None:
            publisher.push(kind, sample)
