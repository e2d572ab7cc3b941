"""Source, scaler and encoders in one pipeline, whose bitrate, size and frame rate change while it runs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
from gi.repository import Gst, GstApp  # noqa: E402 - require_version must come first

from deploy.encoder.video import VideoSettings  # noqa: E402 - as above

if TYPE_CHECKING:
    from collections.abc import Callable

    from deploy.encoder.source import Source

_ = GstApp  # loading it gives appsink its methods

VBV_MS = 500  # a keyframe may take half a second's bits; more would show as bursts in the backlog
AUDIO_BPS = 96_000
# A raw picture that waits longer than this many others is older than the one that should be sent.
WAITING_PICTURES = 3
# Without a picture for so long the source counts as gone; at 1 frame per second, the least, one may be missing.
SILENT_S = 2.5

# zerolatency holds no frame back; constant bitrate is the only mode whose rate x264 changes while it runs.
X264 = f"x264enc name=x264 tune=zerolatency pass=cbr vbv-buf-capacity={VBV_MS}"
CHAINS = (
    "{video} ! queue leaky=downstream max-size-buffers={waiting} max-size-bytes=0 max-size-time=0 ! "
    "videorate skip-to-first=true ! videoscale ! videoconvert ! capsfilter name=shape ! {x264} speed-preset={preset} ! "
    "video/x-h264,stream-format=avc,alignment=au ! appsink name=video sync=false async=false emit-signals=true "
    "{audio} ! audioconvert ! audioresample ! audio/x-raw,rate=48000,channels=2 ! avenc_aac bitrate={audio_bps} ! "
    "aacparse ! audio/mpeg,stream-format=raw ! appsink name=audio sync=false async=false emit-signals=true"
)


class Coder:
    """One life of the source: from its start to its loss.

    `on_sample` gets each coded frame with its kind, in a thread of GStreamer's; `may_code` says whether
    the next picture is wanted: what cannot be sent is dropped raw, since later pictures refer to coded ones.
    """

    def __init__(  # noqa: PLR0913 - what it is made of, each part by its name
        self,
        source: Source,
        video: VideoSettings,
        *,
        preset: str,
        keyframe_s: float,
        on_sample: Callable[[str, Any], None],
        may_code: Callable[[], bool],
    ) -> None:
        self.started_s = time.monotonic()
        self.video = video
        self.dropped_frames = self.coded_frames = self.coded_bytes = 0
        self._keyframe_s = keyframe_s
        self._on_sample, self._may_code = on_sample, may_code
        self._pictured_s: float | None = None
        self._coded: tuple[float, Any] | None = None
        self._pipeline = Gst.parse_launch(
            CHAINS.format(
                video=source.video,
                audio=source.audio,
                x264=X264,
                preset=preset,
                waiting=WAITING_PICTURES,
                audio_bps=AUDIO_BPS,
            )
        )
        if source.setting is not None:
            self._pipeline.get_by_name("in").set_property(*source.setting)
        self._shape, self._x264 = self._pipeline.get_by_name("shape"), self._pipeline.get_by_name("x264")
        self._shape.get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, self._raw)
        for kind in ("video", "audio"):
            self._pipeline.get_by_name(kind).connect("new-sample", self._pull, kind)
        self._set_shape(video)
        self.set_video(video)
        self._pipeline.set_state(Gst.State.PLAYING)

    def set_video(self, video: VideoSettings) -> None:
        """Change rate, size and frame rate from the next picture on."""
        self._x264.set_property("bitrate", video.bitrate_bps // 1000)
        if not video.same_geometry(self.video):
            self._set_shape(video)
        self.video = video

    def _set_shape(self, video: VideoSettings) -> None:
        # Taken over when x264 begins anew with the next size or rate.
        self._x264.set_property("key-int-max", max(1, round(self._keyframe_s * video.frame_rate_hz)))
        caps = (
            f"video/x-raw,format=I420,width={video.width_px},height={video.height_px},"
            f"framerate={video.frame_rate_hz}/1,pixel-aspect-ratio=1/1"
        )
        self._shape.set_property("caps", Gst.Caps.from_string(caps))

    def playing(self) -> VideoSettings:
        """What is coded now: rate from x264, size and frame rate from the last coded picture, where it is recent."""
        kbps = int(self._x264.get_property("bitrate"))
        coded = self._coded
        if coded is None or time.monotonic() - coded[0] > SILENT_S:
            shape = self.video
            return VideoSettings(shape.width_px, shape.height_px, shape.frame_rate_hz, kbps * 1000)
        caps = coded[1].get_structure(0)
        rate = caps.get_fraction("framerate")
        return VideoSettings(
            caps.get_int("width").value,
            caps.get_int("height").value,
            round(rate.value_numerator / max(rate.value_denominator, 1)),
            kbps * 1000,
        )

    def has_picture(self) -> bool:
        """Whether the source gives pictures."""
        return self._pictured_s is not None and time.monotonic() - self._pictured_s < SILENT_S

    def _raw(self, _pad: Any, _info: Any) -> Any:  # noqa: ANN401 - untyped bindings
        self._pictured_s = time.monotonic()
        if self._may_code():
            return Gst.PadProbeReturn.OK
        self.dropped_frames += 1
        return Gst.PadProbeReturn.DROP

    def _pull(self, sink: Any, kind: str) -> Any:  # noqa: ANN401 - untyped bindings
        sample = sink.emit("pull-sample")
        if kind == "video":
            self._coded = (time.monotonic(), sample.get_caps())
            self.coded_frames += 1
            self.coded_bytes += sample.get_buffer().get_size()
        self._on_sample(kind, sample)
        return Gst.FlowReturn.OK

    def force_keyframe(self) -> None:
        """Make the next picture a keyframe: a new connection cannot start without one."""
        wish = Gst.Structure.new_empty("GstForceKeyUnit")
        wish.set_value("all-headers", value=True)
        self._x264.send_event(Gst.Event.new_custom(Gst.EventType.CUSTOM_UPSTREAM, wish))

    def ended(self) -> str | None:
        """Why the source is gone, without its address; None while it is not."""
        message = self._pipeline.get_bus().pop_filtered(Gst.MessageType.ERROR | Gst.MessageType.EOS)
        if message is None:
            return None
        if message.type == Gst.MessageType.EOS:
            return "the source ended"
        error, _ = message.parse_error()  # its text may hold an address with a secret
        kinds = {"gst-resource-error-quark": Gst.ResourceError, "gst-stream-error-quark": Gst.StreamError}
        kind = kinds.get(error.domain)
        what = kind(error.code).value_nick if kind is not None else f"error {error.code}"
        return f"{message.src.get_factory().get_name()} failed ({what})"

    def stop(self) -> None:
        """Give source and encoders back."""
        self._pipeline.set_state(Gst.State.NULL)
