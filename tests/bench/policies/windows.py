"""The metrics loop of the simple policies: one window per period, seen after a lag."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from tests.bench.history import History, Setting
from tests.bench.simulation import Timing

PATH_RTT_S = 0.060
LADDER = ((4_500.0, 1080), (2_500.0, 720), (1_200.0, 480), (600.0, 360), (300.0, 0))


def rung(rate_kbps: float) -> Setting:
    """The setting of the ladder with `rate_kbps`."""
    return next(Setting(rate, height) for rate, height in LADDER if rate == rate_kbps)


@dataclass(frozen=True, slots=True)
class Window:
    """One closed window of metrics, as the policy sees it at `now_s`, its own clock.

    `age_s` is the age of the oldest queued media at closing, 0 when the queue is empty;
    `capacity_kbps` is the truth, which only policies that say so may read.
    """

    now_s: float
    delivered_kbps: float
    encoder_kbps: float
    age_s: float
    queued_kbit: float
    dropped_ratio: float
    capacity_kbps: float

    @property
    def rtt_s(self) -> float:
        """Round trip through the queue, s."""
        return PATH_RTT_S + self.age_s


class WindowPolicy(Protocol):
    """A policy on windows: keeps its own state, one instance per run."""

    start: Setting

    def decide(self, window: Window) -> Setting | None:
        """The setting wanted now, or None to say nothing."""
        ...


class Windowed:
    """A controller that shows its policy a window each period, `lag_s` after it closed."""

    steps_per_s = 10

    def __init__(self, policy: WindowPolicy, timing: Timing) -> None:
        self.start = policy.start
        self.latency_s = timing.latency_s
        self._policy = policy
        self._period = round(timing.period_s * self.steps_per_s)
        self._lag = round(timing.lag_s * self.steps_per_s)
        self._said = policy.start

    def next_look(self, after: int) -> int:
        """The next window's closing plus the lag."""
        closed = (after - self._lag + 1) // self._period + 1 if after >= 0 else 1
        return closed * self._period - 1 + self._lag

    def look(self, history: History) -> Setting | None:
        """Read the window that has just become visible, and command when the wish is a new one."""
        wish = self._policy.decide(self._window(history))
        if wish is None or wish == self._said:
            return None
        self._said = wish
        return wish

    def _window(self, history: History) -> Window:
        end, steps = history.steps - 1 - self._lag, self._period
        seconds = steps / self.steps_per_s
        produced = history.since(history.accepted, end, steps) + history.since(history.dropped, end, steps)
        return Window(
            now_s=history.steps / self.steps_per_s,
            delivered_kbps=history.since(history.delivered, end, steps) / seconds,
            encoder_kbps=sum(history.rate[end + 1 - steps : end + 1]) / steps,
            age_s=history.age[end] / self.steps_per_s,
            queued_kbit=history.backlog[end],
            dropped_ratio=history.since(history.dropped, end, steps) / produced if produced else 0.0,
            capacity_kbps=sum(history.capacity_kbps[end + 1 - steps : end + 1]) / steps,
        )


class Static:
    """Never moves."""

    def __init__(self, rate_kbps: float) -> None:
        self.start = rung(rate_kbps)

    def decide(self, window: Window) -> Setting | None:
        """Nothing, ever."""
        del window
        return None
