"""Totals that never fall, and the age of what is reported. Pure but for its memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from exporters.collecting import Point
from exporters.srtla.reports.model import Reading, Report

# What a page goes on showing of a stream that no longer flows: after this it is history, no reading. Reports come
# each second or slower, and one without news may be chance.
FROZEN_S = 3.0
_OF_THE_FLOW = ("rtt_seconds", "buffer_seconds")


@dataclass(slots=True)
class _Entry:
    session: str = ""
    last: dict[str, float] = field(default_factory=dict)
    totals: dict[str, float] = field(default_factory=dict)
    pulse: object = None
    changed_s: float | None = None


class Ledger:
    """Feed it every report of one source. It holds an entry for each configured name, and no others."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str], _Entry] = {}

    def take(self, report: Report, at_s: float) -> Report:
        """The report, its counts summed over sessions, streams with the age of their last change."""
        return replace(
            report,
            uplinks={name: self._summed("uplink", name, one, at_s) for name, one in report.uplinks.items()},
            streams={
                name: self._aged(name, self._summed("stream", name, one, at_s), at_s)
                for name, one in report.streams.items()
            },
        )

    def _summed(self, scope: str, name: str, reading: Reading, at_s: float) -> Reading:
        entry = self._entries.setdefault((scope, name), _Entry())
        if reading.session != entry.session:
            entry.session, entry.last = reading.session, {}
        for counter, value in reading.counters.items():
            before = entry.last.get(counter, 0.0)
            entry.totals[counter] = entry.totals.get(counter, 0.0) + (value - before if value >= before else value)
            entry.last[counter] = value
        if reading.pulse is not None and reading.pulse != entry.pulse:
            entry.pulse, entry.changed_s = reading.pulse, at_s
        return replace(reading, counters=dict(entry.totals))

    def _aged(self, name: str, reading: Reading, at_s: float) -> Reading:
        changed_s = self._entries["stream", name].changed_s
        if changed_s is None or reading.pulse is None:
            return reading
        age_s = at_s - changed_s
        gauges = {key: value for key, value in reading.gauges.items() if age_s < FROZEN_S or key not in _OF_THE_FLOW}
        return replace(reading, gauges=gauges | {"last_change_age_seconds": age_s})


def describe(report: Report) -> Iterator[Point]:
    """A report of the ledger as points."""
    for scope, readings in (("uplink", report.uplinks), ("stream", report.streams)):
        yield from _points(scope, readings)
    if report.unknown_streams is not None:
        yield Point("srtla_unknown_streams", report.unknown_streams)
    if report.stray_links is not None:
        yield Point("srtla_stray_subflows", report.stray_links)


def _points(scope: str, readings: Mapping[str, Reading]) -> Iterator[Point]:
    for name, reading in readings.items():
        for metric, value in reading.gauges.items():
            yield Point(f"srtla_{scope}_{metric}", value, (name,))
        for metric, value in reading.counters.items():
            yield Point(f"srtla_{scope}_{metric}_total", value, (name,))
