"""A loop inside the encoder: OBS Studio's dynamic bitrate, on every frame's send queue.

The constants are those of OBS Studio's RTMP output. It sees the whole queue here; the real one does
not see the kernel's part.
"""

from __future__ import annotations

from tests.bench.history import History, Setting
from tests.bench.simulation import START

CONFIGURED_KBPS = 4_500.0
FLOOR_KBPS = 50.0
ESTIMATE_S = 2.0
RAISE_AFTER_S = 4.0
RAISE_SHARE = 0.2
# Age of the queue, s; how much of the configured rate is taken off; rest of that level, s.
LEVELS = ((0.7, 1 / 10, 1.0), (0.4, 1 / 20, 0.6), (0.2, 1 / 50, 0.4))


class ObsLike:
    """Looks at the age of the queue at every step of 20 ms and acts 100 ms later, without restarts."""

    steps_per_s = 50
    latency_s = 0.1
    start = START

    def __init__(self) -> None:
        self._rate = START.rate_kbps
        self._before_raise: float | None = None
        self._changed_s = 0.0
        self._acted_s = [-1_000.0] * len(LEVELS)

    def next_look(self, after: int) -> int:
        """Every step."""
        return after + 1

    def look(self, history: History) -> Setting | None:
        """Lower by the first level that can; else raise after four quiet seconds."""
        now_s = history.steps / self.steps_per_s
        age_s = history.age[-1] / self.steps_per_s
        for level, (limit_s, share, rest_s) in enumerate(LEVELS):
            if age_s >= limit_s and now_s - self._acted_s[level] >= rest_s:
                wish = self._lower(share, history, now_s)
                if wish is not None:
                    self._acted_s[level] = now_s
                    return wish
        if self._rate < CONFIGURED_KBPS and now_s - self._changed_s >= RAISE_AFTER_S:
            self._before_raise = self._rate
            return self._set(min(CONFIGURED_KBPS, self._rate + RAISE_SHARE * CONFIGURED_KBPS), now_s)
        return None

    def _lower(self, share: float, history: History, now_s: float) -> Setting | None:
        steps = round(ESTIMATE_S * self.steps_per_s)
        sent = history.since(history.delivered, history.steps - 1, steps) / ESTIMATE_S
        if sent < self._rate:
            bottom = max(FLOOR_KBPS, sent // 100.0 * 100.0)
            self._before_raise = None
            return self._set(max(self._rate - share * CONFIGURED_KBPS, bottom), now_s)
        if self._before_raise is None:
            return None
        wish, self._before_raise = self._before_raise, None
        return self._set(wish, now_s)

    def _set(self, rate_kbps: float, now_s: float) -> Setting | None:
        if rate_kbps == self._rate:
            return None
        self._rate, self._changed_s = rate_kbps, now_s
        return Setting(rate_kbps, START.height_px)
