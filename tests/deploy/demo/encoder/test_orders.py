"""Orders and reports between device and pipeline."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.encoder.orders import Order, PipelineStatus
from deploy.encoder.video import VideoSettings

VIDEOS = st.builds(
    VideoSettings,
    width_px=st.integers(32, 960).map(lambda half: half * 2),
    height_px=st.integers(32, 540).map(lambda half: half * 2),
    frame_rate_hz=st.integers(1, 60),
    bitrate_bps=st.integers(32_000, 32_000_000),
)
ORDERS = st.builds(Order, video=VIDEOS, audio_only=st.booleans(), publish_url=st.none() | st.text())


@given(ORDERS)
def test_an_order_survives_its_line(order: Order) -> None:
    """What the device sends is what the pipeline reads, on one line."""
    line = order.to_line()
    assert "\n" not in line
    assert Order.from_line(line) == order


@given(st.builds(PipelineStatus, *[st.booleans()] + [st.integers()] * 4, st.floats(0, 10), st.integers()))
def test_a_report_survives_its_line(status: PipelineStatus) -> None:
    """What the pipeline reports is what the device reads."""
    assert PipelineStatus.from_line(status.to_line()) == status


@pytest.mark.parametrize("line", ["", "{", "[]", "{}", '{"video": {}, "audio_only": false}', '{"video": 5}', "null"])
def test_what_is_no_order_is_refused(line: str) -> None:
    """A damaged line is an error that does not repeat the line, which may hold a key."""
    with pytest.raises(ValueError, match="not an order") as raised:
        Order.from_line(line + " " * 5)
    assert not line or line not in str(raised.value) or len(line) < 3


@pytest.mark.parametrize("line", ["", "{}", "null", '{"connected": true}'])
def test_what_is_no_report_is_refused(line: str) -> None:
    """A pipeline that writes something else is found out."""
    with pytest.raises(ValueError, match="not a pipeline report"):
        PipelineStatus.from_line(line)


def test_the_address_is_not_shown() -> None:
    """An order in a log line or a traceback does not give the key away."""
    assert "5ecret" not in repr(Order(video=VideoSettings(), publish_url="rtmp://host/live/5ecret"))
