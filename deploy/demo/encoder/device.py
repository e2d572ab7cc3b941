"""The configuration of a URay / New Orange encoder: its fields, its XML, its rules. Pure.

Field names, ranges and the size list are those of the vendor's web page. What no source tells
(off-list sizes, H.265 over RTMP) is refused here: the pessimistic guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from deploy.demo.encoder.orders import Order, PipelineStatus
from deploy.encoder.video import VideoSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

Fields = dict[str, str]

SIZES = (
    "1920x1080 1680x1056 1280x720 1024x768 1024x576 850x480 720x576 720x540 720x480 720x404 704x576 640x480 640x360 "
    "608x448 544x480 480x480 480x384 480x360 480x320 480x272 480x270 400x320 400x224 352x480 352x228 320x256 320x240 "
    "320x180 240x180"
)
SIZES_PX = frozenset(tuple(int(side) for side in size.split("x")) for size in SIZES.split())
INPUT_PX = (1920, 1080)
INPUT_HZ = 30
H264 = 96
VERSION = "simulated-1"
RANGES = {"venc_bitrate": (32, 32_000), "venc_framerate": (5, 60), "venc_gop": (5, 300), "venc_codec": (H264, H264)}
DEFAULTS: Fields = {
    "input": "0",
    "output": "0",
    "aenc_codec": "0",
    "aenc_bitrate": "64000",
    "venc_enable": "1",
    "venc_codec": str(H264),
    "venc_codec_supported": "H.264",
    "venc_gop": "60",
    "vi_cap_width": str(INPUT_PX[0]),
    "vi_cap_height": str(INPUT_PX[1]),
    "venc_width_height_same_as_input": "0",
    "venc_width": "1280",
    "venc_height": "720",
    "venc_framerate": "30",
    "venc_profile": "0",
    "venc_rc_mode": "0",
    "venc_bitrate": "2500",
    "ts_muxrate": "0",
    "http_ts_enable": "0",
    "http_ts_uri": "/0.ts",
    "http_hls_enable": "0",
    "http_hls_uri": "/0.m3u8",
    "http_flv_enable": "0",
    "http_flv_uri": "/0.flv",
    "rtsp_enable": "0",
    "rtsp_uri": "/0",
    "rtmp_enable": "0",
    "rtmp_uri": "/live/0",
    "rtmp_publish_enable": "1",
    "rtmp_publish_uri": "",
    "multicast_enable": "0",
    "multicast_ip": "238.0.0.1",
    "multicast_port": "1234",
}
FIXED = frozenset({"input", "output", "venc_codec_supported", "vi_cap_width", "vi_cap_height"})


class Personality(StrEnum):
    """When a change of bitrate or geometry reaches the picture."""

    LIVE = "live"
    RESTART = "restart"  # after two seconds without picture
    STORED = "stored"  # after a reboot


class Fault(StrEnum):
    """How the device may misbehave, for tests of its driver."""

    NONE = "none"
    IGNORES = "ignores"  # says succeed, keeps the old configuration
    LIES = "lies"  # says succeed, reads back the new configuration, encodes as before
    HALF = "half"  # reads back everything, but only the bitrate reaches the picture
    WIPES = "wipes"  # fields missing from a set become empty
    HANGS = "hangs"  # accepts the connection, never answers
    DENIES = "denies"  # 401 to everybody
    GARBAGE = "garbage"  # 200 with a web page


class Effect(StrEnum):
    """What a change of configuration means for the pipeline."""

    NOTHING = "nothing"
    AT_ONCE = "at once"
    AFTER_GAP = "after a gap"
    AT_REBOOT = "at reboot"


@dataclass(frozen=True, slots=True)
class Health:
    """What the status page shows besides the configuration."""

    uptime_s: float
    pipeline: PipelineStatus | None


def video_of(fields: Mapping[str, str]) -> VideoSettings:
    """The encoder settings that a configuration asks for.

    Raises:
        ValueError: a field is missing, no number, or outside the device's range or size list.
    """
    if any(name not in fields for name in ("venc_width", "venc_height", *RANGES)):
        raise ValueError("the configuration is incomplete")
    for name, (lowest, highest) in RANGES.items():
        if not lowest <= int(fields[name]) <= highest:
            raise ValueError(f"{name} {fields[name]} is outside {lowest} to {highest}")
    size = (int(fields["venc_width"]), int(fields["venc_height"]))
    if fields.get("venc_width_height_same_as_input") == "1":
        size = INPUT_PX
    if size not in SIZES_PX:
        raise ValueError(f"size {size[0]}x{size[1]} is not on the device's list")
    return VideoSettings(
        width_px=size[0],
        height_px=size[1],
        frame_rate_hz=int(fields["venc_framerate"]),
        bitrate_bps=int(fields["venc_bitrate"]) * 1000,
    )


def order_of(fields: Mapping[str, str], *, audio_only: bool) -> Order:
    """The pipeline's order for a configuration.

    Raises:
        ValueError: as `video_of`.
    """
    publishes = fields.get("rtmp_publish_enable") == "1" and fields.get("rtmp_publish_uri")
    url = fields["rtmp_publish_uri"] if publishes else None
    return Order(video=video_of(fields), audio_only=audio_only, publish_url=url)


def merged(fields: Mapping[str, str], asked: Mapping[str, str], *, wipes: bool) -> Fields:
    """The configuration after a set; what the device does not know is ignored, as it does.

    Raises:
        ValueError: the outcome is nothing this device can encode.
    """
    known = {name: value for name, value in asked.items() if name in fields and name not in FIXED}
    kept = {name: value if name in FIXED or not wipes else "" for name, value in fields.items()}
    after = kept | known
    if not wipes:
        video_of(after)
    return after


def effect(personality: Personality, before: Order, after: Order) -> Effect:
    """What it takes for the picture to follow from one order to the next.

    Publishing and its address follow at once on every unit; the rest depends on the personality.
    """
    if before == after:
        return Effect.NOTHING
    if (before.video, before.audio_only) == (after.video, after.audio_only) or personality is Personality.LIVE:
        return Effect.AT_ONCE
    return Effect.AFTER_GAP if personality is Personality.RESTART else Effect.AT_REBOOT


def _element(name: str, value: object) -> str:
    return f"<{name}>{escape(str(value))}</{name}>"


def _elements(values: Mapping[str, object]) -> str:
    return "\n".join(_element(name, value) for name, value in values.items())


def output_xml(fields: Mapping[str, str]) -> str:
    """The reply to get_output."""
    return f"<output>\n{_elements(fields)}\n</output>\n"


def adv_xml(*, audio_only: bool) -> str:
    """The reply to get_adv."""
    return f"<adv>\n{_elements({'audio_only': int(audio_only), 'video_only': 0})}\n</adv>\n"


def status_xml(running: Order, health: Health) -> str:
    """The reply to get_status: what runs, as against get_output, which tells what is stored."""
    connected = health.pipeline is not None and health.pipeline.connected
    venc: dict[str, object] = {
        "enable": 1,
        "codec": H264,
        "width": running.video.width_px,
        "height": running.video.height_px,
        "framerate": running.video.frame_rate_hz,
        "bitrate": running.video.bitrate_bps // 1000,
        "rtmp_publish_url": running.publish_url or "",
    }
    if running.publish_url:
        venc["rtmp_status"] = 0 if connected else -1
    vi: dict[str, object] = {"framerate": INPUT_HZ, "width": INPUT_PX[0], "height": INPUT_PX[1], "video_ok": 1}
    unit: dict[str, object] = {"version": VERSION, "runtime": int(health.uptime_s)}
    return (
        f"<status>\n{_elements(unit)}\n"
        f'<vi id="0">\n{_elements(vi)}\n<venc id="0">\n{_elements(venc)}\n</venc>\n</vi>\n</status>\n'
    )
