"""Bytes per uplink and billing month, from counters that may begin anew. Pure.

Counted is the payload that the kernel sent and received, retransmissions included. A carrier counts headers
as well, about 5 % on top.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from controller.decision.model import Transport
from controller.decision.sources import EDGE_SITE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from controller.decision.model import Series


def metrics(carriers: Iterable[Transport]) -> tuple[str, ...]:
    """Names of the counters that are counted here, as exposed."""
    return tuple(f"{carrier}_uplink_{way}_bytes_total" for carrier in carriers for way in ("transmit", "receive"))


METRICS = metrics(Transport)
Carried = dict[str, float]


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter as last read."""

    t_s: float
    value: float


@dataclass(frozen=True, slots=True)
class Ledger:
    """The last reading of each counter by its name and labels, and the bytes by (uplink, first day of the month)."""

    counters: Mapping[str, Counter] = field(default_factory=dict)
    months: Mapping[tuple[str, str], float] = field(default_factory=dict)

    def of(self, uplink: str, month: str) -> float:
        """Bytes that `uplink` carried in `month`."""
        return self.months.get((uplink, month), 0.0)


def month_of(at_s: float, *, billing_day: int) -> str:
    """The first day of the billing month that `at_s` lies in, as YYYY-MM-DD in UTC; `billing_day` is 1 to 28."""
    day = datetime.fromtimestamp(at_s, UTC)
    year, month = (day.year, day.month) if day.day >= billing_day else (day.year, day.month - 1)
    if month == 0:
        year, month = year - 1, 12
    return f"{year:04}-{month:02}-{billing_day:02}"


def count(ledger: Ledger, series: Iterable[Series], *, billing_days: Mapping[str, int]) -> tuple[Ledger, Carried]:
    """The ledger after a window of samples, and what each uplink carried since the one before.

    A counter that fell began anew at zero. One that is seen for the first time says nothing of before.
    """
    counters, months, carried = dict(ledger.counters), dict(ledger.months), Carried()
    for one in series:
        uplink = one.label("uplink")
        if one.metric not in METRICS or uplink is None or one.label("site") not in {None, EDGE_SITE}:
            continue
        key = f"{one.metric}{one.labels}"
        known = counters.get(key)
        for sample in one.samples:
            if known is not None and sample.t_s <= known.t_s:
                continue
            if known is not None:
                gained = sample.value - known.value if sample.value >= known.value else sample.value
                place = (uplink, month_of(sample.t_s, billing_day=billing_days.get(uplink, 1)))
                months[place] = months.get(place, 0.0) + gained
                carried[uplink] = carried.get(uplink, 0.0) + gained
            known = Counter(sample.t_s, sample.value)
        if known is not None:
            counters[key] = known
    return replace(ledger, counters=counters, months=months), carried
