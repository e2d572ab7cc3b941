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
# Less than a platform's own chunk of picture, which nobody sees.
_WORTH_TELLING_S = 0.5


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
    def cost_ratio(self) -> float | None:
        """The part of the cap that this stream took."""
        return None if self.cap_octets is None else self.octets / self.cap_octets

    @property
    def cap_ratio(self) -> float | None:
        """The part of the cap that the month has used."""
        return None if self.cap_octets is None or self.month_octets is None else self.month_octets / self.cap_octets


@dataclass(frozen=True, slots=True)
class Look:
    """What was known at one decision; None is unknown. Rates are bit/s."""

    at_s: float
    target_bps: float | None = None
    delivered_bps: float | None = None
    drain_time_s: float | None = None
    lag_s: float | None = None


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
    looks: tuple[Look, ...] = ()

    @property
    def lost_s(self) -> float:
        """Seconds without a picture in time."""
        return self.late_s + self.gone_s

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
        looks=tuple(_looks(within)),
    )


def _changes(events: Iterable[Answer]) -> Iterable[Change]:
    for one in events:
        if one["kind"] == "transition":
            data = one["data"]
            yield Change(one["at_s"], data.get("from"), str(data.get("state")), one["text"])


def _moments(events: Iterable[Answer], kinds: tuple[str, ...]) -> Iterable[Moment]:
    return (Moment(one["at_s"], f"{one['subject']}: {one['text']}") for one in events if one["kind"] in kinds)


def _worst(events: Iterable[Answer]) -> Iterable[Moment]:
    """The longest queues and the latest pictures, a minute apart at least: one bad minute is one moment."""
    ranked = sorted(((*_badness(one), one) for one in events), key=lambda row: -row[0])
    taken: list[float] = []
    for bad_s, what, one in ranked:
        if bad_s >= _WORTH_TELLING_S and len(taken) < _WORST and all(abs(one["at_s"] - at_s) >= 60 for at_s in taken):
            taken.append(one["at_s"])
            yield Moment(one["at_s"], f"{bad_s:.1f} s {what}: {one['text']}")


def _badness(event: Answer) -> tuple[float, str]:
    values = event["data"].get("values") or {}
    queue_s, lag_s = (values.get(name) or 0.0 for name in ("drain_time_s", "ingest_lag_s"))
    return (queue_s, "of queue") if queue_s >= lag_s else (lag_s, "late")


def _looks(events: Iterable[Answer]) -> Iterable[Look]:
    for one in events:
        values = one["data"].get("values")
        if isinstance(values, dict):
            yield Look(
                at_s=one["at_s"],
                target_bps=(one["data"].get("target") or {}).get("bitrate_bps"),
                delivered_bps=values.get("delivered_bps"),
                drain_time_s=values.get("drain_time_s"),
                lag_s=values.get("ingest_lag_s"),
            )


def _carried(octets: Mapping[str, float], ledger: Sequence[Answer]) -> Iterable[Carried]:
    for uplink, amount in sorted(octets.items()):
        month = next((one for one in ledger if one["uplink"] == uplink and one["present"]), {})
        yield Carried(uplink, amount, month.get("bytes"), month.get("cap_bytes"))
