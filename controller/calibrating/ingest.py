"""The ingest as Prometheus has it: raw samples of the stream's bytes and announced picture."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from controller.calibrating.judging import Look
from controller.ports import NoAnswer
from controller.queries import raw_window

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.decision.model import Series
    from controller.ports import MetricReader

BYTES, PUBLISHING = "ingest_stream_receive_bytes_total", "ingest_stream_publishing"
WIDTH, HEIGHT = "ingest_stream_width_pixels", "ingest_stream_height_pixels"
FRAME_RATE = "ingest_stream_frame_rate_hertz"
# Longer than the pause between two looks, so that no sample is missed while one look is late.
WINDOW_S = 10.0


class PrometheusIngest:
    """Looks through `reader` at the series with the labels `match`."""

    def __init__(self, reader: MetricReader, *, match: Mapping[str, str]) -> None:
        self._reader = reader
        self._query = raw_window((BYTES, PUBLISHING, WIDTH, HEIGHT, FRAME_RATE), match=match, window_s=WINDOW_S)

    async def look(self) -> tuple[Look, ...] | str:
        """The looks of the last seconds; or why there are none."""
        window = await self._reader.look_up(self._query)
        return window.why if isinstance(window, NoAnswer) else looks_in(window.series)


def looks_in(series: tuple[Series, ...]) -> tuple[Look, ...]:
    """One look for each moment that has a sample. Several streams of a rig are counted as one."""
    looks: dict[float, Look] = {}
    for one in series:
        for sample in one.samples:
            look = looks.get(sample.t_s, Look(sample.t_s))
            looks[sample.t_s] = _with(look, one.metric, sample.value)
    return tuple(looks[at_s] for at_s in sorted(looks))


def _with(look: Look, metric: str, value: float) -> Look:
    if metric == BYTES:
        return replace(look, received_bytes=(look.received_bytes or 0.0) + value)
    if metric == PUBLISHING:
        return replace(look, publishing=bool(look.publishing) or value > 0)
    if metric == WIDTH:
        return replace(look, width_px=int(value))
    if metric == HEIGHT:
        return replace(look, height_px=int(value))
    return replace(look, frame_rate_hz=value) if metric == FRAME_RATE else look
