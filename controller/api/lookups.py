"""The newest samples of whole families of metrics, for the endpoints that show what an exporter says.

However many ask, Prometheus is asked at most once a second for each family.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from controller.ports import NoAnswer
from controller.queries import raw_window

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.decision.model import Series
    from controller.ports import Clock, MetricReader

# Older than this an exporter is gone, and what it said is no reading.
WINDOW_S = 10.0
_REPEAT_AFTER_S = 1.0


@dataclass(frozen=True, slots=True)
class Found:
    """The newest sample of each series; `problem` says why nothing is known."""

    series: tuple[Series, ...] = ()
    problem: str | None = None

    def age_s(self, now_s: float) -> float | None:
        """How old the newest of them is at `now_s`."""
        newest_s = max((one.samples[-1].t_s for one in self.series), default=None)
        return None if newest_s is None else max(0.0, now_s - newest_s)


class Lookups:
    """Answers by prefix, over `reader`; `match` are the labels of this rig."""

    def __init__(self, *, reader: MetricReader, match: Mapping[str, str], clock: Clock) -> None:
        self._reader = reader
        self._match = dict(match)
        self._clock = clock
        self._answers: dict[str, tuple[float, Found]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def newest(self, prefix: str) -> Found:
        """The newest samples of the metrics whose names begin with `prefix` and an underscore."""
        async with self._one_at_a_time:
            asked_s, known = self._answers.get(prefix, (0.0, None))
            if known is not None and self._clock.monotonic_s() - asked_s < _REPEAT_AFTER_S:
                return known
            query = raw_window((f"{prefix}_.+",), match=self._match, window_s=WINDOW_S)
            answer = await self._reader.look_up(query)
            found = Found(problem=answer.why) if isinstance(answer, NoAnswer) else Found(answer.series)
            if found.problem is None and not found.series:
                found = Found(problem=f"unknown because Prometheus has no samples of {prefix}_... of this rig")
            self._answers[prefix] = (self._clock.monotonic_s(), found)
            return found


def by_label(found: Found, label: str, *, strip: str) -> dict[str, dict[str, float]]:
    """The newest values by the value of `label` and by metric, whose prefix `strip` is dropped."""
    rows: dict[str, dict[str, float]] = {}
    for one in found.series:
        name = one.label(label)
        if name is not None:
            rows.setdefault(name, {})[one.metric.removeprefix(strip)] = one.samples[-1].value
    return rows
