"""From a target to the full set of fields to write, and from a read-back to what took effect.

Sources disagree on whether the unit accepts single fields, so a write always repeats everything
that was read, with the changed fields replaced: right under both. Units of the fields: kbit/s for
`venc_bitrate`, frames per second, pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from controller.adapters.uray.parsing import OutputSettings, PublishState, Telemetry
from controller.decision.model import EncoderTarget
from controller.ports import Impact, Impacts
from exporters.units import bps_from_kbps, kbps_from_bps

if TYPE_CHECKING:
    from collections.abc import Mapping

# The web page's range; with HLS on it stops at 8000.
MIN_BITRATE_KBPS, MAX_BITRATE_KBPS, MAX_BITRATE_WITH_HLS_KBPS = 32, 32_000, 8_000
MIN_FRAME_RATE_HZ, MAX_MAIN_FRAME_RATE_HZ, MAX_SUB_FRAME_RATE_HZ = 5, 60, 30
# The unit's web page warns from here on; a unit at 92 % was seen to lag.
CPU_LIMIT_RATIO = 0.85

# What the web page offers for the main stream. There is no 854x480. Other sizes are unproven.
MAIN_SIZES_PX: tuple[tuple[int, int], ...] = (
    *((1920, 1080), (1680, 1056), (1280, 720), (1024, 768), (1024, 576), (850, 480), (720, 576), (720, 540)),
    *((720, 480), (720, 404), (704, 576), (640, 480), (640, 360), (608, 448), (544, 480), (480, 480), (480, 384)),
    *((480, 360), (480, 320), (480, 272), (480, 270), (400, 320), (400, 224), (352, 480), (352, 228), (320, 256)),
    *((320, 240), (320, 180), (240, 180)),
)

NEEDED_FOR_A_WRITE = (
    *("venc_codec", "venc_gop", "venc_width_height_same_as_input", "venc_width", "venc_height", "venc_framerate"),
    *("venc_profile", "venc_rc_mode", "venc_bitrate", "rtmp_publish_uri"),
)
_ADDRESSING = ("input", "output")
_REPORTED_PREFIX = "vi_"  # the input as captured, not a setting
_REPORTED_SUFFIXES = ("_status", "_supported")


@dataclass(frozen=True, slots=True)
class Limits:
    """What this unit and output accept."""

    sizes_px: tuple[tuple[int, int], ...]
    min_bitrate_bps: int
    max_bitrate_bps: int
    max_frame_rate_hz: int


@dataclass(frozen=True, slots=True)
class Change:
    """A write in preparation: the changed fields, what they cost, and the target as the unit can do it."""

    fields: Mapping[str, str]
    impact: Impact
    target: EncoderTarget
    clamped: bool
    raises: bool  # asks more of link and unit than now


def limits_of(settings: OutputSettings, *, output: int, sizes_px: tuple[tuple[int, int], ...]) -> Limits:
    """The ranges that hold with these settings."""
    most_kbps = MAX_BITRATE_WITH_HLS_KBPS if settings.number("http_hls_enable") == 1 else MAX_BITRATE_KBPS
    return Limits(
        sizes_px=sizes_px,
        min_bitrate_bps=int(bps_from_kbps(MIN_BITRATE_KBPS)),
        max_bitrate_bps=int(bps_from_kbps(most_kbps)),
        max_frame_rate_hz=MAX_MAIN_FRAME_RATE_HZ if output == 0 else MAX_SUB_FRAME_RATE_HZ,
    )


def configured(settings: OutputSettings) -> EncoderTarget | None:
    """The target that these settings amount to; None while size, rate or frame rate is not known."""
    size = _size(settings)
    kbps, frame_rate_hz = settings.number("venc_bitrate"), settings.number("venc_framerate")
    if size is None or kbps is None or frame_rate_hz is None:
        return None
    return EncoderTarget(int(bps_from_kbps(kbps)), *size, frame_rate_hz)


def nearest_size(wanted: tuple[int, int], offered: tuple[tuple[int, int], ...]) -> tuple[int, int]:
    """The largest offered size that exceeds `wanted` in neither direction; the smallest of all if none fits."""
    fitting = [size for size in offered if size[0] <= wanted[0] and size[1] <= wanted[1]]
    return max(fitting, key=_area) if fitting else min(offered, key=_area)


def feasible(target: EncoderTarget, limits: Limits, now: EncoderTarget | None) -> EncoderTarget:
    """`target` brought within what the unit has: size from its list (the present one counts), kbit/s steps."""
    wanted = (target.width_px, target.height_px)
    keeps_size = now is not None and wanted == (now.width_px, now.height_px)
    width_px, height_px = wanted if keeps_size else nearest_size(wanted, limits.sizes_px)
    rounded_bps = int(bps_from_kbps(round(kbps_from_bps(target.bitrate_bps))))
    return EncoderTarget(
        bitrate_bps=_within(rounded_bps, limits.min_bitrate_bps, limits.max_bitrate_bps),
        width_px=width_px,
        height_px=height_px,
        frame_rate_hz=_within(target.frame_rate_hz, MIN_FRAME_RATE_HZ, limits.max_frame_rate_hz),
    )


def plan_change(settings: OutputSettings, target: EncoderTarget, *, limits: Limits, impacts: Impacts) -> Change:
    """What to write to bring `settings` to `target`; no fields at all when they are there already."""
    now = configured(settings)
    goal = feasible(target, limits, now)
    fields: dict[str, str] = {}
    impact = Impact.NONE
    if now is None or goal.bitrate_bps != now.bitrate_bps:
        fields["venc_bitrate"] = str(round(kbps_from_bps(goal.bitrate_bps)))
        impact = max(impact, impacts.bitrate)
    if now is None or (goal.width_px, goal.height_px) != (now.width_px, now.height_px):
        fields["venc_width"], fields["venc_height"] = str(goal.width_px), str(goal.height_px)
        fields["venc_width_height_same_as_input"] = "0"
        impact = max(impact, impacts.geometry)
    if now is None or goal.frame_rate_hz != now.frame_rate_hz:
        fields["venc_framerate"] = str(goal.frame_rate_hz)
        impact = max(impact, impacts.geometry)
    clamped = replace(target, floor_bps=None) != goal
    return Change(fields, impact, goal, clamped=clamped, raises=_raises(now, goal))


def refusal(settings: OutputSettings, telemetry: Telemetry | None, change: Change, *, max_impact: Impact) -> str | None:
    """Why `change` must not be written, as the operator's line, or None when it may be."""
    missing = [name for name in NEEDED_FOR_A_WRITE if name not in settings.fields]
    if missing:
        return f"its settings lack {', '.join(missing)}: writing the rest could wipe them"
    if settings.number("ts_muxrate"):
        return "strong CBR is on (ts_muxrate), which holds the rate whatever we set; choose CBR on its web page"
    if cost(change.impact) > cost(max_impact):
        fields = ", ".join(sorted(change.fields))
        return f"changing {fields} costs {_cost_text(change.impact)}, and at most {max_impact.name.lower()} is allowed"
    return _reason_not_to_raise(telemetry) if change.raises else None


