"""The exporters behind a set of raw windows, told apart by their target labels.

A Prometheus that also receives another site's samples holds the same metric twice: from the Pi, which
sends, and from the VPS, which receives. Series of one target are scraped together and age together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from controller.decision.model import Series, Transport
from controller.decision.windows import Gain, clean, gain, steady_s

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

EDGE_SITE = "edge"
"""Value of the target label `site` for the machine that sends the stream."""

_TARGET_LABELS = frozenset({"site", "rig", "job", "instance"})
# Series of one scrape carry one timestamp; a remote write that splits a scrape keeps it.
_SAME_SCRAPE_S = 0.05


@dataclass(frozen=True, slots=True)
class Source:
    """One exporter: `kind` is its metric prefix, `target` its target labels, `newest_s` its newest scrape."""

    kind: str
    target: tuple[tuple[str, str], ...]
    series: dict[str, tuple[Series, ...]]
    newest_s: float

    @property
    def site(self) -> str | None:
        """The target label `site`, or None."""
        return next((value for name, value in self.target if name == "site"), None)

    def age_s(self, at_s: float) -> float:
        """Age of what this exporter last knew: since its scrape, plus how long its source had been silent then."""
        clock = self.gauge(f"{self.kind}_exporter_clock_timestamp_seconds")
        read = self.gauge(f"{self.kind}_scrape_collector_last_success_timestamp_seconds")
        silent_s = 0.0 if clock is None or read is None else max(0.0, clock - read)
        return max(0.0, at_s - self.newest_s) + silent_s

    def gauge(self, metric: str, *, label: tuple[str, str] | None = None) -> float | None:
        """The largest value of `metric` in the newest scrape; None when it is not in it."""
        return max(
            (
                one.samples[-1].value
                for one in self.series.get(metric, ())
                if (label is None or label in one.labels) and one.samples[-1].t_s >= self.newest_s - _SAME_SCRAPE_S
            ),
            default=None,
        )

    def gained(self, metric: str, *, span_s: float, label: tuple[str, str] | None = None) -> Gain | None:
        """What the counter `metric` gained over its last `span_s` seconds, summed over its series."""
        gains = [
            found
            for one in self.series.get(metric, ())
            if (label is None or label in one.labels) and (found := gain(one.samples, span_s=span_s))
        ]
        if not gains:
            return None
        return Gain(amount=sum(g.amount for g in gains), span_s=max(g.span_s for g in gains))

    def steady_s(self, metric: str, *, at_s: float) -> float | None:
        """For how long, at least, none of the series of the counter `metric` has risen; None where that is unknown."""
        lengths = (steady_s(one.samples, at_s=at_s) for one in self.series.get(metric, ()))
        return min((length for length in lengths if length is not None), default=None)

    def least(self, metric: str, *, span_s: float, label: tuple[str, str] | None = None) -> float | None:
        """The smallest value of the gauge `metric` over the last `span_s` seconds up to the newest scrape."""
        begin_s = self.newest_s - span_s
        return min(
            (
                sample.value
                for one in self.series.get(metric, ())
                if label is None or label in one.labels
                for sample in one.samples
                if sample.t_s >= begin_s
            ),
            default=None,
        )

    def values_of(self, name: str) -> tuple[str, ...]:
        """The values that label `name` takes in this source's series, sorted."""
        return tuple(sorted({value for many in self.series.values() for one in many if (value := one.label(name))}))


def sources(series: Iterable[Series], *, not_after_s: float) -> tuple[Source, ...]:
    """The exporters in `series`; samples later than `not_after_s` are from a wrong clock and are dropped."""
    grouped: dict[tuple[str, tuple[tuple[str, str], ...]], dict[str, list[Series]]] = {}
    for one in series:
        samples = clean(one.samples, not_after_s=not_after_s)
        if samples:
            target = tuple(pair for pair in one.labels if pair[0] in _TARGET_LABELS)
            of_target = grouped.setdefault((one.metric.partition("_")[0], target), {})
            of_target.setdefault(one.metric, []).append(Series(one.metric, one.labels, samples))
    return tuple(
        Source(
            kind=kind,
            target=target,
            series={metric: tuple(many) for metric, many in of_target.items()},
            newest_s=max(one.samples[-1].t_s for many in of_target.values() for one in many),
        )
        for (kind, target), of_target in grouped.items()
    )


def sender(known: Iterable[Source], carriers: Collection[Transport] = tuple(Transport)) -> Source | None:
    """The exporter beside the encoder, of one of these transports: by its site label, else the one that sends most."""
    candidates = [source for source in known if source.kind in carriers]
    at_edge = [source for source in candidates if source.site == EDGE_SITE]
    return max(at_edge or [source for source in candidates if source.site is None], key=_sending, default=None)


def _sending(source: Source) -> tuple[float, float]:
    sent = source.gained(f"{source.kind}_connection_acknowledged_bytes_total", span_s=10.0)
    return (0.0 if sent is None else sent.per_s, source.newest_s)
