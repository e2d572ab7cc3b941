"""The device's configuration: its XML, its ranges, and when a change reaches the picture."""

from __future__ import annotations

import pytest
from defusedxml import ElementTree
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.encoder import device
from deploy.demo.encoder.device import Effect, Personality
from deploy.demo.encoder.orders import Order, PipelineStatus
from deploy.encoder.video import VideoSettings

URL = "rtmp://127.0.0.1/live/5ecret?a=1&b=<2>"
FIELDS = device.DEFAULTS | {"rtmp_publish_uri": URL}
RUNNING = device.order_of(FIELDS, audio_only=False)
CONNECTED = PipelineStatus(
    connected=True, encoded_frames=1, dropped_frames=0, encoded_bytes=1, sent_bytes=1, queued_s=0.0, connections=1
)


def test_get_output_is_well_formed() -> None:
    """Every field comes back from the XML, an address with ampersands included."""
    root = ElementTree.fromstring(device.output_xml(FIELDS))
    assert {child.tag: child.text or "" for child in root} == FIELDS


@pytest.mark.parametrize(
    ("order", "pipeline", "status"),
    [
        (RUNNING, CONNECTED, "0"),
        (RUNNING, None, "-1"),
        (Order(video=RUNNING.video), CONNECTED, None),
    ],
    ids=["connected", "not connected", "disabled"],
)
def test_get_status_tells_the_publication(order: Order, pipeline: PipelineStatus | None, status: str | None) -> None:
    """0 is connected, -1 is not, and an absent field means that publishing is off."""
    root = ElementTree.fromstring(device.status_xml(order, device.Health(uptime_s=61.9, pipeline=pipeline)))
    assert root.findtext("runtime") == "61"
    assert root.findtext("vi[@id='0']/venc[@id='0']/rtmp_status") == status
    assert root.findtext("vi[@id='0']/venc[@id='0']/bitrate") == "2500"


@given(
    size=st.sampled_from(sorted(device.SIZES_PX)),
    frame_rate_hz=st.integers(5, 60),
    kbit=st.integers(32, 32_000),
)
def test_everything_on_the_device_s_list_is_accepted(size: tuple[int, int], frame_rate_hz: int, kbit: int) -> None:
    """All sizes, rates and bitrates of the vendor's page become settings the encoder can run."""
    asked = {
        "venc_width": str(size[0]),
        "venc_height": str(size[1]),
        "venc_framerate": str(frame_rate_hz),
        "venc_bitrate": str(kbit),
    }
    video = device.video_of(device.merged(FIELDS, asked, wipes=False))
    assert video == VideoSettings(size[0], size[1], frame_rate_hz, kbit * 1000)


@pytest.mark.parametrize(
    "asked",
    [
        {"venc_width": "854", "venc_height": "480"},
        {"venc_bitrate": "31"},
        {"venc_bitrate": "32001"},
        {"venc_bitrate": "fast"},
        {"venc_framerate": "4"},
        {"venc_gop": "301"},
        {"venc_codec": "265"},
    ],
)
def test_what_is_not_on_the_list_is_refused(asked: dict[str, str]) -> None:
    """854x480 is famously missing; ranges are the vendor's; H.265 does not go over RTMP."""
    with pytest.raises(ValueError, match=r"outside|not on the device's list|invalid literal"):
        device.merged(FIELDS, asked, wipes=False)


def test_same_as_input_overrides_the_size() -> None:
    """The flag wins over width and height, which may then be 0."""
    asked = {"venc_width_height_same_as_input": "1", "venc_width": "0", "venc_height": "0"}
    video = device.video_of(device.merged(FIELDS, asked, wipes=False))
    assert (video.width_px, video.height_px) == device.INPUT_PX


def test_unknown_and_fixed_fields_are_ignored() -> None:
    """The device takes what it knows from a set and keeps what is not for setting."""
    asked = {"_": "123", "vi_cap_width": "1", "input": "0", "venc_bitrate": "700"}
    assert device.merged(FIELDS, asked, wipes=False) == FIELDS | {"venc_bitrate": "700"}


def test_a_wiping_device_empties_what_a_set_leaves_out() -> None:
    """After a partial set the address is gone and nothing can be encoded any more."""
    after = device.merged(FIELDS, {"venc_bitrate": "700"}, wipes=True)
    assert (after["venc_bitrate"], after["rtmp_publish_uri"], after["input"]) == ("700", "", "0")
    with pytest.raises(ValueError, match=r"invalid literal|incomplete"):
        device.video_of(after)


def test_a_configuration_without_its_fields_is_incomplete() -> None:
    """A missing field is named as such, not guessed."""
    with pytest.raises(ValueError, match="incomplete"):
        device.video_of({"venc_width": "1280"})


@pytest.mark.parametrize("change", [{"rtmp_publish_enable": "0"}, {"rtmp_publish_uri": ""}])
def test_without_flag_or_address_nothing_is_published(change: dict[str, str]) -> None:
    """Either one missing stops the publication."""
    assert device.order_of(FIELDS | change, audio_only=False).publish_url is None


SLOWER = device.order_of(FIELDS | {"venc_bitrate": "600"}, audio_only=False)
SILENT = device.order_of(FIELDS | {"rtmp_publish_enable": "0"}, audio_only=False)
BLIND = device.order_of(FIELDS, audio_only=True)


@pytest.mark.parametrize(
    ("personality", "after", "expected"),
    [
        (Personality.LIVE, RUNNING, Effect.NOTHING),
        (Personality.STORED, RUNNING, Effect.NOTHING),
        (Personality.LIVE, SLOWER, Effect.AT_ONCE),
        (Personality.RESTART, SLOWER, Effect.AFTER_GAP),
        (Personality.STORED, SLOWER, Effect.AT_REBOOT),
        (Personality.LIVE, BLIND, Effect.AT_ONCE),
        (Personality.RESTART, BLIND, Effect.AFTER_GAP),
        (Personality.STORED, BLIND, Effect.AT_REBOOT),
        (Personality.LIVE, SILENT, Effect.AT_ONCE),
        (Personality.RESTART, SILENT, Effect.AT_ONCE),
        (Personality.STORED, SILENT, Effect.AT_ONCE),
    ],
)
def test_the_personality_says_when_a_change_shows(personality: Personality, after: Order, expected: Effect) -> None:
    """Publishing follows at once on every unit; bitrate, size and audio-only as the personality says."""
    assert device.effect(personality, RUNNING, after) is expected
