"""Whether a change of bitrate arrived: the device's read-back is its word, what arrives is the proof.

Pure. What arrives is more than the encoder's bitrate (sound, packaging), follows the picture, and is less
where a link is full. So only a large change is watched, from a moment at which about as much arrived as the
encoder was set to; its proof is the received rate crossing the middle of its own way.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

# Three times the longest usual GOP of 3 s, and 5 s for the queue in front of the ingest.
DEADLINE_S = 14.0
# An encoder's rate wanders by a tenth with the picture; half of a quarter stands out of that.
LEAST_CHANGE_RATIO = 0.25
# Below, a full link or a still picture keeps the rate small; above, a queue is being emptied.
PLAUSIBLE_RATIOS = (0.7, 1.5)


class Verdict(Enum):
    """What the received rate says of an order."""

    WAITING = "waiting"
    ARRIVED = "arrived"
    NOT_SEEN = "not seen"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True, slots=True)
class Watch:
    """A fall or rise to `to_bps` by decision `number`, confirmed by the device at `since_s`.

    `middle_bps` is the received rate that is passed when the change arrives.
    """

    number: int
    to_bps: float
    falls: bool
    middle_bps: float
    since_s: float


def watch(
    *, number: int, from_bps: float | None, to_bps: float, received_bps: float | None, since_s: float
) -> Watch | None:
    """Begin to watch a change, where what was received before it leaves something to prove."""
    if from_bps is None or received_bps is None or from_bps <= 0:
        return None
    least, most = PLAUSIBLE_RATIOS
    if abs(to_bps / from_bps - 1) < LEAST_CHANGE_RATIO or not least <= received_bps / from_bps <= most:
        return None
    middle_bps = received_bps * (1 + to_bps / from_bps) / 2
    return Watch(number=number, to_bps=to_bps, falls=to_bps < from_bps, middle_bps=middle_bps, since_s=since_s)


def verdict(watched: Watch, *, received_bps: float | None, now_s: float) -> Verdict:
    """What is known of `watched` at `now_s`, with the rate that arrives now.

    A fall that does not arrive contradicts the device. A rise may be kept small by the link or by a
    still picture, so that its absence proves nothing.
    """
    if received_bps is not None and (received_bps < watched.middle_bps) is watched.falls:
        return Verdict.ARRIVED
    if now_s - watched.since_s < DEADLINE_S:
        return Verdict.WAITING
    return Verdict.CONTRADICTED if watched.falls and received_bps is not None else Verdict.NOT_SEEN
