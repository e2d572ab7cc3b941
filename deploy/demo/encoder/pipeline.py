"""The pipeline process: takes orders on stdin, reports on stdout, encodes and publishes in between.

Run by the system's Python (it owns the GStreamer bindings) as `python3 -m deploy.demo.encoder.pipeline`.
It ends on SIGTERM, SIGINT, the end of stdin, or the death of its parent.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

PACKAGES = (
    "python3-gi gir1.2-gst-plugins-base-1.0 gstreamer1.0-plugins-base gstreamer1.0-plugins-good "
    "gstreamer1.0-plugins-bad gstreamer1.0-plugins-ugly gstreamer1.0-libav"
)
try:
    import gi

    gi.require_version("Gst", "1.0")
    import numpy as np  # noqa: F401 - the scenery needs it; its absence is better said here
except (ImportError, ValueError) as error:
    sys.exit(f"pipeline: {error}: apt-get install {PACKAGES} python3-numpy")
from gi.repository import GLib, Gst  # noqa: E402 - require_version must come first

from deploy.demo.encoder.coder import AudioCoder, VideoCoder  # noqa: E402 - as above
from deploy.demo.encoder.orders import Order, PipelineStatus  # noqa: E402 - as above
from deploy.encoder.publisher import SEND_BUFFER_S, Publisher  # noqa: E402 - as above

if TYPE_CHECKING:
    from types import TracebackType

ELEMENTS = ("appsrc", "x264enc", "audiotestsrc", "avenc_aac", "aacparse", "flvmux", "rtmp2sink")
REPORT_EVERY_MS = 500
PR_SET_PDEATHSIG = 1


class Pipeline:
    """The encoder as ordered: camera, coders and connection, driven by GLib's main loop."""

    def __init__(self) -> None:
        self._order: Order | None = None
        self._video: VideoCoder | None = None
        self._audio = AudioCoder(on_sample=lambda sample: self._push("audio", sample))
        self._publisher: Publisher | None = None
        self._next_frame_s = 0.0
        self._encoded_frames = self._dropped_frames = self._encoded_bytes = 0
        self._sent_before = self._connections_before = 0

    def obey(self, order: Order) -> None:
        """Bring camera, encoder and connection to the order; what is already so is left alone."""
        before, self._order = self._order, order
        wants_video = order.publish_url is not None and not order.audio_only
        self._set_coder(order, wanted=wants_video)
        same_way = before is not None and (before.publish_url, before.audio_only) == (
            order.publish_url,
            order.audio_only,
        )
        if not same_way:
            self._set_publisher(order)

    def _set_coder(self, order: Order, *, wanted: bool) -> None:
        if self._video and wanted and self._video.settings.same_geometry(order.video):
            self._video.set_bitrate(order.video.bitrate_bps)
            return
        if self._video:
            self._video.stop()
            self._video = None
        if wanted:
            self._video = VideoCoder(order.video, on_sample=lambda sample: self._push("video", sample))
            self._next_frame_s = time.monotonic()
            GLib.timeout_add(0, self._tick, self._video)

    def _set_publisher(self, order: Order) -> None:
        if self._publisher:
            self._publisher.stop()
            self._sent_before += self._publisher.sent_bytes()
            self._connections_before += self._publisher.connections
            self._publisher = None
        if order.publish_url:
            self._publisher = Publisher(
                order.publish_url, with_video=not order.audio_only, on_connect=self._force_keyframe
            )

    def _force_keyframe(self) -> None:
        if self._video:
            self._video.force_keyframe()

    def _push(self, kind: str, sample: Any) -> None:  # noqa: ANN401 - untyped bindings
        if kind == "video":
            self._encoded_frames += 1
            self._encoded_bytes += sample.get_buffer().get_size()
        publisher = self._publisher
        if publisher:
            publisher.push(kind, sample)

    def _tick(self, coder: VideoCoder) -> bool:
        """Take one picture and arrange for the next; ends when another coder has taken over."""
        if coder is not self._video:
            return False
        queued_s = self._publisher.queued_s() if self._publisher else None
        if queued_s is not None and queued_s < SEND_BUFFER_S and not coder.busy():
            coder.encode(captured_s=time.time(), pts_ns=self._audio.now_ns())
        else:
            self._dropped_frames += 1
        now_s = time.monotonic()
        self._next_frame_s = max(self._next_frame_s + 1 / coder.settings.frame_rate_hz, now_s)
        GLib.timeout_add(round((self._next_frame_s - now_s) * 1000), self._tick, coder)
        return False

    def status(self) -> PipelineStatus:
        """Counters and state at this moment."""
        publisher = self._publisher
        return PipelineStatus(
            connected=bool(publisher and publisher.connected),
            encoded_frames=self._encoded_frames,
            dropped_frames=self._dropped_frames,
            encoded_bytes=self._encoded_bytes,
            sent_bytes=self._sent_before + (publisher.sent_bytes() if publisher else 0),
            queued_s=round((publisher.queued_s() if publisher else None) or 0.0, 3),
            connections=self._connections_before + (publisher.connections if publisher else 0),
        )

    def stop(self) -> None:
        """Close the connection and give the encoders back."""
        if self._publisher:
            self._publisher.stop()
        if self._video:
            self._video.stop()
        self._audio.stop()


def _die_with_parent() -> None:
    """Ask the kernel for SIGTERM at the parent's death, in case stdin outlives it in another process."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == 1:
        sys.exit("the parent is gone already")


def _missing_elements() -> list[str]:
    """The GStreamer elements that this machine lacks."""
    return [name for name in ELEMENTS if Gst.ElementFactory.find(name) is None]


def _end_on_defect(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """End the process where GLib would print an exception and go on without what it interrupted."""
    sys.__excepthook__(kind, error, trace)
    os._exit(1)


class Orders:
    """Lines from a descriptor. Unlike a buffered file it holds no line back that has already come."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._partial = b""

    def read(self) -> list[str] | None:
        """The whole lines that have come since the last call, or None at the end."""
        octets = os.read(self._descriptor, 65536)
        *lines, self._partial = (self._partial + octets).split(b"\n")
        return [line.decode(errors="replace") for line in lines] if octets else None


def main() -> None:
    """Serve orders until told to stop."""
    _die_with_parent()
    Gst.init(None)
    if missing := _missing_elements():
        sys.exit(f"pipeline: no GStreamer element {', '.join(missing)}: apt-get install {PACKAGES}")
    sys.excepthook = _end_on_defect
    loop, pipeline, orders = GLib.MainLoop(), Pipeline(), Orders(sys.stdin.fileno())

    def on_orders(*_: object) -> bool:
        lines = orders.read()
        if lines is None:
            loop.quit()
            return False
        for line in lines:
            try:
                pipeline.obey(Order.from_line(line))
            except ValueError as error:
                print(f"order refused: {error}", file=sys.stderr, flush=True)
        return True

    def report() -> bool:
        print(pipeline.status().to_line(), flush=True)
        return True

    GLib.unix_fd_add_full(
        GLib.PRIORITY_DEFAULT, sys.stdin.fileno(), GLib.IOCondition.IN | GLib.IOCondition.HUP, on_orders
    )
    GLib.timeout_add(REPORT_EVERY_MS, report)
    for number in (signal.SIGTERM, signal.SIGINT):
        GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, loop.quit)
    loop.run()
    pipeline.stop()


if __name__ == "__main__":
    main()
