"""From the samples of an exporter to traces for the bench. Pure.

Per uplink and 100 ms, of the newest scrape: the upper bound where a queue stood, which is what the uplink
could carry; else the lower bound, which is what it was seen to carry. A stream that never filled its uplinks
therefore leaves a trace that is a lower bound of the truth, and that sinks where the stream sank for a reason
of its own, which reads as an uplink that dies.

What that scrape does not tell is unknown, and unknown is not 0: only an uplink without a subflow carried
nothing. A living one that nothing is sent over tells no bound after 3 s; its last one is held for `IDLE_S`.
Longer, and while the exporter is silent, nothing is known: that time is cut out of all uplinks alike, so
that they stay in step.

One exporter is read: the one at the sending end, where the receiver's tells of the same uplinks.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
import numpy.typing as npt

from controller.decision.model import Series, Transport
from controller.decision.sources import EDGE_SITE
from exporters.mptcp.capacity import PROBE_KEEP_S
from exporters.units import bits
from tests.bench.traces import BINS_PER_S, Rates

ALIVE = "exporter_clock_timestamp_seconds"
LOWER = "uplink_capacity_lower_bytes_per_second"
UPPER = "uplink_capacity_upper_bytes_per_second"
SUBFLOWS = "uplink_subflows"

HELD_S = 2.5  # two scrapes of 1 s; a scrape says nothing about later times
IDLE_S = PROBE_KEEP_S  # as long as the exporter itself believes what a probe showed of an idle uplink


class RecordError(RuntimeError):
    """The history cannot become a trace; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Recording:
    """Rates of each uplink, kbit/s per 100 ms, over the same time; `cut_s` was unknown and is left out.

    By uplink, `held_s` of those rates are its last bound, held while it was idle; for `unknown_s` the exporter lived
    and told too little of it, which is part of `cut_s`. Of the uplinks `left_out` no bound was ever told.
    """

    rates: Mapping[str, Rates]
    cut_s: float
    held_s: Mapping[str, float]
    unknown_s: Mapping[str, float]
    left_out: tuple[str, ...] = ()


def metrics_of(transport: Transport) -> tuple[str, ...]:
    """What is read of the transport's exporter: that it lives; of each uplink both bounds, and its subflows."""
    return tuple(f"{transport}_{name}" for name in (ALIVE, LOWER, UPPER, SUBFLOWS))


def recorded(
    series: Iterable[Series], *, begin_s: float, end_s: float, transport: Transport = Transport.MPTCP
) -> Recording:
    """The traces of all uplinks from `begin_s` to `end_s`, from samples of `metrics_of` the transport.

    Raises:
        RecordError: the exporter was silent all the time, told of no uplink, or never of all of them at once; or
            there are several exporters, and nothing says which is meant.
    """
    found = _one_exporter(series, transport)
    instants = (begin_s + np.arange(round((end_s - begin_s) * BINS_PER_S)) / BINS_PER_S).tolist()
    looks = list(_looks(sorted(found.get((ALIVE, None), ())), instants))
    named = {uplink for _, uplink in found if uplink is not None}
    uplinks = sorted(uplink for uplink in named if {(LOWER, uplink), (UPPER, uplink)} & found.keys())
    if not looks:
        raise RecordError("the exporter told nothing in that time; check --match, --from and --to")
    if not uplinks:
        raise RecordError("no uplink's capacity was told in that time; was a stream running?")
    told = {uplink: np.array(list(_told(found, uplink, looks))) for uplink in uplinks}
    known = ~np.isnan([rows[:, 0] for rows in told.values()]).any(axis=0)
    unknown_s = {uplink: _seconds(np.isnan(rows[:, 0])) for uplink, rows in told.items()}
    if not known.any():
        raise RecordError(_nothing_known(unknown_s, lived_s=len(looks) / BINS_PER_S))
    return Recording(
        {uplink: rows[known, 0] for uplink, rows in told.items()},
        cut_s=(len(instants) - int(known.sum())) / BINS_PER_S,
        held_s={uplink: _seconds(rows[known, 1] > 0.0) for uplink, rows in told.items()},
        unknown_s=unknown_s,
        left_out=tuple(sorted(named.difference(uplinks))),
    )


