"""The record of an uplink's probes: sent, answered, lost. Pure values."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

KEPT = 160  # half a minute at five a second, and a little
# A probe that is not back by then counts as lost. Above every round trip of a usable uplink, and a queue of 400 kB at
# 4 Mbit/s in front of it; a late answer still counts as an answer when it comes.
LOST_S = 0.8


@dataclass(frozen=True, slots=True)
class Answer:
    """The echo of the probe that was sent on `uplink` at `sent_s`."""

    uplink: str
    sent_s: float
    rtt_s: float


@dataclass(frozen=True, slots=True)
class Sent:
    """One probe; `rtt_s` is None until its answer comes."""

    at_s: float
    rtt_s: float | None = None


@dataclass(frozen=True, slots=True)
class Probes:
    """The newest probes of an uplink, oldest first, and whether one was ever answered."""

    sent: tuple[Sent, ...] = ()
    proven: bool = False

    def and_sent(self, at_s: float) -> Probes:
        """With one more probe under way."""
        return replace(self, sent=(*self.sent[-KEPT + 1 :], Sent(at_s)))

    def and_answered(self, answer: Answer) -> Probes:
        """With the answer entered; one to a forgotten or unknown probe changes nothing."""
        if all(probe.at_s != answer.sent_s for probe in self.sent):
            return self
        entered = (replace(probe, rtt_s=answer.rtt_s) if probe.at_s == answer.sent_s else probe for probe in self.sent)
        return Probes(tuple(entered), proven=True)

    @property
    def last_sent_s(self) -> float | None:
        """When the newest probe went out."""
        return self.sent[-1].at_s if self.sent else None

    @property
    def newest_answered(self) -> Sent | None:
        """The newest probe that was answered."""
        return next((probe for probe in reversed(self.sent) if probe.rtt_s is not None), None)

    def settled(self, now_s: float) -> tuple[Sent, ...]:
        """Those whose fate is known: answered, or lost."""
        return tuple(probe for probe in self.sent if probe.rtt_s is not None or now_s - probe.at_s >= LOST_S)

    def answered_since(self, since_s: float) -> bool:
        """Whether a probe sent at or after `since_s` was answered: the path was whole then, both ways."""
        newest = self.newest_answered
        return newest is not None and newest.at_s >= since_s

    def lost_in_a_row(self, now_s: float, since_s: float = -math.inf) -> int:
        """How many of the newest settled probes were lost, counting those sent at or after `since_s`."""
        count = 0
        for probe in reversed(self.settled(now_s)):
            if probe.rtt_s is not None or probe.at_s < since_s:
                break
            count += 1
        return count

    def answering_since_s(self, now_s: float) -> float | None:
        """When the oldest probe of the present run of answers was sent; None when the newest settled one was lost."""
        since_s = None
        for probe in reversed(self.settled(now_s)):
            if probe.rtt_s is None:
                break
            since_s = probe.at_s
        return since_s

    def steady(self, now_s: float, *, since_s: float, for_s: float) -> bool:
        """Whether the uplink answered all through the last `for_s`, none of it before `since_s`.

        At least three answers, the newest settled probe among them, at most one in five lost, and
        the first of them `for_s` before the newest.
        """
        recent = [probe for probe in self.settled(now_s) if probe.at_s >= since_s]
        while recent and recent[0].rtt_s is None:
            recent = recent[1:]
        if not recent or recent[-1].rtt_s is None or recent[-1].at_s - recent[0].at_s < for_s:
            return False
        window = [probe for probe in recent if probe.at_s >= recent[-1].at_s - for_s - LOST_S]
        answered = sum(probe.rtt_s is not None for probe in window)
        return answered >= 3 and answered >= 0.8 * len(window)
