"""The report of one stream, from what the API answers: session, events, ledger. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Answer = dict[str, Any]
_TROUBLE = ("uplink", "device", "alert")
# From worst to best; what is not here is no state.
STATES = ("ERROR", "VERY_LOW", "LOW", "RECOVERY", "MEDIUM", "HIGH")
_WORST = 5


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the quality state."""

    at_s: float
    before: str | None
    after: str
    why: str


@dataclass(frozen=True, slots=True)
class Moment:
    """An event worth a line."""

    at_s: float
    what: str


@dataclass(frozen=True, slots=True)
class Carried:
    """What an uplink carried in this stream and in its month; bytes, None is unknown or not configured."""

    uplink: str
    octets: float
    month_octets: float | None
    cap_octets: int | None

    @property
    def cap_ratio(self) -> float | None:
        """The part of the cap that the month has used."""
        return None if self.cap_octets is None or self.month_octets is None else self.month_octets / self.cap_octets


@dataclass(frozen=True, slots=True)
class Report:
    """One stream. Times are seconds since the epoch, durations seconds."""

    rig: str
    started_s: float
    ended_s: float | None
    duration_s: float
    live_s: float
    late_s: float
    gone_s: float
    unknown_s: float
    states: tuple[tuple[str, float], ...]
    changes: tuple[Change, ...]
    troubles: tuple[Moment, ...]
    worst: tuple[Moment, ...]
    by_hand: tuple[Moment, ...]
    carried: tuple[Carried, ...]

    @property
    def delivered_ratio(self) -> float | None:
        """On time, of what is known; None where nothing is."""
        known_s = self.live_s + self.late_s + self.gone_s
        return self.live_s / known_s if known_s else None


def build(*, rig: str, session: Answer, events: Sequence[Answer], ledger: Sequence[Answer]) -> Report:
    """The report of `session`, from the events of its time and the ledger's months."""
    ended_s = session["ended_s"] or session["seen_s"]
    within = [one for one in events if session["started_s"] <= one["at_s"] <= ended_s]
    within.sort(key=lambda one: one["at_s"])
    changes = tuple(_changes(within))
    return Report(
        rig=rig,
        started_s=session["started_s"],
        ended_s=session["ended_s"],
        duration_s=ended_s - session["started_s"],
        live_s=session["live_s"],
        late_s=session["late_s"],
        gone_s=session["gone_s"],
        unknown_s=session["unknown_s"],
        states=tuple(sorted(session["seconds_by_state"].items(), key=lambda row: -row[1])),
        changes=changes,
        troubles=tuple(_moments(within, _TROUBLE)),
        worst=tuple(_worst(within)),
        by_hand=tuple(_moments(within, ("override",))),
        carried=tuple(_carried(session["bytes_by_uplink"], ledger)),
    )


def _changes(events: Iterable[Answer]) -> Iterable[Change]:
    for one in events:
        if one["kind"] == "transition":
            data = one["data"]
            yield Change(one["at_s"], data.get("from"), str(data.get("state")), one["text"])


def _moments(events: Iterable[Answer], kinds: tuple[str, ...]) -> Iterable[Moment]:
    return (Moment(one["at_s"], f"{one['subject']}: {one['text']}") for one in events if one["kind"] in kinds)


def _worst(events: Iterable[Answer]) -> Iterable[Moment]:
    """The decisions with the longest queues, a minute apart at least: one bad minute is one moment."""
    found = [(one["data"].get("values", {}).get("drain_time_s"), one) for one in events if "values" in one["data"]]
    ranked = sorted(((queue_s, one) for queue_s, one in found if queue_s), key=lambda row: -row[0])
    taken: list[float] = []
    for queue_s, one in ranked:
        if len(taken) < _WORST and all(abs(one["at_s"] - other_s) >= 60 for other_s in taken):
            taken.append(one["at_s"])
            yield Moment(one["at_s"], f"{queue_s:.1f} s of queue: {one['text']}")


def _carried(octets: Mapping[str, float], ledger: Sequence[Answer]) -> Iterable[Carried]:
    for uplink, amount in sorted(octets.items()):
        month = next((one for one in ledger if one["uplink"] == uplink and one["present"]), {})
        yield Carried(uplink, amount, month.get("bytes"), month.get("cap_bytes"))
