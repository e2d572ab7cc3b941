"""From a target to the fields to write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.uray.parsing import OutputSettings
from controller.adapters.uray.settings import (
    MAIN_SIZES_PX,
    Limits,
    configured,
    differences,
    feasible,
    full_set,
    limits_of,
    nearest_size,
    plan_change,
    publish_fields,
)
from controller.decision.model import EncoderTarget
from controller.ports import Impact, Impacts
from tests.fakes.new_orange import SETTINGS

NOW = EncoderTarget(2_500_000, 1280, 720, 30)
CALIBRATED = Impacts(bitrate=Impact.NONE, geometry=Impact.REBOOT)
LIMITS = Limits(MAIN_SIZES_PX, 32_000, 32_000_000, 60)

targets = st.builds(
    EncoderTarget,
    bitrate_bps=st.integers(0, 100_000_000),
    width_px=st.integers(16, 4096),
    height_px=st.integers(16, 4096),
    frame_rate_hz=st.integers(1, 240),
)


def settings(**changed: str) -> OutputSettings:
    """The fake's settings with some changed."""
    return OutputSettings(SETTINGS | changed, "utf-8")


@pytest.mark.parametrize(
    ("wanted", "nearest"),
    [
        ((1920, 1080), (1920, 1080)),
        ((1280, 720), (1280, 720)),
        ((854, 480), (850, 480)),
        ((640, 360), (640, 360)),
        ((1600, 900), (1280, 720)),
        ((3840, 2160), (1920, 1080)),
        ((100, 100), (240, 180)),
    ],
)
def test_nearest_size(wanted: tuple[int, int], nearest: tuple[int, int]) -> None:
    """The largest size within the wanted one, or the smallest there is."""
    assert nearest_size(wanted, MAIN_SIZES_PX) == nearest


def test_configured() -> None:
    """Settings are a target in bit/s; a size that follows the input is the input's."""
    assert configured(settings()) == NOW
    follows = settings(venc_width_height_same_as_input="1", venc_width="0", venc_height="0")
    assert configured(follows) == EncoderTarget(2_500_000, 1920, 1080, 30)


@pytest.mark.parametrize("name", ["venc_bitrate", "venc_framerate", "venc_width"])
def test_unreadable_settings_are_no_target(name: str) -> None:
    """A field that is no number makes the target unknown, not partly made up."""
    assert configured(settings(**{name: "auto"})) is None


@given(targets)
def test_feasible_is_within_the_unit(target: EncoderTarget) -> None:
    """Whatever is asked, what is written is whole kbit/s, a listed size and a permitted frame rate."""
    goal = feasible(target, LIMITS, NOW)

    assert goal.bitrate_bps % 1_000 == 0
    assert 32_000 <= goal.bitrate_bps <= 32_000_000
    assert (goal.width_px, goal.height_px) in MAIN_SIZES_PX
    assert 5 <= goal.frame_rate_hz <= 60


@given(targets)
def test_what_is_feasible_stays(target: EncoderTarget) -> None:
    """Asking for what was feasible changes nothing more."""
    goal = feasible(target, LIMITS, NOW)

    assert feasible(goal, LIMITS, goal) == goal


def test_a_size_off_the_list_that_is_set_is_kept() -> None:
    """A unit that already runs at the wanted size is not moved off it for the sake of the list."""
    odd = EncoderTarget(2_500_000, 1366, 768, 30)

    assert feasible(odd, LIMITS, odd) == odd


@pytest.mark.parametrize(
    ("target", "fields", "impact"),
    [
        (NOW, set(), Impact.NONE),
        (EncoderTarget(1_200_000, 1280, 720, 30), {"venc_bitrate"}, Impact.NONE),
        (EncoderTarget(2_500_000, 1280, 720, 24), {"venc_framerate"}, Impact.REBOOT),
        (
            EncoderTarget(2_500_000, 640, 360, 30),
            {"venc_width", "venc_height", "venc_width_height_same_as_input"},
            Impact.REBOOT,
        ),
    ],
)
def test_a_change_names_its_fields_and_cost(target: EncoderTarget, fields: set[str], impact: Impact) -> None:
    """Only what differs is changed, and the dearest field sets the cost."""
    change = plan_change(settings(), target, limits=LIMITS, impacts=CALIBRATED)

    assert (set(change.fields), change.impact) == (fields, impact)


@pytest.mark.parametrize(
    ("target", "raises"),
    [
        (EncoderTarget(2_600_000, 1280, 720, 30), True),
        (EncoderTarget(1_000_000, 1920, 1080, 30), True),
        (EncoderTarget(2_500_000, 1280, 720, 60), True),
        (EncoderTarget(1_000_000, 1280, 720, 30), False),
        (EncoderTarget(2_500_000, 640, 360, 30), False),
    ],
)
def test_raises(target: EncoderTarget, raises: bool) -> None:  # noqa: FBT001 (a row of the table)
    """More bits or more pixels per second is a raise."""
    assert plan_change(settings(), target, limits=LIMITS, impacts=CALIBRATED).raises is raises


@pytest.mark.parametrize(
    ("changed", "output", "most_bps", "most_hz"),
    [({}, 0, 32_000_000, 60), ({"http_hls_enable": "1"}, 0, 8_000_000, 60), ({}, 2, 32_000_000, 30)],
)
def test_limits(changed: dict[str, str], output: int, most_bps: int, most_hz: int) -> None:
    """HLS lowers the bitrate's limit, a sub stream the frame rate's."""
    limits = limits_of(settings(**changed), output=output, sizes_px=MAIN_SIZES_PX)

    assert (limits.max_bitrate_bps, limits.max_frame_rate_hz) == (most_bps, most_hz)


def test_full_set_leaves_out_what_the_unit_reports() -> None:
    """A write repeats every setting and none of the reports that come with them."""
    written = full_set(settings(), {"venc_bitrate": "600"})

    assert set(SETTINGS) - set(written) == {
        "vi_cap_width",
        "vi_cap_height",
        "venc_codec_supported",
        "srt_publish_status",
    }
    assert list(written)[:2] == ["input", "output"]
    assert written["venc_bitrate"] == "600"


@pytest.mark.parametrize(
    ("written", "read", "differ"),
    [("600", "600", False), ("0600", "600", False), ("600", "601", True), ("a", "b", True), ("", "", False)],
)
def test_differences(written: str, read: str, differ: bool) -> None:  # noqa: FBT001 (a row of the table)
    """Numbers are compared as numbers, texts as texts."""
    assert bool(differences({"venc_bitrate": written}, settings(venc_bitrate=read))) is differ


def test_a_vanished_setting_differs() -> None:
    """A setting that is gone from the read-back is named."""
    assert differences({"wiped": ""}, settings()) == ("wiped",)


@pytest.mark.parametrize(
    ("changed", "on", "fields"),
    [
        ({}, False, {"rtmp_publish_enable": "0"}),
        ({}, True, {}),
        ({"rtmp_publish_enable": "0", "rtmp_enable": "1"}, True, {"rtmp_publish_enable": "1", "rtmp_enable": "0"}),
        ({"rtmp_publish_uri": ""}, True, {"srt_publish_enable": "1"}),
    ],
)
def test_publish_fields(changed: dict[str, str], on: bool, fields: dict[str, str]) -> None:  # noqa: FBT001 (a row)
    """The push is switched by its flag; its own RTMP server goes off for it; SRT where no RTMP address is set."""
    assert publish_fields(settings(**changed), on=on) == fields
