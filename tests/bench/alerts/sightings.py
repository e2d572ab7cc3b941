"""What Prometheus keeps of its alerts, as moments: since when each was pending, since when it fired. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.prometheus import promql

ALWAYS = "Watchdog"
SECONDS_OF = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
# Labels that every alert of one rig has, or that routing adds.
PLAIN = {"__name__", "alertname", "alertstate", "rig", "severity", "sound"}


@dataclass(frozen=True, slots=True)
class Sighting:
    """One alert of one object: `on` says which (`site=edge uplink=att`); epoch seconds of each evaluation."""

    name: str
    on: str
    pending_s: tuple[float, ...] = ()
    firing_s: tuple[float, ...] = ()

    def first(self, state: str, *, after_s: float) -> float | None:
        """Seconds from `after_s` to its first evaluation in that state; None: there was none."""
        times = self.pending_s if state == "pending" else self.firing_s
        return next((at_s - after_s for at_s in times if at_s >= after_s), None)


def sightings(result: Iterable[Mapping[str, Any]]) -> list[Sighting]:
    """What a query for the raw samples of `ALERTS` brought, by name and object, without the one that always fires."""
    found: dict[tuple[str, str], dict[str, tuple[float, ...]]] = {}
    for series in result:
        labels = series["metric"]
        if labels["alertname"] != ALWAYS:
            on = " ".join(f"{name}={value}" for name, value in sorted(labels.items()) if name not in PLAIN)
            times = tuple(float(at_s) for at_s, _ in series["values"])
            found.setdefault((labels["alertname"], on), {})[labels["alertstate"]] = times
    return [
        Sighting(name, on, pending_s=by.get("pending", ()), firing_s=by.get("firing", ()))
        for (name, on), by in sorted(found.items())
    ]


def first(seen: Iterable[Sighting], name: str, state: str, *, after_s: float) -> float | None:
    """Seconds from `after_s` until the first of the alerts of that name was in that state."""
    found = [one.first(state, after_s=after_s) for one in seen if one.name == name]
    return min((took for took in found if took is not None), default=None)


def waits() -> dict[str, float]:
    """The `for` of every alert, seconds."""
    return dict(_waits())


def _waits() -> Iterator[tuple[str, float]]:
    for path in promql.rule_files():
        for rule in promql.rules(path):
            if "alert" in rule:
                parts = re.findall(r"(\d+)(ms|[smhd])", rule.get("for", "0s"))
                yield rule["alert"], sum(int(number) * SECONDS_OF[unit] for number, unit in parts)
