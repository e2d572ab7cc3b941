"""Read an RTMP stream for ever, and keep the newest picture's capture time for whoever asks."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import av
import numpy as np

from deploy.demo.picture import stamp
from deploy.demo.picture.clocking import PictureClock

if TYPE_CHECKING:
    from collections.abc import Callable

    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream
    from numpy.typing import NDArray

OPEN_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 120.0  # longer than the server keeps a silent publisher
BACK_OFF_S = 0.5
OPTIONS = {
    "flags": "low_delay",
    "fpsprobesize": "0",
    "analyzeduration": "4000000",
    "probesize": "5000000",
    "rtmp_live": "live",
    "rtmp_buffer": "0",
}


class Looks(StrEnum):
    """Which pictures are decoded for their stamp."""

    KEYFRAMES = "keyframes"  # and the others counted on from there: cheap at any size
    ALL = "all"  # where something between camera and here re-times the pictures


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest picture: when it arrived (epoch), when it was taken (None: no stamp)."""

    arrived_s: float
    captured_s: float | None


def _luma(frame: VideoFrame) -> NDArray[np.uint8]:
    plane = frame.planes[0]
    lines: NDArray[np.uint8] = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return lines[: frame.height, : frame.width]


def _stamp_of(frames: list[VideoFrame]) -> float | None:
    return stamp.read(_luma(frames[-1])) if frames else None


class StreamReader:
    """Reads in a thread of its own, reconnecting for ever; `newest` is safe to read at any time.

    `tell` hears of every picture, in that thread.
    """

    def __init__(self, url: str, looks: Looks, *, tell: Callable[[Newest], None] = lambda _: None) -> None:
        self._url, self._looks, self._tell = url, looks, tell
        self.newest: Newest | None = None
        self.problem: str | None = "not connected yet"
        self._stopping = threading.Event()

    def start(self) -> None:
        """Begin; the thread ends with the process, or some time after `stop`."""
        threading.Thread(target=self._run, name="reader", daemon=True).start()

    def stop(self) -> None:
        """Do not reconnect any more; a connection that stands is read to its end."""
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with av.open(self._url, options=OPTIONS, timeout=(OPEN_TIMEOUT_S, READ_TIMEOUT_S)) as container:
                    self._read(container)
                self.problem = "the stream ended"
            except (av.FFmpegError, IndexError) as error:  # IndexError: a stream without video
                self.problem = type(error).__name__  # the text would repeat the address, and with it the key
            self._stopping.wait(BACK_OFF_S)

    def _read(self, container: InputContainer) -> None:
        video = container.streams.video[0]
        video.codec_context.thread_count = 1
        clock = PictureClock()
        for packet in container.demux(video):
            if packet.pts is None or packet.time_base is None:
                continue
            self.problem = None
            clock = self._advance(clock, packet, video, media_s=float(packet.pts * packet.time_base))
            self.newest = Newest(arrived_s=time.time(), captured_s=clock.captured_s)
            self._tell(self.newest)

    def _advance(self, clock: PictureClock, packet: Packet[Any], video: VideoStream, *, media_s: float) -> PictureClock:
        if self._looks is Looks.KEYFRAMES and not packet.is_keyframe:
            return clock.after(media_s)
        return clock.at_stamp(media_s, _stamp_of(video.codec_context.decode(packet)))