def _seconds(bins: npt.NDArray[np.bool_]) -> float:
    return int(bins.sum()) / BINS_PER_S


def _nothing_known(unknown_s: Mapping[str, float], *, lived_s: float) -> str:
    gaps = ", ".join(f"{uplink} for {gap_s:.1f} s" for uplink, gap_s in unknown_s.items() if gap_s)
    return (
        f"no moment is known of all uplinks: of {lived_s:.1f} s the exporter told no bound of {gaps}; record a time "
        "in which the stream uses them all"
    )


_Target = tuple[tuple[str, str], ...]
_Found = dict[tuple[str, str | None], dict[float, float]]


def _one_exporter(series: Iterable[Series], transport: Transport) -> _Found:
    """What the exporter at the sending end told; of those that tell no capacity, which are receivers, any."""
    by_target = _by_target(series, transport)
    telling = [target for target, found in by_target.items() if any(metric in {LOWER, UPPER} for metric, _ in found)]
    meant = [target for target in telling if ("site", EDGE_SITE) in target] or telling or list(by_target)[:1]
    if len(meant) > 1:
        shared = set.intersection(*(set(target) for target in meant))
        told = "; ".join(" ".join(f"{k}={v}" for k, v in target if (k, v) not in shared) or "-" for target in meant)
        raise RecordError(f"{len(meant)} exporters tell of uplinks ({told}); choose one with --match LABEL=VALUE")
    return by_target[meant[0]] if meant else {}


def _by_target(series: Iterable[Series], transport: Transport) -> dict[_Target, _Found]:
    """By exporter, its values by metric, less the prefix, and uplink; each by its scrape, pages joined."""
    joined: dict[_Target, _Found] = {}
    for one in series:
        if one.metric in metrics_of(transport):
            found = joined.setdefault(tuple(pair for pair in one.labels if pair[0] != "uplink"), {})
            row = found.setdefault((one.metric.removeprefix(f"{transport}_"), one.label("uplink")), {})
            row.update((sample.t_s, sample.value) for sample in one.samples)
    return joined


def _looks(scrapes_s: Sequence[float], instants: Iterable[float]) -> Iterator[tuple[float, float]]:
    """Each instant at which the exporter lived, with its newest scrape; what is too old speaks of it no more."""
    for at_s in instants:
        place = bisect_right(scrapes_s, at_s) - 1
        if place >= 0 and at_s - scrapes_s[place] <= HELD_S:
            yield at_s, scrapes_s[place]


def _told(found: _Found, uplink: str, looks: Iterable[tuple[float, float]]) -> Iterator[tuple[float, bool]]:
    """At each look the uplink's rate, kbit/s, NaN where it is unknown, and whether it is an older one that is held."""
    kept_s, kept_kbps = -np.inf, nan
    for at_s, scrape_s in looks:
        subflows = found.get((SUBFLOWS, uplink), {}).get(scrape_s)
        rate_kbps = _bound_kbps(found, uplink, scrape_s)
        if subflows == 0:
            kept_s = -np.inf  # what comes back may be another cell: nothing old speaks of it
            yield 0.0, False
        elif rate_kbps is not None:
            kept_s, kept_kbps = scrape_s, rate_kbps
            yield rate_kbps, False
        elif subflows is not None and at_s - kept_s <= IDLE_S:
            yield kept_kbps, True
        else:
            yield nan, False


def _bound_kbps(found: _Found, uplink: str, scrape_s: float) -> float | None:
    for metric in (UPPER, LOWER):
        value = found.get((metric, uplink), {}).get(scrape_s)
        if value is not None:
            return bits(value) / 1_000.0
    return None
