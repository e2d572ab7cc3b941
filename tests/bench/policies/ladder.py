"""Policies that step on the ladder of presets: the user's table, and a reference on queue age."""

from __future__ import annotations

from collections import deque

from tests.bench.history import Setting
from tests.bench.policies.windows import LADDER, Window, rung
from tests.bench.simulation import START

# Per rung, top first: leave it when capacity stays below; the rung above is tried above.
_FLOORS_KBPS = (5_000.0, 3_000.0, 1_500.0, 500.0, 0.0)
_CLIMBS_KBPS = (float("inf"), 7_000.0, 4_500.0, 2_500.0, 600.0)
_RATES = tuple(rate for rate, _ in LADDER)
_AUDIO_ONLY = len(LADDER) - 1


class UsersTable:
    """The user's table given the true capacity, which no real system has: what the rules are worth at best."""

    start = START
    DOWN_S, BOTTOM_S, UP_S, RECOVERY_S = 10.0, 20.0, 60.0, 60.0

    def __init__(self) -> None:
        self._rung = _RATES.index(START.rate_kbps)
        self._seen: deque[tuple[float, float]] = deque()
        self._stable_since_s: float | None = None
        self._recovery_since_s: float | None = None
        self._first_s: float | None = None

    def decide(self, window: Window) -> Setting | None:
        """Down at once to what fits, up by one rung through RECOVERY."""
        now_s = window.now_s
        self._first_s = now_s if self._first_s is None else self._first_s
        self._seen.append((now_s, window.capacity_kbps))
        while self._seen[0][0] <= now_s - self.BOTTOM_S:
            self._seen.popleft()
        fits = self._fitting(now_s)
        if fits > self._rung:
            self._rung, self._stable_since_s, self._recovery_since_s = fits, None, None
        else:
            self._climb(now_s, window.capacity_kbps)
        return rung(_RATES[self._rung])

    def _fitting(self, now_s: float) -> int:
        """The rung that the best moment of the last 10 s (20 s before audio only) allows."""
        best = self._rung
        while best < _AUDIO_ONLY:
            span_s = self.BOTTOM_S if best == _AUDIO_ONLY - 1 else self.DOWN_S
            peak = max(kbps for at_s, kbps in self._seen if at_s > now_s - span_s)
            if now_s - (self._first_s or 0.0) < span_s - 1.0 or peak >= _FLOORS_KBPS[best]:
                break
            best += 1
        return best

    def _climb(self, now_s: float, capacity_kbps: float) -> None:
        stable = capacity_kbps > _CLIMBS_KBPS[self._rung]
        if self._recovery_since_s is not None:
            if not stable and capacity_kbps < 0.9 * _FLOORS_KBPS[self._rung - 1]:
                self._recovery_since_s = self._stable_since_s = None
            elif now_s - self._recovery_since_s >= self.RECOVERY_S:
                self._rung, self._recovery_since_s, self._stable_since_s = self._rung - 1, None, None
            return
        if not stable:
            self._stable_since_s = None
        elif self._stable_since_s is None:
            self._stable_since_s = now_s
        elif now_s - self._stable_since_s >= self.UP_S:
            self._recovery_since_s = now_s


class RefLadder:
    """Steps on queue age alone; a climb that failed doubles that rung's wait."""

    start = START
    LATE_S, REST_S, WAIT_S, WAIT_MAX_S, FORGET_S = 1.3, 3.0, 30.0, 480.0, 60.0

    def __init__(self) -> None:
        self._rung = _RATES.index(START.rate_kbps)
        self._wait_s = [self.WAIT_S] * len(LADDER)
        self._before: Window | None = None
        self._moved_s = self._climbed_s = -1_000.0
        self._calm_since_s: float | None = None
        self._forgot_s = 0.0

    def decide(self, window: Window) -> Setting | None:
        """Down when the age is about to pass the limit, up after a calm wait."""
        before, self._before = self._before or window, window
        coming_s = window.age_s + 1.5 * (window.age_s - before.age_s)
        rested = window.now_s - self._moved_s >= self.REST_S
        if window.age_s >= 0.25 or self._calm_since_s is None:
            self._calm_since_s = self._forgot_s = window.now_s
        if self._rung < _AUDIO_ONLY and rested and window.age_s > 0.2 and coming_s > self.LATE_S:
            self._lower(window, (window.delivered_kbps + before.delivered_kbps) / 2.0)
        else:
            self._raise(window.now_s)
        return rung(_RATES[self._rung])

    def _lower(self, window: Window, delivered_kbps: float) -> None:
        fits = next((index for index, rate in enumerate(_RATES) if rate <= delivered_kbps), _AUDIO_ONLY)
        down = max(fits, self._rung + 1 if window.age_s > self.LATE_S else self._rung)
        if down == self._rung:
            return
        if window.now_s - self._climbed_s <= self.WAIT_S:
            self._wait_s[self._rung] = min(2.0 * self._wait_s[self._rung], self.WAIT_MAX_S)
        self._rung, self._moved_s, self._calm_since_s = down, window.now_s, None

    def _raise(self, now_s: float) -> None:
        if now_s - self._forgot_s >= self.FORGET_S:
            self._forgot_s = now_s
            self._wait_s = [max(self.WAIT_S, wait / 2.0) for wait in self._wait_s]
        calm_s = now_s - (now_s if self._calm_since_s is None else self._calm_since_s)
        if self._rung > 0 and calm_s >= self._wait_s[self._rung - 1] and now_s - self._moved_s >= self.REST_S:
            self._rung -= 1
            self._moved_s = self._climbed_s = self._calm_since_s = now_s
