"""What may be asked of x264."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.encoder.video import VideoSettings

TARGET = {"bitrate_bps": 2_500_000, "width_px": 1280, "height_px": 720, "frame_rate_hz": 30}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from([*TARGET, "other"]), inner, max_size=4),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("field", "value"),
    [("width_px", 62), ("width_px", 1922), ("height_px", 0), ("frame_rate_hz", 61), ("bitrate_bps", 31_999)],
)
def test_settings_out_of_range_are_named(field: str, value: int) -> None:
    """The message names the field, the value and the range."""
    with pytest.raises(ValueError, match=rf"{field} {value} is outside \d+ to \d+"):
        VideoSettings(**{field: value})


def test_odd_sizes_are_refused() -> None:
    """Chroma is sampled at half the size."""
    with pytest.raises(ValueError, match="853x480 is not even"):
        VideoSettings(width_px=853, height_px=480)


def test_a_target_becomes_settings() -> None:
    """What the controller orders is what is coded; fields that this encoder does not have are passed over."""
    assert VideoSettings.from_target({**TARGET, "floor_bps": None, "audio_only": False}) == VideoSettings(
        width_px=1280, height_px=720, frame_rate_hz=30, bitrate_bps=2_500_000
    )


@pytest.mark.parametrize("field", sorted(TARGET))
@pytest.mark.parametrize("value", [None, "720", True, 720.0])
def test_a_target_of_something_else_names_the_field(field: str, value: object) -> None:
    """A value that is no whole number is refused by the field's name."""
    with pytest.raises(ValueError, match=f"target.{field} is no whole number"):
        VideoSettings.from_target({**TARGET, field: value})


@given(JSON)
def test_no_target_crashes(target: object) -> None:
    """Whatever JSON can hold is settings or refused."""
    with suppress(ValueError):
        VideoSettings.from_target(target)
