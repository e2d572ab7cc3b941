"""The health score: 0 to 100 for people, with the parts that make it.

A part is 1 where the reading is as good as it matters and 0 where the stream suffers. A part that is not
known has no value and no weight; without any vital part known there is no score. The score is the weighted
mean, but never better than the worst vital part: a good RTT does not heal a picture that is gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from controller.decision.model import Freshness
from controller.decision.wording import mbit, percent, seconds

if TYPE_CHECKING:
    from controller.decision.model import Observation


@dataclass(frozen=True, slots=True)
class Part:
    """One part: `value` 0 to 1, None while unknown; `text` says what it was made from."""

    name: str
    value: float | None
    weight: float
    text: str
    vital: bool = False


@dataclass(frozen=True, slots=True)
class Health:
    """The score, 0 to 100, None while unknown, and its parts."""

    score: float | None
    parts: tuple[Part, ...]


def health(seen: Observation) -> Health:
    """The health of the stream as seen in one observation."""
    parts = (_picture(seen), _queue(seen), _room(seen), _uplinks(seen), _loss(seen), _rtt(seen))
    known = [(part.value, part.weight) for part in parts if part.value is not None]
    vital = [part.value for part in parts if part.vital and part.value is not None]
    if not vital:
        return Health(None, parts)
    mean = sum(value * weight for value, weight in known) / sum(weight for _, weight in known)
    return Health(100.0 * min(mean, *vital), parts)


def _falling(value: float | None, *, good: float, bad: float) -> float | None:
    """1 at `good` and better, 0 at `bad` and worse, straight between; `good` may lie on either side."""
    return None if value is None else min(1.0, max(0.0, (bad - value) / (bad - good)))


def _picture(seen: Observation) -> Part:
    ingest = seen.ingest
    if ingest.publishing is False:
        return Part("picture", 0.0, 3.0, "No publisher is connected to the ingest.", vital=True)
    value = _falling(ingest.lag_s, good=0.5, bad=2.0)  # at 2 s the viewer's buffer is empty
    return Part("picture", value, 3.0, f"The picture at the ingest is {seconds(ingest.lag_s)} late.", vital=True)


def _queue(seen: Observation) -> Part:
    known = seen.drain_time_s if seen.freshness is not Freshness.BLIND else None
    value = _falling(known, good=0.3, bad=2.0)  # below 0.3 s keyframes alone explain it
    return Part("queue", value, 3.0, f"The queue before the links takes {seconds(known)} to drain.", vital=True)


def _room(seen: Observation) -> Part:
    """What the links are known to carry, beside what is delivered: 1.5 times is all that matters."""
    lower, delivered = seen.capacity.lower_bps, seen.delivered_bps
    ratio = None if lower is None or not delivered else lower / delivered
    return Part("room", _falling(ratio, good=1.5, bad=0.9), 1.0, f"The links carry at least {mbit(lower)}.")


def _uplinks(seen: Observation) -> Part:
    known = [uplink.dead for uplink in seen.uplinks if uplink.dead is not None]
    alive = known.count(False)
    unknown = f", {len(seen.uplinks) - len(known)} unknown" if len(known) < len(seen.uplinks) else ""
    value = alive / len(known) if known else None
    return Part("uplinks", value, 2.0, f"{alive} of {len(seen.uplinks)} uplinks acknowledge{unknown}.")


def _loss(seen: Observation) -> Part:
    return Part(
        "loss",
        _falling(seen.loss_ratio, good=0.005, bad=0.05),  # the table's limits, from its strictest to its mildest
        1.0,
        f"{percent(seen.loss_ratio)} of the segments were sent again.",
    )


def _rtt(seen: Observation) -> Part:
    value = _falling(seen.min_rtt_s, good=0.08, bad=0.5)
    return Part("rtt", value, 1.0, f"The best uplink's round trip takes {seconds(seen.min_rtt_s)}.")
