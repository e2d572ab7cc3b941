"""What keyframes show of uplinks that are not full: the kernel's delivery rate of a packet train.

A keyframe is handed over at once, up to 64 kB of it to one uplink, and travels back to back. When its last
segment is acknowledged, the kernel divides what came since the first one set out by the time that took: the
round trip and the train's own length on the uplink. So the sample is below the uplink's rate, the more the
shorter the train. The largest of 3 s over the truth, by the uplink's load, was measured as 0.25 below 15 %, 0.63 at
15 to 30 %, 0.86 at 30 to 50 %. Here it is 0.23, 0.39 and 0.46 in the mean, as every second window has a train on one
uplink only: so what is told is rather too little. Fuller uplinks tell by their queue.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from tests.bench.link import STREAM_SHARE
from tests.bench.traces import BINS_PER_S
from tests.bench.two_paths import GOP_S, KEYFRAME_EXCESS_S

STEP_S = 1.0 / BINS_PER_S
GOP_STEPS = round(GOP_S * BINS_PER_S)
KEYFRAME_S = KEYFRAME_EXCESS_S + 1 / 30  # the excess is over one picture's share
AT_ONCE_KBIT = 512.0  # 64 kB: then the kernel's scheduler looks for an uplink again
LONGEST_STEPS = GOP_STEPS  # what takes longer is no train any more, but a queue


class Trains:
    """The trains of one run over two uplinks, whose rates are kbit/s per step."""

    def __init__(self, rates: Sequence[Sequence[float]], *, rtt_s: float, seed: int) -> None:
        self._rates = rates
        self._rtt_s = rtt_s
        self._random = random.Random(seed)  # noqa: S311 - which uplink is free first, not a secret
        self._shown: list[tuple[int, float]] = [(-1, 0.0)] * len(rates)

    def send(self, at: int, rate_kbps: float) -> None:
        """Hand over the keyframe of step `at` of a stream of `rate_kbps`: each piece to an uplink by their rates."""
        left = KEYFRAME_S * rate_kbps
        while left > 0.0:
            piece = min(left, AT_ONCE_KBIT)
            left -= piece
            uplink = self._free(at)
            took_s = None if uplink is None else self._takes_s(self._rates[uplink], at, piece)
            if uplink is not None and took_s is not None:
                round_s = self._rtt_s + took_s
                self._shown[uplink] = (at + int(round_s / STEP_S), piece / round_s)

    def shown(self, at: int, uplink: int) -> float | None:
        """The delivery rate, kbit/s, that a train acknowledged in step `at` shows of an uplink; None without one."""
        step, rate_kbps = self._shown[uplink]
        return rate_kbps if step == at else None

    def _free(self, at: int) -> int | None:
        rates = [one[at] for one in self._rates]
        if sum(rates) <= 0.0:
            return None
        return self._random.choices(range(len(rates)), rates)[0]

    def _takes_s(self, rates: Sequence[float], at: int, kbit: float) -> float | None:
        """How long an uplink takes to carry a train that reaches it at the begin of step `at`."""
        took_s = 0.0
        for rate in rates[at : at + LONGEST_STEPS]:
            room = STREAM_SHARE * rate * STEP_S
            if room >= kbit:
                return took_s + kbit / room * STEP_S
            kbit -= room
            took_s += STEP_S
        return None
