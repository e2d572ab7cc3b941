"""The camera and its x264 encoder, and the microphone and its AAC encoder, as GStreamer pipelines.

Runs under the system's Python, which owns the GStreamer bindings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
from gi.repository import GLib, Gst, GstApp  # noqa: E402 - require_version must come first

from deploy.demo.encoder.scenery import Scenery  # noqa: E402 - as above

if TYPE_CHECKING:
    from collections.abc import Callable

    from deploy.encoder.video import VideoSettings

__all__ = ["AudioCoder", "VideoCoder"]

_ = GstApp  # loading it gives appsrc and appsink their methods

KEYFRAME_EVERY_S = 2
VBV_MS = 500  # a keyframe may take half a second's bits; more would show as bursts in the backlog
WAITING_PICTURES = 2  # of 1.4 MB each at 720p; the encoder works on a third
AUDIO_BPS = 64_000
TONE_HZ = 440
TONE_VOLUME = 0.1

# ultrafast and zerolatency: a fifth of a core at 720p30, and no frame is held back. One thread:
# slices would cost bits, and one core does 1080p30. Filler (nal-hrd) is left off, because x264 then
# refuses to change the rate of a running encoder.
VIDEO = (
    "appsrc name=camera format=time is-live=true ! "
    "x264enc name=x264 speed-preset=ultrafast tune=zerolatency threads=1 pass=cbr ! "
    "video/x-h264,stream-format=avc,alignment=au ! appsink name=coded sync=false emit-signals=true"
)
AUDIO = (
    f"audiotestsrc is-live=true wave=sine freq={TONE_HZ} volume={TONE_VOLUME} samplesperbuffer=1024 ! "
    f"audio/x-raw,rate=48000,channels=2 ! avenc_aac bitrate={AUDIO_BPS} ! aacparse ! "
    "audio/mpeg,stream-format=raw ! appsink name=coded sync=false emit-signals=true"
)


def _deliver(pipeline: Any, on_sample: Callable[[Any], None]) -> None:  # noqa: ANN401 - untyped bindings
    def pull(sink: Any) -> Any:  # noqa: ANN401 - untyped bindings
        on_sample(sink.emit("pull-sample"))
        return Gst.FlowReturn.OK

    pipeline.get_by_name("coded").connect("new-sample", pull)


class VideoCoder:
    """Encodes frames of one geometry; another geometry takes another coder."""

    def __init__(self, settings: VideoSettings, *, on_sample: Callable[[Any], None]) -> None:
        """Start encoding; `on_sample` gets each access unit in a thread of GStreamer's."""
        self.settings = settings
        self._scenery = Scenery(width=settings.width_px, height=settings.height_px)
        self._frames = 0
        self._pipeline = Gst.parse_launch(VIDEO)
        self._camera = self._pipeline.get_by_name("camera")
        self._x264 = self._pipeline.get_by_name("x264")
        self._camera.set_property(
            "caps",
            Gst.Caps.from_string(
                f"video/x-raw,format=NV12,width={settings.width_px},height={settings.height_px},"
                f"framerate={settings.frame_rate_hz}/1"
            ),
        )
        self._x264.set_property("key-int-max", KEYFRAME_EVERY_S * settings.frame_rate_hz)
        self._x264.set_property("vbv-buf-capacity", VBV_MS)
        self.set_bitrate(settings.bitrate_bps)
        _deliver(self._pipeline, on_sample)
        self._pipeline.set_state(Gst.State.PLAYING)

    def set_bitrate(self, bitrate_bps: int) -> None:
        """Change the rate of the running encoder, from the next frame on."""
        self._x264.set_property("bitrate", bitrate_bps // 1000)

    def busy(self) -> bool:
        """Whether pictures wait for the encoder already: on a machine that is too slow they would pile up."""
        return int(self._camera.get_property("current-level-buffers")) >= WAITING_PICTURES

    def encode(self, *, captured_s: float, pts_ns: int) -> None:
        """Take the picture of this moment and encode it."""
        picture = self._scenery.frame(self._frames, captured_s=captured_s)
        self._frames += 1
        buffer = Gst.Buffer.new_wrapped_bytes(GLib.Bytes.new(picture.tobytes()))
        buffer.pts = pts_ns
        buffer.duration = Gst.SECOND // self.settings.frame_rate_hz
        self._camera.emit("push-buffer", buffer)

    def force_keyframe(self) -> None:
        """Make the next picture a keyframe: a new connection cannot start without one."""
        wish = Gst.Structure.new_empty("GstForceKeyUnit")
        wish.set_value("all-headers", value=True)
        self._x264.send_event(Gst.Event.new_custom(Gst.EventType.CUSTOM_UPSTREAM, wish))

    def stop(self) -> None:
        """Give the encoder back."""
        self._pipeline.set_state(Gst.State.NULL)


class AudioCoder:
    """A steady tone, encoded; its clock is the one that all time stamps count on."""

    def __init__(self, *, on_sample: Callable[[Any], None]) -> None:
        """Start the tone; `on_sample` gets each AAC frame in a thread of GStreamer's."""
        self._pipeline = Gst.parse_launch(AUDIO)
        self._clock = Gst.SystemClock.obtain()
        self._pipeline.use_clock(self._clock)
        self._started_ns = self._clock.get_time()
        self._pipeline.set_start_time(Gst.CLOCK_TIME_NONE)
        self._pipeline.set_base_time(self._started_ns)
        _deliver(self._pipeline, on_sample)
        self._pipeline.set_state(Gst.State.PLAYING)

    def now_ns(self) -> int:
        """Nanoseconds since the tone began: the presentation time of a picture taken now."""
        return int(self._clock.get_time()) - int(self._started_ns)

    def stop(self) -> None:
        """End the tone."""
        self._pipeline.set_state(Gst.State.NULL)
