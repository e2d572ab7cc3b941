"""Policies that move the bitrate freely at one height: AIMD, and two references on queue age."""

from __future__ import annotations

from tests.bench.history import Setting
from tests.bench.policies.windows import Window
from tests.bench.simulation import START

FLOOR_KBPS = 300.0
TOP_KBPS = 4_500.0


def _at(rate_kbps: float) -> Setting:
    return Setting(min(TOP_KBPS, max(FLOOR_KBPS, rate_kbps)), START.height_px)


class Aimd:
    """Times 0.7 when the queue is older than 0.5 s, at most every 2 s; else 150 kbit/s more per second."""

    start = START

    def __init__(self) -> None:
        self._rate = START.rate_kbps
        self._cut_s = self._seen_s = 0.0

    def decide(self, window: Window) -> Setting | None:
        """Cut or climb."""
        passed, self._seen_s = window.now_s - self._seen_s, window.now_s
        if window.age_s > 0.5:
            if window.now_s - self._cut_s >= 2.0 - 1e-6:
                self._rate, self._cut_s = self._rate * 0.7, window.now_s
        else:
            self._rate += 150.0 * min(passed, 10.0)
        wish = _at(self._rate)
        self._rate = wish.rate_kbps
        return wish


class _Climb:
    """The climb that both references share: fast below a remembered ceiling, slow near it."""

    def __init__(self) -> None:
        self.rate = START.rate_kbps
        self.ceiling = float("inf")
        self.cut_s = -1_000.0
        self._calm_s = self._seen_s = 0.0

    def climb(self, window: Window) -> None:
        """Raise by what the time passed allows, once the windows of 2 s showed a young queue."""
        passed, self._seen_s = min(window.now_s - self._seen_s, 10.0), window.now_s
        self._calm_s = self._calm_s + passed if window.age_s < 0.2 else 0.0
        if self._calm_s < 2.0 - 1e-6:
            return
        near = self.rate > 0.85 * self.ceiling and window.now_s - self.cut_s < 20.0
        self.rate = _at(self.rate + (80.0 if near else 300.0) * passed).rate_kbps


class RefSmooth:
    """Cuts below what was delivered when the queue ages; remembers it as ceiling."""

    start = START

    def __init__(self) -> None:
        self._climb = _Climb()

    def decide(self, window: Window) -> Setting | None:
        """Cut or climb."""
        state = self._climb
        if window.age_s > 0.25 and window.now_s - state.cut_s >= 1.0 - 1e-6:
            target = 0.85 * window.delivered_kbps * (0.5 if window.age_s > 1.2 else 1.0)
            state.rate = _at(min(0.9 * state.rate, target)).rate_kbps
            state.ceiling, state.cut_s = window.delivered_kbps, window.now_s
        state.climb(window)
        return _at(state.rate)


class RefRobust:
    """As RefSmooth, but one cut is bounded, and undone when the queue empties soon after the first."""

    start = START

    def __init__(self) -> None:
        self._climb = _Climb()
        self._before: float | None = None
        self._first_cut_s = self._first_kbps = 0.0

    def decide(self, window: Window) -> Setting | None:
        """Cut, restore or climb."""
        state = self._climb
        rate = state.rate
        state.climb(window)
        if window.age_s > 0.2 and window.now_s - state.cut_s >= 1.5 - 1e-6:
            state.rate = rate
            self._cut(window)
        elif window.age_s <= 0.0 and self._before is not None:
            if window.now_s - self._first_cut_s <= 5.0:
                state.rate = _at(0.9 * self._before).rate_kbps
            else:
                state.ceiling = self._first_kbps
            self._before = None
        return _at(state.rate)

    def _cut(self, window: Window) -> None:
        state = self._climb
        if self._before is None:
            self._before, self._first_cut_s, self._first_kbps = state.rate, window.now_s, window.delivered_kbps
        target = max(min(0.9 * state.rate, 0.85 * window.delivered_kbps), 0.35 * state.rate)
        if window.age_s > 1.5:
            target = min(target, 0.6 * state.rate)
        state.rate, state.cut_s = _at(target).rate_kbps, window.now_s