def cost(impact: Impact) -> Impact:
    """The impact to reckon with: one that nobody has calibrated counts as a reboot."""
    return min(impact, Impact.REBOOT)


def full_set(settings: OutputSettings, changed: Mapping[str, str]) -> dict[str, str]:
    """The query of a write: which output, then every setting that was read, with `changed` in place."""
    addressing = {name: settings.fields[name] for name in _ADDRESSING}
    kept = {name: value for name, value in settings.fields.items() if _is_setting(name)}
    return addressing | kept | dict(changed)


def differences(expected: Mapping[str, str], read_back: OutputSettings) -> tuple[str, ...]:
    """Names of the settings that do not read back as they were written."""
    return tuple(sorted(name for name, value in expected.items() if not _same(value, read_back.fields.get(name))))


PUSH_ADDRESS = "rtmp_publish_uri"
"""Where the push goes, key included."""


def publish_fields(settings: OutputSettings, *, on: bool) -> dict[str, str] | None:
    """The fields that switch this firmware's push on or off; None when it names no such switch.

    The unit's web page lets its own RTMP server and the push exclude each other.
    """
    switch = "rtmp_publish_enable"
    if settings.number("srt_publish_enable") is not None and not settings.fields.get("rtmp_publish_uri"):
        switch = "srt_publish_enable"
    if settings.number(switch) is None:
        return None
    fields = {switch: str(int(on))}
    if on and switch == "rtmp_publish_enable" and settings.number("rtmp_enable") == 1:
        fields["rtmp_enable"] = "0"
    return {name: value for name, value in fields.items() if not _same(value, settings.fields.get(name))}


def _is_setting(name: str) -> bool:
    return name not in _ADDRESSING and not name.startswith(_REPORTED_PREFIX) and not name.endswith(_REPORTED_SUFFIXES)


def _same(written: str, read: str | None) -> bool:
    if read is None or written == read:
        return written == read
    return written.isdecimal() and read.isdecimal() and int(written) == int(read)


def _size(settings: OutputSettings) -> tuple[int, int] | None:
    # A size that follows the input is written 0x0; the size captured from the input stands beside it.
    follows_input = settings.number("venc_width_height_same_as_input") == 1
    prefix = "vi_cap_" if follows_input else "venc_"
    width_px, height_px = settings.number(prefix + "width"), settings.number(prefix + "height")
    return (width_px, height_px) if width_px and height_px else None


def _area(size: tuple[int, int]) -> int:
    return size[0] * size[1]


def _within(value: int, least: int, most: int) -> int:
    return max(least, min(most, value))


def _raises(now: EncoderTarget | None, goal: EncoderTarget) -> bool:
    if now is None:
        return True
    pixel_rate = goal.width_px * goal.height_px * goal.frame_rate_hz
    return goal.bitrate_bps > now.bitrate_bps or pixel_rate > now.width_px * now.height_px * now.frame_rate_hz


def _reason_not_to_raise(telemetry: Telemetry | None) -> str | None:
    if telemetry is None:
        return "its status cannot be read, and what is not known is no reason to raise"
    if telemetry.publish is PublishState.NOT_CONNECTED:
        return "its push is down, so a raise could not be verified"
    if telemetry.cpu_ratio is not None and telemetry.cpu_ratio >= CPU_LIMIT_RATIO:
        return (
            f"its CPU is at {telemetry.cpu_ratio:.0%}; raise after a smaller size, a lower profile or HLS off "
            f"brought it below {CPU_LIMIT_RATIO:.0%}"
        )
    return None


def _cost_text(impact: Impact) -> str:
    return "an unknown amount (not calibrated: counts as reboot)" if impact is Impact.UNKNOWN else impact.name.lower()
