"""Whether a change of bitrate arrived: the device's read-back is its word, what arrives is the proof.

Pure. Proof is the received rate crossing the middle between old and new rate in the right direction. Where
it stood beyond the middle already, as behind a link that carries less, nothing can be proved.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

# Three times the longest usual GOP of 3 s, and 5 s for the queue in front of the ingest.
DEADLINE_S = 14.0


class Verdict(Enum):
    """What the received rate says of an order."""

    WAITING = "waiting"
    ARRIVED = "arrived"
    NOT_SEEN = "not seen"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True, slots=True)
class Watch:
    """A change from `from_bps` to `to_bps`, made by decision `number`, confirmed by the device at `since_s`."""

    number: int
    from_bps: float
    to_bps: float
    since_s: float


def watch(
    *, number: int, from_bps: float | None, to_bps: float, received_bps: float | None, since_s: float
) -> Watch | None:
    """Begin to watch a change, where what was received before it leaves something to prove."""
    if from_bps is None or received_bps is None or from_bps == to_bps:
        return None
    watched = Watch(number=number, from_bps=from_bps, to_bps=to_bps, since_s=since_s)
    return None if _crossed(watched, received_bps) else watched


def verdict(watched: Watch, *, received_bps: float | None, now_s: float) -> Verdict:
    """What is known of `watched` at `now_s`, with the rate that arrives now.

    A fall that does not arrive contradicts the device. A rise may be kept small by the link or by a
    still picture, so that its absence proves nothing.
    """
    if received_bps is not None and _crossed(watched, received_bps):
        return Verdict.ARRIVED
    if now_s - watched.since_s < DEADLINE_S:
        return Verdict.WAITING
    falls = watched.to_bps < watched.from_bps
    return Verdict.CONTRADICTED if falls and received_bps is not None else Verdict.NOT_SEEN


def _crossed(watched: Watch, received_bps: float) -> bool:
    middle_bps = (watched.from_bps + watched.to_bps) / 2
    return received_bps < middle_bps if watched.to_bps < watched.from_bps else received_bps > middle_bps
