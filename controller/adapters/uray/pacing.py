"""When to leave the unit alone: after misses, after refused credentials, during its restart.

A value and transitions; time is an argument, in seconds of a monotonic clock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

MISSES_BEFORE_BACKING_OFF = 3
FIRST_PAUSE_S, LONGEST_PAUSE_S = 2.0, 30.0
AUTH_FAILURES_BEFORE_PAUSING = 2
# Some units lock out or log every failed login; once a minute tells that the password was corrected.
AUTH_PAUSE_S = 60.0
# No source gives the reboot time; a crashed unit was back after about a minute. Twice that is tolerated.
RESTART_GRACE_S = 120.0
# Uptimes come in whole seconds and a status takes up to 2 s to arrive.
UPTIME_SLACK_S = 2.0


@dataclass(frozen=True, slots=True)
class Pacing:
    """What the last answers and silences say about when to ask next."""

    misses: int = 0
    auth_failures: int = 0
    ask_from_s: float | None = None
    problem: str | None = None
    restart_at_s: float | None = None
    uptime_before_s: float | None = None

    def may_ask(self, now_s: float) -> bool:
        """Whether a request may be sent now."""
        return self.ask_from_s is None or now_s >= self.ask_from_s

    def restarting(self, now_s: float) -> bool:
        """Whether the unit is inside the grace of a restart that has not been proved yet."""
        return self.restart_at_s is not None and now_s - self.restart_at_s < RESTART_GRACE_S

    def answered(self) -> Pacing:
        """After a usable answer."""
        return replace(self, misses=0, auth_failures=0, ask_from_s=None, problem=None)

    def missed(self, problem: str, now_s: float) -> Pacing:
        """After no usable answer: from the third on, pause 2 s doubling to 30 s; not during a restart."""
        misses = self.misses + 1
        excess = misses - MISSES_BEFORE_BACKING_OFF
        if excess < 0 or self.restarting(now_s):
            return replace(self, misses=misses, ask_from_s=None, problem=problem)
        # The exponent is bounded so that a week of absence does not compute 2 ** 20000.
        pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(excess, 10))
        return replace(self, misses=misses, ask_from_s=now_s + pause_s, problem=problem)

    def refused(self, problem: str, now_s: float) -> Pacing:
        """After refused credentials: from the second time on, ask once a minute."""
        failures = self.auth_failures + 1
        pausing = failures >= AUTH_FAILURES_BEFORE_PAUSING
        return replace(
            self, auth_failures=failures, ask_from_s=now_s + AUTH_PAUSE_S if pausing else None, problem=problem
        )

    def ordered_restart(self, uptime_before_s: float, now_s: float) -> Pacing:
        """After a restart was ordered from a unit that had been up for `uptime_before_s`."""
        return replace(self, restart_at_s=now_s, uptime_before_s=uptime_before_s)

    def seen_up(self, uptime_s: float | None, now_s: float, *, push_is_down: bool) -> Pacing:
        """After a status: an uptime that fell behind, and a push that is not down, prove the restart over."""
        if self.uptime_before_s is None or self.restart_at_s is None or uptime_s is None or push_is_down:
            return self
        without_restart_s = self.uptime_before_s + now_s - self.restart_at_s
        if uptime_s >= self.uptime_before_s and uptime_s >= without_restart_s - UPTIME_SLACK_S:
            return self
        return replace(self, restart_at_s=None, uptime_before_s=None)
