"""The ingest's samples as looks."""

from __future__ import annotations

from controller.calibrating.ingest import PrometheusIngest
from controller.calibrating.judging import Look
from controller.ports import NoAnswer, Window
from tests.fakes.devices import FakeSource, series

STREAM = {"rig": "r1", "stream": "cam"}


def window() -> Window:
    """Two seconds of a stream."""
    return Window(
        (
            series("ingest_stream_receive_bytes_total", 10.0, 20.0, until_s=101.0, labels=STREAM),
            series("ingest_stream_publishing", 1.0, 1.0, until_s=101.0, labels=STREAM),
            series("ingest_stream_width_pixels", 1280.0, until_s=101.0, labels=STREAM),
            series("ingest_stream_height_pixels", 720.0, until_s=101.0, labels=STREAM),
            series("ingest_stream_frame_rate_hertz", 30.0, until_s=101.0, labels=STREAM),
        )
    )


async def test_samples_of_one_moment_are_one_look() -> None:
    """Bytes, publisher and announced picture stand together; what has no sample is not known."""
    source = FakeSource(answer=window())
    found = await PrometheusIngest(source, match={"rig": "r1"}).look()

    assert found == (
        Look(100.0, 10.0, publishing=True),
        Look(101.0, 20.0, publishing=True, width_px=1280, height_px=720, frame_rate_hz=30.0),
    )
    assert 'rig="r1"' in source.queries[0]


async def test_no_answer_is_told() -> None:
    """The reason is passed on as it is."""
    found = await PrometheusIngest(FakeSource(answer=NoAnswer("unknown because of the test")), match={}).look()

    assert found == "unknown because of the test"
